"""Which products a customer likes, and which of them something is about: a sale, a collection, a change of the feed.

A customer likes what lies in the cart, is on the wish list, was looked at or was bought. Each product counts once, by
the nearest to an order of these ways.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from schemas.catalogue import Catalogue
from triggers.customer import CustomerRow
from triggers.journeys import MAX_SHOWN, Shown

Way = Literal["cart", "wished", "viewed", "bought"]
WAYS: Final[tuple[Way, ...]] = ("cart", "wished", "viewed", "bought")
"""How a customer may like a product, the nearest to an order first."""


class Interested(NamedTuple):
    """A product, how the customer likes it, when that was last said, and the price that the customer saw last, or paid
    (None: none is known)."""

    product_id: str
    way: Way
    at: int
    seen: Decimal | None


def interested(
    row: CustomerRow, among: Container[str] | None = None, ways: Collection[str] = WAYS, since: int = 0
) -> list[Interested]:
    """What the customer likes in one of these `ways`, the nearest way first, of one way the newest first. `among`:
    which products are meant, by id (None: all); `since`: last said no earlier than that."""
    interests = row.interests
    lines = row.cart.now.lines
    bought = row.bought
    found: dict[str, Interested] = {}
    for way in WAYS:
        if way not in ways:
            continue
        if way == "cart":
            said = [(product, line.at) for product, line in lines.items()]
        elif way == "wished":
            said = [(product, wish.at) for product, wish in row.wishes.items() if wish.wished]
        elif way == "viewed":
            said = [(product, interest.at) for product, interest in interests.items()]
        else:
            said = [(product, one.at) for product, one in bought.items()]
        for product_id, at in sorted(said, key=_newest):
            if at < since or product_id in found or (among is not None and product_id not in among):
                continue
            prices = []
            if (line := lines.get(product_id)) is not None and line.price is not None:
                prices.append((line.at, line.price))
            if (interest := interests.get(product_id)) is not None and interest.price is not None:
                prices.append((interest.at - interest.priced, interest.price))
            if (once := bought.get(product_id)) is not None and once.price is not None:
                prices.append((once.at, once.price))
            found[product_id] = Interested(product_id, way, at, max(prices)[1] if prices else None)
    return list(found.values())


def shown(products: Iterable[Interested], prices: Mapping[str, Decimal | None]) -> tuple[Shown, ...]:
    """As a journey keeps them, the first MAX_SHOWN. `prices`: what they cost now, where that is known here; else it is
    looked up when it is shown."""
    return tuple(Shown(one.product_id, prices.get(one.product_id), one.seen) for one in products)[:MAX_SHOWN]


class Range:
    """The products that something is about: these, those of these categories (by id, or by name with those below) and
    those of these brands; with none of them all there are."""

    __slots__ = ("_brands", "_catalogue", "_categories", "_names", "_shop_id", "prices")

    def __init__(
        self, shop_id: str, catalogue: Catalogue, prices: Mapping[str, Decimal | None],
        categories: Sequence[str] = (), brands: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.prices = prices
        """By product; None where it is not said."""
        self._shop_id = shop_id
        self._catalogue = catalogue
        self._categories = frozenset(categories)
        self._names = frozenset(category.casefold() for category in categories)
        self._brands = frozenset(brand.casefold() for brand in brands)

    @property
    def everything(self) -> bool:
        return not (self.prices or self._categories or self._brands)

    def __contains__(self, product_id: object) -> bool:
        """Of a product that the feed does not hold nothing but its id is known."""
        if not isinstance(product_id, str):
            return False
        if product_id in self.prices:
            return True
        if not (self._categories or self._brands):
            return not self.prices
        product = self._catalogue.get(self._shop_id, product_id)
        if product is None:
            return False
        if product.category_id in self._categories:
            return True
        if any(one.casefold() in self._names for one in product.category_path):
            return True
        return product.vendor is not None and product.vendor.casefold() in self._brands

    def category_of(self, product_id: str) -> str:
        """Which of its categories a product is of; "" for none."""
        product = self._catalogue.get(self._shop_id, product_id)
        if product is None:
            return ""
        if product.category_id in self._categories:
            return product.category_id or ""
        return next((one for one in reversed(product.category_path) if one.casefold() in self._names), "")

    def brand_of(self, product_id: str) -> str:
        """Which of its brands a product is of, in lower case; "" for none."""
        product = self._catalogue.get(self._shop_id, product_id)
        brand = "" if product is None or product.vendor is None else product.vendor.casefold()
        return brand if brand in self._brands else ""

    @property
    def categories(self) -> frozenset[str]:
        """By id, as they were given."""
        return self._categories

    def looked_at(self, row: CustomerRow, since: int = 0) -> str:
        """Which of its categories the customer looked at last, by itself, no earlier than that; "" for none."""
        if not self._categories:
            return ""
        seen = [(seen.at, one) for one, seen in row.categories.items() if one in self._categories and seen.at >= since]
        return max(seen)[1] if seen else ""


def signs(row: CustomerRow, among: Range, since: int) -> int:
    """How many signs of a liking there were: looks at products or categories (whichever are more, as one look may be
    both), and what was carted, wished for or bought."""
    products = sum(
        at >= since for product, interest in row.interests.items() if product in among for at in interest.views
    )
    looked = [seen for category, seen in row.categories.items() if category in among.categories]
    categories = sum(at >= since for seen in looked for at in seen.views)
    carted = sum(line.at >= since and product in among for product, line in row.cart.now.lines.items())
    wished = sum(wish.wished and wish.at >= since and product in among for product, wish in row.wishes.items())
    bought = sum(one.at >= since and product in among for product, one in row.bought.items())
    return max(products, categories) + carted + wished + bought


def _newest(said: tuple[str, int]) -> tuple[int, str]:
    return -said[1], said[0]
