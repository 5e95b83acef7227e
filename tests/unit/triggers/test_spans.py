"""Days, weeks and months of a zone's calendar follow one another without a gap, whatever its clocks do."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import DAY, HOUR
from triggers.rules.model import Span
from triggers.spans import day_after, span, today
from triggers.zones import local_date, zone_of


def of(name: str, at: str, kind: Span = "day") -> tuple[str, str]:
    tz, policy = zone_of(name, "UTC")
    assert policy == "customer"
    since, until = span(parse_rfc3339(at), tz, kind)
    assert since <= parse_rfc3339(at) < until
    return rfc3339(since), rfc3339(until)


@pytest.mark.parametrize(
    ("zone", "at", "since", "until"),
    [
        ("UTC", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
        ("Europe/Moscow", "2026-11-23T20:59:59Z", "2026-11-22T21:00:00Z", "2026-11-23T21:00:00Z"),
        ("Asia/Kolkata", "2026-11-23T12:00:00Z", "2026-11-22T18:30:00Z", "2026-11-23T18:30:00Z"),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),  # 23 hours
        ("Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),  # 25 hours
        ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"),  # 24.5 hours
        ("America/Havana", "2022-11-06T05:30:00Z", "2022-11-06T04:00:00Z", "2022-11-07T05:00:00Z"),  # 0:00 twice
        ("America/Asuncion", "2022-10-02T12:00:00Z", "2022-10-02T04:00:00Z", "2022-10-03T03:00:00Z"),  # no 0:00
        ("Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"),  # no 30 December
    ],
)
def test_a_day_is_as_long_as_the_zones_clock_shows_its_date(zone: str, at: str, since: str, until: str) -> None:
    assert of(zone, at) == (since, until)


def test_a_week_begins_on_monday_and_a_month_on_its_first_by_the_zones_clock() -> None:
    assert of("Europe/Berlin", "2026-03-29T12:00:00Z", "week") == ("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z")
    assert of("Europe/Berlin", "2026-03-29T22:00:00Z", "week") == ("2026-03-29T22:00:00Z", "2026-04-05T22:00:00Z")
    assert of("Europe/Berlin", "2026-03-29T12:00:00Z", "month") == ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")
    assert of("UTC", "2026-12-31T23:59:59.999999Z", "month") == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")


@pytest.mark.parametrize("zone", [
    "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "America/Sao_Paulo",
])
def test_days_follow_one_another_without_a_gap_and_each_in_one_week_and_month(zone: str) -> None:
    tz, _ = zone_of(zone, "UTC")
    at = parse_rfc3339("2006-01-01T12:00:00Z")
    since, until = span(at, tz, "day")
    for _ in range(6 * 365):
        assert 20 * HOUR < until - since < 28 * HOUR
        assert today(since, tz) == today(until - 1, tz) >= local_date(until - 1, tz)
        for longer in ("week", "month"):
            begin, end = span(since, tz, longer)
            assert begin <= since and until <= end
            assert span(until - 1, tz, longer) == (begin, end)
        following = span(until, tz, "day")
        assert following[0] == until and span(until - 1, tz, "day") == (since, until)
        since, until = following


def test_the_day_after_a_date_begins_when_the_clock_shows_it_no_more() -> None:
    tz, _ = zone_of("Europe/Moscow", "UTC")
    assert rfc3339(day_after(date(2026, 12, 31), tz)) == "2026-12-31T21:00:00Z"
    assert day_after(date(2026, 12, 31), tz) - day_after(date(2026, 12, 30), tz) == DAY
