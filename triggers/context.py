"""What conditions and templates can see: typed, documented names, never dicts.

An attribute that is None, or a text of blanks alone, is *missing*: in a condition it makes the comparison unknown
(three-valued logic), in a template it refuses the message unless `default(...)` is given. Times are aware datetimes in
the customer's zone; the zone is what `date` writes them in.

The annotations here are the types that conditions and templates are checked against (`triggers.expressions.types`): a
new field is a new name at once, to be written into docs/messages.md (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

import msgspec


class ConsentsView(msgspec.Struct, frozen=True, gc=False):
    """What the customer allows: False where nothing was said."""

    sms_marketing: bool = False
    call_marketing: bool = False
    email_marketing: bool = False


_NO_CONSENTS: Final = ConsentsView()


@dataclass(frozen=True, slots=True)
class CustomerView:
    """`dates`: those of the profile besides the birthday, by name. `segment`: the first of the shop's that holds."""

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
    segment: str | None = None
    consents: ConsentsView = _NO_CONSENTS
    dates: Mapping[str, date] = field(default_factory=dict)

    def answer(self, survey: str, question: str) -> str | None:
        """What was answered to a question of a survey, as text."""
        return None


class OfCategory(msgspec.Struct, frozen=True, gc=False):
    """What was done with one category and those below it: how often, and when last."""

    count: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrdersView:
    """`interval`: the median of the gaps between the days of the last orders, where these are enough."""

    count: int = 0
    total: Decimal | None = None
    average: Decimal | None = None
    last: datetime | None = None
    first: datetime | None = None
    interval: timedelta | None = None

    def bought(self, product: str) -> bool:
        """Whether the product, by its id, was ever bought (as far back as is remembered)."""
        return False

    def of(self, category: str) -> OfCategory:
        """How often products of a category, by its id or name, were bought."""
        return OfCategory()


class LineView(msgspec.Struct, frozen=True, gc=False):
    """A cart line filled from the feed: `name`, `price`, `url` live from the product, `quantity` from the cart.
    `lowest_price`: of the 30 days before the last reduction, where it can be said (`schemas.price_history`)."""

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
    lowest_price: Decimal | None = None


class ProductView(LineView, frozen=True, gc=False):
    """A product that the customer looked at, or that the journey is about. `seen_price`: what the customer saw or paid;
    `drop` and `drop_percent`: how much less it is now. `times` and `at` are of the customer's looks at it."""

    seen_price: Decimal | None = None
    drop: Decimal | None = None
    drop_percent: Decimal | None = None
    times: int | None = None
    at: datetime | None = None
    _buyers: Callable[[str, int], int] | None = None

    def buyers(self, within: timedelta) -> int | None:
        """How many different customers bought it within that time, of which whole days count."""
        return None if self._buyers is None else self._buyers(self.product_id, within.days)


@dataclass(frozen=True, slots=True)
class ViewedView:
    """What the customer looked at lately: `products` are the presentable ones, newest first, `count` all of them."""

    last: datetime | None = None
    count: int = 0
    products: Sequence[ProductView] = ()

    def of(self, category: str) -> OfCategory:
        """How often a category, by its id or name, or products of it were looked at."""
        return OfCategory()


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
    costs: Decimal | None = None


@dataclass(frozen=True, slots=True)
class JourneyView:
    """`bought`, `visited`, `clicked`: whether the customer did since the journey began (`bought`: in a survey, of what
    it asks about, too); `touches`: how many of its own
    passed so far; `segment`: by which of the shop's segments, or lines of the rule's own table, it began."""

    step: str = ""
    started: datetime | None = None
    bought: bool = False
    visited: bool = False
    clicked: bool = False
    touches: int = 0
    segment: str | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True)
class ShopView:
    """`average_cheque`, `interval` and `best_sellers` are figures of the whole shop, as of the instant of judging."""

    id: str
    name: str | None = None
    sender: str | None = None
    url: str | None = None
    cart_url: str | None = None
    currency: str | None = None
    language: str | None = None
    average_cheque: Decimal | None = None
    interval: timedelta | None = None
    best_sellers: Sequence[ProductView] = ()


class EventView(msgspec.Struct, frozen=True, gc=False):
    """The sale, collection or broadcast that the journey is about."""

    id: str | None = None
    name: str | None = None
    url: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


_NO_EVENT: Final = EventView()


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
    viewed: ViewedView = ViewedView()
    event: EventView = _NO_EVENT
    product: ProductView | None = None
    products: Sequence[ProductView] = ()
