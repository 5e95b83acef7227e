"""When schedules come round, against a plain walk over the minutes of the zone's wall clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.instants import DAY, MINUTE, parse_rfc3339, rfc3339
from triggers.rules.cron import BadCron, Cron
from triggers.zones import civil, zone

ZONES = ("Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Beirut", "America/Havana", "Pacific/Apia", "UTC")


def _zone(name: str) -> ZoneInfo:
    found = zone(name)
    assert found is not None
    return found


def _coming(cron: str, zone_name: str, after: str, most: int) -> list[str]:
    """The next ones, RFC 3339."""
    schedule, tz, at = Cron(cron), _zone(zone_name), parse_rfc3339(after)
    found: list[str] = []
    while len(found) < most:
        then = schedule.after(at, tz)
        assert then is not None
        found.append(rfc3339(then))
        at = then
    return found


def _minutes(begin: int, end: int, tz: ZoneInfo) -> Iterator[tuple[int, datetime, bool]]:
    """Every minute that the wall clock shows: the instant, what is shown, whether it was shown an hour ago already."""
    seen: set[datetime] = set()
    for at in range(begin, end, MINUTE):
        shown = civil(at, tz).replace(tzinfo=None)
        yield at, shown, shown in seen
        seen.add(shown)


def _plainly(minutes: set[int], hours: set[int], fixed: bool, begin: int, end: int, tz: ZoneInfo) -> list[int]:
    """When they come round in [begin, end), minute by minute; `fixed`: once each day, put off where left out."""
    found: set[int] = set()
    before: datetime | None = None
    for at, shown, again in _minutes(begin, end, tz):
        if shown.minute in minutes and shown.hour in hours and not (fixed and again):
            found.add(at)
        if fixed and before is not None and shown > before + timedelta(minutes=1):
            left_out = before + timedelta(minutes=1)
            while left_out < shown:
                if left_out.minute in minutes and left_out.hour in hours:
                    found.add(at)
                left_out += timedelta(minutes=1)
        before = shown
    return sorted(found)


def test_a_schedule_goes_by_the_wall_clock_of_the_zone() -> None:
    assert _coming("30 9 * * MON", "Europe/Moscow", "2026-11-22T13:00:00Z", 2) == [
        "2026-11-23T06:30:00Z",
        "2026-11-30T06:30:00Z",
    ]


def test_it_comes_strictly_after_the_instant_that_is_asked_about() -> None:
    assert _coming("0 12 * * *", "UTC", "2026-11-22T12:00:00Z", 1) == ["2026-11-23T12:00:00Z"]
    assert _coming("0 12 * * *", "UTC", "2026-11-22T11:59:59.999999Z", 1) == ["2026-11-22T12:00:00Z"]


def test_the_last_day_of_a_month_and_the_first_monday_can_be_named() -> None:
    assert _coming("0 10 L * *", "UTC", "2027-02-01T00:00:00Z", 1) == ["2027-02-28T10:00:00Z"]
    assert _coming("0 10 * * MON#1", "UTC", "2026-11-22T00:00:00Z", 1) == ["2026-12-07T10:00:00Z"]


def test_the_29_february_comes_in_leap_years() -> None:
    assert _coming("0 0 29 2 *", "UTC", "2026-11-22T00:00:00Z", 2) == ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]


def test_a_time_that_the_clocks_leave_out_comes_after_the_gap() -> None:
    assert _coming("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2) == [
        "2026-03-29T01:00:00Z",  # 03:00 in summer time
        "2026-03-30T00:30:00Z",
    ]


def test_a_time_that_the_clocks_show_twice_comes_once() -> None:
    assert _coming("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2) == [
        "2026-10-25T00:30:00Z",
        "2026-10-26T01:30:00Z",
    ]
    # asked between the two
    assert _coming("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1) == ["2026-10-26T01:30:00Z"]
    assert _coming("45 2 * * *", "Europe/Berlin", "2026-10-25T01:40:00Z", 1) == ["2026-10-26T01:45:00Z"]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("written", ["30 2 * * *", "0 0 * * *", "15,45 0,1,2,3 * * *", "*/20 * * * *", "0 */2 * * *"])
def test_schedules_of_every_sort_agree_with_a_walk_over_the_minutes(name: str, written: str) -> None:
    minute, hour, *_ = written.split()
    minutes = {n for n in range(60) if _holds(minute, n)}
    hours = {n for n in range(24) if _holds(hour, n)}
    tz = _zone(name)
    # three days around each change of a year's clocks, and around the day that Apia left out
    for begin in _changes(tz) or [parse_rfc3339("2026-01-01T00:00:00Z")]:
        end = begin + 3 * DAY
        expected = _plainly(minutes, hours, not {minute[0], hour[0]} & {"*"}, begin, end, tz)
        found, at = [], begin - 1
        while (then := Cron(written).after(at, tz)) is not None and then < end:
            found.append(then)
            at = then
        assert [rfc3339(one) for one in found] == [rfc3339(one) for one in expected]


def _holds(field: str, number: int) -> bool:
    if field.startswith("*"):
        return number % int(field[2:] or 1) == 0
    return str(number) in field.split(",")


def _changes(tz: ZoneInfo) -> list[int]:
    """Two days before each change of the clocks in 2011 and 2026."""
    found = []
    for year, day in product((2011, 2026), range(365)):
        at = parse_rfc3339(f"{year}-01-01T00:00:00Z") + day * DAY
        if civil(at, tz).utcoffset() != civil(at + DAY, tz).utcoffset():
            found.append(at - DAY)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["30 2 * * *", "*/7 * * * *", "0 0 1,15 * FRI", "5 1-3 * 3,10 *", "0 12 * * MON-FRI"]),
    st.sampled_from(ZONES),
    st.integers(parse_rfc3339("2011-01-01T00:00:00Z"), parse_rfc3339("2030-01-01T00:00:00Z")),
    st.integers(1, 3),
)
def test_where_one_asks_from_changes_nothing(written: str, name: str, at: int, back: int) -> None:
    tz, schedule = _zone(name), Cron(written)
    then = schedule.after(at, tz)
    assert then is not None and then > at
    assert schedule.after(then - 1, tz) == then
    between = at + (then - at) * back // 4
    assert schedule.after(min(between, then - 1), tz) == then


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "5 fields"),
        ("0 9 * *", "5 fields"),
        ("0 0 9 * * *", "5 fields"),
        ("@daily", "5 fields"),
        ("61 9 * * *", "no such minute"),
        ("0 9 * * SOM", "no such day-of-week"),
        ("0 9 31 2 *", "no such day-of-month"),
    ],
)
def test_what_is_no_schedule_says_why(written: str, why: str) -> None:
    with pytest.raises(BadCron, match=why):
        Cron(written)
