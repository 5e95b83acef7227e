"""What the shop of the property tests' stories sells."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from schemas.catalogue import Product

PRODUCTS: Final = ("sku-1", "sku-2", "sku-3", "sku-7")
CATEGORIES: Final = ("kettles", "teapots", "cups")


class Feed:
    """A catalogue of them."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        if product_id not in PRODUCTS:
            return None
        number = PRODUCTS.index(product_id)
        category = CATEGORIES[number % 3]
        return Product(
            product_id=product_id, name=f"Product {number}", category_id=category, category_path=(category,),
            price=Decimal(700), currency="RUB", url="https://shop.example/p", vendor="Tea House",
            labels=("consumable", "new"), stock=10,
        )
