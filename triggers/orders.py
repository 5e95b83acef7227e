"""What a customer has ordered: counted, added up, and the last orders remembered, to know a repeated or a cancelled
one.

Orders may be told in any order, also an order's cancellation before the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from schemas.events import Item, OlderOrders

MAX_ORDERS: Final = 16


class Order(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A recent order, remembered to know a repeated or a cancelled one. Either may be heard of first. `at`: when it was
    placed, as far as that is known; `cancelled_at`: when it was cancelled, 0 where it is not, or that is not known."""

    at: int
    placed: bool
    cancelled: bool
    total: Decimal | None = None
    currency: str | None = None
    cancelled_at: int = 0


class Orders(msgspec.Struct, array_like=True, gc=False):
    """`count` and `totals` without the cancelled, `first_at` and `last_at` (of order `last_id`) with them.

    `totals`, by currency ("" where none is named): how many orders named a total, and what they add up to.
    """

    count: int = 0
    totals: dict[str, tuple[int, Decimal]] = {}
    first_at: int = 0
    last_at: int = 0
    recent: dict[str, Order] = {}
    last_id: str = ""

    @property
    def priced(self) -> tuple[int, Decimal | None]:
        """How many named a total, and what they add up to: where all that did named one currency."""
        return next(iter(self.totals.values())) if len(self.totals) == 1 else (0, None)


def place(
    orders: Orders, order_id: str, at: int, total: Decimal | None, currency: str | None, again: bool = True
) -> bool:
    """An order was placed; False for one that is known. `again`: of the same order said twice the first telling counts;
    else what is known of it."""
    known = orders.recent.get(order_id)
    placed = known is not None and known.placed
    if known is not None and placed:
        if again and at < known.at:
            count(orders, known, -1)
            known = Order(at, True, known.cancelled, total, currency, known.cancelled_at)
            count(orders, known, 1)
            orders.recent[order_id] = known
    else:
        order = Order(at, True, known is not None, total, currency, known.at if known is not None else 0)
        count(orders, order, 1)
        orders.recent[order_id] = order
        _bound(orders)
    if not orders.first_at or at < orders.first_at:
        orders.first_at = at
    if (at, order_id) > (orders.last_at, orders.last_id):
        orders.last_at, orders.last_id = at, order_id
    return not placed


def cancel(orders: Orders, order_id: str, at: int) -> None:
    """An order was cancelled."""
    known = orders.recent.get(order_id)
    if known is None:
        orders.recent[order_id] = Order(at, False, True, cancelled_at=at)
        _bound(orders)
    elif not known.placed:
        if at < known.at:
            orders.recent[order_id] = Order(at, False, True, cancelled_at=at)
    elif not known.cancelled:
        count(orders, known, -1)
        orders.recent[order_id] = msgspec.structs.replace(known, cancelled=True, cancelled_at=at)
    elif at < known.cancelled_at:
        orders.recent[order_id] = msgspec.structs.replace(known, cancelled_at=at)


def add_older(orders: Orders, older: OlderOrders) -> None:
    """Orders of long ago, of which no more is known than what they came to together."""
    orders.count += older.count
    if older.total is not None:
        currency = older.currency or ""
        number, total = orders.totals.get(currency, (0, Decimal(0)))
        orders.totals[currency] = number + older.count, total + older.total
    if not orders.first_at or older.first_at < orders.first_at:
        orders.first_at = older.first_at


def orders_since(orders: Orders, than: int) -> Orders | None:
    """What is known of the orders after an instant; None of none."""
    newer = {order_id: order for order_id, order in orders.recent.items() if order.at > than}
    if not newer:
        return None
    since = Orders(recent=newer)
    placed = sorted((order.at, order_id) for order_id, order in newer.items() if order.placed)
    for _, order_id in placed:
        count(since, newer[order_id], 1)
    if placed:
        since.first_at = placed[0][0]
        since.last_at, since.last_id = placed[-1]
    return since


def goods(items: Iterable[Item]) -> dict[str, Decimal | None]:
    """What was bought, each product once, and for how much."""
    prices: dict[str, Decimal | None] = {}
    for item in items:
        if prices.get(item.product_id) is None:
            prices[item.product_id] = item.price
    return prices


def order_total(items: Sequence[Item], total: Decimal | None) -> Decimal | None:
    """The total as said, else what the items add up to, where all of them are priced."""
    if total is not None or not items:
        return total
    total = Decimal(0)
    for item in items:
        if item.price is None:
            return None
        total += item.price * item.quantity
    return total


def count(orders: Orders, order: Order, sign: int) -> None:
    """Count the order, or (`sign` -1) no longer. Cancelled ones are not counted."""
    if order.cancelled:
        return
    orders.count += sign
    if order.total is not None:
        currency = order.currency or ""
        priced, total = orders.totals.get(currency, (0, Decimal(0)))
        if priced + sign:
            orders.totals[currency] = (priced + sign, total + sign * order.total)
        else:
            del orders.totals[currency]


def _bound(orders: Orders) -> None:
    if len(orders.recent) > MAX_ORDERS:
        oldest = min(orders.recent, key=lambda order_id: (orders.recent[order_id].at, order_id))
        del orders.recent[oldest]
