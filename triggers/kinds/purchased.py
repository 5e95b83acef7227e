"""`purchased`: the customer has ordered; or will need the same again (`replenish`).

Without `replenish` a journey begins with an order that was not cancelled: to thank, to ask for a review, to offer what
goes with it. It is about the products of the order that `of` asks for, all of them where it asks for none.

With `replenish` a journey begins so long after the last order of a product, unless it is ordered again: after the same
time for everybody, or after the customer's own usual interval for that product, the mean of at least two.

Whatever fell due before orders were last looked at begins nothing: an order that comes late is no news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from schemas import wire
from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers.bought import Bought
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import MAX_SHOWN, About, Journey, Shown
from triggers.kinds._seam import Begin, KindBase, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import one_each
from triggers.rules.model import Rule
from triggers.rules.values import DURATION_SCHEMA, Duration, Written, read_duration

SPELL: Final = "purchased"
CANCELLED: Final = "order_cancelled"
AGAIN: Final = "bought_again"
MEASURED: Final = 3
"""Orders of a product from which its usual interval is known."""


@dataclass(frozen=True, slots=True)
class Purchased:
    """`category` by id, or by name for those below it as well; `products` by id, `labels` as the feed has them: one of
    each that is given. `after`: when it is needed again, in microseconds, 0 for a rule about orders; `usual`: by the
    customer's own interval where that is known."""

    category: str = ""
    products: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    after: int = 0
    usual: bool = False
    kind: ClassVar[str] = "purchased"


class WrittenOf(Written):
    """Which products a rule is about."""

    category: str | None = Field(default=None, min_length=1, description="A category's id, or its name.")
    products: list[str] | None = Field(default=None, min_length=1, max_length=500, description="Product ids.")
    labels: list[str] | None = Field(default=None, min_length=1, max_length=50, description="Labels of the feed.")


def _read_after(value: object) -> object:
    return value if value == "interval" else read_duration(value)


After = Annotated[
    int | Literal["interval"],
    BeforeValidator(_read_after),
    WithJsonSchema({"anyOf": [DURATION_SCHEMA, {"const": "interval"}]}),
]


class WrittenReplenish(Written):
    """When somebody needs the same again."""

    after: After = Field(description="So long after the last order; `interval`: as long as it usually takes them.")
    without_interval: Duration | None = Field(
        default=None, description="How long for those of whom no interval is known; not given, never."
    )


class WrittenPurchased(WrittenKind):
    """The customer has ordered, or will need the same again."""

    of: WrittenOf | None = Field(default=None, description="Which products; not given, all.")
    replenish: WrittenReplenish | None = Field(default=None, description="Wait until they need it again.")

    def meant(self, read: Reading) -> Purchased:
        of, replenish = self.of or WrittenOf(), self.replenish
        after, usual = 0, False
        if replenish is not None:
            usual = replenish.after == "interval"
            if replenish.after != "interval":
                after = replenish.after
                if after <= 0:
                    read.wrong(("replenish", "after"), "the duration must be longer than nothing")
                if replenish.without_interval is not None:
                    read.wrong(
                        ("replenish", "without_interval"), "`without_interval` goes with `after: interval`",
                        "leave it out",
                    )  # fmt: skip
            else:
                after = replenish.without_interval or NEVER
        return Purchased(of.category or "", tuple(of.products or ()), tuple(of.labels or ()), after, usual)


class PurchasedKind(KindBase):
    """See `triggers.kinds.Kind`."""

    name = "purchased"
    code = 5
    stage = 8
    settings = WrittenPurchased
    trigger = Purchased
    watches = frozenset({
        wire.OrderPlaced, wire.OrderCancelled, wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated,
        wire.CustomerImported, wire.CustomerErased,
    })  # fmt: skip  # a late change of the cart may change what an order for the whole of it took
    exits = {
        CANCELLED: "the order that it began with is cancelled",
        AGAIN: "what was to be ordered again is",
    }
    default_exits = frozenset({CANCELLED, AGAIN})
    content = frozenset({"product"})

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules, world)

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """About what was bought last; by who has bought nothing, what was looked at last."""
        goods = sorted(row.bought.items(), key=lambda one: (-one[1].at, -(one[1].price or Decimal(0)), one[0]))
        return _about(goods, "") if goods else super().example(row, world)

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        if rule.trigger.after:
            again = [
                known.at for shown in journey.about.products
                if (known := row.bought.get(shown.product_id)) is not None and known.at > journey.epoch_at
            ]  # fmt: skip
            return (min(again), AGAIN) if again and AGAIN in rule.exit_on else (0, "")
        order = row.orders.recent.get(journey.began_by) if row.orders is not None else None
        if CANCELLED not in rule.exit_on or order is None or not order.cancelled:
            return 0, ""
        return max(order.cancelled_at, journey.epoch_at), CANCELLED


class _Due(NamedTuple):
    """A product that is needed again at `at`, and what of it was bought."""

    at: int
    product_id: str
    bought: Bought


