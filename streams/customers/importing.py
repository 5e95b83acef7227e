"""Customers and orders of before, as a shop's tables have them -> a CustomerImported each. Pure.

The customers' table: `id`, the fields of a profile by their names, other days as `dates.NAME`, and of each consent
(`sms_marketing`, `call_marketing`) whether it was given, when (`…_at`) and where (`…_source`). The orders' table:
`customer_id`, `order_id`, `at`, `total`, `currency`, `cancelled`; or a line for each of an order's goods, with
`product_id`, `quantity` and `price`. Columns that nothing is known of are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from schemas.contracts import MAX_EVENT_BYTES
from schemas.fields import (
    MAX_DATES,
    MAX_IMPORTED_ITEMS,
    MAX_IMPORTED_ORDERS,
    MAX_QUANTITY,
    NAME_PATTERN,
    compiled,
    read_money,
)
from schemas.instants import parse_rfc3339, rfc3339
from streams.customers.cells import BadCell, Cells, cells
from streams.customers.tables import BadRow, Row
from triggers.ids import identifier

TEXTS: Final = (
    "phone", "email", "first_name", "last_name", "time_zone", "language", "gender", "city", "region", "card",
)  # fmt: skip
CONSENTS: Final = (("sms", "marketing"), ("call", "marketing"))
CUSTOMER_COLUMNS: Final = (
    "id", *TEXTS, "birthday", "registered_at",
    *(f"{channel}_{purpose}{part}" for channel, purpose in CONSENTS for part in ("", "_at", "_source")),
)  # fmt: skip
ORDER_COLUMNS: Final = (
    "customer_id", "order_id", "at", "total", "currency", "cancelled", "product_id", "quantity", "price",
)  # fmt: skip
DATES: Final = "dates."
_CALLED: Final = {"customer_id": "id"}
_ORDER_CALLED: Final = {"id": "order_id", "occurred_at": "at"}
_DATE_NAME: Final = compiled(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class BadLine:
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """A word on a consent. `at` microseconds, None where the table does not say."""

    channel: str
    purpose: str
    granted: bool
    at: int | None = None
    source: str | None = None


@dataclass(slots=True)
class Bought:
    """An order. `items`: of each product how many, and at what price. `total`: as it is said. `worth`: what the lines
    add up to; None where one has no price."""

    order_id: str
    at: int
    total: Decimal | None = None
    currency: str | None = None
    cancelled: bool = False
    items: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)
    worth: Decimal | None = Decimal(0)

    def add(self, product_id: str, quantity: int, price: Decimal | None) -> None:
        before, paid = self.items.get(product_id, (0, None))
        self.items[product_id] = min(before + quantity, MAX_QUANTITY), price if paid is None else paid
        self.worth = None if price is None or self.worth is None else self.worth + quantity * price

    @property
    def came_to(self) -> Decimal | None:
        """What it came to, where that is known and an amount that the wire can say."""
        came = self.total if self.total is not None else self.worth if self.items else None
        return came if came is None or came < _MOST else None


_MOST: Final = Decimal(10**12)


@dataclass(slots=True)
class Known:
    """A customer of before. `profile` as the wire has it. `told`: whether the customers' table has them."""

    customer_id: str
    told: bool = False
    profile: dict[str, str | dict[str, str]] = field(default_factory=dict)
    consents: tuple[Agreed, ...] = ()
    orders: dict[str, Bought] = field(default_factory=dict)


