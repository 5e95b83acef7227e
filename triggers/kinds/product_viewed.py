"""`product_viewed`: the very item was looked at often enough, and neither put into the cart nor bought since.

Due `idle` after the last view of a product, when there were `times` views within `within` up to that one. Looking at it
again begins another spell. Each spell is looked at once, as it is then: what lies in the cart at that instant, or was
bought at the last view or after it, is no reason to write. What is due at one look is one journey of a rule: about at
most `most` products, the last one looked at first, whose view is the journey's epoch.

A journey ends when all of its products have been put into the cart since (`carted`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from pydantic import Field

from schemas import wire
from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers import interests
from triggers.customer import NEVER, CustomerRow
from triggers.interests import MAX_EARLIER, Interest
from triggers.journeys import MAX_SHOWN, About, Journey, Shown
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import Thresholds, WaitingRules, looked_for
from triggers.rules.model import Rule
from triggers.rules.values import Duration

CODE: Final = 3
CARTED: Final = "carted"


@dataclass(frozen=True, slots=True)
class ProductViewed:
    """Durations in microseconds. `most`: products that a journey is about."""

    idle: int
    times: int = 1
    within: int = DAY
    most: int = 3
    kind: ClassVar[str] = "product_viewed"


class WrittenProductViewed(WrittenKind):
    """The very product was looked at, and neither put into the cart nor bought since."""

    idle: Duration = Field(description="How long it must not have been looked at again.")
    times: int = Field(default=1, ge=1, le=MAX_EARLIER + 1, description="How often it must have been looked at.")
    within: Duration = Field(default=DAY, description="In which time, up to the last look.")
    most: int = Field(
        default=3, ge=1, le=MAX_SHOWN, description="How many products a journey is about, of those due at once."
    )

    def meant(self, read: Reading) -> ProductViewed:
        return ProductViewed(self.idle, self.times, self.within, self.most)


class ProductViewedKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "product_viewed"
    code = CODE
    stage = 20
    settings = WrittenProductViewed
    trigger = ProductViewed
    content = frozenset({"product"})
    watches = frozenset({
        wire.ProductViewed, wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated, wire.OrderPlaced,
        wire.CustomerImported, wire.CustomerErased,
    })  # fmt: skip
    exits = {CARTED: "all of its products were put into the cart"}
    default_exits = frozenset({"order_placed", CARTED})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        if CARTED not in rule.exit_on or not journey.about.products:
            return 0, ""
        lines = row.cart.now.lines
        at = 0
        for shown in journey.about.products:
            line = lines.get(shown.product_id)
            if line is None or line.at < journey.epoch_at:
                return 0, ""
            at = max(at, line.at)
        return at, CARTED


class _Watch:
    """See `triggers.kinds.Watch`. What is in the cart or bought is found out at the look, not before: so views alone
    move looks."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._waiting = WaitingRules([(rule.trigger.idle, rule) for rule in rules])
        wanted: set[ProductViewed] = {replace(rule.trigger, most=1) for rule in rules}  # many rules may want the same
        self._wanted = Thresholds([(one.idle, one) for one in wanted])
        self._at_once = sorted(one.idle for one in wanted if one.times == 1)

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if isinstance(event, wire.ProductViewed):
            if type(row.part_interests) is not bytearray:
                return self.next_look(row, now)
            # Its bytes have grown: a product that was not among them, and none had to go. The others look as before.
            for idle in self._at_once:
                if idle > row.looked_at - event.at:
                    return min(row.looks.get(CODE, NEVER), event.at + idle)
            return None
        return self.next_look(row, now) if isinstance(event, wire.CustomerImported) else None

    def next_look(self, row: CustomerRow, now: int) -> int:
        lengths, wanted = self._wanted.lengths, self._wanted.items
        first, looked_at = NEVER, row.looked_at
        for interest in row.interests.values():
            at, looked = interest.at, interest.looked
            for number in range(bisect_right(lengths, max(looked, looked_at - at)), len(lengths)):
                look = at + lengths[number]
                if look >= first:
                    break
                if _often_enough(wanted[number], interest):
                    first = look
                    break
        return first

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        return self._begins(row, (
            (product_id, interest, self._waiting.coming_for(row, interest.at, looked, until))
            for product_id, interest, looked in _spells(row)
        ))

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        return self._begins(row, (
            (product_id, interest, self._waiting.due_for(row, interest.at, looked, at))
            for product_id, interest, looked in self._over(row, at)
        ))

    def looked(self, row: CustomerRow, at: int) -> None:
        lengths = {product_id: at - interest.at for product_id, interest, _ in self._over(row, at)}
        if lengths:
            row.part_interests = interests.looked(row.part_interests, lengths)

    def _over(self, row: CustomerRow, at: int) -> Iterator[tuple[str, Interest, int]]:
        """Of the spells those of which a length is over at `at` that was not looked at."""
        lengths, looked_at = self._wanted.lengths, row.looked_at
        newest = at - lengths[0]  # most are newer
        for product_id, interest in row.interests.items():
            base = interest.at
            if base <= newest:
                looked = max(interest.looked, looked_at - base)
                if bisect_right(lengths, looked) < bisect_right(lengths, at - base):
                    yield product_id, interest, looked

    def _begins(
        self, row: CustomerRow, found: Iterable[tuple[str, Interest, Sequence[tuple[int, Rule]]]]
    ) -> Iterator[Begin]:
        by_rule: dict[str, tuple[Rule, list[tuple[int, str, int, Interest]]]] = {}
        for product_id, interest, waiting in found:
            for length, rule in waiting:
                if _often_enough(rule.trigger, interest) and _wanting(row, product_id, interest):
                    of_rule = by_rule.setdefault(rule.name, (rule, []))[1]
                    of_rule.append((interest.at, product_id, interest.at + length, interest))
        for rule, products in by_rule.values():
            products.sort(key=_newest_first)
            at, product_id, due, _ = products[0]
            about = About(tuple(
                Shown(product_id, seen=interest.price) for _, product_id, _, interest in products[: rule.trigger.most]
            ))  # fmt: skip
            yield Begin(rule, due, at, product_id, about)


def _spells(row: CustomerRow) -> Iterator[tuple[str, Interest, int]]:
    """Products, and up to which length the spells since their last views were looked at."""
    for product_id, interest in row.interests.items():
        yield product_id, interest, looked_for(row, interest.looked, interest.at)


def _newest_first(product: tuple[int, str, int, Interest]) -> tuple[int, str]:
    return -product[0], product[1]


def _often_enough(wanted: ProductViewed, interest: Interest) -> bool:
    if wanted.times == 1:
        return True
    if interest.times < wanted.times:
        return False
    return sum(interest.at - at < wanted.within for at in interest.views) >= wanted.times


def _wanting(row: CustomerRow, product_id: str, interest: Interest) -> bool:
    if product_id in row.cart.now.lines:
        return False
    bought = row.bought.get(product_id)
    return bought is None or bought.at < interest.at


KIND: Final = ProductViewedKind()
