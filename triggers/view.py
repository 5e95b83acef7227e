"""A customer row as conditions and templates see it (`triggers.context`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import Catalogue
from triggers.beyond import NOTHING_BEYOND, Beyond
from triggers.context import Context, EventView, IncentiveView, ProductView
from triggers.customer import CustomerRow
from triggers.journeys import MAX_SHOWN, NOTHING, About, Journey, Shown
from triggers.messages.goods import Goods, GoodsLine, newest_first
from triggers.messages.presentable import MissingProduct
from triggers.messages.showcase import Buyers, showcase
from triggers.rules.model import Incentive, Shop
from triggers.view_parts import RowCustomer, RowJourney, RowOrders, RowViewed, SeenShop, counted_buyers, shown
from triggers.zones import civil, local_date


def context(
    row: CustomerRow,
    shop: Shop,
    catalogue: Catalogue,
    tz: ZoneInfo,
    now: int,
    *,
    step: str = "",
    began: int | None = None,
    incentive: Incentive | None = None,
    missing_product: MissingProduct = "next",
    journey: Journey | None = None,
    about: About = NOTHING,
    beyond: Beyond = NOTHING_BEYOND,
    kind: str = "",
) -> Context:
    """`tz` is the customer's zone, `now` the instant of judging; of the journey, where there is one, `step`, when it
    `began` and of which `kind` its rule is; of one that might begin, what it would be `about`. `beyond`: who knows what
    is not in the row. The row must not change as long as the context is looked at."""
    if journey is not None:
        about = journey.about
    return _Seen(_Of(
        row, shop, catalogue, tz, now, step, began, incentive, missing_product, journey, about, beyond, kind
    ))


class _Of(msgspec.Struct, frozen=True, gc=False):
    """What a context is made of."""

    row: CustomerRow
    shop: Shop
    catalogue: Catalogue
    tz: ZoneInfo
    now: int
    step: str
    began: int | None
    incentive: Incentive | None
    missing_product: MissingProduct
    journey: Journey | None
    about: About
    beyond: Beyond
    kind: str

    @property
    def buyers(self) -> Buyers | None:
        return counted_buyers(self.beyond.figures, self.shop.id, self.now)


_set: Final = object.__setattr__


def _part(name: str, make: Callable[[_Of, _Seen], Any]) -> Any:
    """A part of the context, made of all it is made of when it is first read. (A slot that is empty until then would
    raise, and be asked for again: 1.5 us.)"""

    def read(seen: _Seen) -> Any:
        part = seen.made.get(name)
        if part is None:
            part = seen.made[name] = make(seen.of, seen)
        return part

    return property(read)


class _Seen(Context):
    """A context of which only what is named is made."""

    __slots__ = ("made", "of")
    made: dict[str, Any]
    of: _Of

    def __init__(self, of: _Of) -> None:
        _set(self, "of", of)
        _set(self, "made", {})

    customer = _part("customer", lambda of, seen: RowCustomer(of.row, of.shop, of.tz, of.now, seen))
    orders = _part("orders", lambda of, _: RowOrders(of.row, of.catalogue, of.tz))
    viewed = _part("viewed", lambda of, _: RowViewed(
        of.row, of.shop, of.catalogue, of.tz, of.now, of.missing_product, of.buyers
    ))
    cart = _part("cart", lambda of, _: _cart(of.row, of.shop, of.catalogue, of.tz, of.now, of.missing_product))
    shop = _part("shop", lambda of, _: SeenShop(
        of.shop, of.catalogue, of.now, of.missing_product, of.beyond.figures
    ))
    journey = _part("journey", lambda of, _: RowJourney(of.row, of.tz, of.step, of.began, of.journey, of.kind))
    incentive = _part("incentive", lambda of, _: (
        IncentiveView() if of.incentive is None else _incentive(of.incentive, of.now, of.tz)
    ))
    event = _part("event", lambda of, _: _event(of))
    now = _part("now", lambda of, _: civil(of.now, of.tz))
    products = _part("products", lambda of, _: _products(of))
    product = property(lambda self: next(iter(self.products), None))


def _event(of: _Of) -> EventView:
    """The sale, collection or broadcast that the journey is about."""
    about, campaigns = of.about, of.beyond.campaigns
    known = None if campaigns is None or not about.of else campaigns.get(of.shop.id, about.of, of.now)
    starts_at, ends_at = (0, about.ends_at) if known is None else (known.starts_at, about.ends_at or known.ends_at)
    return EventView(
        id=about.of or None,
        name=None if known is None else known.name,
        url=None if known is None else known.url,
        starts_at=civil(starts_at, of.tz) if starts_at else None,
        ends_at=civil(ends_at, of.tz) if ends_at else None,
    )


def _products(of: _Of) -> Sequence[ProductView]:
    """What the journey is about."""
    row, tz, products = of.row, of.tz, of.about.products
    if not products and of.about.category:
        products = _best_of(of, of.about.category)
    if not products:
        return ()
    return showcase(
        of.shop.id, lambda: shown(row, products, tz), of.catalogue, of.missing_product, of.shop.currency,
        of.now, of.buyers,
    )


def _best_of(of: _Of, category: str) -> tuple[Shown, ...]:
    """A category's best sellers, also of those below it by its name."""
    figures, shop_id, catalogue = of.beyond.figures, of.shop.id, of.catalogue
    if figures is None:
        return ()

    def within(product_id: str) -> bool:
        product = catalogue.get(shop_id, product_id)
        return product is not None and (product.category_id == category or category in product.category_path)

    return tuple(map(Shown, figures.best_sellers(shop_id, of.now, MAX_SHOWN, within)))


def _cart(
    row: CustomerRow, shop: Shop, catalogue: Catalogue, tz: ZoneInfo, at: int, missing_product: MissingProduct
) -> Goods:
    lines = row.cart.now.lines

    def newest() -> Sequence[GoodsLine]:
        return newest_first([
            GoodsLine(product, line.quantity, line.price, line.currency, line.at) for product, line in lines.items()
        ])

    return Goods(shop.id, lines.values(), newest, catalogue, missing_product, tz, shop.currency, at)


def _incentive(incentive: Incentive, now: int, tz: ZoneInfo) -> IncentiveView:
    """`valid_until` is the local day on which the offer ends, at the end of that day."""
    return IncentiveView(
        kind=incentive.kind,
        amount=incentive.amount,
        discount=incentive.amount if incentive.kind == "discount" else None,
        points=incentive.amount if incentive.kind in ("bonus", "balance") else None,
        code=incentive.code,
        valid_until=_last_day(incentive, now, tz),
        costs=incentive.costs,
    )


def _last_day(incentive: Incentive, now: int, tz: ZoneInfo) -> date | None:
    last = None if incentive.valid is None else local_date(now + incentive.valid, tz)
    return incentive.until if last is None or (incentive.until is not None and incentive.until < last) else last
