"""How long it usually takes until somebody buys again, from the purchases themselves.

What counts are days of the customer's calendar on which something was bought, several orders of one day once, and the
median of the gaps between them: one long holiday, or a day with five orders, moves it little. A customer's own is known
from MIN_GAPS gaps on, of the last 16 orders that a row remembers; fewer say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from schemas.instants import DAY
from triggers.customer import Orders
from triggers.zones import local_date

MIN_GAPS: Final = 3
"""A customer's own interval is the median of at least so many gaps."""

MIN_SHARED: Final = 30
"""A shop's, or a segment's, of at least so many."""


def own_interval(orders: Orders | None, tz: ZoneInfo) -> int | None:
    """A customer's own, in microseconds; None where too little is known. A cancelled order was no purchase."""
    if orders is None or len(orders.recent) <= MIN_GAPS:
        return None
    days = {local_date(order.at, tz).toordinal() for order in orders.recent.values()
            if order.placed and not order.cancelled}  # fmt: skip
    if len(days) <= MIN_GAPS:
        return None
    gaps: dict[int, int] = {}
    for gap in gaps_of(days):
        gaps[gap] = gaps.get(gap, 0) + 1
    return interval_of(gaps, MIN_GAPS)


def gaps_of(days: Iterable[int]) -> list[int]:
    """The days between purchase days that follow one another. `days`: as ordinals, in any order."""
    return [later - earlier for earlier, later in pairwise(sorted(set(days)))]


def interval_of(gaps: Mapping[int, int], least: int = MIN_SHARED) -> int | None:
    """The median of gaps, in microseconds; `gaps`: by how many days they have, how often each was seen. None where
    there are fewer than `least`."""
    count = sum(gaps.values())
    if count < least or not count:
        return None
    low, high = (count - 1) // 2, count // 2  # of an even number the two in the middle, and between them
    passed = 0
    first: int | None = None
    for days in sorted(gaps):
        passed += gaps[days]
        if first is None and low < passed:
            first = days
        if high < passed:
            assert first is not None
            return (first + days) * DAY // 2
    return None
