"""What was ordered and what was cancelled: topic `order-events`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.carts import Items
from schemas.fields import CurrencyCode, CustomerEvent, Money, OrderId, example


class OrderPlaced(CustomerEvent):
    """The customer ordered. Ends the cart and every reminder of it; publish it for orders by phone or in shops too."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="OrderPlaced", event_id="9f0c2a4e-0007", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:10:00Z", order_id="A-1",
            items=[{"product_id": "sku-7", "quantity": 1, "price": "1990.00"}], total="1990.00", currency="RUB",
        )
    )  # fmt: skip

    type: Literal["OrderPlaced"]
    order_id: OrderId
    items: Annotated[Items | None, Field(description="What was bought; left out, the order is for the whole cart.")] = (
        None
    )
    total: Annotated[
        Money | None,
        Field(description="What the order came to, in units of `currency`, discounts taken off.", examples=["1990.00"]),
    ] = None
    currency: CurrencyCode | None = None


class OrderCancelled(CustomerEvent):
    """An order was cancelled. Lowers the customer's totals; restores no cart and no reminder."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="OrderCancelled", event_id="9f0c2a4e-0008", shop_id="main", customer_id="42",
            occurred_at="2026-11-22T09:00:00Z", order_id="A-1",
        )
    )  # fmt: skip

    type: Literal["OrderCancelled"]
    order_id: OrderId
