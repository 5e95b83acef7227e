"""What a feed changed: one pass over two sorted runs of products, old and new, in constant memory.

Both sides come sorted by product id (the store keeps them so), hence a merge instead of a map: a million products cost
no memory here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

import msgspec
from msgspec.structs import replace

from schemas.catalogue import Product


class Changed(msgspec.Struct, frozen=True, gc=False):
    """The product is new (`previous` None) or differs in any field but the history of its price, of which a feed says
    nothing."""

    product: Product
    previous: Product | None


class Vanished(msgspec.Struct, frozen=True, gc=False):
    """The product was there and is not in the feed any more."""

    previous: Product


class Held(msgspec.Struct, frozen=True, gc=False):
    """The product was not read this time, but nobody may say that it has vanished: its last snapshot stays."""

    previous: Product


class Unchanged(msgspec.Struct, frozen=True, gc=False):
    """The product is as it was; with the history of its price."""

    product: Product


Difference = Changed | Vanished | Held | Unchanged


def differences(
    old: Iterable[Product], new: Iterable[Product], *, held: Container[str] = (), complete: bool = True
) -> Iterator[Difference]:
    """The differences between two runs of one shop's products, in order of product id.

    Both run in strictly ascending order of `product_id` (by code points); ValueError when they do not. A product that
    is missing in `new` is Vanished, unless `held` has its id (it stood in the feed but could not be read) or the feed
    was not `complete`: then it is Held.
    """
    olds, news = _ascending(old, "old"), _ascending(new, "new")
    before, now = next(olds, None), next(news, None)
    while before is not None or now is not None:
        if now is None or (before is not None and before.product_id < now.product_id):
            assert before is not None
            gone = complete and before.product_id not in held
            yield Vanished(before) if gone else Held(before)
            before = next(olds, None)
        elif before is None or now.product_id < before.product_id:
            yield Changed(now, None)
            now = next(news, None)
        else:
            yield Unchanged(before) if _alike(before, now) else Changed(now, before)
            before, now = next(olds, None), next(news, None)


def _alike(before: Product, now: Product) -> bool:
    if before.price != now.price or before.stock != now.stock:  # what changes most: no need to look at the others
        return False
    if before.price_history != now.price_history:
        now = replace(now, price_history=before.price_history)
    return before == now


def _ascending(products: Iterable[Product], side: str) -> Iterator[Product]:
    last: str | None = None
    for product in products:
        if last is not None and product.product_id <= last:
            raise ValueError(f"{side} products are not in strictly ascending order at {product.product_id!r}")
        last = product.product_id
        yield product
