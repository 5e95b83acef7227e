"""A shop's settings and rules, made ready for the hot path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b

from schemas.catalogue import Catalogue
from schemas.rules import Migrate
from triggers import emission
from triggers.campaigns import NO_CAMPAIGNS, Campaigns
from triggers.expressions import Audience
from triggers.facts import ShopSays
from triggers.figures import uses_figures
from triggers.gates.suppression import Suppressions
from triggers.kinds import KINDS, Kind, KindWorld, Watch
from triggers.messages.links import Shortener, as_it_is
from triggers.prefilter import Prefilter
from triggers.rivals import Rivals
from triggers.rules.inforce import ALWAYS, NEVER, InForce, Slice
from triggers.rules.model import Rule, Shop
from triggers.segments import Segments
from triggers.shopfacts import ShopFacts
from triggers.tallies import Counting

Pinned = tuple[tuple[Rule, Kind], dict[str, emission.Plan]] | None
Former = Callable[[str, str], tuple[Rule, Shop] | None]
"""A version of a rule by the rule's name, and the settings that it was published with."""


class ShopPlan:
    """One shop's. `kinds`: those in use, by name, with their rules. `by_event`: who wants to hear of events of a type,
    with the kind's number. `marking`: who is to be told of every deadline. `lasting`: the numbers of kinds that go on
    when there are no more events. `stamp`: which rules these are, as rows keep it; 0 for none. `counting`: what events
    add to the figures of the shop; None where nobody counts."""

    __slots__ = (
        "_former", "_pinned", "by_event", "by_name", "counting", "kind_world", "kinds", "lasting", "marking", "migrate",
        "own", "pins", "prefilter", "says", "shop", "since", "stamp", "steps", "until", "watches", "world",
    )  # fmt: skip

    def __init__(
        self,
        shop: Shop,
        rules: tuple[Rule, ...],
        catalogue: Catalogue,
        suppressions: Suppressions,
        facts: ShopFacts | None = None,
        audiences: Mapping[str, Audience] | None = None,
        inforce: Slice | None = None,
        former: Former = lambda rule, version: None,
        campaigns: Campaigns = NO_CAMPAIGNS,
        shortener: Shortener = as_it_is,
    ) -> None:
        self.shop = shop
        self.since, self.until = (ALWAYS, NEVER) if inforce is None else (inforce.since, inforce.until)
        """Those rules are in force, the latter instant not included."""
        self.pins = inforce is not None and inforce.several
        """Journeys may run under other versions of them, known to `of`."""
        self.migrate: Mapping[str, Migrate] = {} if inforce is None else inforce.migrate
        """What becomes of those, by the rule's name."""
        self.own: Mapping[str, Shop] = {} if inforce is None else inforce.own
        """The settings that a rule was published with, by its name."""
        self._former = former
        self._pinned: dict[tuple[str, str], Pinned] = {}
        self.world = emission.World(shop, catalogue, suppressions, facts, campaigns, shortener)
        self.world.transactional = frozenset(rule.name for rule in rules if rule.purpose == "transactional")
        rules = tuple(sorted(rules, key=lambda rule: rule.name))  # the order they come in is nothing
        self.by_name = {rule.name: (rule, KINDS[type(rule.trigger)]) for rule in rules}
        self.counting: Counting | None = None
        self.steps = {
            name: emission.plans(shop, rule, kind, self.own.get(name)) for name, (rule, kind) in self.by_name.items()
        }
        self.kinds: dict[str, tuple[list[Rule], Kind]] = {}
        for rule, kind in self.by_name.values():
            self.kinds.setdefault(kind.name, ([], kind))[0].append(rule)
        self.kind_world = KindWorld(shop, catalogue, facts, audiences or {}, campaigns)
        self.watches: tuple[tuple[Watch, Kind], ...] = tuple(
            (kind.watch(its_rules, self.kind_world), kind) for its_rules, kind in self.kinds.values()
        )
        by_event: dict[type, list[tuple[int, Watch]]] = {}
        for watch, kind in self.watches:
            for event in kind.watches:
                by_event.setdefault(event, []).append((kind.code, watch))
        self.by_event = {event: tuple(watching) for event, watching in by_event.items()}
        self.marking = tuple(watch for watch, kind in self.watches if kind.marks)
        prefilter = Prefilter(rules)
        self.prefilter = prefilter if prefilter.narrows else None
        self.lasting = frozenset(kind.code for _, kind in self.kinds.values() if not kind.drains)
        self.stamp = _stamp(rules)
        self.says = ShopSays(
            by_items=any(getattr(rule.trigger, "on_order", "") == "items" for rule in rules),
            opt_in_sources=shop.opt_in_sources, confirm_sources=shop.confirm_sources or frozenset(),
            region=shop.default_region,
        )
        if shop.compete is not None:
            self.world.rivals = Rivals(shop, shop.compete, self.of, self.watches, catalogue)

    def of(self, rule: str, version: str) -> tuple[Rule, Kind] | None:
        """A rule as it was in the version that a journey began under; as it is now where that is not known. None: it is
        in force no more."""
        known = self.by_name.get(rule)
        if known is None or known[0].version == version:
            return known
        pinned = self._pin(rule, version)
        return known if pinned is None else pinned[0]

    def steps_of(self, rule: str, version: str) -> dict[str, emission.Plan] | None:
        """The steps of the same."""
        known = self.by_name.get(rule)
        if known is not None and known[0].version != version:
            pinned = self._pin(rule, version)
            if pinned is not None:
                return pinned[1]
        return self.steps.get(rule)

    def _pin(self, rule: str, version: str) -> Pinned:
        key = rule, version
        if key not in self._pinned:
            found = self._former(rule, version)
            pinned: Pinned = None
            if found is not None:
                kind = KINDS[type(found[0].trigger)]
                pinned = (found[0], kind), emission.plans(self.shop, found[0], kind, found[1])
            self._pinned[key] = pinned
        return self._pinned[key]


