"""`collection_released`: a new collection is in the shop (`CollectionReleased`), of what the customer has a liking for.

Whoever has looked at, carted, wished for or bought things of its categories or brands often enough lately begins one
journey of a rule, which is about the collection's own products, those of what the customer likes first. A collection
that is told of twice is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import msgspec
from pydantic import Field

from schemas.events import CollectionReleased
from schemas.instants import DAY
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import MAX_SHOWN, About, Journey, Occasion, Shown
from triggers.kinds._occasions import Offered
from triggers.kinds._pace import Pace, counted_in, paced, width_at
from triggers.kinds._products import Range, interested, signs
from triggers.kinds._seam import KindBase, KindWorld, Reading, Walker, Watch, WrittenKind
from triggers.rules.model import Rule
from triggers.rules.values import Duration, Name
from triggers.walks import Released, WalkEvent

NAME: Final = "collection_released"


@dataclass(frozen=True, slots=True)
class CollectionReleasedTrigger:
    """`times`: so many signs of a liking, `within` microseconds. `collections` by id, none for all; `pace`: customers a
    minute."""

    times: int = 2
    within: int = 180 * DAY
    collections: tuple[str, ...] = ()
    pace: int | None = None
    kind: ClassVar[str] = NAME


class WrittenCollectionReleased(WrittenKind):
    """A new collection is in the shop, of categories or brands that the customer likes."""

    times: int = Field(
        default=2, ge=1, le=50, description="How many looks, goods carted, wished for and bought there must have been."
    )
    within: Duration = Field(default=180 * DAY, description="In which time up to then.")
    collections: Annotated[tuple[Name, ...], Field(strict=False, min_length=1, max_length=100)] | None = Field(
        default=None, description="Which collections, by `collection_id`; left out: all of them.",
        examples=[["winter-26"]],
    )  # fmt: skip
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> CollectionReleasedTrigger:
        collections = () if self.collections is None else tuple(sorted(set(self.collections)))
        return CollectionReleasedTrigger(self.times, self.within, collections, self.pace)


class CollectionReleasedKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 16
    stage = 15
    settings = WrittenCollectionReleased
    trigger = CollectionReleasedTrigger
    marks = False
    watches: frozenset[type] = frozenset()
    content = frozenset({"product", "event"})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return Offered(NAME, rules)

    def walk(self, rules: Sequence[Rule], what: WalkEvent, world: KindWorld) -> Walker | None:
        if not isinstance(what, Released):
            return None
        id = what.event.collection_id
        meant = [rule for rule in rules if not rule.trigger.collections or id in rule.trigger.collections]
        return _Walker(meant, what.event, world) if meant else None

    def inputs(self, row: CustomerRow, rule: Rule, journey: Journey, world: KindWorld) -> Mapping[str, str]:
        return counted_in(rule.trigger.pace, world, journey.epoch_at)

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """Of the collection that was released last, with what the customer looked at last."""
        about = super().example(row, world)
        known = world.campaigns.newest(world.shop.id, NEVER, collection=True)
        return about if known is None else msgspec.structs.replace(about, of=known.id)


class _Walker(Walker):
    """A collection is released."""

    def __init__(self, rules: Sequence[Rule], event: CollectionReleased, world: KindWorld) -> None:
        self._rules = rules
        self._id = event.collection_id
        self._range = range_of(event, world)
        self._world = world
        self._products = [
            (product_id, self._range.category_of(product_id), self._range.brand_of(product_id))
            for product_id in event.product_ids
        ]

    def takes(self, row: CustomerRow, at: int) -> Iterable[Occasion]:
        for rule in self._rules:
            since = at - rule.trigger.within
            if signs(row, self._range, since) >= rule.trigger.times:
                about = About(self._liked_first(row, since), self._id)
                turn = paced(row, rule.name, at, self._id, width_at(rule.trigger.pace, self._world, at))
                yield Occasion(NAME, rule.name, turn, at, self._id, about)

    def _liked_first(self, row: CustomerRow, since: int) -> tuple[Shown, ...]:
        liked = [one.product_id for one in interested(row, self._range, since=since)]
        categories = {self._range.category_of(product_id) for product_id in liked} | set(row.categories)
        brands = {self._range.brand_of(product_id) for product_id in liked}
        first: list[Shown] = []
        others: list[Shown] = []
        for product_id, category, brand in self._products:
            of_both = (category and category in categories) or (brand and brand in brands)
            (first if of_both else others).append(Shown(product_id))
        return tuple((*first, *others)[:MAX_SHOWN])


def range_of(event: CollectionReleased, world: KindWorld) -> Range:
    """Its own products, and those like them: of its categories and brands, or where it names none, of the categories
    that the feed says its products are of."""
    categories = event.categories
    if not categories and not event.brands:
        found = (world.catalogue.get(world.shop.id, product_id) for product_id in event.product_ids)
        categories = sorted({one.category_id for one in found if one is not None and one.category_id is not None})
    return Range(world.shop.id, world.catalogue, dict.fromkeys(event.product_ids), categories, event.brands)


KIND: Final = CollectionReleasedKind()
