"""What customers add to the figures of their shop: orders and what they came to, gaps between purchase days, products
bought and looked at, how many customers there are.

Everything is an addend: a name and a number of which no more than the sum is ever asked, so that it makes no difference
in how many parts they are added up. A sum never tells who added to it.

How many *different* customers bought a product within a stretch of days cannot be added up from the buyers of each day,
since some bought on two. So every buyer of a day is counted under the number of days since the same customer's last
purchase of the product (`FIRST` where that is longer ago than MAX_SINCE, or there is none): of a stretch the buyers are
those whose last purchase before lies outside it. That is exact for orders that are heard of on their day, as long as
the customer's row remembers the product. Of one that it may have forgotten (`triggers.bought.MAX_BOUGHT`) the last
purchase counts as if it were as late as that of the oldest it remembers: there may be too few buyers, never too many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas import wire
from schemas.wire import CustomerEvent
from triggers.bought import MAX_BOUGHT
from triggers.counted import Counted
from triggers.customer import MAX_ORDERS, CustomerRow, Order
from triggers.intervals import gaps_of
from triggers.orders import order_total
from triggers.rules.model import Shop
from triggers.spans import today
from triggers.zones import local_date, zone_of

ORDERS: Final = "orders"
"""`count:SEGMENT` and `total:SEGMENT`: orders with a total in the shop's currency, and what they came to."""

GAPS: Final = "gaps"
"""`SEGMENT:DAYS`: how often so many days lay between two purchase days of a customer that follow one another."""

CUSTOMERS: Final = "customers"
"""`new`: who was heard of for the first time, less whoever was erased."""

BOUGHT: Final = "bought-"
"""`SINCE:PRODUCT`: buyers of the day, by the days since they bought the product last. By `bucket` of the product."""

VIEWED: Final = "viewed-"
"""`PRODUCT`: how often it was looked at. By `bucket` of the product."""

FIRST: Final = 0
MAX_SINCE: Final = 90

Places = Mapping[str, Decimal]
"""Sums by name."""


class Before(NamedTuple):
    """What the row said before the event. `new`: nothing was heard of the customer; `erased`: they were erased once.
    `orders`: those remembered. `days`: those on which the customer is known to have bought something, in order; `full`:
    there may have been others before these. `last`: the shop's day on which each product of the order was bought last,
    or may have been; None: it never was."""

    new: bool
    erased: bool
    orders: Mapping[str, Order] = {}
    days: tuple[int, ...] = ()
    full: bool = False
    last: Mapping[str, int | None] = {}


_ONE: Final = Decimal(1)
_BUYING: Final = frozenset({wire.OrderPlaced, wire.OrderCancelled, wire.CustomerImported})
_COUNTS: Final = _BUYING | {wire.ProductViewed, wire.CustomerErased}


