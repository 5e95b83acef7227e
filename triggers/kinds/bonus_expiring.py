"""`bonus_expiring`: bonus points lapse in `before`.

By the last BonusBalanceChanged: its balance, and when the first of the points lapse. Points that are heard of only when
less than `before` is left are spoken of at once. Whether they are enough (`at_least`) is asked once, when `before` is
reached; another instant at which points lapse is asked for anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from pydantic import Field

from schemas import wire
from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import About, Journey
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import Thresholds, look_at_spell
from triggers.rules.model import Rule
from triggers.rules.values import Duration, Points

SPELL: Final = "bonus"
GONE: Final = "points_gone"


@dataclass(frozen=True, slots=True)
class BonusExpiring:
    before: int
    at_least: Decimal = Decimal(1)
    kind: ClassVar[str] = "bonus_expiring"


class WrittenBonusExpiring(WrittenKind):
    """Bonus points lapse soon."""

    before: Duration = Field(default=7 * DAY, description="How long before they lapse.")
    at_least: Points = Field(default=Decimal(1), description="Of fewer points nothing is said.")

    def meant(self, read: Reading) -> BonusExpiring:
        return BonusExpiring(before=self.before, at_least=self.at_least)


class BonusExpiringKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "bonus_expiring"
    code = 6
    stage = 7
    settings = WrittenBonusExpiring
    trigger = BonusExpiring
    watches = frozenset({wire.BonusBalanceChanged, wire.CustomerErased})
    drains = False
    exits = {GONE: "the points are spent, or lapse at another time"}
    default_exits = frozenset({GONE})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        if GONE not in rule.exit_on or (journey.about.ends_at == row.bonus_expires_at and _enough(row, rule)):
            return 0, ""
        return max(row.bonus_at, journey.epoch_at), GONE


class _Watch:
    """See `triggers.kinds.Watch`. The spell's lengths are those before its end: less than nothing."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._before = Thresholds((-rule.trigger.before, rule) for rule in rules)

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        ends = row.bonus_expires_at
        if ends <= now:
            return NEVER
        lengths, rules = self._before.lengths, self._before.items
        for number in range(bisect_right(lengths, _looked(row)), len(lengths)):
            if _enough(row, rules[number]):
                return ends + lengths[number]
        return NEVER

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        ends = row.bonus_expires_at
        return _begins(row, self._before.coming(ends, _looked(row), until)) if ends else ()

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        ends = row.bonus_expires_at
        return _begins(row, self._before.due(ends, _looked(row), at)) if ends > at else ()

    def looked(self, row: CustomerRow, at: int) -> None:
        ends = row.bonus_expires_at
        if ends > at and self._before.due(ends, _looked(row), at):
            look_at_spell(row, SPELL, ends, at)


def _looked(row: CustomerRow) -> int:
    """How much of the time before the points lapse was looked at."""
    ends = row.bonus_expires_at
    base, looked = row.looked.get(SPELL, (0, 0))
    return max(looked if base == ends else -NEVER, row.looked_at - ends)


def _enough(row: CustomerRow, rule: Rule) -> bool:
    balance = row.bonus_balance
    return balance is not None and balance >= rule.trigger.at_least


def _begins(row: CustomerRow, due: Iterable[tuple[int, Rule]]) -> Iterable[Begin]:
    """Nothing where the rule has spoken of these points."""
    ends = row.bonus_expires_at
    epoch_id = f"{SPELL}-{ends}"
    for length, rule in due:
        past = row.history.get(rule.name)
        if _enough(row, rule) and (past is None or past.used_id != epoch_id):
            yield Begin(rule, ends + length, ends + length, epoch_id, About(of=SPELL, ends_at=ends))


KIND: Final = BonusExpiringKind()
