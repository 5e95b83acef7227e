"""A shop's settings and rules, made ready for the hot path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from schemas.catalogue import Catalogue
from triggers import emission
from triggers.expressions import Audience
from triggers.facts import ShopSays
from triggers.gates.suppression import Suppressions
from triggers.kinds import KINDS, Kind, KindWorld, Watch
from triggers.prefilter import Prefilter
from triggers.rivals import Rivals
from triggers.rules.model import Rule, Shop
from triggers.segments import Segments
from triggers.shopfacts import ShopFacts
from triggers.tallies import Counting


class ShopPlan:
    """One shop's. `kinds`: those in use, by name, with their rules. `by_event`: who wants to hear of events of a type,
    with the kind's number. `lasting`: the numbers of kinds that go on when there are no more events. `stamp`: which
    rules these are, as rows keep it; 0 for none. `counting`: what events add to the figures of the shop; None where
    nobody counts."""

    __slots__ = (
        "by_event", "by_name", "counting", "kind_world", "kinds", "lasting", "prefilter", "says", "shop", "stamp",
        "steps", "watches", "world",
    )  # fmt: skip

    def __init__(
        self,
        shop: Shop,
        rules: tuple[Rule, ...],
        catalogue: Catalogue,
        suppressions: Suppressions,
        facts: ShopFacts | None = None,
        audiences: Mapping[str, Audience] | None = None,
    ) -> None:
        self.shop = shop
        self.counting = None if facts is None else Counting(shop, Segments(shop, catalogue).of)
        self.world = emission.World(shop, catalogue, suppressions)
        self.world.cheques = facts
        self.world.transactional = frozenset(rule.name for rule in rules if rule.purpose == "transactional")
        self.by_name = {rule.name: (rule, KINDS[type(rule.trigger)]) for rule in rules}
        self.steps = {name: emission.plans(shop, rule, kind) for name, (rule, kind) in self.by_name.items()}
        self.kinds: dict[str, tuple[list[Rule], Kind]] = {}
        for rule, kind in self.by_name.values():
            self.kinds.setdefault(kind.name, ([], kind))[0].append(rule)
        self.kind_world = KindWorld(shop, catalogue, facts, audiences or {})
        self.watches: tuple[tuple[Watch, Kind], ...] = tuple(
            (kind.watch(its_rules, self.kind_world), kind) for its_rules, kind in self.kinds.values()
        )
        by_event: dict[type, list[tuple[int, Watch]]] = {}
        for watch, kind in self.watches:
            for event in kind.watches:
                by_event.setdefault(event, []).append((kind.code, watch))
        self.by_event = {event: tuple(watching) for event, watching in by_event.items()}
        self.prefilter = Prefilter(rules)
        self.lasting = frozenset(kind.code for _, kind in self.kinds.values() if not kind.drains)
        self.stamp = _stamp(rules)
        self.says = ShopSays(
            by_items=any(getattr(rule.trigger, "on_order", "") == "items" for rule in rules),
            opt_in_sources=shop.opt_in_sources, confirm_sources=shop.confirm_sources or frozenset(),
            region=shop.default_region,
        )
        if shop.compete is not None:
            self.world.rivals = Rivals(shop, shop.compete, self.by_name, self.watches, catalogue)


def _stamp(rules: Sequence[Rule]) -> int:
    if not rules:
        return 0
    names = sorted(f"{rule.name} {rule.version}" for rule in rules)
    return int.from_bytes(blake2b("\n".join(names).encode(), digest_size=4).digest(), "big") | 1
