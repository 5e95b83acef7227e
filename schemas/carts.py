"""What went into and out of carts: topic `cart-events`.

Publish either the steps (CartItemAdded, CartItemRemoved) or, if your cart only tells its whole, CartUpdated after each
change. Both may be mixed: each is applied at its own `occurred_at`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.fields import (
    MAX_ITEMS,
    CategoryId,
    Contract,
    CurrencyCode,
    CustomerEvent,
    Price,
    ProductId,
    Quantity,
    example,
)


class Item(Contract):
    """One line of a cart or an order."""

    model_config = ConfigDict(json_schema_extra=example(product_id="sku-7", quantity=2, price="1990.00"))

    product_id: ProductId
    quantity: Annotated[Quantity, Field(description="Pieces.", examples=[2])] = 1
    price: Price | None = None


Items = Annotated[list[Item], Field(max_length=MAX_ITEMS)]


class CartItemAdded(CustomerEvent):
    """A product was put into the cart. Adds to the pieces that are already there."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CartItemAdded", event_id="9f0c2a4e-0003", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:00:00Z", product_id="sku-7", quantity=1, price="1990.00", currency="RUB",
        )
    )  # fmt: skip

    type: Literal["CartItemAdded"]
    product_id: ProductId
    quantity: Annotated[Quantity, Field(description="Pieces added.", examples=[1])] = 1
    price: Price | None = None
    currency: CurrencyCode | None = None
    category_id: CategoryId | None = None


class CartItemRemoved(CustomerEvent):
    """A product was taken out of the cart."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CartItemRemoved", event_id="9f0c2a4e-0004", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:05:00Z", product_id="sku-7",
        )
    )  # fmt: skip

    type: Literal["CartItemRemoved"]
    product_id: ProductId
    quantity: Annotated[
        Quantity | None,
        Field(description="Pieces taken out; left out, the product leaves the cart altogether.", examples=[1]),
    ] = None


class CartUpdated(CustomerEvent):
    """The whole cart as it now is. It replaces what was known; the same again is no activity; no items empty it."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CartUpdated", event_id="9f0c2a4e-0005", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:07:00Z", items=[{"product_id": "sku-7", "quantity": 2, "price": "1990.00"}],
            currency="RUB",
        )
    )  # fmt: skip

    type: Literal["CartUpdated"]
    items: Annotated[Items, Field(description="Every line of the cart; `[]` for an empty one.")]
    currency: CurrencyCode | None = None


class CheckoutStarted(CustomerEvent):
    """The customer began to check out. Counts as activity of the cart."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CheckoutStarted", event_id="9f0c2a4e-0006", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:08:00Z",
        )
    )  # fmt: skip

    type: Literal["CheckoutStarted"]
