"""A customer row as conditions and templates see it (`triggers.context`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue
from triggers.context import Context, CustomerView, IncentiveView, JourneyView, OrdersView, ShopView
from triggers.customer import PROFILE_FIELDS, CustomerRow, Orders
from triggers.messages.goods import Goods, GoodsLine, MissingProduct, newest_first
from triggers.rules.model import Incentive, Shop
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
) -> Context:
    """`tz` is the customer's zone, `now` the instant of judging; of the journey, where there is one, `step` and when it
    `began`. The row must not change as long as the context is looked at."""
    return _Seen((row, shop, catalogue, tz, now, step, began, incentive, missing_product))


_Of = tuple[
    CustomerRow, Shop, Catalogue, ZoneInfo, int, str, int | None, Incentive | None, MissingProduct
]
_set: Final = object.__setattr__


def _part(name: str, make: Callable[..., Any]) -> Any:
    """A part of the context, made of all it is made of when it is first read. (A slot that is empty until then would
    raise, and be asked for again: 1.5 us.)"""

    def read(seen: _Seen) -> Any:
        part = seen.made.get(name)
        if part is None:
            part = seen.made[name] = make(*seen.of)
        return part

    return property(read)


def _field(name: str) -> Any:
    number = PROFILE_FIELDS.index(name)

    def read(customer: _Customer) -> str | None:
        known = customer.row.profile.get(number)
        return None if known is None else known.value

    return property(read)


class _Customer(CustomerView):
    """The customer of a row: a text names a few of a dozen values, each is read when it is named."""

    __slots__ = ("at", "row", "tz")
    row: CustomerRow
    tz: ZoneInfo
    at: int

    def __init__(self, row: CustomerRow, tz: ZoneInfo, at: int) -> None:
        _set(self, "row", row)
        _set(self, "tz", tz)
        _set(self, "at", at)

    first_name = _field("first_name")
    last_name = _field("last_name")
    gender = _field("gender")
    city = _field("city")
    region = _field("region")
    card = _field("card")
    language = _field("language")
    time_zone = _field("time_zone")
    id = property(lambda self: self.row.customer_id)
    birthday = property(lambda self: _date(self.row.field("birthday")))
    age = property(lambda self: None if self.birthday is None else _age(self.birthday, local_date(self.at, self.tz)))
    bonus_balance = property(lambda self: self.row.bonus_balance)
    registered = property(lambda self: None)


class _Seen(Context):
    """A context of which only what is named is made."""

    __slots__ = ("made", "of")
    made: dict[str, Any]
    of: _Of

    def __init__(self, of: _Of) -> None:
        _set(self, "of", of)
        _set(self, "made", {})

    customer = _part("customer", lambda row, shop, catalogue, tz, now, *_: _Customer(row, tz, now))
    orders = _part("orders", lambda row, shop, catalogue, tz, *_: _orders(row.orders, tz))
    cart = _part("cart", lambda row, shop, catalogue, tz, now, step, began, incentive, missing: _cart(
        row, shop, catalogue, tz, missing
    ))
    shop = _part("shop", lambda row, shop, *_: ShopView(
        id=shop.id, name=shop.name or None, sender=shop.sender, url=shop.url or None, cart_url=shop.cart_url or None,
        currency=shop.currency, language=shop.language,
    ))
    journey = _part("journey", lambda row, shop, catalogue, tz, now, step, began, *_: JourneyView(
        step, None if began is None else civil(began, tz)
    ))
    incentive = _part("incentive", lambda row, shop, catalogue, tz, now, step, began, incentive, missing: (
        IncentiveView() if incentive is None else _incentive(incentive, now, tz)
    ))
    now = _part("now", lambda row, shop, catalogue, tz, now, *_: civil(now, tz))


def _cart(
    row: CustomerRow, shop: Shop, catalogue: Catalogue, tz: ZoneInfo, missing_product: MissingProduct
) -> Goods:
    lines = row.cart.now.lines

    def newest() -> Sequence[GoodsLine]:
        return newest_first([
            GoodsLine(product, line.quantity, line.price, line.currency, line.at) for product, line in lines.items()
        ])

    return Goods(shop.id, lines.values(), newest, catalogue, missing_product, tz, shop.currency)


def _incentive(incentive: Incentive, now: int, tz: ZoneInfo) -> IncentiveView:
    """`valid_until` is the local day on which the offer ends, at the end of that day."""
    return IncentiveView(
        kind=incentive.kind,
        amount=incentive.amount,
        discount=incentive.amount if incentive.kind == "discount" else None,
        points=incentive.amount if incentive.kind == "bonus" else None,
        code=incentive.code,
        valid_until=_last_day(incentive, now, tz),
    )


def _last_day(incentive: Incentive, now: int, tz: ZoneInfo) -> date | None:
    last = None if incentive.valid is None else local_date(now + incentive.valid, tz)
    return incentive.until if last is None or (incentive.until is not None and incentive.until < last) else last


def _orders(orders: Orders | None, tz: ZoneInfo) -> OrdersView:
    if orders is None:
        return OrdersView()
    total = average = None
    if len(orders.totals) == 1:
        priced, total = next(iter(orders.totals.values()))
        average = total / Decimal(priced)
    return OrdersView(
        count=orders.count,
        total=total,
        average=average,
        last=civil(orders.last_at, tz) if orders.last_at else None,
        first=civil(orders.first_at, tz) if orders.first_at else None,
    )


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _age(birthday: date, today: date) -> int:
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
