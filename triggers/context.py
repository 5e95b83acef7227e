"""What conditions and templates can see: typed, documented names, never dicts.

An attribute that is None, or a text of blanks alone, is *missing*: in a condition it makes the comparison unknown
(three-valued logic), in a template it refuses the message unless `default(...)` is given. Times are aware datetimes in
the customer's zone; the zone is what `date` writes them in.

The annotations here are the types that conditions and templates are checked against (`triggers.expressions.types`): a
new field is a new name at once, to be written into docs/messages.md (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class CustomerView:
    id: str
    first_name: str | None = None
    last_name: str | None = None
    gender: str | None = None
    birthday: date | None = None
    age: int | None = None
    city: str | None = None
    region: str | None = None
    card: str | None = None
    language: str | None = None
    time_zone: str | None = None
    bonus_balance: Decimal | None = None
    registered: datetime | None = None


class OrdersView(msgspec.Struct, frozen=True, gc=False):
    count: int = 0
    total: Decimal | None = None
    average: Decimal | None = None
    last: datetime | None = None
    first: datetime | None = None


class LineView(msgspec.Struct, frozen=True, gc=False):
    """A cart line filled from the feed: `name`, `price`, `url` live from the product, `quantity` from the cart."""

    product_id: str
    quantity: int
    name: str | None = None
    price: Decimal | None = None
    old_price: Decimal | None = None
    currency: str | None = None
    url: str | None = None
    picture: str | None = None
    vendor: str | None = None
    category_id: str | None = None


class CartView(Protocol):
    """`lines` are the presentable goods (named, linked, in stock), newest change first; `count` (quantities added up),
    `total` and `currency` are of all the goods. Made by `triggers.messages.goods.goods`."""

    @property
    def lines(self) -> Sequence[LineView]: ...
    @property
    def count(self) -> int: ...
    @property
    def total(self) -> Decimal | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def changed(self) -> datetime | None: ...


class IncentiveView(msgspec.Struct, frozen=True, gc=False):
    kind: str | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None
    points: Decimal | None = None
    code: str | None = None
    valid_until: date | None = None


class JourneyView(msgspec.Struct, frozen=True, gc=False):
    step: str = ""
    started: datetime | None = None


class ShopView(msgspec.Struct, frozen=True, gc=False):
    id: str
    name: str | None = None
    sender: str | None = None
    url: str | None = None
    cart_url: str | None = None
    currency: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The root of every name in a condition or template."""

    customer: CustomerView
    orders: OrdersView
    cart: CartView
    shop: ShopView
    journey: JourneyView
    incentive: IncentiveView
    now: datetime
