"""What concerns many customers at once: topic `marketing-events`, keyed by `shop_id`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.fields import (
    MAX_ITEMS,
    MAX_LIST,
    CategoryId,
    Contract,
    CurrencyCode,
    Event,
    Id,
    Price,
    ProductId,
    Text,
    Timestamp,
    Url,
    example,
)

SaleId = Annotated[Id, Field(description="The sale; its end names it again.", examples=["black-friday"])]


class SaleItem(Contract):
    """One product on sale."""

    model_config = ConfigDict(json_schema_extra=example(product_id="sku-7", price="1490.00"))

    product_id: ProductId
    price: Price | None = None


class FlashSaleAnnounced(Event):
    """A short sale begins: for products, for whole categories or brands, or (with none of them) for everything."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="FlashSaleAnnounced", event_id="m-1", shop_id="main", occurred_at="2026-11-27T06:00:00Z",
            sale_id="black-friday", name="Black Friday", starts_at="2026-11-27T06:00:00Z",
            ends_at="2026-11-28T20:59:59Z", items=[{"product_id": "sku-7", "price": "1490.00"}], categories=["kettles"],
            currency="RUB", url="https://shop.example/sale",
        )
    )  # fmt: skip

    type: Literal["FlashSaleAnnounced"]
    sale_id: SaleId
    name: Annotated[Text | None, Field(description="As it is to stand in messages.", examples=["Black Friday"])] = None
    starts_at: Annotated[Timestamp | None, Field(description="Left out: at `occurred_at`.")] = None
    ends_at: Annotated[Timestamp, Field(description="Nothing is sent for it after this.")]
    items: Annotated[list[SaleItem], Field(max_length=MAX_ITEMS, description="Products with their sale prices.")] = []
    categories: Annotated[list[CategoryId], Field(max_length=MAX_LIST, description="Category ids.")] = []
    brands: Annotated[list[Text], Field(max_length=MAX_LIST, description="Vendors, as in the feed.")] = []
    currency: CurrencyCode | None = None
    url: Annotated[Url | None, Field(description="The sale's page.", examples=["https://shop.example/sale"])] = None


class FlashSaleEnded(Event):
    """A sale ended, perhaps earlier than announced."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="FlashSaleEnded", event_id="m-2", shop_id="main", occurred_at="2026-11-28T20:59:59Z",
            sale_id="black-friday",
        )
    )  # fmt: skip

    type: Literal["FlashSaleEnded"]
    sale_id: SaleId


class CollectionReleased(Event):
    """A new collection is in the shop."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="CollectionReleased", event_id="m-3", shop_id="main", occurred_at="2026-12-01T06:00:00Z",
            collection_id="winter-26", name="Winter", product_ids=["sku-90", "sku-91"], categories=["kettles"],
            brands=["Bork"], url="https://shop.example/winter",
        )
    )  # fmt: skip

    type: Literal["CollectionReleased"]
    collection_id: Annotated[Id, Field(description="The collection.", examples=["winter-26"])]
    name: Annotated[Text | None, Field(description="As it is to stand in messages.", examples=["Winter"])] = None
    product_ids: Annotated[list[ProductId], Field(max_length=MAX_ITEMS, description="What is in it.")] = []
    categories: Annotated[list[CategoryId], Field(max_length=MAX_LIST, description="Category ids.")] = []
    brands: Annotated[list[Text], Field(max_length=MAX_LIST, description="Vendors, as in the feed.")] = []
    url: Annotated[Url | None, Field(description="The collection's page.")] = None


RuleName = Annotated[Id, Field(description="The rule's name.", examples=["december-letter"])]


class BroadcastRequested(Event):
    """Send a broadcast rule to its audience, once, now."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="BroadcastRequested", event_id="m-4", shop_id="main", occurred_at="2026-12-05T09:00:00Z",
            broadcast_id="december-letter-1", rule="december-letter", audience="vip",
        )
    )  # fmt: skip

    type: Literal["BroadcastRequested"]
    broadcast_id: Annotated[
        Id, Field(description="This sending; asked for twice, it is sent once.", examples=["december-letter-1"])
    ]
    rule: RuleName
    audience: Annotated[
        Text | None, Field(description="A named audience that customers must be in, besides the rule's own.")
    ] = None
