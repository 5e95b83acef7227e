"""Changes that a feed's sync found of products, and the customers whom they concern.

Each sync is taken by every customer of the shop once: all its changes of products that the customer is interested in
are one journey of a rule, whose epoch is the sync. A sync that is told of twice is one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, NamedTuple

from triggers.customer import CustomerRow
from triggers.journeys import About, Journey, Occasion, Shown
from triggers.kinds._occasions import Offered
from triggers.kinds._pace import counted_in, paced, width_at
from triggers.kinds._products import Interested, interested
from triggers.kinds._seam import KindBase, KindWorld, Walker, Watch
from triggers.rules.model import Rule
from triggers.walks import Change, Synced, WalkEvent

Way = Literal["viewed", "cart", "wished"]
WAYS: Final[tuple[Way, ...]] = ("viewed", "cart", "wished")
"""How a customer may like a product of which a change is news."""

SOLD_OUT: Final = "sold_out"


Rank = tuple[Decimal | int, ...]
"""Which of several products comes first in a message: the smallest."""


class _Found(NamedTuple):
    """A change that is one to write about. `seen`: the price that the customer saw, where one is known."""

    rank: Rank
    product_id: str
    seen: Decimal | None


def ways(written: Iterable[Way]) -> tuple[Way, ...]:
    """Each once, in one order."""
    named = frozenset(written)
    return tuple(way for way in WAYS if way in named)


class ChangeKind(KindBase):
    """What the kinds of changes have in common. Their triggers have `of` (of WAYS), `within`, `most` and `pace`."""

    name: ClassVar[str]
    stage = 25
    marks = False
    content = frozenset({"product"})
    watches: frozenset[type] = frozenset()

    @abstractmethod
    def finds(self, trigger: Any, change: Change, interest: Interested) -> Rank | None:
        """The rank of a change that the rule is for, of a product that the customer likes; None: it is not for it."""

    @abstractmethod
    def over(self, change: Change, shown: Shown) -> str:
        """Why there is nothing more to be said of a product after this; "" where there is."""

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Offered(self.name, rules)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        return _Walker(self, rules, what, world) if isinstance(what, Synced) else None

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        return {"sync": journey.about.of, **counted_in(rule.trigger.pace, world, journey.epoch_at)}


class _Walker(Walker):
    """One sync."""

    def __init__(self, kind: ChangeKind, rules: Sequence[Rule], sync: Synced, world: KindWorld) -> None:
        self._kind = kind
        self._world = world
        self._rules = {rule.name: rule for rule in rules}
        self._sync = sync

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        changes, id = self._sync.changes, self._sync.sync_id
        liked: dict[tuple[tuple[Way, ...], int], list[Interested]] = {}  # many rules may want the same
        for rule in self._rules.values():
            trigger = rule.trigger
            wanted = trigger.of, trigger.within
            if wanted not in liked:
                liked[wanted] = interested(row, changes, trigger.of, at - trigger.within)
            found: list[_Found] = []
            for interest in liked[wanted]:
                once = row.bought.get(interest.product_id)
                if once is not None and once.at >= interest.at:
                    continue
                rank = self._kind.finds(trigger, changes[interest.product_id], interest)
                if rank is not None:
                    seen = interest.seen if interest.seen is not None else changes[interest.product_id].old
                    found.append(_Found(rank, interest.product_id, seen))
            if found and not _had(row, self._kind.name, rule.name, id):
                found.sort()
                about = About(tuple(Shown(one.product_id, seen=one.seen) for one in found[: trigger.most]), of=id)
                due = paced(row, rule.name, at, id, width_at(trigger.pace, self._world, at))
                yield Occasion(self._kind.name, rule.name, due, at, id, about)

    def ends(self, row: CustomerRow, journey: Journey) -> str:
        changes, products = self._sync.changes, journey.about.products
        if not products or journey.rule not in self._rules:
            return ""
        why = ""
        for shown in products:
            change = changes.get(shown.product_id)
            why = "" if change is None else self._kind.over(change, shown)
            if not why or why not in self._rules[journey.rule].exit_on:
                return ""
        return why


def _had(row: CustomerRow, kind: str, rule: str, sync_id: str) -> bool:
    """Whether this sync was offered to the customer before, or has begun a journey."""
    past = row.history.get(rule)
    if past is not None and past.used_id == sync_id:
        return True
    return any((one.kind, one.rule, one.epoch_id) == (kind, rule, sync_id) for one in row.occasions)