class Counting:
    """What the events of one shop's customers add. `segment_of`: which segment a customer is in, None for none."""

    def __init__(self, shop: Shop, segment_of: Callable[[CustomerRow], str | None]) -> None:
        self._shop = shop
        self._tz, _ = zone_of(None, shop.time_zone)
        self._segment_of = segment_of

    def before(self, row: CustomerRow, event: CustomerEvent) -> Before | None:
        """To be asked before anything of the event is written into the row, its id included; None: it adds nothing."""
        new, erased, kind = not row.seen, row.erased_at > 0, type(event)
        if kind not in _COUNTS and not new:
            return None
        if kind not in _BUYING:
            return Before(new, erased)
        orders = {} if row.orders is None else dict(row.orders.recent)
        last = self._last(row, event) if isinstance(event, wire.OrderPlaced) else {}
        return Before(new, erased, orders, self._days(row, orders), len(orders) >= MAX_ORDERS, last)

    def after(self, row: CustomerRow, event: CustomerEvent, now: int, before: Before) -> Iterator[Counted]:
        """What the event adds, now that the row has taken it, to the day of its effective time `now`. Not to be asked
        of an event that the row did not take: a repeated one, or one of before an erasure."""
        if isinstance(event, wire.CustomerErased):
            if not (before.new or before.erased):
                yield Counted(CUSTOMERS, "new", -_ONE)
            return
        if before.new:
            yield Counted(CUSTOMERS, "new", _ONE)
        if isinstance(event, wire.ProductViewed):
            yield Counted(VIEWED + bucket(event.product_id), event.product_id, _ONE)
        elif isinstance(event, wire.OrderPlaced):
            total = order_total(event.items or (), event.total)
            yield from self._moved(row, before, [Order(event.at, True, False, total, event.currency)], [event.order_id])
            if event.order_id not in before.orders:  # not told again, nor cancelled before it was heard of
                yield from self._buyers(before.last, today(now, self._tz).toordinal())
        elif isinstance(event, wire.OrderCancelled):
            yield from self._moved(row, before, [None], [event.order_id])
        elif isinstance(event, wire.CustomerImported):
            # cheques and gaps of long ago tell as much as today's; who bought then is no buyer of today
            kept = [one for one in event.orders if one.at > row.erased_at]
            told = [Order(one.at, True, False, order_total(one.items, one.total), one.currency) for one in kept]
            yield from self._moved(row, before, told, [one.order_id for one in kept])
            older = event.older
            if older is not None and older.first_at > row.erased_at:
                yield from self._cheques(self._segment(row), older.count, older.total, older.currency)

    def _buyers(self, last: Mapping[str, int | None], day: int) -> Iterator[Counted]:
        for product, bought in last.items():
            if bought is not None and bought >= day:  # a buyer of the day already
                continue
            since = FIRST if bought is None or day - bought > MAX_SINCE else day - bought
            yield Counted(BOUGHT + bucket(product), f"{since}:{product}", _ONE)

    def _moved(
        self, row: CustomerRow, before: Before, told: Sequence[Order | None], order_ids: Sequence[str]
    ) -> Iterator[Counted]:
        """What orders count for now, less what they counted for before. `told`: as they were told just now, for those
        that the row has no room for."""
        segment = self._segment(row)
        recent = {} if row.orders is None else row.orders.recent
        now = {
            order_id: recent.get(order_id) or before.orders.get(order_id) or one
            for order_id, one in zip(order_ids, told, strict=True)
        }
        for order_id, one in now.items():
            for order, sign in ((before.orders.get(order_id), -1), (one, 1)):
                if order is not None and _counts(order):
                    yield from self._cheques(segment, sign, order.total, order.currency)
        forgotten = {order_id: one for order_id, one in before.orders.items() if order_id not in recent}
        days = self._days(row, {**forgotten, **recent, **{id: one for id, one in now.items() if one is not None}})
        if before.full and before.days:  # what came before them is not known
            days = tuple(day for day in days if day >= before.days[0])
        gaps: dict[int, int] = {}
        for gap in gaps_of(days):
            gaps[gap] = gaps.get(gap, 0) + 1
        for gap in gaps_of(before.days):
            gaps[gap] = gaps.get(gap, 0) - 1
        for gap, amount in sorted(gaps.items()):
            if amount:
                yield Counted(GAPS, f"{segment}:{gap}", Decimal(amount))

    def _cheques(self, segment: str, count: int, total: Decimal | None, currency: str | None) -> Iterator[Counted]:
        """`total`: of all of them; `count` less than nothing takes one out again."""
        if total is not None and count and currency in (None, self._shop.currency):
            yield Counted(ORDERS, f"count:{segment}", Decimal(count))
            yield Counted(ORDERS, f"total:{segment}", total if count > 0 else -total)

    def _segment(self, row: CustomerRow) -> str:
        return self._segment_of(row) or ""

    def _last(self, row: CustomerRow, event: wire.OrderPlaced) -> Mapping[str, int | None]:
        if event.items is None:  # it takes the whole cart
            products: Iterable[str] = row.cart.now.lines
        else:
            products = (item.product_id for item in event.items)
        bought = row.bought
        # what is forgotten was bought no later than all that is remembered
        oldest = min(one.at for one in bought.values()) if len(bought) >= MAX_BOUGHT else None
        return {
            product: None if at is None else today(at, self._tz).toordinal()
            for product in products
            for at in (bought[product].at if product in bought else oldest,)
        }

    def _days(self, row: CustomerRow, orders: Mapping[str, Order]) -> tuple[int, ...]:
        """The customer's own days on which something was bought, in order."""
        tz, _ = zone_of(row.field("time_zone"), self._shop.time_zone)
        return tuple(sorted({local_date(one.at, tz).toordinal() for one in orders.values() if _counts(one)}))


def _counts(order: Order) -> bool:
    return order.placed and not order.cancelled


def bucket(product: str) -> str:
    """One hexadecimal digit: the names of a fact are bounded, products are not."""
    return blake2b(product.encode("utf-8", "surrogatepass"), digest_size=1).hexdigest()[0]


class Sums:
    """Sums by fact and name."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Decimal]] = {}

    def add(self, fact: str, name: str, amount: Decimal) -> None:
        names = self.facts.setdefault(fact, {})
        names[name] = names.get(name, Decimal(0)) + amount

    def count(self, counted: Iterable[Counted]) -> None:
        for one in counted:
            self.add(one.fact, one.name, one.amount)

    def of(self, fact: str) -> Places:
        return self.facts.get(fact, {})


def buyers(days: Mapping[int, Mapping[int, int]], first: int, last: int) -> int:
    """How many different customers bought a product from day `first` to day `last` (ordinals, MAX_SINCE days at most).
    `days`: the buyers of each day by the days since they bought it last."""
    return sum(
        count
        for day in range(first, last + 1)
        for since, count in days.get(day, {}).items()
        if since == FIRST or since > day - first
    )
