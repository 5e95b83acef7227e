"""The parts of a context that are made of a customer row: each value is read when a condition or a text names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue
from schemas.instants import parse_rfc3339
from triggers.beyond import Figures
from triggers.context import (
    ConsentsView,
    Context,
    CustomerView,
    JourneyView,
    OfCategory,
    OrdersView,
    ProductView,
    ShopView,
    ViewedView,
)
from triggers.customer import PROFILE_FIELDS, CustomerRow
from triggers.intervals import own_interval
from triggers.journeys import Journey, Shown
from triggers.messages.presentable import MissingProduct
from triggers.messages.showcase import Buyers, Remembered, in_category, showcase
from triggers.rules.model import Shop
from triggers.rules.segments import first_of
from triggers.zones import civil, local_date

_set: Final = object.__setattr__
_BY_SEGMENT: Final = frozenset({"dormant", "segment_entered", "segment_left"})
"""The kinds whose journeys are about a segment, an audience, or a line of a table."""


def _field(name: str) -> Any:
    number = PROFILE_FIELDS.index(name)

    def read(customer: RowCustomer) -> str | None:
        known = customer.row.profile.get(number)
        return None if known is None else known.value

    return property(read)


class RowCustomer(CustomerView):
    """The customer of a row: a text names a few of a dozen values, each is read when it is named."""

    __slots__ = ("at", "found", "row", "seen", "shop", "tz")
    row: CustomerRow
    shop: Shop
    tz: ZoneInfo
    at: int
    seen: Context
    found: list[str | None]  # the segment, once it is known

    def __init__(self, row: CustomerRow, shop: Shop, tz: ZoneInfo, at: int, seen: Context) -> None:
        _set(self, "row", row)
        _set(self, "shop", shop)
        _set(self, "tz", tz)
        _set(self, "at", at)
        _set(self, "seen", seen)
        _set(self, "found", [])

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
    registered = property(lambda self: _instant(self.row.field("registered_at"), self.tz))
    consents = property(lambda self: _consents(self.row))
    dates = property(lambda self: _dates(self.row))
    segment = property(lambda self: self._segment())

    def _segment(self) -> str | None:
        if not self.found:
            self.found.append(first_of(self.shop.segments, self.seen))
        return self.found[0]

    def answer(self, survey: str, question: str) -> str | None:
        said = self.row.surveys.get(survey)
        answer = None if said is None else said.answers.get(question)
        return None if answer is None else str(answer)


class RowOrders(OrdersView):
    """The orders of a row."""

    __slots__ = ("catalogue", "row", "tz")
    row: CustomerRow
    catalogue: Catalogue
    tz: ZoneInfo

    def __init__(self, row: CustomerRow, catalogue: Catalogue, tz: ZoneInfo) -> None:
        _set(self, "row", row)
        _set(self, "catalogue", catalogue)
        _set(self, "tz", tz)

    count = property(lambda self: 0 if self.row.orders is None else self.row.orders.count)
    total = property(lambda self: self._totals()[1])
    average = property(lambda self: self._average())
    last = property(lambda self: None if self.row.orders is None else _civil(self.row.orders.last_at, self.tz))
    first = property(lambda self: None if self.row.orders is None else _civil(self.row.orders.first_at, self.tz))
    interval = property(lambda self: _duration(own_interval(self.row.orders, self.tz)))

    def _totals(self) -> tuple[int, Decimal | None]:
        orders = self.row.orders
        return (0, None) if orders is None else orders.priced

    def _average(self) -> Decimal | None:
        priced, total = self._totals()
        return None if total is None else total / Decimal(priced)

    def bought(self, product: str) -> bool:
        return product in self.row.bought

    def of(self, category: str) -> OfCategory:
        shop = self.row.shop_id
        return _together(
            ((one.times, one.at) for product, one in self.row.bought.items()
             if in_category(self.catalogue, shop, product, category)),
            self.tz,
        )  # fmt: skip


class RowViewed(ViewedView):
    """What the customer of a row looked at."""

    __slots__ = ("catalogue", "products", "row", "tz")
    row: CustomerRow
    catalogue: Catalogue
    tz: ZoneInfo

    def __init__(
        self, row: CustomerRow, shop: Shop, catalogue: Catalogue, tz: ZoneInfo, at: int, missing: MissingProduct,
        buyers: Buyers | None,
    ) -> None:
        _set(self, "row", row)
        _set(self, "catalogue", catalogue)
        _set(self, "tz", tz)
        made = showcase(shop.id, lambda: looked_at(row, tz), catalogue, missing, shop.currency, at, buyers)
        _set(self, "products", made)

    count = property(lambda self: len(self.row.interests))
    last = property(lambda self: _civil(
        max((interest.at for interest in self.row.interests.values()), default=0), self.tz
    ))

    def of(self, category: str) -> OfCategory:
        """The category itself is counted where the events name it, its products are where they do not: whichever is
        more, since a view that names both is one."""
        row, tz = self.row, self.tz
        seen = row.categories.get(category)
        itself = [] if seen is None else [(seen.times, seen.at)]
        products = [
            (interest.times, interest.at) for product, interest in row.interests.items()
            if in_category(self.catalogue, row.shop_id, product, category)
        ]  # fmt: skip
        one, other = _together(itself, tz), _together(products, tz)
        lasts = [last for last in (one.last, other.last) if last is not None]
        return OfCategory(max(one.count, other.count), max(lasts, default=None))


class SeenShop(ShopView):
    """A shop, and what was counted of all its customers."""

    __slots__ = ("at", "catalogue", "figures", "missing", "settings")
    settings: Shop
    catalogue: Catalogue
    at: int
    missing: MissingProduct
    figures: Figures | None

    def __init__(
        self, shop: Shop, catalogue: Catalogue, at: int, missing: MissingProduct, figures: Figures | None
    ) -> None:
        _set(self, "settings", shop)
        _set(self, "catalogue", catalogue)
        _set(self, "at", at)
        _set(self, "missing", missing)
        _set(self, "figures", figures)

    id = property(lambda self: self.settings.id)
    name = property(lambda self: self.settings.name or None)
    sender = property(lambda self: self.settings.sender)
    url = property(lambda self: self.settings.url or None)
    cart_url = property(lambda self: self.settings.cart_url or None)
    currency = property(lambda self: self.settings.currency)
    language = property(lambda self: self.settings.language)
    average_cheque = property(lambda self: self._cheque())
    interval = property(lambda self: self._interval())
    best_sellers = property(lambda self: self._best())

    def _cheque(self) -> Decimal | None:
        counted = None if self.figures is None else self.figures.average_cheque(self.settings, None, self.at)
        if counted is not None:
            return counted[0]
        return None if self.settings.economics is None else self.settings.economics.average_cheque

    def _interval(self) -> timedelta | None:
        counted = None if self.figures is None else self.figures.interval(self.settings.id, None, self.at)
        return None if counted is None else _duration(counted.length)

    def _best(self) -> Sequence[ProductView]:
        figures, shop, at = self.figures, self.settings, self.at
        if figures is None:
            return ()
        found = [Remembered(product) for product in figures.best_sellers(shop.id, at)]
        buyers = counted_buyers(figures, shop.id, at)
        return showcase(shop.id, lambda: found, self.catalogue, self.missing, shop.currency, at, buyers)


def counted_buyers(figures: Figures | None, shop_id: str, at: int) -> Buyers | None:
    """How many bought a product on the last days, as of an instant."""
    if figures is None:
        return None
    counted = figures
    return lambda product, days: counted.buyers(shop_id, product, days, at)


class RowJourney(JourneyView):
    """A journey of a row: what happened since it began."""

    __slots__ = ("journey", "kind", "row", "since", "step", "tz")
    row: CustomerRow
    tz: ZoneInfo
    since: int | None
    journey: Journey | None
    kind: str

    def __init__(
        self, row: CustomerRow, tz: ZoneInfo, step: str, began: int | None, journey: Journey | None, kind: str
    ) -> None:
        _set(self, "row", row)
        _set(self, "kind", kind)
        _set(self, "tz", tz)
        _set(self, "step", step)
        _set(self, "since", began)
        _set(self, "journey", journey)

    started = property(lambda self: None if self.since is None else civil(self.since, self.tz))
    bought = property(lambda self: (
        (self.journey is not None and self.journey.about.bought)
        or self._after(0 if self.row.orders is None else self.row.orders.last_at)
    ))
    visited = property(lambda self: self._after(self.row.visited_at))
    clicked = property(lambda self: self._after(self.row.clicked_at))
    variant = property(lambda self: self.journey.variant if self.journey is not None else None)
    segment = property(lambda self: (
        self.journey.about.of if self.journey is not None and self.kind in _BY_SEGMENT else None
    ))

    @property
    def touches(self) -> int:
        if self.journey is None:
            return 0
        rule, began = self.journey.rule, self.journey.began
        return sum(touch.rule == rule and touch.at >= began and not touch.held_out for touch in self.row.touches)

    def _after(self, at: int) -> bool:
        """What came at the instant at which it began came before it (an event at a deadline's own does)."""
        return self.since is not None and at > self.since


def looked_at(row: CustomerRow, tz: ZoneInfo) -> Sequence[Remembered]:
    """What the customer looked at, newest first."""
    newest = sorted(row.interests.items(), key=lambda one: -one[1].at)
    return [
        Remembered(product, None, interest.price, interest.times, civil(interest.at, tz))
        for product, interest in newest
    ]


def _together(some: Iterable[tuple[int, int]], tz: ZoneInfo) -> OfCategory:
    """Of how often and when each."""
    count = last = 0
    for times, at in some:
        count, last = count + times, max(last, at)
    return OfCategory(count, _civil(last, tz))


def _consents(row: CustomerRow) -> ConsentsView:
    holding = {name for name, consent in row.consents.items() if consent.holds}
    return ConsentsView("sms/marketing" in holding, "call/marketing" in holding, "email/marketing" in holding)


def _dates(row: CustomerRow) -> Mapping[str, date]:
    dates = ((name, _date(field.value)) for name, field in row.dates.items())
    return {name: day for name, day in dates if day is not None}


def shown(row: CustomerRow, products: Sequence[Shown], tz: ZoneInfo) -> Sequence[Remembered]:
    """What a journey is about, in its order, and how the customer looked at it."""
    found = []
    for product in products:
        interest = row.interests.get(product.product_id)
        times, at = (None, None) if interest is None else (interest.times, civil(interest.at, tz))
        found.append(Remembered(product.product_id, product.price, product.seen, times, at))
    return found


def _civil(at: int, tz: ZoneInfo) -> datetime | None:
    return civil(at, tz) if at else None


def _duration(length: int | None) -> timedelta | None:
    return None if length is None else timedelta(microseconds=length)


def _instant(text: str | None, tz: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    try:
        return civil(parse_rfc3339(text), tz)
    except ValueError:
        return None


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _age(birthday: date, today: date) -> int:
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