class _Watch:
    """See `triggers.kinds.Watch`."""

    def __init__(self, rules: Sequence[Rule], world: KindWorld) -> None:
        self._shop_id = world.shop.id
        self._catalogue = world.catalogue
        self._thanks, self._again = _parted(rules)
        self._looks = _parted(one_each(rules))
        self._any_order = not all(_choosy(rule) for rule in self._looks[0])

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int | None:
        if type(event) not in _ORDERS and not row.cart.now.taken and KIND.code not in row.looks:
            return None  # no order has taken goods of a cart, and none had: an older event may leave it without
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        looked = _looked(row)
        _, again = self._looks
        first = self._next_order(row, looked, NEVER)
        for rule in again:
            first = min(first, min((due.at for due in self._needed(row, rule) if due.at > looked), default=NEVER))
        return first

    def coming(self, row: CustomerRow, until: int) -> Iterable[Begin]:
        return self._between(row, self._thanks, self._again, until - 1)

    def due(self, row: CustomerRow, at: int) -> Iterable[Begin]:
        return self._between(row, self._thanks, self._again, at)

    def looked(self, row: CustomerRow, at: int) -> None:
        looked = _looked(row)
        _, again = self._looks
        if self._next_order(row, looked, at) < NEVER or any(
            looked < due.at <= at for rule in again for due in self._needed(row, rule)
        ):
            row.looked[SPELL] = at, 0

    def _next_order(self, row: CustomerRow, looked: int, until: int) -> int:
        """The first instant after `looked`, up to `until`, of an order that begins something; NEVER without one."""
        thanks, _ = self._looks
        orders = row.orders
        if not thanks or orders is None or orders.last_at <= looked:
            return NEVER
        standing = {
            order.at for order in orders.recent.values()
            if looked < order.at <= until and order.placed and not order.cancelled
        }  # fmt: skip
        if not standing:
            return NEVER
        if self._any_order:
            return min(standing)
        first = NEVER
        for product_id, known in row.bought.items():
            if known.at < first and known.at in standing and any(self._is_of(rule, product_id) for rule in thanks):
                first = known.at
        return first

    def _between(
        self, row: CustomerRow, thanks: Sequence[Rule], again: Sequence[Rule], until: int
    ) -> Iterator[Begin]:
        """What was not looked at and is due up to `until`."""
        looked = _looked(row)
        yield from self._orders(row, thanks, looked, until)
        for rule in again:
            due = [one for one in self._needed(row, rule) if looked < one.at <= until]
            if due:
                due.sort(key=lambda one: (one.bought.at, one.product_id), reverse=True)
                goods = [(one.product_id, one.bought) for one in due]
                newest = due[0]
                yield Begin(
                    rule, min(one.at for one in due), newest.bought.at, newest.product_id, _about(goods, "")
                )

    def _orders(self, row: CustomerRow, rules: Sequence[Rule], looked: int, until: int) -> Iterator[Begin]:
        """Of every order since then that stands, what it begins."""
        if not rules or row.orders is None:
            return
        for order_id, order in row.orders.recent.items():
            if looked < order.at <= until and order.placed and not order.cancelled:
                goods = [(product, known) for product, known in row.bought.items() if known.at == order.at]
                goods.sort(key=lambda one: (-(one[1].price or Decimal(0)), one[0]))  # what cost most comes first
                for rule in rules:
                    wanted = [one for one in goods if self._is_of(rule, one[0])]
                    if wanted or not _choosy(rule):
                        yield Begin(rule, order.at, order.at, order_id, _about(wanted, order_id))

    def _needed(self, row: CustomerRow, rule: Rule) -> Iterator[_Due]:
        """When what was bought is needed again. What was cancelled was not had."""
        cancelled = set()
        if row.orders is not None:
            recent = row.orders.recent.values()
            cancelled = {order.at for order in recent if order.cancelled} - {
                order.at for order in recent if not order.cancelled
            }
        for product_id, bought in row.bought.items():
            if bought.at in cancelled or not self._is_of(rule, product_id):
                continue
            after = rule.trigger.after
            if rule.trigger.usual and bought.times >= MEASURED and (usual := bought.usual) >= DAY:
                after = usual
            if after < NEVER:
                yield _Due(bought.at + after, product_id, bought)

    def _is_of(self, rule: Rule, product_id: str) -> bool:
        """Whether the rule is about the product, as the catalogue now has it."""
        of: Purchased = rule.trigger
        if of.products and product_id not in of.products:
            return False
        if not of.category and not of.labels:
            return True
        product = self._catalogue.get(self._shop_id, product_id)
        if product is None:
            return False
        if of.category and of.category != product.category_id and of.category not in product.category_path:
            return False
        return not of.labels or any(label in of.labels for label in product.labels)


def _parted(rules: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    """What thanks for an order, and what waits until something is needed again."""
    return [rule for rule in rules if not rule.trigger.after], [rule for rule in rules if rule.trigger.after]


_ORDERS: Final = frozenset({wire.OrderPlaced, wire.OrderCancelled, wire.CustomerImported, wire.CustomerErased})


def _about(goods: Sequence[tuple[str, Bought]], of: str) -> About:
    return About(tuple(Shown(product_id, None, bought.price) for product_id, bought in goods[:MAX_SHOWN]), of)


def _choosy(rule: Rule) -> bool:
    of: Purchased = rule.trigger
    return bool(of.category or of.products or of.labels)


def _looked(row: CustomerRow) -> int:
    """Until when orders were looked at."""
    mark, _ = row.looked.get(SPELL, (0, 0))
    return max(mark, row.looked_at)


KIND: Final = PurchasedKind()
