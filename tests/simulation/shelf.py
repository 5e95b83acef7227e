"""What messages say of products, the same for every worker and the oracle, whatever syncs have come since."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from schemas.catalogue import Catalogue, EmptyCatalogue, Product

PRICES: Final = tuple(map(Decimal, ("120.00", "490.00", "1990.00")))
SOLD: Final = tuple(f"sku-{number}" for number in range(1, 5))


class Shelf:
    """A catalogue."""

    def __init__(self) -> None:
        self._products = {
            product_id: Product(
                product_id=product_id, name=f"Tea {product_id[-1]}", price=price, currency="RUB",
                url=f"https://tea.example/{product_id}",
            )
            for product_id, price in zip(SOLD, (*PRICES, PRICES[0]), strict=True)
        }

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return self._products.get(product_id) if shop_id == "main" else None


def catalogue(feeds: bool) -> Catalogue:
    """Of a shop with `feeds`, or of one without."""
    return Shelf() if feeds else EmptyCatalogue()
