"""What shoppers looked at: topic `site-views`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from schemas.fields import CategoryId, CurrencyCode, CustomerEvent, Price, ProductId, example


class ProductViewed(CustomerEvent):
    """A shopper looked at a product's page."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ProductViewed", event_id="9f0c2a4e-0001", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T10:00:00Z", product_id="sku-7", category_id="kettles", price="1990.00",
            currency="RUB",
        )
    )  # fmt: skip

    type: Literal["ProductViewed"]
    product_id: ProductId
    category_id: CategoryId | None = None
    price: Price | None = None
    currency: CurrencyCode | None = None


class CategoryViewed(CustomerEvent):
    """A shopper looked at a category's page."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CategoryViewed", event_id="9f0c2a4e-0002", shop_id="main", customer_id="42",
            occurred_at="2026-11-21T09:58:00Z", category_id="kettles",
        )
    )  # fmt: skip

    type: Literal["CategoryViewed"]
    category_id: CategoryId
