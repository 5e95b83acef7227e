"""A customer row as conditions and templates see it (`triggers.context`)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue
from triggers.context import Context, CustomerView, IncentiveView, JourneyView, OrdersView, ShopView
from triggers.customer import CustomerRow, Orders
from triggers.messages.goods import Goods, GoodsLine, MissingProduct, goods
from triggers.rules.model import Incentive, Shop
from triggers.zones import civil, local_date


def context(
    row: CustomerRow,
    shop: Shop,
    catalogue: Catalogue,
    tz: ZoneInfo,
    now: int,
    *,
    journey: JourneyView,
    incentive: Incentive | None = None,
    missing_product: MissingProduct = "next",
) -> Context:
    """`tz` is the customer's zone, `now` the instant of judging."""
    birthday = _date(row.field("birthday"))
    today = local_date(now, tz)
    return Context(
        customer=CustomerView(
            id=row.customer_id,
            first_name=row.field("first_name"),
            last_name=row.field("last_name"),
            gender=row.field("gender"),
            birthday=birthday,
            age=None if birthday is None else _age(birthday, today),
            city=row.field("city"),
            region=row.field("region"),
            card=row.field("card"),
            language=row.field("language"),
            time_zone=row.field("time_zone"),
            bonus_balance=row.bonus_balance,
        ),
        orders=_orders(row.orders, tz),
        cart=cart_goods(row, shop, catalogue, tz, missing_product),
        shop=ShopView(
            id=shop.id, name=shop.name or None, sender=shop.sender, url=shop.url or None,
            cart_url=shop.cart_url or None, currency=shop.currency, language=shop.language,
        ),
        journey=journey,
        incentive=IncentiveView() if incentive is None else _incentive(incentive, now, tz),
        now=civil(now, tz),
    )


def cart_goods(
    row: CustomerRow, shop: Shop, catalogue: Catalogue, tz: ZoneInfo, missing_product: MissingProduct
) -> Goods:
    lines = [
        GoodsLine(product, line.quantity, line.price, line.currency, line.at)
        for product, line in row.cart.now.lines.items()
    ]
    return goods(shop.id, lines, catalogue, missing_product, zone=tz, currency=shop.currency)


def _incentive(incentive: Incentive, now: int, tz: ZoneInfo) -> IncentiveView:
    """`valid_until` is the local day on which the offer ends, at the end of that day."""
    return IncentiveView(
        kind=incentive.kind,
        amount=incentive.amount,
        discount=incentive.amount if incentive.kind == "discount" else None,
        points=incentive.amount if incentive.kind == "bonus" else None,
        code=incentive.code,
        valid_until=None if incentive.valid is None else local_date(now + incentive.valid, tz),
    )


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
