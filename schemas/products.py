"""What the feeds say: topic `products`, keyed by `shop_id:product_id`, compacted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.fields import (
    DEFAULT_SHOP,
    CategoryId,
    Contract,
    Count,
    CurrencyCode,
    Id,
    Money,
    Price,
    ProductId,
    Shop,
    Text,
    Timestamp,
    Url,
    example,
)
from schemas.instants import parse_rfc3339
from schemas.price_history import MAX_PRICES

LongText = Annotated[str, Field(strict=True, min_length=1, max_length=2000)]


class Previous(Contract):
    """What the last snapshot of the product said, so that one record tells what changed."""

    model_config = ConfigDict(json_schema_extra=example(price="1990.00", availability=True, stock=14))

    price: Price | None = None
    availability: Annotated[bool | None, Field(description="Its `available` then.")] = None
    stock: Annotated[Count | None, Field(description="Pieces in stock then, where the feed said so.")] = None


class PriceSince(Contract):
    """A price that holds from one instant until the next one in the history."""

    model_config = ConfigDict(json_schema_extra=example(since="2026-10-30T09:00:00Z", price="1990.00", currency="RUB"))

    since: Timestamp
    price: Annotated[Price | None, Field(description="Left out: the feed named none.")] = None
    currency: CurrencyCode | None = None


class ProductSnapshot(Contract):
    """One product as its feed last described it. Only the id is sure to be there. A record without a value (tombstone)
    says that the product has left the feed."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ProductSnapshot", shop_id="main", product_id="sku-7", occurred_at="2026-11-21T09:00:00Z",
            sync_id="2026-11-21T09:00:00Z-1", name="Electric kettle", vendor="Bork", category_id="kettles",
            category_path=["Kitchen", "Kettles"], price="1790.00", old_price="1990.00", currency="RUB", available=True,
            stock=12, url="https://shop.example/p/sku-7", picture="https://shop.example/i/sku-7.jpg",
            params=[["Power", "2200 W"]], labels=[],
            price_history=[
                {"since": "2026-10-30T09:00:00Z", "price": "1990.00", "currency": "RUB"},
                {"since": "2026-11-21T09:00:00Z", "price": "1790.00", "currency": "RUB"},
            ],
            previous={"price": "1990.00", "availability": True, "stock": 14},
        )
    )  # fmt: skip

    type: Literal["ProductSnapshot"]
    shop_id: Shop = DEFAULT_SHOP
    product_id: ProductId
    occurred_at: Annotated[Timestamp, Field(description="When the feed was read: one time for a whole sync.")]
    sync_id: Annotated[Id | None, Field(description="The feed sync that found it; its changes are one set.")] = None
    group_id: Annotated[Id | None, Field(description="What variants of one model share.")] = None
    name: Annotated[LongText | None, Field(description="As it is to stand in messages.")] = None
    vendor: Annotated[LongText | None, Field(description="Brand.")] = None
    category_id: CategoryId | None = None
    category_path: Annotated[list[LongText], Field(max_length=50, description="From the root down.")] = []
    price: Price | None = None
    old_price: Annotated[Money | None, Field(description="The price before a discount.")] = None
    currency: CurrencyCode | None = None
    available: Annotated[bool, Field(description="Can be ordered now.")] = True
    stock: Annotated[Count | None, Field(description="Pieces in stock, where the feed says so.")] = None
    url: Annotated[Url | None, Field(description="The product's page.")] = None
    picture: Annotated[Url | None, Field(description="Its picture.")] = None
    params: Annotated[
        list[Annotated[list[LongText], Field(min_length=2, max_length=2)]],
        Field(max_length=500, description="Pairs of name and value, in the feed's order."),
    ] = []
    labels: Annotated[list[Text], Field(max_length=50, description="The feed's custom labels.")] = []
    price_history: Annotated[
        list[PriceSince],
        Field(
            max_length=MAX_PRICES,
            description="Its prices in the order of time, the one that holds last: those of the 30 days before that "
            "one began, and the one before these. Left out: this price since `occurred_at`, nothing known of before.",
        ),
    ] = []
    previous: Annotated[Previous | None, Field(description="Left out for a product that is new.")] = None

    @property
    def at(self) -> int:
        """`occurred_at` in microseconds since 1970-01-01T00:00:00Z."""
        return parse_rfc3339(self.occurred_at)


class FeedSyncBegun(Contract):
    """A sync of a feed begins: what it publishes follows, and then FeedSynced. One a shop is kept; that of a sync which
    broke off is the newer of the two."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="FeedSyncBegun", shop_id="main", sync_id="2026-11-21T09:00:00Z-1", occurred_at="2026-11-21T09:00:00Z",
        )
    )  # fmt: skip

    type: Literal["FeedSyncBegun"]
    shop_id: Shop = DEFAULT_SHOP
    sync_id: Annotated[Id, Field(description="As its snapshots have it.")]
    occurred_at: Annotated[Timestamp, Field(description="When the feed was read: the same as in its snapshots.")]

    @property
    def at(self) -> int:
        """`occurred_at` in microseconds since 1970-01-01T00:00:00Z."""
        return parse_rfc3339(self.occurred_at)


class FeedSynced(Contract):
    """A sync of a feed is over: all snapshots with its `sync_id` are before this record. One a shop is kept."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="FeedSynced", shop_id="main", sync_id="2026-11-21T09:00:00Z-1", occurred_at="2026-11-21T09:00:00Z",
            changed=118,
        )
    )  # fmt: skip

    type: Literal["FeedSynced"]
    shop_id: Shop = DEFAULT_SHOP
    sync_id: Annotated[Id, Field(description="As its snapshots have it.")]
    occurred_at: Annotated[Timestamp, Field(description="When the feed was read: the same as in its snapshots.")]
    changed: Annotated[Count, Field(description="How many products are new, or differ from what they were.")]

    @property
    def at(self) -> int:
        """`occurred_at` in microseconds since 1970-01-01T00:00:00Z."""
        return parse_rfc3339(self.occurred_at)
