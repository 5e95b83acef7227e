"""Figures of a whole shop, summed of what each partition counted of a day: the average cheque, the purchase interval,
how many customers there are, what sells best, how many bought a product.

A day is in force from its `effective_at` on, 24 hours after it is over. Whoever asks as of an instant is answered from
the days in force then alone, and told the newest of them, so that it makes no difference how many partitions there are
or when each of them was read; nobody else's word of today is needed today.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from schemas.facts import ShopFact
from schemas.instants import DAY, parse_rfc3339, rfc3339
from triggers.intervals import interval_of
from triggers.rules.economics import cut
from triggers.rules.model import Shop
from triggers.spans import day_after
from triggers.tallies import BOUGHT, CUSTOMERS, GAPS, MAX_SINCE, ORDERS, VIEWED, Sums, bucket, buyers

WHOLE: Final = "day"
"""The fact that a partition's day is over. It is written even where there is nothing to say of the day; its values are
how many names of other facts there was no room for."""

BEGINS: Final = "begins"
"""The fact that a partition counts from a day on, and knows nothing of the days before. It has no values."""

MAX_NAMES: Final = 5000
MAX_BYTES: Final = 240_000
"""Of one record, and of its names and values as JSON; of more, those with the most stay. (`schemas.contracts` reads
records of 262,144 bytes.)"""

CHEQUE_DAYS: Final = 90
MIN_CHEQUES: Final = 30
"""The average cheque is of the last 90 days in force, of 30 orders at least."""

GAP_DAYS: Final = 365
SELLING_DAYS: Final = 30

SOLD_KEPT: Final = 120
KEPT: Final = 800
"""For so many days what was bought and looked at is kept, and the rest: an interval looks back GAP_DAYS from the day on
which a sleep began. How many customers there are is the sum of all days."""

_ONE_DAY: Final = timedelta(days=1)
_BUCKETS: Final = "0123456789abcdef"
_KEPT: Final = 256
"""Sums that are remembered: what is asked as of one day is asked again and again."""


class Interval(NamedTuple):
    """`length` in microseconds, of a segment ("": of the shop), counted up to `day`."""

    length: int
    segment: str
    day: str


def takes_effect(day: date, tz: ZoneInfo) -> int:
    """When a shop's day is in force."""
    return day_after(day, tz) + DAY


def facts_of(sums: Sums, shop_id: str, partition: int, day: date, tz: ZoneInfo) -> list[ShopFact]:
    """What a partition says of its day when its clock has passed it."""
    effective_at = rfc3339(takes_effect(day, tz))

    def fact(name: str, values: Mapping[str, Decimal]) -> ShopFact:
        return ShopFact(
            type="ShopFact", shop_id=shop_id, fact=name, partition=partition, day=day.isoformat(),
            effective_at=effective_at, values={key: format(values[key], "f") for key in sorted(values)},
        )  # fmt: skip

    facts, left_out = [], {}
    for name in sorted(sums.facts):
        values = {key: value for key, value in sums.of(name).items() if value}
        kept = _fitting(values)
        if len(kept) < len(values):
            left_out[name] = Decimal(len(values) - len(kept))
        if kept:
            facts.append(fact(name, kept))
    return [*facts, fact(WHOLE, left_out)]


