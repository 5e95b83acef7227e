"""When nobody is written to: for how long it stays so, and how long it has until it is so again.

Quiet is said by civil dates and the wall clock of a zone: a span belongs to the day on which it begins, though it may
pass midnight; an hour that the clocks skip does not happen, one that they repeat happens twice. Of several zones that
somebody may be in, an instant is quiet where it is quiet in one of them.

Everything that is remembered here follows from the settings, the zones and tzdata alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import DAY, MINUTE
from triggers.calendars.hours import QuietHours, QuietSpan, QuietWeek
from triggers.calendars.public_holidays import EPOCH_DAY, is_holiday
from triggers.zones import QUARTER, Zones, offset_change, shown

LONGEST: Final = 14
"""Days within which settings must leave an open minute, whatever the year (`longest_quiet`)."""
NEVER: Final = 1 << 62
"""No lawful instant in sight."""

_SEARCH: Final = (LONGEST + 1) * DAY  # clocks that are put may make fourteen civil days an hour longer
_AHEAD: Final = 31 * DAY
_DAY_MINUTES: Final = 24 * 60
_REMEMBERED: Final = 20_000
_CHECKED_YEARS: Final = (date(2020, 1, 1).toordinal() - EPOCH_DAY, date(2045, 1, 1).toordinal() - EPOCH_DAY)


class Look(NamedTuple):
    """What an instant is: `quiet` until the first lawful instant `until` (NEVER: none is in sight), or open until the
    first quiet one (as far as 31 days are looked ahead)."""

    quiet: bool
    until: int


class Quiet:
    """Quiet hours made ready to be asked."""

    __slots__ = ("_days", "_looks", "hours", "weeks")

    def __init__(self, hours: QuietHours) -> None:
        self.hours = hours
        every = (QuietSpan(hours.begin, hours.end),) if hours.begin != hours.end else ()
        self.weeks = (QuietWeek((every,) * 7), *hours.weeks) if every else hours.weeks
        self._days: dict[int, tuple[tuple[int, int], ...]] = {}
        self._looks: dict[tuple[str, int], Look | None] = {}

    def look(self, at: int, zones: Zones) -> Look:
        """Touches of one hour share an answer, so most cost a look-up: what holds for a whole quarter of an hour is
        remembered for it."""
        quarter = at // QUARTER
        key = (zones.name, quarter)
        looks = self._looks
        known = looks.get(key)
        if known is not None:
            return known
        begin = quarter * QUARTER
        if key not in looks:
            found = self._look(begin, begin, zones)
            if len(looks) >= _REMEMBERED:
                looks.clear()
            if found.until >= begin + QUARTER:
                looks[key] = found
                return found
            looks[key] = None  # something begins or ends within
        return self._look(at, begin, zones)

    def spans(self, day: int) -> tuple[tuple[int, int], ...]:
        """What is quiet on a civil day (since 1970-01-01): minutes after midnight, apart from each other, in order."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) >= _REMEMBERED:
                self._days.clear()
            known = self._days[day] = _merged(sorted(self._all(day)))
        return known

    def _all(self, day: int) -> Iterator[tuple[int, int]]:
        for week in self.weeks:
            for span in _begun(week, day - 1):
                if span.end <= span.begin:
                    yield 0, span.end
            for span in _begun(week, day):
                yield span.begin, span.end if span.end > span.begin else _DAY_MINUTES

    def holder(self, at: int, zones: Zones) -> ZoneInfo:
        """The first zone in which a quiet instant is quiet."""
        return next((tz for tz in zones.zones if self._opens(at, tz, at) > at), zones.zones[0])

    def _look(self, at: int, since: int, zones: Zones) -> Look:
        """`since`: from where it is searched, so that all of a quarter find the same."""
        now = at
        while now <= since + _SEARCH:
            lawful = max(self._opens(now, tz, since + _SEARCH) for tz in zones.zones)
            if lawful == now:
                break
            now = lawful
        else:
            return Look(True, NEVER)
        if now > at:
            return Look(True, now)
        end = since + _AHEAD
        return Look(False, min(self._begins(at, tz, end) for tz in zones.zones))

    def _opens(self, at: int, tz: ZoneInfo, end: int) -> int:
        """The first instant at or after `at` that is not quiet in a zone, or one after `end`."""
        now = at
        while now <= end:
            local = shown(now, tz)
            day, rest = divmod(local, DAY)
            for begin, over in self.spans(day):
                if begin * MINUTE <= rest < over * MINUTE:
                    break
            else:
                return now
            now = _when(now, local, over * MINUTE - rest, tz)
        return now

    def _begins(self, at: int, tz: ZoneInfo, end: int) -> int:
        """The first instant at or after `at` that is quiet in a zone, `end` at the latest."""
        now = at
        while now < end:
            local = shown(now, tz)
            day, rest = divmod(local, DAY)
            ahead = DAY - rest
            for begin, over in self.spans(day):
                if rest < over * MINUTE:
                    ahead = begin * MINUTE - rest
                    break
            if ahead <= 0:
                return now
            now = _when(now, local, ahead, tz)
        return end


def longest_quiet(quiet: Quiet) -> tuple[int, int]:
    """The longest time without an open minute from 2020 to 2044, in minutes of a clock that is never put, and the day
    (since 1970-01-01) on which it ends."""
    first, last = _CHECKED_YEARS
    if not any(week.holidays for week in quiet.weeks):
        last = first + 3 * LONGEST
    longest, ends = 0, first
    open_until = first * _DAY_MINUTES
    for day in range(first, last):
        midnight = day * _DAY_MINUTES
        until = 0
        for begin, over in (*quiet.spans(day), (_DAY_MINUTES, _DAY_MINUTES)):
            if begin > until:
                if midnight + until - open_until > longest:
                    longest, ends = midnight + until - open_until, day
                open_until = midnight + begin
            until = over
    if last * _DAY_MINUTES - open_until > longest:
        return last * _DAY_MINUTES - open_until, last
    return longest, ends


def ever_open(quiet: Quiet, zones: Zones, at: int) -> bool:
    """Whether there is a lawful instant in the two weeks after `at`."""
    return quiet.look(at, zones).until != NEVER


def _begun(week: QuietWeek, day: int) -> tuple[QuietSpan, ...]:
    holidays = week.holidays
    if holidays is not None and is_holiday(holidays.country, holidays.subdivision, day):
        return week.on_holiday
    return week.weekdays[(day + 3) % 7]  # 1970-01-01 was a Thursday


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if begin >= end:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return tuple(merged)


def _when(now: int, local: int, ahead: int, tz: ZoneInfo) -> int:
    """When the wall clock, which shows `local` now, has gone on by `ahead`, or is put before that."""
    then = now + ahead
    if shown(then, tz) - then == local - now:
        return then
    put = offset_change(now, then, tz)
    return then if put is None else put
