"""A shopper, a shop and a feed for the tests of conditions and messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from schemas.catalogue import Product
from triggers.context import Context, CustomerView, IncentiveView, JourneyView, OrdersView, ShopView
from triggers.messages.goods import GoodsLine, goods

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 21, 12, tzinfo=MOSCOW)


class Feed:
    """A catalogue in memory that remembers what it was asked."""

    def __init__(self, *products: Product) -> None:
        self._products: Mapping[str, Product] = {product.product_id: product for product in products}
        self.asked: list[str] = []

    def get(self, shop_id: str, product_id: str) -> Product | None:
        self.asked.append(product_id)
        return self._products.get(product_id)


def product(product_id: str, **changes: Any) -> Product:
    fields: dict[str, Any] = {
        "name": f"Kettle {product_id}",
        "price": Decimal("1990.00"),
        "currency": "RUB",
        "url": f"https://shop.example/{product_id}",
    }
    return Product(product_id=product_id, **{**fields, **changes})


def line(
    product_id: str, at: int = 0, price: str | None = None, quantity: int = 1, currency: str | None = None
) -> GoodsLine:
    return GoodsLine(product_id, quantity, None if price is None else Decimal(price), currency, at)


def context(
    *lines: GoodsLine,
    feed: Feed | None = None,
    missing_product: Literal["next", "refuse"] = "next",
    zone: tzinfo = MOSCOW,
    language: str | None = "en",
    shop_language: str | None = "en",
    currency: str | None = "RUB",
    orders: OrdersView | None = None,
    now: datetime = NOON,
    **customer: Any,
) -> Context:
    return Context(
        customer=CustomerView(id="42", language=language, **customer),
        orders=orders or OrdersView(count=3, total=Decimal("4500"), last=datetime(2026, 10, 1, 9, tzinfo=UTC)),
        cart=goods("main", lines, feed or Feed(), missing_product, zone=zone, currency=currency),
        shop=ShopView(id="main", currency=currency, language=shop_language, cart_url="https://shop.example/cart"),
        journey=JourneyView(step="1"),
        incentive=IncentiveView(valid_until=date(2026, 12, 12), points=Decimal(100)),
        now=now,
    )
