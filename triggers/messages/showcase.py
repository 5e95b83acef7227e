"""Products that a message may show besides the cart's: looked at, on sale, dearer before. From what the row remembers
and the feed, looked up when they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from schemas.catalogue import Catalogue
from schemas.price_history import lowest
from triggers.context import ProductView
from triggers.expressions.values import ARITHMETIC
from triggers.messages.presentable import MissingProduct, Presentable, Unpresentable, looked_at

_HUNDRED: Final = Decimal(100)

Buyers = Callable[[str, int], int]


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """What is known of a product besides the feed: `price` where it is another than the feed's (on sale), `seen` what
    the customer saw or paid; how often and when the customer looked at it."""

    product_id: str
    price: Decimal | None = None
    seen: Decimal | None = None
    times: int | None = None
    at: datetime | None = None


def showcase(
    shop_id: str,
    products: Callable[[], Sequence[Remembered]],
    catalogue: Catalogue,
    missing_product: MissingProduct,
    currency: str | None,
    at: int,
    buyers: Buyers | None = None,
) -> Sequence[ProductView]:
    """The presentable ones in their order; nothing is looked up, or asked of `products`, before it is read.

    `currency`: the shop's, for prices that name none. `at`: the instant of judging, microseconds. `buyers`: how many
    bought a product on the last so many days. With `missing_product="refuse"` reading one raises as
    `triggers.messages.goods.goods` says."""
    made: list[Sequence[Remembered]] = []

    def once() -> Sequence[Remembered]:
        if not made:
            made.append(products())
        return made[0]

    def view(product: Remembered) -> ProductView | Unpresentable:
        return _view(shop_id, product, catalogue, currency, at, buyers)

    return Presentable(once, view, missing_product)


def _view(
    shop_id: str, product: Remembered, catalogue: Catalogue, currency: str | None, at: int, buyers: Buyers | None
) -> ProductView | Unpresentable:
    found = catalogue.get(shop_id, product.product_id)
    if found is None:
        return Unpresentable("product-vanished")
    reason, url = looked_at(found)
    if reason is not None:
        return Unpresentable(reason)
    price, old_price = found.price, found.old_price
    if product.price is not None and product.price != price:  # on sale: what it costs otherwise is the old price
        price, old_price = product.price, old_price if price is None or price < product.price else price
    drop = None if price is None or product.seen is None else product.seen - price
    return ProductView(
        product_id=product.product_id,
        quantity=1,
        name=found.name,
        price=price,
        old_price=old_price,
        currency=found.currency or currency,
        url=url,
        picture=found.picture,
        vendor=found.vendor,
        category_id=found.category_id,
        lowest_price=lowest(found.price_history, at, on_sale=_reduced(price, found.price)),
        seen_price=product.seen,
        drop=drop if drop is not None and drop > 0 else None,
        drop_percent=_share(drop, product.seen),
        times=product.times,
        at=product.at,
        _buyers=buyers,
    )


def _reduced(price: Decimal | None, usual: Decimal | None) -> bool:
    return price is not None and usual is not None and price < usual


def _share(drop: Decimal | None, of: Decimal | None) -> Decimal | None:
    """In per cent."""
    return ARITHMETIC.divide(drop * _HUNDRED, of) if drop is not None and drop > 0 and of is not None else None


def in_category(catalogue: Catalogue, shop_id: str, product_id: str, category: str) -> bool:
    """Whether a product is in a category, by its id or name as in the feed, or in one below it."""
    found = catalogue.get(shop_id, product_id)
    if found is None:
        return False
    wanted = category.casefold()
    return found.category_id == category or any(part.casefold() == wanted for part in found.category_path)
