"""What a customer likes, and what a sale or a collection is about, for the kinds that write of it."""

from __future__ import annotations

from typing import Any

from schemas import wire
from tests.property.shelf import Feed
from tests.property.told import Told


def liked(told: Told, ways: Any) -> set[str]:
    """Products, in any of these ways."""
    found: set[str] = set()
    if "cart" in ways:
        found |= set(told.cart)
    if "wished" in ways:
        for _, one in told.of(wire.WishlistChanged):
            found = (found | set(one.added)) - (set(one.removed) if "viewed" not in ways else set())
    if "viewed" in ways:
        found |= {one.product_id for _, one in told.of(wire.ProductViewed)}
    if "bought" in ways:
        found |= {product for _, _, what in told.bought() for product in what}
    return found


def looked_at(told: Told) -> set[str]:
    """Categories."""
    looks = told.of(wire.CategoryViewed, wire.ProductViewed, wire.CartItemAdded)
    return {one.category_id for _, one in looks if isinstance(one.category_id, str)}


def of(event: Any, product: str) -> bool:
    """Whether a product is of what an event of marketing names."""
    items = [item.product_id for item in getattr(event, "items", None) or ()]
    if not items and not event.categories and not event.brands:
        return True
    known = Feed().get("main", product)
    return product in items or (known is not None and (
        known.category_id in event.categories or known.vendor in event.brands
    ))
