"""What the sample shop sells: the ids, categories and prices of examples/tea-house/feed.xml (a test compares them)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Good:
    """`price` in kopecks."""

    product_id: str
    category_id: str
    price: int

    @property
    def shown_price(self) -> str:
        return money(self.price)


def money(kopecks: int) -> str:
    """A decimal string, as money is on the wire."""
    return f"{kopecks // 100}.{kopecks % 100:02d}"


CURRENCY: Final = "RUB"

_PRICES: Final = {
    "2": (890, 640, 1150, 1990, 1290, 720),
    "3": (1450, 690, 560, 780, 830, 390),
    "4": (940, 1390, 870, 1180, 1240),
    "5": (2490, 1340, 180, 450),
    "7": (4900, 1690, 6900, 1190),
    "8": (420, 2350, 990),
    "9": (1890, 3000),
}
"""Whole roubles by category, in order of id."""

GOODS: Final = tuple(
    Good(f"tea-{number:02d}", category, price * 100)
    for number, (category, price) in enumerate(
        ((category, price) for category, prices in _PRICES.items() for price in prices), start=1
    )
)
