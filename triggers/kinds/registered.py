"""`registered`: the customer has opened an account.

A journey begins when the registration is heard of, if it is no older than `within` then: a profile that is sent anew,
or a base that is imported, is no registration. A registration is known by its instant (`registered_at`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import Field

from schemas import wire
from schemas.instants import DAY, parse_rfc3339
from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import look_at_spell
from triggers.rules.model import Rule
from triggers.rules.values import Duration

SPELL: Final = "registered"


@dataclass(frozen=True, slots=True)
class Registered:
    within: int = 7 * DAY
    kind: ClassVar[str] = "registered"


class WrittenRegistered(WrittenKind):
    """The customer has opened an account."""

    within: Duration = Field(default=7 * DAY, description="An older registration, heard of only now, begins nothing.")

    def meant(self, read: Reading) -> Registered:
        return Registered(within=self.within)


class RegisteredKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "registered"
    code = 9
    stage = 5
    settings = WrittenRegistered
    trigger = Registered
    marks = False
    watches = frozenset({wire.CustomerUpdated, wire.CustomerImported, wire.CustomerErased})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)


class _Watch:
    """See `triggers.kinds.Watch`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._within = max(rule.trigger.within for rule in rules)

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        base = _waiting(row)
        return base if base is not None and now - base <= self._within else NEVER

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        base = _waiting(row)
        if base is not None and base < until:
            yield from (Begin(rule, base, base, SPELL) for rule in self._rules)

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        base = _waiting(row)
        if base is not None and base <= at:
            yield from (Begin(rule, base, base, SPELL) for rule in self._rules if at - base <= rule.trigger.within)

    def looked(self, row: CustomerRow, at: int) -> None:
        base = _waiting(row)
        if base is not None and base <= at <= base + self._within:
            look_at_spell(row, SPELL, base, at)


def _waiting(row: CustomerRow) -> int | None:
    """When the customer registered, unless that was looked at."""
    said = row.field("registered_at")
    if said is None:
        return None
    base = parse_rfc3339(said)
    known = row.looked.get(SPELL)
    return None if row.looked_at >= base or (known is not None and known[0] == base) else base


KIND: Final = RegisteredKind()
