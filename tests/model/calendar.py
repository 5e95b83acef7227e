"""Hours, days and zones, slowly: everything is looked up on the wall clock, a quarter of an hour at a time.

All quiet hours of the random shops begin and end at full quarters, and so do the clocks of all zones here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.model.settings import DAY, MINUTE, SECOND, Said

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER = 15 * MINUTE
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FRANCE_2026 = frozenset(
    date.fromisoformat(f"2026-{day}")
    for day in (
        "01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25",
    )
)  # fmt: skip
FRANCE = FRANCE_2026 | {date(2027, 1, 1)}

RUSSIA = (
    "Europe/Kaliningrad", "Europe/Moscow", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Krasnoyarsk",
    "Asia/Irkutsk", "Asia/Yakutsk", "Asia/Vladivostok", "Asia/Magadan", "Asia/Kamchatka",
)  # fmt: skip
AUSTRALIA = (
    "Indian/Cocos", "Indian/Christmas", "Australia/Perth", "Australia/Eucla", "Australia/Darwin", "Australia/Brisbane",
    "Australia/Adelaide", "Australia/Sydney", "Australia/Lord_Howe",
)  # fmt: skip

PHONES: dict[str | None, tuple[str | None, str, tuple[str, ...]]] = {
    "+79990000042": ("+79990000042", "usable", RUSSIA),
    "8 (999) 000-00-42": ("+79990000042", "usable", RUSSIA),
    "+4915112345678": ("+4915112345678", "usable", ("Europe/Berlin",)),
    "+919876543210": ("+919876543210", "usable", ("Asia/Kolkata",)),
    "+9779841234567": ("+9779841234567", "usable", ("Asia/Kathmandu",)),
    "+61412345678": ("+61412345678", "usable", AUSTRALIA),
    "+16464561234": ("+16464561234", "usable", ("America/New_York",)),
    "+493012345678": (None, "landline", ()),
    "12": (None, "invalid-phone", ()),
    "+78001234567": (None, "not-a-mobile", ()),
    None: (None, "no-phone", ()),
}
"""As written: in E.164, what the gate says, and where its owner may be."""

TO_CALL: dict[str | None, tuple[str | None, str]] = {
    "+493012345678": ("+493012345678", "usable"),
    "+78001234567": (None, "special-number"),
}
"""What is said of a phone for a call, where that is something else."""


def to_call(phone: str | None) -> tuple[str | None, str]:
    """In E.164, and what the gate says of it for a call."""
    return TO_CALL.get(phone, PHONES[phone][:2])


def length(said: str) -> int:
    """`60m`, `2d` in microseconds."""
    units = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": DAY, "w": 7 * DAY}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([wdhms])", said))


@cache
def tz_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(tz_of(zone))


def instant(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


def span_of(at: int, zone: str, kind: str) -> tuple[date, date]:
    """The first day of the day or week that `at` lies in, and the first one after it."""
    today = local(at, zone).date()
    if kind == "day":
        return today, today + timedelta(days=1)
    first = today - timedelta(days=today.weekday())
    return first, first + timedelta(days=7)


def midnight(day: date, zone: str) -> int:
    return instant(datetime(day.year, day.month, day.day, tzinfo=tz_of(zone)).astimezone(UTC))


def day_over(at: int, zone: str) -> int:
    """The first instant of the next day."""
    return midnight(local(at, zone).date() + timedelta(days=1), zone)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


Span = tuple[int, int]


class QuietTimes:
    """`said`: quiet_hours of shop.yaml, None where there are none."""

    def __init__(self, said: Said | None) -> None:
        self.said = said
        self._quiet = lru_cache(maxsize=200_000)(self._is_quiet)

    def quiet(self, at: int, zones: tuple[str, ...]) -> bool:
        return any(self._quiet(at // QUARTER, zone) for zone in zones)

    def opens(self, at: int, zones: tuple[str, ...]) -> int | None:
        """The first lawful instant from `at` on; None: there is none for two weeks."""
        now = at
        while now < at + 15 * DAY:
            if not self.quiet(now, zones):
                return now
            now = (now // QUARTER + 1) * QUARTER
        return None

    def open_until(self, at: int, until: int, zones: tuple[str, ...]) -> bool:
        """Whether no instant from `at` up to `until` is quiet."""
        return not any(self.quiet(now, zones) for now in (at, *range((at // QUARTER + 1) * QUARTER, until, QUARTER)))

    def _is_quiet(self, quarter: int, zone: str) -> bool:
        if self.said is None:
            return False
        now = local(quarter * QUARTER, zone)
        minute = now.hour * 60 + now.minute
        for begun in self._weeks():
            for begin, end in begun(now.date()):
                if (begin <= minute < end) if begin < end else minute >= begin:
                    return True
            for begin, end in begun(now.date() - timedelta(days=1)):
                if end <= begin and minute < end:
                    return True
        return False

    def _weeks(self) -> list[Any]:
        said = self.said or {}
        weeks = [self._written]
        if said.get("preset") == "us-tcpa":
            weeks.append(lambda day: [(21 * 60, 8 * 60)])
        if said.get("preset") == "fr-af2m":
            night = (22 * 60, 8 * 60)
            weeks.append(lambda day: [(0, 1440), night] if day.weekday() == 6 or day in FRANCE else [night])
        return weeks

    def _written(self, day: date) -> list[Span]:
        """What begins on a day."""
        said = self.said or {}
        every = [(_minutes(said["from"]), _minutes(said["to"]))] if "from" in said else []
        hours: Any = None
        if "holidays" in said and day in FRANCE:
            hours = said["holidays"].get("hours", "all-day")
        else:
            hours = said.get("weekdays", {}).get(DAYS[day.weekday()])
        if hours is None:
            return every
        if hours == "all-day":
            return [(0, 1440), *every]
        return [] if hours == "none" else [(_minutes(hours["from"]), _minutes(hours["to"]))]
