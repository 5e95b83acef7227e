"""The wire as the engine reads it: one msgspec Struct an event type. `schemas.wire.decode_batch` makes them.

The pydantic models (`schemas.contracts`) are the contract; these structs are the same contract compiled for speed,
and a property test holds the two together on every valid and invalid input. Instants are integers of microseconds
since 1970-01-01T00:00:00Z; money is `decimal.Decimal`; absent optional fields are None.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.fields import (
    DEFAULT_SHOP,
    MAX_DATES,
    MAX_ID,
    MAX_LIST,
    MAX_PHONE,
    MAX_QUANTITY,
    MAX_SHOP_ID,
    MAX_TEXT,
    MAX_URL,
)

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
Url = Annotated[str, Meta(min_length=1, max_length=MAX_URL)]
Phone = Annotated[str, Meta(min_length=1, max_length=MAX_PHONE)]
ShopId = Annotated[str, Meta(min_length=1, max_length=MAX_SHOP_ID)]
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY)]
Ids = Annotated[list[Id], Meta(max_length=MAX_LIST)]


class Item(msgspec.Struct, frozen=True, gc=False):
    """One line of a cart or an order."""

    product_id: Id
    quantity: Quantity = 1
    price: Decimal | None = None


class CustomerEvent(msgspec.Struct, tag_field="type", kw_only=True, gc=False):
    """What every customer event has. `at` is `occurred_at` in microseconds since the epoch, set by the decoder."""

    event_id: Id
    customer_id: Id
    occurred_at: str
    shop_id: ShopId = DEFAULT_SHOP
    at: int = 0


class ProductViewed(CustomerEvent, tag=True, kw_only=True, gc=False):
    product_id: Id
    category_id: Id | None = None
    price: Decimal | None = None
    currency: str | None = None


class CategoryViewed(CustomerEvent, tag=True, kw_only=True, gc=False):
    category_id: Id


class CartItemAdded(CustomerEvent, tag=True, kw_only=True, gc=False):
    product_id: Id
    quantity: Quantity = 1
    price: Decimal | None = None
    currency: str | None = None
    category_id: Id | None = None


class CartItemRemoved(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Without `quantity` the product leaves the cart altogether."""

    product_id: Id
    quantity: Quantity | None = None


class CartUpdated(CustomerEvent, tag=True, kw_only=True, gc=False):
    """The whole cart. Required: an absent cart and an empty one are different facts."""

    items: list[Item]
    currency: str | None = None


class CheckoutStarted(CustomerEvent, tag=True, kw_only=True, gc=False):
    pass


