"""A shop's settings and rules, made ready for the hot path."""

from __future__ import annotations

from schemas.catalogue import Catalogue
from triggers import emission
from triggers.facts import ShopSays
from triggers.gates.suppression import Suppressions
from triggers.kinds import KINDS, Kind, Watch
from triggers.rivals import Rivals
from triggers.rules.model import Rule, Shop


class ShopPlan:
    """One shop's."""

    __slots__ = ("by_name", "kinds", "says", "shop", "steps", "watched", "watches", "world")

    def __init__(self, shop: Shop, rules: tuple[Rule, ...], catalogue: Catalogue, suppressions: Suppressions) -> None:
        self.shop = shop
        self.world = emission.World(shop, catalogue, suppressions)
        self.world.transactional = frozenset(rule.name for rule in rules if rule.purpose == "transactional")
        self.by_name = {rule.name: (rule, KINDS[type(rule.trigger)]) for rule in rules}
        self.steps = {name: emission.plans(shop, rule, kind) for name, (rule, kind) in self.by_name.items()}
        self.kinds = tuple({kind.name: kind for _, kind in self.by_name.values()}.values())
        self.watches: tuple[tuple[Watch, Kind], ...] = tuple(
            (kind.watch([rule for rule, its in self.by_name.values() if its is kind]), kind) for kind in self.kinds
        )
        self.watched: frozenset[type] = frozenset().union(*(kind.watches for kind in self.kinds))
        self.says = ShopSays(
            by_items=any(getattr(rule.trigger, "on_order", "") == "items" for rule in rules),
            opt_in_sources=shop.opt_in_sources, confirm_sources=shop.confirm_sources or frozenset(),
            region=shop.default_region,
        )
        if shop.compete is not None:
            self.world.rivals = Rivals(shop, shop.compete, self.by_name, self.watches, catalogue)