class ShopPlans:
    """Those of all shops, as rules are in force at an instant. `newest`, by shop, has those that hold for good as far
    as is known, which is what almost everybody asks for; `nobody` is that of a shop of which nothing is known."""

    def __init__(
        self, rules: InForce, catalogue: Catalogue, suppressions: Suppressions, facts: ShopFacts | None = None,
        campaigns: Campaigns = NO_CAMPAIGNS, shortener: Shortener = as_it_is,
    ) -> None:  # fmt: skip
        self._rules = rules
        self._shortener = shortener
        self._campaigns = campaigns
        self._with = catalogue, suppressions, facts
        self.newest: dict[str, ShopPlan] = {}
        self._earlier: dict[str, dict[int, ShopPlan]] = {}
        self.counted: dict[str, bool] = {}
        """The shops whose customers are counted, and whether a rule asks for their figures."""
        self.nobody = ShopPlan(Shop(), (), catalogue, suppressions)
        self.generation = -1
        self.look_again()

    def look_again(self) -> bool:
        """Whether something else is in force, or will be."""
        if self.generation == self._rules.generation:
            return False
        self.generation = self._rules.generation
        self._earlier.clear()
        for shop_id in self._rules.shops:
            self.counted.pop(shop_id, None)
            asks, counts = self._figures(shop_id)
            if counts:
                self.counted[shop_id] = asks
            self.newest[shop_id] = self._make(shop_id, self._rules.at(shop_id, NEVER))
        return True

    def _figures(self, shop_id: str) -> tuple[bool, bool]:
        """Whether a rule asks for figures of the whole shop, and whether they are counted: all along where one does at
        any time, so that they are the same whoever comes by the rules at which time."""
        if self._with[-1] is None:
            return False, False
        at: int | None = ALWAYS
        counts = False
        while at is not None:
            then = self._rules.at(shop_id, at)
            if any(uses_figures(then.own.get(r.name, then.shop), r, KINDS[type(r.trigger)]) for r in then.rules):
                return True, True
            counts = counts or then.shop.figures
            at = self._rules.changes(shop_id, at)
        return False, counts

    def at(self, shop_id: str, at: int) -> ShopPlan:
        plan = self.newest.get(shop_id, self.nobody)
        return plan if at >= plan.since else self.earlier(shop_id, at)

    def earlier(self, shop_id: str, at: int) -> ShopPlan:
        """Where it is not the newest."""
        known = self._earlier.setdefault(shop_id, {})
        for since, plan in known.items():
            if since <= at < plan.until:
                return plan
        inforce = self._rules.at(shop_id, at)
        return known.setdefault(inforce.since, self._make(shop_id, inforce))

    def all_at(self, at: int) -> dict[str, ShopPlan]:
        return {shop_id: self.at(shop_id, at) for shop_id in self.newest}

    def change_after(self, at: int) -> int | None:
        """When something else is in force at some shop."""
        changes = [self._rules.changes(shop_id, at) for shop_id in self.newest]
        return min((change for change in changes if change is not None), default=None)

    def _make(self, shop_id: str, inforce: Slice) -> ShopPlan:
        catalogue, suppressions, facts = self._with
        plan = ShopPlan(
            inforce.shop, inforce.rules, catalogue, suppressions, facts, inforce.audiences, inforce,
            partial(self._rules.former, shop_id), self._campaigns, self._shortener,
        )  # fmt: skip
        if shop_id in self.counted:
            plan.counting = Counting(inforce.shop, Segments(inforce.shop, catalogue).of)
        return plan


def _stamp(rules: Sequence[Rule]) -> int:
    if not rules:
        return 0
    names = sorted(f"{rule.name} {rule.version}" for rule in rules)
    return int.from_bytes(blake2b("\n".join(names).encode(), digest_size=4).digest(), "big") | 1