def _fitting(values: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Those that one record has room for."""
    if len(values) <= MAX_NAMES and sum(_size(name, value) for name, value in values.items()) <= MAX_BYTES:
        return values
    kept, size = {}, 0
    for name in sorted(values, key=lambda name: (-abs(values[name]), name))[:MAX_NAMES]:
        size += _size(name, values[name])
        if size > MAX_BYTES:
            break
        kept[name] = values[name]
    return kept


def _size(name: str, value: Decimal) -> int:
    return len(msgspec.json.encode(name)) + len(format(value, "f")) + 4


def beginning(shop_id: str, partition: int, day: date, tz: ZoneInfo) -> ShopFact:
    """What a partition says before it says anything else: it counts from this day on."""
    return ShopFact(
        type="ShopFact", shop_id=shop_id, fact=BEGINS, partition=partition, day=day.isoformat(),
        effective_at=rfc3339(takes_effect(day, tz)), values={},
    )  # fmt: skip


class Part(NamedTuple):
    """One part of a day, by what tells it from all others."""

    fact: str
    partition: int
    day: date


class _Day(NamedTuple):
    """What was said of a day, by fact and partition. `effective_at`: of the last that said so, which all say alike."""

    effective_at: int
    parts: dict[str, dict[int, Mapping[str, str]]]

    def add_to(self, sums: dict[str, Decimal], fact: str) -> None:
        for values in self.parts.get(fact, {}).values():
            for key, value in values.items():
                sums[key] = sums.get(key, Decimal(0)) + Decimal(value)


class ShopFacts:
    """All of them, as far as they were read. Everything that is asked is asked as of an instant."""

    def __init__(self) -> None:
        self._days: dict[str, dict[date, _Day]] = {}
        self._through: dict[str, dict[int, date]] = {}
        """By shop and partition: the last day of which it has said all that it says."""
        self._behind: dict[tuple[str, int], tuple[date | None, Sequence[int]]] = {}
        self._order: dict[str, list[tuple[int, date]]] = {}
        self._sums: dict[tuple[str, str, date, int], Mapping[str, Decimal]] = {}
        self._rated: dict[tuple[str, date], Sequence[str]] = {}
        self._sold: dict[tuple[str, str, date], Mapping[str, Mapping[int, Mapping[int, int]]]] = {}

    def take(self, part: ShopFact) -> None:
        """One part; said again, it replaces what it said before."""
        shop, day = part.shop_id, date.fromisoformat(part.day)
        if part.fact in (BEGINS, WHOLE):
            last = day - _ONE_DAY if part.fact == BEGINS else day
            through = self._through.setdefault(shop, {})
            through[part.partition] = max(last, through.get(part.partition, last))
            self._behind.clear()
            if part.fact == BEGINS:
                return
        days = self._days.setdefault(shop, {})
        known = days.get(day)
        parts = {} if known is None else known.parts
        days[day] = _Day(parse_rfc3339(part.effective_at), parts)
        parts.setdefault(part.fact, {})[part.partition] = part.values
        self._changed(shop)

    def drop(self, shop_id: str, fact: str, partition: int, day: str) -> None:
        """A part that is kept no more."""
        days = self._days.get(shop_id, {})
        known = days.get(date.fromisoformat(day))
        said = {} if known is None else known.parts.get(fact, {})
        if known is not None and said.pop(partition, None) is not None:
            if not said:
                del known.parts[fact]
            if not known.parts:
                del days[date.fromisoformat(day)]
            self._changed(shop_id)

    def partitions(self, shop_id: str, day: date) -> frozenset[int]:
        """Those that have said all that they say of the day."""
        known = self._days.get(shop_id, {}).get(day)
        return frozenset() if known is None else frozenset(known.parts.get(WHOLE, ()))

    def through(self, shop_id: str, partition: int) -> date | None:
        """The last day of which a partition has said all that it says, or the one before it began; None where it has
        said nothing."""
        return self._through.get(shop_id, {}).get(partition)

    def behind(self, shop_id: str, partitions: int) -> tuple[date | None, Sequence[int]]:
        """The first day of which not all of so many partitions have said everything, None where one has said nothing at
        all; and which they are."""
        known = self._behind.get((shop_id, partitions))
        if known is None:
            through = self._through.get(shop_id, {})
            silent = [number for number in range(partitions) if number not in through]
            if silent:
                known = None, silent
            else:
                least = min(through[number] for number in range(partitions))
                known = least + _ONE_DAY, [number for number in range(partitions) if through[number] == least]
            self._behind[shop_id, partitions] = known
        return known

    def outlived(self, shop_id: str, day: date) -> Iterator[Part]:
        """What needs to be kept no longer once a day is over."""
        for past, said in self._days.get(shop_id, {}).items():
            age = (day - past).days
            if age <= SOLD_KEPT:
                continue
            for fact, parts in said.parts.items():
                if fact != CUSTOMERS and (age > KEPT or fact.startswith((BOUGHT, VIEWED))):
                    yield from (Part(fact, partition, past) for partition in parts)

    def newest(self, shop_id: str, at: int) -> date | None:
        """The newest day in force; None before the first of which something was said."""
        order = self._order.get(shop_id)
        if order is None:
            days = self._days.get(shop_id, {})
            first = min((day for day, said in days.items() if said.parts.keys() - {WHOLE}), default=date.max)
            counted = ((said.effective_at, day) for day, said in days.items() if day >= first)
            order = self._order[shop_id] = sorted(counted)
        place = bisect_right(order, (at, date.max))
        return order[place - 1][1] if place else None

    def total(self, shop_id: str, fact: str, at: int, within: int | None = None) -> Mapping[str, Decimal]:
        """The sums of all partitions, of the last `within` days in force, or of all of them."""
        newest = self.newest(shop_id, at)
        return {} if newest is None else self._total(shop_id, fact, newest, within or 0)

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        """See `triggers.offering.Cheques`."""
        newest = self.newest(shop.id, at)
        if newest is None:
            return None
        sums = self._total(shop.id, ORDERS, newest, CHEQUE_DAYS)
        own = () if segment is None else (segment,)
        everybody = tuple(name.removeprefix("count:") for name in sums if name.startswith("count:"))
        for segments in (own, everybody):
            count = sum((sums.get(f"count:{one}", Decimal(0)) for one in segments), Decimal(0))
            if count >= MIN_CHEQUES:
                total = sum((sums.get(f"total:{one}", Decimal(0)) for one in segments), Decimal(0))
                average = cut(total / count)
                if average > 0:
                    return average, newest.isoformat()
        return None

    def interval(self, shop_id: str, segment: str | None, at: int) -> Interval | None:
        """How long it usually takes until a customer of the segment buys again; else of the shop; None where neither is
        known (`triggers.intervals.MIN_SHARED`)."""
        newest = self.newest(shop_id, at)
        if newest is None:
            return None
        own: dict[int, int] = {}
        everybody: dict[int, int] = {}
        for name, amount in self._total(shop_id, GAPS, newest, GAP_DAYS).items():
            whose, _, days = name.rpartition(":")
            everybody[int(days)] = everybody.get(int(days), 0) + int(amount)
            if whose == segment:
                own[int(days)] = own.get(int(days), 0) + int(amount)
        for whose, gaps in ((segment or "", own), ("", everybody)):
            # what a late order took back may have been counted for another segment
            length = interval_of({days: count for days, count in gaps.items() if count > 0})
            if length is not None:
                return Interval(length, whose, newest.isoformat())
        return None

    def customers(self, shop_id: str, at: int) -> int | None:
        """How many the shop has; None where nobody has counted."""
        newest = self.newest(shop_id, at)
        return None if newest is None else int(self._total(shop_id, CUSTOMERS, newest, 0).get("new", 0))

    def buyers(self, shop_id: str, product: str, days: int, at: int) -> int:
        """How many different customers bought the product on the last `days` days in force, MAX_SINCE of them at
        most."""
        newest = self.newest(shop_id, at)
        if newest is None:
            return 0
        last = newest.toordinal()
        sold = self._of_bucket(shop_id, bucket(product), newest).get(product, {})
        return buyers(sold, last - min(days, MAX_SINCE) + 1, last)

    def best_sellers(
        self, shop_id: str, at: int, most: int = 10, among: Callable[[str], bool] | None = None
    ) -> list[str]:
        """Products by how often they were bought on the last SELLING_DAYS days in force (by one customer on one day
        once), then by how often they were looked at. `among`: which of them are meant."""
        newest = self.newest(shop_id, at)
        if newest is None:
            return []
        rated = self._ranking(shop_id, newest)
        return list(islice(rated if among is None else filter(among, rated), most))

    def _ranking(self, shop_id: str, newest: date) -> Sequence[str]:
        """All products, the best first."""
        known = self._rated.get((shop_id, newest))
        if known is not None:
            return known
        rated: dict[str, tuple[int, int]] = {}
        for digit in _BUCKETS:
            for name, amount in self._total(shop_id, BOUGHT + digit, newest, SELLING_DAYS).items():
                product = name.partition(":")[2]
                bought, seen = rated.get(product, (0, 0))
                rated[product] = bought + int(amount), seen
            for product, amount in self._total(shop_id, VIEWED + digit, newest, SELLING_DAYS).items():
                bought, seen = rated.get(product, (0, 0))
                rated[product] = bought, seen + int(amount)
        if len(self._rated) >= _KEPT:
            self._rated.clear()
        ranking = sorted(rated, key=lambda product: (-rated[product][0], -rated[product][1], product))
        self._rated[shop_id, newest] = ranking
        return ranking

    def _changed(self, shop_id: str) -> None:
        self._order.pop(shop_id, None)
        self._sums = {key: sums for key, sums in self._sums.items() if key[0] != shop_id}
        self._rated = {key: rated for key, rated in self._rated.items() if key[0] != shop_id}
        self._sold = {key: sold for key, sold in self._sold.items() if key[0] != shop_id}

    def _total(self, shop_id: str, fact: str, newest: date, within: int) -> Mapping[str, Decimal]:
        key = shop_id, fact, newest, within
        known = self._sums.get(key)
        if known is not None:
            return known
        sums: dict[str, Decimal] = {}
        for day, said in self._days[shop_id].items():
            if day <= newest and (not within or (newest - day).days < within):
                said.add_to(sums, fact)
        if len(self._sums) >= _KEPT:
            self._sums.clear()
        self._sums[key] = sums
        return sums

    def _of_bucket(self, shop_id: str, digit: str, newest: date) -> Mapping[str, Mapping[int, Mapping[int, int]]]:
        """By product and day: the buyers by the days since they bought it last."""
        key = shop_id, digit, newest
        known = self._sold.get(key)
        if known is not None:
            return known
        sold: dict[str, dict[int, dict[int, int]]] = {}
        for day, said in self._days[shop_id].items():
            sums: dict[str, Decimal] = {}
            if 0 <= (newest - day).days < MAX_SINCE:
                said.add_to(sums, BOUGHT + digit)
            for name, amount in sums.items():
                since, _, product = name.partition(":")
                sold.setdefault(product, {}).setdefault(day.toordinal(), {})[int(since)] = int(amount)
        if len(self._sold) >= _KEPT:
            self._sold.clear()
        self._sold[key] = sold
        return sold
