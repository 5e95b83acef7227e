"""What the core may ask about products: a look-up that answers from memory or a local store, never over the network."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from schemas.price_history import PriceHistory


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One product as its feed last described it. Only the id is sure to be there; money in `currency` units.
    `price_history` is known of products that come from the topic; a feed says nothing of it."""

    product_id: str
    shop_id: str = "main"
    group_id: str | None = None
    name: str | None = None
    vendor: str | None = None
    category_id: str | None = None
    category_path: tuple[str, ...] = ()
    price: Decimal | None = None
    old_price: Decimal | None = None
    currency: str | None = None
    available: bool = True
    stock: int | None = None
    url: str | None = None
    picture: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    price_history: PriceHistory = ()


class Catalogue(Protocol):
    """`get` answers None for a product the feed does not (or no longer does) hold."""

    def get(self, shop_id: str, product_id: str) -> Product | None: ...


class EmptyCatalogue:
    """The catalogue of a shop without a feed."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return None
