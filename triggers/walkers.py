"""How rows take what concerns many customers at once (triggers.walks): occasions begin, journeys end, looks move.

Nothing fires: what a walk offers falls due later, or at its own instant, as everything does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from schemas import events
from triggers.campaigns import Campaigns, comes_of
from triggers.customer import CustomerRow
from triggers.ending import end_by_walk, renew_by_walk
from triggers.erasure import forgotten
from triggers.kinds import Walker
from triggers.kinds._occasions import offer, renew
from triggers.migrating import migrate
from triggers.plans import ShopPlan, ShopPlans
from triggers.syncs import SyncOver
from triggers.ticks import Source
from triggers.walks import Requested, RulesChanged, Synced, Walk, WalkEvent

_KEPT: Final = 64
"""Walks whose walkers are remembered. There are seldom more than a few at once."""


def walk_of(event: object, campaigns: Campaigns, at: int) -> WalkEvent | None:
    """The walk that an event of the shop's marketing is then, or a sync of its feed that changed something."""
    if isinstance(event, events.FlashSaleAnnounced | events.FlashSaleEnded | events.CollectionReleased):
        return campaigns.walk_of(event, at)
    if isinstance(event, events.BroadcastRequested):
        return Requested(event)
    if isinstance(event, SyncOver) and event.changes:
        return Synced(event.sync_id, event.changes)
    return None


class Walkers:
    """What walks mean to the rules of each shop."""

    def __init__(self, plans: ShopPlans, campaigns: Campaigns) -> None:
        self._plans = plans
        self._campaigns = campaigns
        self._made: dict[int, tuple[Walk, Mapping[str, Walker]]] = {}

    def opens(self, event: object, at: int) -> Iterator[tuple[str, WalkEvent]]:
        """The shops whose rules an event of marketing, or a sync, concerns, and what their customers are to take."""
        what = walk_of(event, self._campaigns, at)
        shop_id: str = getattr(event, "shop_id", "")
        if what is not None and self._make(self._plans.at(shop_id, at), what):
            yield shop_id, what

    def ticks(self, at: int) -> Iterator[Source]:
        for plan in self._plans.all_at(at).values():
            asked = {
                source.name: source for rules, kind in plan.kinds.values() for source in kind.ticks(rules, plan.shop)
            }
            yield from asked.values()  # two kinds may ask for the same midnights

    def follows(self, walk: Walk) -> Iterator[Source]:
        """The times at which what a walk has begun is to be asked about again."""
        self._campaigns.hear(walk)
        yield from comes_of(walk)
        plan = self._plans.at(walk.shop_id, walk.at)
        for rules, kind in plan.kinds.values():
            yield from kind.follows(rules, walk, plan.shop)

    def forget(self) -> None:
        """Other rules may be in force."""
        self._made.clear()

    def take(self, row: CustomerRow, plan: ShopPlan, walk: Walk) -> bool:
        """False where it means nothing to this customer, and the row is as it was."""
        walkers = self._walkers(plan, walk)
        if isinstance(walk.what, RulesChanged):
            return _take_rules(row, plan, walk)
        if row.erased_at and forgotten(row):
            return False
        before = row.occasions.copy(), row.dropped_occasions
        for kind, walker in walkers.items():
            if before[0]:
                renew(row, kind, walker, walk.at)
            for occasion in walker.takes(row, walk.at):
                offer(row, occasion)
        moved = bool(row.journeys) and renew_by_walk(row, plan, walkers, walk.at)
        ended = bool(row.journeys) and end_by_walk(row, plan, walkers, walk.at)
        return moved or ended or before != (row.occasions, row.dropped_occasions)

    def _walkers(self, plan: ShopPlan, walk: Walk) -> Mapping[str, Walker]:
        known = self._made.get(id(walk))
        if known is None:
            if len(self._made) >= _KEPT:
                del self._made[next(iter(self._made))]
            known = self._made[id(walk)] = walk, self._make(plan, walk.what)  # the walk is kept, so its id is its own
        return known[1]

    def _make(self, plan: ShopPlan, what: WalkEvent) -> dict[str, Walker]:
        found: Iterable[tuple[str, Walker | None]] = (
            (name, kind.walk(rules, what, plan.kind_world)) for name, (rules, kind) in plan.kinds.items()
        )
        return {name: walker for name, walker in found if walker is not None}


def _take_rules(row: CustomerRow, plan: ShopPlan, walk: Walk) -> bool:
    """Other rules: what was due before counts as looked at, so that they begin nothing that is past; what runs by a
    rule that is none any more ends, and by another version of one as that says."""
    if row.looked_at > walk.at:
        return False  # it has taken later ones; up to `at` it may have been an import that looked
    looked = row.looked_at < walk.at - 1
    if looked:
        row.looked_at = walk.at - 1
    return migrate(row, plan, walk.at) or looked
