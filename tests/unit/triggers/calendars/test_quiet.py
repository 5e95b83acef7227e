"""Quiet hours by civil days: exact where clocks are put, by weekday and holiday, in all zones of a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from triggers.calendars.hours import Holidays, QuietHours, QuietSpan, QuietWeek
from triggers.calendars.phone_zones import phone_zones
from triggers.calendars.quiet import NEVER, Look, Quiet, longest_quiet
from triggers.zones import Zones, alone, zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NIGHT = QuietSpan(21 * 60, 9 * 60)
ALL_DAY = QuietSpan(0, 1440)


def instant(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def somewhere(name: str) -> Zones:
    found = zone(name)
    assert found is not None
    return alone(found)


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


@pytest.mark.parametrize(
    ("name", "begin", "end", "at", "until"),
    [
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T23:15:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T22:00:00+03:00", "2026-11-22T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T08:59:59.999999+03:00", "2026-11-21T09:00:00+03:00"),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T09:00:00+03:00", None),
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T21:59:59+03:00", None),
        ("Europe/Moscow", "13:00", "14:30", "2026-11-21T13:30:00+03:00", "2026-11-21T14:30:00+03:00"),
        # begin and end alike: nothing is quiet
        ("Europe/Moscow", "13:00", "13:00", "2026-11-21T13:00:00+03:00", None),
        # zones of half and quarter hours
        ("Asia/Kolkata", "21:00", "09:00", "2026-11-21T16:00:00+00:00", "2026-11-22T03:30:00+00:00"),
        ("Asia/Kathmandu", "21:00", "09:00", "2026-11-21T16:00:00+00:00", "2026-11-22T03:15:00+00:00"),
        # the night of the spring gap is an hour shorter, that of the autumn fold an hour longer
        ("Europe/Berlin", "22:00", "08:00", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"),
        ("Europe/Berlin", "22:00", "08:00", "2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        # an end that the gap skips: 02:30 does not happen, 03:00 is the first instant after it
        ("Europe/Berlin", "22:00", "02:30", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"),
        # a begin in the gap: nothing of the skipped hour is left to be quiet in
        ("Europe/Berlin", "02:00", "03:00", "2026-03-29T03:00:00+02:00", None),
        # an end that happens twice: the first of them ends it, and the repeated hour is quiet again until the second
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:40:00+02:00", None),
        # quiet in both of the hours that happen twice
        ("Europe/Berlin", "02:15", "02:45", "2026-10-25T02:20:00+02:00", "2026-10-25T02:45:00+02:00"),
        # Lord Howe puts its clocks by half an hour
        ("Australia/Lord_Howe", "22:00", "08:00", "2026-10-03T23:00:00+10:30", "2026-10-04T08:00:00+11:00"),
        ("Australia/Lord_Howe", "22:00", "02:15", "2026-10-04T01:00:00+10:30", "2026-10-04T02:30:00+11:00"),
        # Turkey and Jordan gave up winter time, Greenland and Kazakhstan moved: the rules of the date hold
        ("Europe/Istanbul", "22:00", "08:00", "2016-12-01T20:00:00+00:00", "2016-12-02T05:00:00+00:00"),
        ("Asia/Amman", "22:00", "08:00", "2022-12-01T20:00:00+00:00", "2022-12-02T05:00:00+00:00"),
        ("America/Nuuk", "22:00", "08:00", "2022-12-02T02:00:00+00:00", "2022-12-02T11:00:00+00:00"),
        ("America/Nuuk", "22:00", "08:00", "2023-12-02T02:00:00+00:00", "2023-12-02T10:00:00+00:00"),
        ("Asia/Almaty", "22:00", "08:00", "2024-02-28T20:00:00+00:00", "2024-02-29T02:00:00+00:00"),
        ("Asia/Almaty", "22:00", "08:00", "2024-02-29T17:30:00+00:00", "2024-03-01T03:00:00+00:00"),
        ("Europe/Volgograd", "22:00", "08:00", "2020-12-26T18:00:00+00:00", "2020-12-27T05:00:00+00:00"),
        # Morocco puts its clock back for Ramadan
        ("Africa/Casablanca", "22:00", "08:00", "2026-02-14T23:00:00+00:00", "2026-02-15T08:00:00+00:00"),
        # Samoa skipped a whole day
        ("Pacific/Apia", "22:00", "08:00", "2011-12-29T23:00:00-10:00", "2011-12-31T08:00:00+14:00"),
    ],
)
def test_quiet_hours_end_when_the_wall_clock_says_so(
    name: str, begin: str, end: str, at: str, until: str | None
) -> None:
    look = Quiet(QuietHours(minutes(begin), minutes(end))).look(instant(at), somewhere(name))
    assert (look.until if look.quiet else None) == (None if until is None else instant(until))


@pytest.mark.parametrize(
    ("name", "begin", "end", "at", "quiet"),
    [
        ("Europe/Moscow", "22:00", "09:00", "2026-11-21T12:00:00+03:00", "2026-11-21T22:00:00+03:00"),
        ("Europe/Berlin", "22:00", "02:30", "2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00"),
        ("Europe/Berlin", "02:00", "02:59", "2026-03-29T01:00:00+01:00", "2026-03-30T02:00:00+02:00"),
    ],
)
def test_the_window_ends_when_it_is_quiet_again(name: str, begin: str, end: str, at: str, quiet: str) -> None:
    look = Quiet(QuietHours(minutes(begin), minutes(end))).look(instant(at), somewhere(name))
    assert look == (False, instant(quiet))



WEEKEND = QuietWeek(((NIGHT,),) * 5 + ((QuietSpan(20 * 60, 11 * 60),), (ALL_DAY, NIGHT)))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-20T22:00", "2026-11-21T09:00"),  # Friday's night is as long as ever
        ("2026-11-21T19:59", None),
        ("2026-11-21T20:00", "2026-11-23T09:00"),  # Saturday's begins sooner; Sunday is quiet, and so is its night
        ("2026-11-22T12:00", "2026-11-23T09:00"),
        ("2026-11-23T09:00", None),
    ],
)
def test_a_weekday_has_hours_of_its_own_and_a_span_past_midnight_is_of_the_day_on_which_it_begins(
    at: str, until: str | None
) -> None:
    look = Quiet(QuietHours(0, 0, (WEEKEND,))).look(instant(f"{at}+03:00"), somewhere("Europe/Moscow"))
    assert (look.until if look.quiet else None) == (None if until is None else instant(f"{until}+03:00"))


def test_a_saturdays_hours_last_into_sunday_morning() -> None:
    saturday = QuietWeek(((NIGHT,),) * 5 + ((QuietSpan(20 * 60, 11 * 60),), ()))
    quiet, moscow = Quiet(QuietHours(0, 0, (saturday,))), somewhere("Europe/Moscow")
    assert quiet.look(instant("2026-11-22T10:30+03:00"), moscow) == (True, instant("2026-11-22T11:00+03:00"))
    # Sunday has none: nothing is quiet from then on to Monday's night
    assert quiet.look(instant("2026-11-22T12:00+03:00"), moscow) == (False, instant("2026-11-23T21:00+03:00"))


@pytest.mark.parametrize(
    ("zone", "at", "until"),
    [
        ("Europe/Paris", "2026-07-14T12:00+02:00", "2026-07-15T09:00+02:00"),
        ("Europe/Paris", "2026-07-13T20:00+02:00", None),
        # the date is the customer's: it is the fourteenth in Noumea twelve hours before it is in Paris
        ("Pacific/Noumea", "2026-07-13T23:00+11:00", "2026-07-15T09:00+11:00"),
        ("Pacific/Noumea", "2026-07-13T13:30+00:00", "2026-07-15T09:00+11:00"),
        ("America/Cayenne", "2026-07-14T02:00+02:00", "2026-07-15T09:00-03:00"),
    ],
)
def test_a_holiday_is_a_date_of_the_customers_calendar_and_goes_before_its_weekday(
    zone: str, at: str, until: str | None
) -> None:
    week = QuietWeek(((NIGHT,),) * 7, Holidays("FR"), (ALL_DAY, NIGHT))
    look = Quiet(QuietHours(0, 0, (week,))).look(instant(at), somewhere(zone))
    assert (look.until if look.quiet else None) == (None if until is None else instant(until))


def test_a_holiday_may_be_a_subdivisions() -> None:
    def good_friday(subdivision: str | None) -> Look:
        week = QuietWeek(((),) * 7, Holidays("FR", subdivision), (ALL_DAY,))
        return Quiet(QuietHours(0, 0, (week,))).look(instant("2026-04-03T12:00+02:00"), somewhere("Europe/Paris"))

    assert not good_friday(None).quiet
    assert good_friday("57") == (True, instant("2026-04-04T00:00+02:00"))


def test_a_preset_adds_to_the_shops_own_hours() -> None:
    preset = QuietWeek(((QuietSpan(21 * 60, 8 * 60),),) * 7)
    quiet, berlin = Quiet(QuietHours(23 * 60, 10 * 60, (preset,))), somewhere("Europe/Berlin")
    assert quiet.look(instant("2026-11-21T21:30+01:00"), berlin) == (True, instant("2026-11-22T10:00+01:00"))


def test_in_several_zones_an_instant_is_lawful_where_it_is_so_in_all_of_them() -> None:
    places = phone_zones("+79990000042")  # from Kaliningrad to Kamchatka
    assert places is not None
    quiet = Quiet(QuietHours(21 * 60, 9 * 60))
    opens, closes = instant("2026-11-21T09:00+02:00"), instant("2026-11-21T21:00+12:00")
    assert quiet.look(instant("2026-11-21T05:00+00:00"), places) == (True, opens)
    assert quiet.look(opens, places) == (False, closes)
    assert quiet.look(closes, places) == (True, instant("2026-11-22T09:00+02:00"))


def test_where_the_zones_leave_no_common_hour_none_is_in_sight() -> None:
    places = phone_zones("+79990000042")
    assert places is not None
    assert Quiet(QuietHours(18 * 60, 10 * 60)).look(instant("2026-11-21T05:00+00:00"), places) == (True, NEVER)


def test_what_is_remembered_answers_nothing_else() -> None:
    quiet, berlin = Quiet(QuietHours(22 * 60 + 7, 8 * 60 + 3)), somewhere("Europe/Berlin")
    ats = [instant("2026-10-24T20:00+00:00") + n * 137_000_001 for n in range(800)]
    once = [quiet.look(at, berlin) for at in ats]
    assert [quiet.look(at, berlin) for at in reversed(ats)] == once[::-1]
    assert [Quiet(QuietHours(22 * 60 + 7, 8 * 60 + 3)).look(at, berlin) for at in ats] == once


def test_the_longest_quiet_is_found_over_the_years() -> None:
    assert longest_quiet(Quiet(QuietHours(21 * 60, 9 * 60)))[0] == 12 * 60
    assert longest_quiet(Quiet(QuietHours(0, 0, (QuietWeek(((ALL_DAY,),) * 7),))))[0] > 14 * 1440
    # open on Saturdays alone, and on no holiday: of 2021 the first and the eighth of May were Saturdays
    saturdays = QuietWeek(((ALL_DAY,),) * 5 + ((), (ALL_DAY,)), Holidays("FR"), (ALL_DAY,))
    longest, ends = longest_quiet(Quiet(QuietHours(0, 0, (saturdays,))))
    assert longest == 20 * 1440
    assert (EPOCH + timedelta(days=ends)).date().isoformat() == "2021-05-15"