@dataclass(slots=True)
class Base:
    """Everybody who is to be known, by id and in the order of the tables, and what could not be read of either table.
    `zone`: of times that say none."""

    zone: ZoneInfo
    known: dict[str, Known] = field(default_factory=dict)
    lines: int = 0
    bad_customers: list[BadLine] = field(default_factory=list)
    bad_orders: list[BadLine] = field(default_factory=list)

    def take_customers(self, table: Iterable[tuple[int, Row | BadRow]], names: Mapping[str, str]) -> None:
        """`names`: what the table calls its columns, by our names."""
        for number, row in table:
            self.lines += 1
            try:
                self._customer(cells(row, CUSTOMER_COLUMNS, _CALLED, names, self.zone, DATES))
            except BadCell as bad:
                self.bad_customers.append(BadLine(number, str(bad)))

    def take_orders(self, table: Iterable[tuple[int, Row | BadRow]], names: Mapping[str, str]) -> None:
        """Lines with one order's id are that order's, placed at the first of their times."""
        for number, row in table:
            self.lines += 1
            try:
                self._order(cells(row, ORDER_COLUMNS, _ORDER_CALLED, names, self.zone))
            except BadCell as bad:
                self.bad_orders.append(BadLine(number, str(bad)))

    def _customer(self, said: Cells) -> None:
        customer_id = said.key("id")
        known = self.known.get(customer_id) or Known(customer_id)
        if known.told:
            raise BadCell("a second line of one customer")
        profile: dict[str, str | dict[str, str]] = {}
        for name in TEXTS:
            if (text := said.text(name)) is not None:
                profile[name] = text
        if (birthday := said.day("birthday")) is not None:
            profile["birthday"] = birthday
        if (registered := said.instant("registered_at")) is not None:
            profile["registered_at"] = rfc3339(registered)
        dates = {name.removeprefix(DATES): said.day(name) or "" for name in said.names(DATES)}
        if len(dates) > MAX_DATES or not all(map(_DATE_NAME.match, dates)):
            raise BadCell(f"{MAX_DATES} days at most are remembered, by names of a to z, digits and _")
        if dates:
            profile["dates"] = dates
        consents = []
        for channel, purpose in CONSENTS:
            name = f"{channel}_{purpose}"
            granted = said.truth(name)
            if granted is not None:
                at, source = said.instant(f"{name}_at"), said.text(f"{name}_source")
                consents.append(Agreed(channel, purpose, granted, at, source))
        known.told, known.profile, known.consents = True, profile, tuple(consents)
        self.known[customer_id] = known

    def _order(self, said: Cells) -> None:
        customer_id, order_id, at = said.key("customer_id"), said.key("order_id"), said.instant("at")
        if at is None:
            raise BadCell("there is no `at`")
        total, currency, cancelled = said.money("total"), said.currency("currency"), said.truth("cancelled")
        product, quantity, price = said.id("product_id"), said.quantity("quantity"), said.money("price")
        orders = self.known.setdefault(customer_id, Known(customer_id)).orders
        order = orders.get(order_id)
        if order is None:
            order = orders[order_id] = Bought(order_id, at)
        order.at = min(order.at, at)
        order.cancelled = order.cancelled or cancelled is True
        order.total = total if order.total is None else order.total
        order.currency = order.currency or currency
        if product is not None:
            order.add(product, 1 if quantity is None else quantity, price)


def imported(known: Known, shop_id: str, at: int) -> tuple[bytes, int]:
    """The CustomerImported of what was known at `at` (microseconds), as it is on the wire, and how many orders were
    later than that and are left out. Cancelled ones are no orders.

    Its id is the same whenever the customer is imported, so that nothing is counted twice. A consent that says no time
    was given when the customer registered, or first bought; a refusal is as new as the import."""
    bought = sorted(
        (order for order in known.orders.values() if not order.cancelled), key=lambda order: (order.at, order.order_id)
    )
    past = [order for order in bought if order.at <= at]
    older, recent = past[:-MAX_IMPORTED_ORDERS], past[-MAX_IMPORTED_ORDERS:]
    registered = known.profile.get("registered_at")
    began = min([at, *(order.at for order in past[:1])])
    if isinstance(registered, str):
        began = min(began, parse_rfc3339(registered))
    event: dict[str, Any] = {
        "type": "CustomerImported",
        "event_id": f"import-{identifier('import', shop_id, known.customer_id)}",
        "shop_id": shop_id,
        "customer_id": known.customer_id,
        "occurred_at": rfc3339(at),
        **known.profile,
    }
    if known.consents:
        event["consents"] = [_consent(one, at, began) for one in known.consents]
    orders = [_order(one) for one in recent]
    if orders:
        event["orders"] = orders
    if older:
        event["older"] = _older(older)
    value = orjson.dumps(event)
    for order in orders:
        if len(value) <= MAX_EVENT_BYTES:
            break
        order.pop("items", None)  # of the oldest first: that there was an order counts, whatever it was for
        value = orjson.dumps(event)
    return value, len(bought) - len(past)


def _consent(said: Agreed, at: int, began: int) -> dict[str, Any]:
    since = said.at if said.at is not None else began if said.granted else at
    named = {} if said.source is None else {"source": said.source}
    return {
        "channel": said.channel, "purpose": said.purpose, "granted": said.granted,
        "occurred_at": rfc3339(min(since, at)), **named,
    }  # fmt: skip


def _order(order: Bought) -> dict[str, Any]:
    made: dict[str, Any] = {"order_id": order.order_id, "occurred_at": rfc3339(order.at)}
    if order.items:
        made["items"] = [
            {"product_id": product, "quantity": quantity, **({} if price is None else {"price": _shown(price)})}
            for product, (quantity, price) in list(order.items.items())[:MAX_IMPORTED_ITEMS]
        ]
    came = order.came_to
    if came is not None:
        made["total"] = _shown(came)
    if order.currency is not None:
        made["currency"] = order.currency
    return made


def _older(orders: list[Bought]) -> dict[str, Any]:
    """Their sum where each says what it came to, all in one currency."""
    made: dict[str, Any] = {"count": len(orders), "first_at": rfc3339(orders[0].at)}
    came = [order.came_to for order in orders]
    currencies = {order.currency for order in orders}
    whole = sum((one for one in came if one is not None), Decimal(0))
    if None not in came and len(currencies) == 1 and whole < _MOST:
        made["total"] = _shown(whole)
        if None not in currencies:
            made["currency"] = orders[0].currency
    return made


def _shown(amount: Decimal) -> str:
    """As the wire has it."""
    return str(read_money(format(amount.normalize(), "f")))