class OrderPlaced(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Without `items` the order is for the whole cart."""

    order_id: Id
    items: list[Item] | None = None
    total: Decimal | None = None
    currency: str | None = None


class OrderCancelled(CustomerEvent, tag=True, kw_only=True, gc=False):
    order_id: Id


class CustomerUpdated(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Partial: UNSET leaves a field alone, None deletes it."""

    phone: Phone | UnsetType | None = UNSET
    email: Text | UnsetType | None = UNSET
    first_name: Text | UnsetType | None = UNSET
    last_name: Text | UnsetType | None = UNSET
    time_zone: Text | UnsetType | None = UNSET
    language: Text | UnsetType | None = UNSET
    gender: Text | UnsetType | None = UNSET
    birthday: Text | UnsetType | None = UNSET
    city: Text | UnsetType | None = UNSET
    region: Text | UnsetType | None = UNSET
    card: Text | UnsetType | None = UNSET
    registered_at: Text | UnsetType | None = UNSET
    dates: Annotated[dict[str, str | None], Meta(max_length=MAX_DATES)] | UnsetType = UNSET


class ConsentGiven(msgspec.Struct, frozen=True, gc=False):
    channel: str
    purpose: str
    granted: bool
    at: int
    source: Text | None = None


class OrderKept(msgspec.Struct, frozen=True, gc=False):
    order_id: Id
    at: int
    items: tuple[Item, ...] = ()
    total: Decimal | None = None
    currency: str | None = None


class OlderOrders(msgspec.Struct, frozen=True, gc=False):
    count: Quantity
    first_at: int
    total: Decimal | None = None
    currency: str | None = None


class CustomerImported(CustomerUpdated, tag=True, kw_only=True, gc=False):
    """What was known of the customer at `at`, each with its own instant."""

    consents: tuple[ConsentGiven, ...] = ()
    orders: tuple[OrderKept, ...] = ()
    older: OlderOrders | None = None


class ConsentChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    channel: str
    purpose: str
    granted: bool
    source: Text | None = None


class CustomerErased(CustomerEvent, tag=True, kw_only=True, gc=False):
    pass


class CustomerMerged(CustomerEvent, tag=True, kw_only=True, gc=False):
    into: Id


class WishlistChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    added: Ids = []
    removed: Ids = []


class BonusBalanceChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    balance: Decimal
    expires_at: str | None = None


class SurveyAnswered(CustomerEvent, tag=True, kw_only=True, gc=False):
    survey_id: Id
    answers: dict[str, Any] = {}


class KeywordReceived(CustomerEvent, tag=True, kw_only=True, gc=False):
    keyword: Id
    text: str


class LinkClicked(CustomerEvent, tag=True, kw_only=True, gc=False):
    command_id: Id | None = None
    url: Url | None = None


class TestRequested(CustomerEvent, tag=True, kw_only=True, gc=False):
    rule: Id
    step: Id | None = None


class DeliveryReceipt(CustomerEvent, tag=True, kw_only=True, gc=False):
    command_id: Id
    status: str
    error_code: Text | None = None


AnyCustomerEvent = (
    ProductViewed
    | CategoryViewed
    | CartItemAdded
    | CartItemRemoved
    | CartUpdated
    | CheckoutStarted
    | OrderPlaced
    | OrderCancelled
    | CustomerUpdated
    | CustomerImported
    | ConsentChanged
    | CustomerErased
    | CustomerMerged
    | WishlistChanged
    | BonusBalanceChanged
    | SurveyAnswered
    | LinkClicked
    | TestRequested
    | DeliveryReceipt
    | KeywordReceived
)


class MarketingEvent(msgspec.Struct, tag_field="type", kw_only=True, gc=False):
    """What every event about many customers has."""

    event_id: Id
    occurred_at: str
    shop_id: ShopId = DEFAULT_SHOP
    at: int = 0


class SaleItem(msgspec.Struct, frozen=True, gc=False):
    """One product on sale."""

    product_id: Id
    price: Decimal | None = None


class FlashSaleAnnounced(MarketingEvent, tag=True, kw_only=True, gc=False):
    sale_id: Id
    ends_at: str
    name: Text | None = None
    starts_at: str | None = None
    items: list[SaleItem] = []
    categories: Ids = []
    brands: list[Text] = []
    currency: str | None = None
    url: Url | None = None


class FlashSaleEnded(MarketingEvent, tag=True, kw_only=True, gc=False):
    sale_id: Id


class CollectionReleased(MarketingEvent, tag=True, kw_only=True, gc=False):
    collection_id: Id
    name: Text | None = None
    product_ids: list[Id] = []
    categories: Ids = []
    brands: list[Text] = []
    url: Url | None = None


class BroadcastRequested(MarketingEvent, tag=True, kw_only=True, gc=False):
    broadcast_id: Id
    rule: Id
    audience: Text | None = None


AnyMarketingEvent = FlashSaleAnnounced | FlashSaleEnded | CollectionReleased | BroadcastRequested


class SmsReceived(msgspec.Struct, tag_field="type", tag=True, kw_only=True, gc=False):
    """What somebody answered. Known by phone: it names no customer."""

    event_id: Id
    occurred_at: str
    phone: Phone
    text: str
    shop_id: ShopId = DEFAULT_SHOP
    recipient: Text | None = None
    at: int = 0


class ClockAdvanced(msgspec.Struct, tag_field="type", tag=True, kw_only=True, gc=False):
    """A loader's marker: time has reached `occurred_at` on this partition. Exempt from the key and future checks."""

    event_id: Id
    occurred_at: str
    at: int = 0
