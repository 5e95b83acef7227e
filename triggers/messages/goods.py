"""The goods of a cart as a message may show them: from the cart's lines and the feed, looked up when they are read.

Only those that are presentable (`triggers.messages.presentable`) are shown. Which products lie in the cart, how many
and at what price they were put there come from the customer row; name, price and link from the feed as it stands when
they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import blake2b
from typing import Final, Protocol

import msgspec
from msgspec.structs import replace

from schemas.catalogue import Catalogue, Product
from schemas.price_history import lowest
from triggers.context import LineView
from triggers.messages.presentable import MissingProduct, Presentable, Unpresentable, looked_at

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class GoodsLine(msgspec.Struct, frozen=True, gc=False):
    """One line of the cart: `price` as the storefront last said, if it did, `at` its last change in microseconds."""

    product_id: str
    quantity: int
    price: Decimal | None
    currency: str | None
    at: int


def goods(
    shop_id: str,
    lines: Sequence[GoodsLine],
    catalogue: Catalogue,
    missing_product: MissingProduct = "next",
    *,
    zone: tzinfo = UTC,
    currency: str | None = None,
    at: int = 0,
) -> Goods:
    """The cart as conditions and templates see it (a `triggers.context.CartView`).

    `zone` is the customer's, for `changed`; `currency` the shop's, for prices that name none; `at` the instant of
    judging in microseconds. Nothing is looked up before it is read. With `missing_product="refuse"` reading a line
    raises MessageRefused (product-vanished, product-out-of-stock, product-unnamed, product-unlinked; its detail is the
    product's id) when that line, or a newer one, is not presentable; with "next" such lines are passed over.
    """
    return Goods(shop_id, lines, lambda: newest_first(lines), catalogue, missing_product, zone, currency, at)


def newest_first(lines: Sequence[GoodsLine]) -> Sequence[GoodsLine]:
    """By their last change; lines of one instant keep the cart's order."""
    return sorted(lines, key=_age) if len(lines) > 1 else lines


def _age(line: GoodsLine) -> int:
    return -line.at


class _Counted(Protocol):
    @property
    def quantity(self) -> int: ...


class Goods:
    """A cart's goods; satisfies `triggers.context.CartView`. Made by `goods`, or of lines in any order (`counted`) and
    of what gives them newest first: many texts say no more than how many there are."""

    __slots__ = (
        "_at", "_catalogue", "_counted", "_currency", "_found", "_lines", "_made", "_newest_first", "_policy",
        "_shop_id", "_worth", "_zone",
    )  # fmt: skip

    def __init__(
        self,
        shop_id: str,
        counted: Collection[_Counted],
        newest_first: Callable[[], Sequence[GoodsLine]],
        catalogue: Catalogue,
        missing_product: MissingProduct,
        zone: tzinfo,
        currency: str | None,
        at: int,
    ) -> None:
        self._at = at
        self._shop_id = shop_id
        self._counted = counted
        self._newest_first = newest_first
        self._made: Sequence[GoodsLine] | None = None
        self._catalogue = catalogue
        self._zone = zone
        self._currency = currency
        self._policy = missing_product
        self._found: dict[str, Product | None] = {}
        self._worth: tuple[Decimal | None, str | None] | None = None
        self._lines: Presentable[GoodsLine, LineView] | None = None

    @property
    def _goods(self) -> Sequence[GoodsLine]:
        if self._made is None:
            self._made = self._newest_first()
        return self._made

    @property
    def lines(self) -> Sequence[LineView]:
        """The presentable ones."""
        if self._lines is None:
            self._lines = Presentable(lambda: self._goods, self._view, self._policy)
        return self._lines

    @property
    def count(self) -> int:
        """How many goods lie in the cart, quantities added up, presentable or not."""
        count = 0
        for line in self._counted:
            count += line.quantity
        return count

    @property
    def total(self) -> Decimal | None:
        """What all the goods cost: the cart's prices, where it has none the feed's. None when a price is unknown or
        the prices are in different currencies; 0 for an empty cart."""
        return self._total()[0]

    @property
    def currency(self) -> str | None:
        """The one currency of all the goods (the shop's where none is named); None when they have several."""
        return self._total()[1]

    @property
    def changed(self) -> datetime | None:
        """The cart's last change, in the customer's zone; None for an empty cart."""
        if not self._goods:
            return None
        return (_EPOCH + timedelta(microseconds=self._goods[0].at)).astimezone(self._zone)

    def _product(self, product_id: str) -> Product | None:
        if product_id not in self._found:
            self._found[product_id] = self._catalogue.get(self._shop_id, product_id)
        return self._found[product_id]

    def _total(self) -> tuple[Decimal | None, str | None]:
        if self._worth is None:
            self._worth = self._add_up()
        return self._worth

    def _add_up(self) -> tuple[Decimal | None, str | None]:
        total: Decimal | None = Decimal(0)
        currencies: set[str] = set()
        for line in self._goods:
            price, currency = line.price, line.currency
            if price is None:
                product = self._product(line.product_id)
                price, currency = (product.price, product.currency) if product is not None else (None, None)
            if price is None:
                total = None
            elif total is not None:
                total += price * line.quantity
            currency = currency or self._currency
            if currency is not None:
                currencies.add(currency)
        if len(currencies) > 1:
            return None, None
        return total, next(iter(currencies), self._currency)

    def _view(self, line: GoodsLine) -> LineView | Unpresentable:
        product = self._product(line.product_id)
        if product is None:
            return Unpresentable("product-vanished")
        reason, url = looked_at(product)
        if reason is not None:
            return Unpresentable(reason)
        return LineView(
            product_id=line.product_id,
            quantity=line.quantity,
            name=product.name,
            price=product.price,
            old_price=product.old_price,
            currency=product.currency or self._currency,
            url=url,
            picture=product.picture,
            vendor=product.vendor,
            category_id=product.category_id,
            lowest_price=lowest(product.price_history, self._at),
        )


# By product: what was found of it, true as long as the catalogue answers with the very same object. (Measured: 0.4 us
# instead of 1.4 to hash one.)
_KEPT: Final = 10_000
_hashes: Final[dict[tuple[str, str], tuple[Product, str]]] = {}


def products_hash(catalogue: Catalogue, shop_id: str, ids: Iterable[str]) -> str:
    """128 bits in hex over the products shown, in order, as the catalogue has them now; empty when none was shown."""
    shown = [(product_id, catalogue.get(shop_id, product_id)) for product_id in ids]
    if not shown:
        return ""
    if len(shown) > 1 or shown[0][1] is None:
        return _hash(shown)
    product = shown[0][1]  # most texts show one product, and many texts the same
    known = _hashes.get((shop_id, shown[0][0]))
    if known is None or known[0] is not product:
        if len(_hashes) >= _KEPT:
            _hashes.clear()
        known = _hashes[shop_id, shown[0][0]] = product, _hash(shown)
    return known[1]


def _hash(shown: list[tuple[str, Product | None]]) -> str:
    return blake2b(msgspec.json.encode([(name, _told(one)) for name, one in shown]), digest_size=16).hexdigest()


def _told(product: Product | None) -> Product | None:
    """Without a history that says no more than the price: a product read from a feed's own file has none."""
    if product is None or len(product.price_history) != 1:
        return product
    return replace(product, price_history=())
