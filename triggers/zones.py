"""Civil time from the pinned `tzdata` wheel, never from the machine's own database, and arithmetic exact across DST.

What is another day is said by the wall clock of the zone: an hour that the clocks skip does not happen, an hour that
they repeat happens twice. Sources: the IANA time zone database as packaged in `tzdata`; RFC 8536 (TZif).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import DAY, MINUTE, SECOND

TZDATA_VERSION: Final[str] = import_module("tzdata").IANA_VERSION
"""The release of the IANA database in use, e.g. 2026a; it stands in decisions."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
QUARTER: Final = 15 * MINUTE
_DAY_MINUTES: Final = 24 * 60


class Zones(NamedTuple):
    """The zones that somebody may be in, under one name: an IANA name where there is one alone."""

    name: str
    zones: tuple[ZoneInfo, ...]


@lru_cache(maxsize=1024)
def alone(tz: ZoneInfo) -> Zones:
    return Zones(tz.key, (tz,))


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo | None:
    """The zone of an IANA name (links included), None for any other word."""
    if _NAME.fullmatch(name) is None:
        return None
    try:
        with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError):
        return None


def zone_of(customer: str | None, shop: str) -> tuple[ZoneInfo, str]:
    """The zone to use and by which rule: "customer"; where the customer's is not known the "shop"'s, and where that is
    not known either "utc"."""
    if customer is not None and (found := zone(customer)) is not None:
        return found, "customer"
    if (found := zone(shop)) is not None:
        return found, "shop"
    utc = zone("UTC")
    assert utc is not None
    return utc, "utc"


def civil(at: int, tz: ZoneInfo) -> datetime:
    """An instant as the zone's wall clock shows it (aware)."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(tz)


@lru_cache(maxsize=16_384)
def _steady_offset(quarter: int, tz: ZoneInfo) -> int | None:
    """The offset from UTC throughout a quarter of an hour (numbered since the epoch), None where it changes within."""
    at = quarter * QUARTER
    offset = civil(at, tz).utcoffset()
    if offset is None or offset != civil(at + QUARTER, tz).utcoffset():
        return None
    return offset // timedelta(microseconds=1)


def shown(at: int, tz: ZoneInfo) -> int:
    """What the zone's wall clock shows at an instant, as microseconds since it showed 1970-01-01T00:00. Touches of one
    hour share a zone's offset, so most cost a look-up (measured: 0.1 us instead of 0.9)."""
    offset = _steady_offset(at // QUARTER, tz)
    if offset is None:
        offset = (civil(at, tz).utcoffset() or timedelta()) // timedelta(microseconds=1)
    return at + offset


def minute_of_day(at: int, tz: ZoneInfo) -> int:
    """The wall clock's minutes after midnight."""
    return shown(at, tz) // MINUTE % _DAY_MINUTES


def local_date(at: int, tz: ZoneInfo) -> date:
    return date.fromordinal(_EPOCH_DAY + shown(at, tz) // DAY)


def day_end(at: int, tz: ZoneInfo) -> int:
    """The first instant of the zone's next day."""
    now = shown(at, tz)
    then = at + DAY - now % DAY
    if shown(then, tz) - then == now - at:  # the clock is not put in between
        return then
    today = local_date(at, tz)
    return _first(at, tz, lambda local: local.date() > today, lambda local: DAY - _of_day(local))


def _of_day(local: datetime) -> int:
    return ((local.hour * 60 + local.minute) * 60 + local.second) * SECOND + local.microsecond


def _first(at: int, tz: ZoneInfo, reached: Callable[[datetime], bool], ahead: Callable[[datetime], int]) -> int:
    """The first instant after `at` for which `reached` holds, which changes only `ahead` of a wall clock that runs
    evenly, or where the clock is put forward or back."""
    now = at
    while True:
        local = civil(now, tz)
        then = now + ahead(local)
        put = offset_change(now, then, tz)
        now = then if put is None else put
        if reached(civil(now, tz)):
            return now


def offset_change(low: int, high: int, tz: ZoneInfo) -> int | None:
    """When the clock is put forward or back: the first instant in (low, high], two days apart at most, with another
    offset from UTC than `low` has; None without one. Exact: no zone has put its clock twice within four days since 1970
    (tested on all of tzdata)."""
    offset = civil(low, tz).utcoffset()
    if civil(high, tz).utcoffset() == offset:
        return None
    bottom, top = low, high
    while top - bottom > 1:
        middle = (bottom + top) // 2
        if civil(middle, tz).utcoffset() == offset:
            bottom = middle
        else:
            top = middle
    return top
