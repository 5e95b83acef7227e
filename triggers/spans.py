"""Days, weeks and months of a zone's calendar, as spans of instants. Exact where clocks are put forward or back.

The spans of a kind follow one another without a gap: a day begins when the zone's wall clock first shows its date, and
lasts until it first shows the next one. A week begins with its Monday (ISO 8601).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from triggers.rules.model import Span
from triggers.zones import day_end, local_date

_DAY: Final = timedelta(days=1)
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_LONG: Final = 86_400_000_000


def span(at: int, tz: ZoneInfo, kind: Span) -> tuple[int, int]:
    """The first instant of the day, week or month that `at` lies in, and the first one after it (microseconds)."""
    day = today(at, tz)
    if kind == "day":
        first, following = day, day + _DAY
    elif kind == "week":
        first = day - _DAY * day.weekday()
        following = first + _DAY * 7
    else:
        first = day.replace(day=1)
        following = (first + _DAY * 31).replace(day=1)
    return _begins(first, tz), _begins(following, tz)


def today(at: int, tz: ZoneInfo) -> date:
    """The day that `at` lies in. Where a clock put back shows a date again, that of the day which has begun."""
    day = local_date(at, tz)
    following = day + _DAY
    return following if _begins(following, tz) <= at else day


def day_after(day: date, tz: ZoneInfo) -> int:
    """When a day is over."""
    return _begins(day + _DAY, tz)


@lru_cache(maxsize=16_384)
def _begins(day: date, tz: ZoneInfo) -> int:
    """When the zone's clock first shows this date, or a later one where it leaves it out."""
    at = (day.toordinal() - _EPOCH - 3) * _DAY_LONG  # no clock is that far from UTC's
    while local_date(at, tz) < day:
        at = day_end(at, tz)
    return at
