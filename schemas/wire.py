"""The wire as the engine reads it: one msgspec Struct an event type, and the batch decoder.

pydantic models (events.py and its siblings) are the contract; these structs are the same contract compiled for
speed, and a property test holds the two together on every valid and invalid input. Instants are integers of
microseconds since 1970-01-01T00:00:00Z; money is `decimal.Decimal`; absent optional fields are None.

The fields here are what the engine uses; a field that the contract has and the engine ignores (say a page's
referrer) may be missing here, but is still checked by the contract that both decoders agree on.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

DEFAULT_SHOP: Final = "main"


class Item(msgspec.Struct, frozen=True, gc=False):
    """One line of a cart or an order."""

    product_id: str
    quantity: int = 1
    price: Decimal | None = None


class CustomerEvent(msgspec.Struct, tag_field="type", kw_only=True, gc=False):
    """What every customer event has. `at` is `occurred_at` in microseconds since the epoch, set by the decoder."""

    event_id: str
    customer_id: str
    occurred_at: str
    shop_id: str = DEFAULT_SHOP
    at: int = 0


class ProductViewed(CustomerEvent, tag=True, kw_only=True, gc=False):
    product_id: str
    category_id: str | None = None
    price: Decimal | None = None
    currency: str | None = None


class CategoryViewed(CustomerEvent, tag=True, kw_only=True, gc=False):
    category_id: str


class CartItemAdded(CustomerEvent, tag=True, kw_only=True, gc=False):
    product_id: str
    quantity: int = 1
    price: Decimal | None = None
    currency: str | None = None
    category_id: str | None = None


class CartItemRemoved(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Without `quantity` the product leaves the cart altogether."""

    product_id: str
    quantity: int | None = None


class CartUpdated(CustomerEvent, tag=True, kw_only=True, gc=False):
    """The whole cart. Required: an absent cart and an empty one are different facts."""

    items: list[Item]
    currency: str | None = None


class CheckoutStarted(CustomerEvent, tag=True, kw_only=True, gc=False):
    pass


class OrderPlaced(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Without `items` the order is for the whole cart."""

    order_id: str
    items: list[Item] | None = None
    total: Decimal | None = None
    currency: str | None = None


class OrderCancelled(CustomerEvent, tag=True, kw_only=True, gc=False):
    order_id: str


class CustomerUpdated(CustomerEvent, tag=True, kw_only=True, gc=False):
    """Partial: UNSET leaves a field alone, None deletes it."""

    phone: str | None | msgspec.UnsetType = msgspec.UNSET
    email: str | None | msgspec.UnsetType = msgspec.UNSET
    first_name: str | None | msgspec.UnsetType = msgspec.UNSET
    last_name: str | None | msgspec.UnsetType = msgspec.UNSET
    time_zone: str | None | msgspec.UnsetType = msgspec.UNSET
    language: str | None | msgspec.UnsetType = msgspec.UNSET
    gender: str | None | msgspec.UnsetType = msgspec.UNSET
    birthday: str | None | msgspec.UnsetType = msgspec.UNSET
    city: str | None | msgspec.UnsetType = msgspec.UNSET
    region: str | None | msgspec.UnsetType = msgspec.UNSET
    card: str | None | msgspec.UnsetType = msgspec.UNSET


class ConsentChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    channel: str
    purpose: str
    granted: bool
    source: str | None = None


class CustomerErased(CustomerEvent, tag=True, kw_only=True, gc=False):
    pass


class CustomerMerged(CustomerEvent, tag=True, kw_only=True, gc=False):
    into: str


class WishlistChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    added: list[str] = []
    removed: list[str] = []


class BonusBalanceChanged(CustomerEvent, tag=True, kw_only=True, gc=False):
    balance: Decimal
    expires_at: str | None = None


class SurveyAnswered(CustomerEvent, tag=True, kw_only=True, gc=False):
    survey_id: str
    answers: dict[str, Any] = {}


class LinkClicked(CustomerEvent, tag=True, kw_only=True, gc=False):
    command_id: str | None = None
    url: str | None = None


class DeliveryReceipt(CustomerEvent, tag=True, kw_only=True, gc=False):
    command_id: str
    status: str
    error_code: str | None = None


AnyCustomerEvent = (
    ProductViewed | CategoryViewed | CartItemAdded | CartItemRemoved | CartUpdated | CheckoutStarted | OrderPlaced
    | OrderCancelled | CustomerUpdated | ConsentChanged | CustomerErased | CustomerMerged | WishlistChanged
    | BonusBalanceChanged | SurveyAnswered | LinkClicked | DeliveryReceipt
)


class ClockAdvanced(msgspec.Struct, tag_field="type", tag=True, kw_only=True, gc=False):
    """A loader's marker: time has reached `occurred_at` on this partition. Exempt from the key and future checks."""

    event_id: str
    occurred_at: str
    at: int = 0


class Malformed(msgspec.Struct, frozen=True, gc=False):
    """A record that is no event: goes to `dead-letters` with its original bytes.

    `reason` is a stable word (not-utf8, not-json, not-an-object, unknown-type, missing-field, invalid-value, too-large),
    `detail` the field and what is wrong with it, never the value (it may be personal).
    """

    reason: str
    detail: str


def decode_batch(values: list[bytes]) -> list[AnyCustomerEvent | ClockAdvanced | Malformed]:
    """Decode a whole chunk; the answer has one entry a value, in order. Never raises for bad input."""
    raise NotImplementedError
