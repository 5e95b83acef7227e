"""`category_viewed`: a category was looked at, by itself or by its products, and nothing was ordered since.

Due `idle` after the last look at it, when there were `times` looks within `within` before that one. Each quiet spell is
looked at once; another look begins the next. Of several categories that are due at once, the one looked at last is what
the journey is about: of a category the best sellers are shown, not the very products (that is `product_viewed`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import Field

from schemas import wire
from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers.customer import NEVER, CustomerRow
from triggers.interests import MAX_EARLIER
from triggers.journeys import NOTHING, About
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import Thresholds, looked_for, one_each
from triggers.rules.model import Rule
from triggers.rules.values import Duration
from triggers.tastes import MAX_CATEGORIES, Seen


@dataclass(frozen=True, slots=True)
class CategoryViewed:
    """`categories`: ids; none are all. Durations in microseconds."""

    idle: int
    times: int = 1
    within: int = DAY
    categories: tuple[str, ...] = ()
    kind: ClassVar[str] = "category_viewed"


class WrittenCategoryViewed(WrittenKind):
    """A category was looked at and nothing was ordered since."""

    idle: Duration = Field(description="How long it must not have been looked at again.")
    times: int = Field(default=1, ge=1, le=MAX_EARLIER + 1, description="How often it must have been looked at.")
    within: Duration = Field(default=DAY, description="In which time, up to the last look.")
    categories: list[str] | None = Field(
        default=None, min_length=1, max_length=100, description="Ids of the categories that count; not given, all."
    )

    def meant(self, read: Reading) -> CategoryViewed:
        return CategoryViewed(self.idle, self.times, self.within, tuple(self.categories or ()))


class CategoryViewedKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "category_viewed"
    code = 4
    stage = 10
    settings = WrittenCategoryViewed
    trigger = CategoryViewed
    watches = frozenset({
        wire.ProductViewed, wire.CategoryViewed, wire.CartItemAdded, wire.OrderPlaced, wire.CustomerImported,
        wire.CustomerErased,
    })  # fmt: skip

    content = frozenset({"product", "category"})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """About the category that was looked at last, or that of the product which was."""
        newest = max(row.categories.items(), key=lambda one: (one[1].at, one[0]), default=None)
        if newest is not None:
            return About(of=newest[0], category=newest[0])
        for shown in super().example(row, world).products:
            product = world.catalogue.get(row.shop_id, shown.product_id)
            if product is not None and product.category_id:
                return About(of=product.category_id, category=product.category_id)
        return NOTHING


class _Watch:
    """See `triggers.kinds.Watch`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._waiting = Thresholds((rule.trigger.idle, rule) for rule in rules)
        self._looks = Thresholds((rule.trigger.idle, rule) for rule in one_each(rules))
        named = [rule.trigger.categories for rule in rules]
        self._wanted = frozenset[str]().union(*named) if all(named) else None
        """The categories that any of them waits for; None: all."""

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if isinstance(event, wire.ProductViewed | wire.CartItemAdded | wire.CategoryViewed):
            category_id = event.category_id
            if category_id is None:
                return None
            if self._wanted is not None and category_id not in self._wanted and len(row.categories) < MAX_CATEGORIES:
                return None  # nobody waits for it, and no other had to go
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        lengths, rules = self._looks.lengths, self._looks.items
        first = NEVER
        for category_id, seen, looked in _open(row):
            for number in range(bisect_right(lengths, looked), len(lengths)):
                if seen.at + lengths[number] >= first:
                    break
                if _wanted(rules[number], category_id, seen):
                    first = seen.at + lengths[number]
                    break
        return first

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        return self._newest(
            (category_id, seen, self._waiting.coming(seen.at, looked, until))
            for category_id, seen, looked in _open(row)
        )

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        return self._newest(
            (category_id, seen, self._waiting.due(seen.at, looked, at)) for category_id, seen, looked in _open(row)
        )

    def looked(self, row: CustomerRow, at: int) -> None:
        categories = row.categories
        lengths, looked_at = self._looks.lengths, row.looked_at
        ordered = row.orders.last_at if row.orders is not None else 0
        newest, longest = at - lengths[0], lengths[-1]  # most are newer, or were looked at
        for category_id, seen in categories.items():
            base = seen.at
            if ordered < base <= newest and seen.looked < longest:
                looked = max(seen.looked, looked_at - base)
                if bisect_right(lengths, looked) < bisect_right(lengths, at - base):
                    categories[category_id] = Seen(base, seen.times, seen.earlier, at - base)

    def _newest(self, found: Iterable[tuple[str, Seen, Sequence[tuple[int, Rule]]]]) -> Iterator[Begin]:
        """One for each rule: of the category looked at last."""
        begins: dict[str, Begin] = {}
        for category_id, seen, waiting in found:
            for length, rule in waiting:
                known = begins.get(rule.name)
                newer = known is None or (seen.at, category_id) > (known.epoch_at, known.epoch_id)
                if newer and _wanted(rule, category_id, seen):
                    begins[rule.name] = Begin(
                        rule, seen.at + length, seen.at, category_id, About(of=category_id, category=category_id)
                    )
        yield from begins.values()


def _open(row: CustomerRow) -> Iterator[tuple[str, Seen, int]]:
    """The categories looked at since the last order, and for how long that was looked at."""
    ordered = row.orders.last_at if row.orders is not None else 0
    for category_id, seen in row.categories.items():
        if seen.at > ordered:
            yield category_id, seen, looked_for(row, seen.looked, seen.at)


def _wanted(rule: Rule, category_id: str, seen: Seen) -> bool:
    wanted: CategoryViewed = rule.trigger
    if wanted.categories and category_id not in wanted.categories:
        return False
    return sum(seen.at - at < wanted.within for at in seen.views) >= wanted.times


KIND: Final = CategoryViewedKind()
