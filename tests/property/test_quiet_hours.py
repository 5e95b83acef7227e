"""Quiet hours against a slow reference, minute by minute: nobody is written to in a quiet minute of any zone that they
may be in, and what waits leaves at the first lawful instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.triggers.driving import added, drive, rule, shopper
from triggers.calendars.hours import Holidays, QuietHours, QuietSpan, QuietWeek
from triggers.calendars.phone_zones import phone_zones
from triggers.calendars.quiet import NEVER, Quiet
from triggers.rules.model import Shop
from triggers.zones import Zones, zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
DAY = 1440 * MINUTE
TWO_WEEKS = 15 * DAY

NAMES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Africa/Casablanca",
    "Pacific/Chatham", "Pacific/Apia", "America/Nuuk", "Asia/Almaty", "Asia/Amman", "America/St_Johns", "Africa/Cairo",
    "Europe/Volgograd", "UTC",
]  # fmt: skip
PHONES = ["+79990000042", "+61412345678", "+12125550123", "+5511987654321", "+351912345678"]

CLOCKS = st.one_of(st.integers(0, 95).map(lambda quarter: 15 * quarter), st.integers(0, 1439))
SPANS = st.one_of(st.builds(QuietSpan, CLOCKS, CLOCKS), st.just(QuietSpan(0, 1440)), st.just(QuietSpan(1260, 480)))
DAYS = st.lists(SPANS, max_size=2).map(tuple)
WEEKS = st.builds(
    QuietWeek,
    st.tuples(*[DAYS] * 7),
    st.sampled_from([None, Holidays("FR"), Holidays("DE", "BY"), Holidays("US"), Holidays("RU")]),
    DAYS,
)
HOURS = st.builds(QuietHours, CLOCKS, CLOCKS, st.lists(WEEKS, max_size=2).map(tuple))


def at(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


@cache
def named(*names: str) -> Zones:
    found = [tz for tz in map(zone, names) if tz is not None]
    return Zones(" ".join(names), tuple(found))


def of_phone(phone: str) -> Zones:
    found = phone_zones(phone)
    assert found is not None
    return found


ZONES = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(lambda names: named(*sorted(names))),
    st.sampled_from(PHONES).map(of_phone),
)
NEAR_A_CHANGE = [
    at(text)
    for text in (
        "2026-03-29T01:00+00:00", "2026-10-25T01:00+00:00", "2026-10-03T15:30+00:00", "2026-04-04T14:00+00:00",
        "2011-12-30T10:00+00:00", "2023-03-26T01:00+00:00", "2024-02-29T19:00+00:00", "2022-10-28T00:00+00:00",
        "2020-12-26T23:00+00:00", "2026-02-15T02:00+00:00", "2027-12-31T22:00+00:00",
    )
]  # fmt: skip
INSTANTS = st.one_of(
    st.builds(lambda near, by: near + by * 1_000_000, st.sampled_from(NEAR_A_CHANGE), st.integers(-90_000, 90_000)),
    st.integers(at("2020-01-01T00:00+00:00"), at("2030-01-01T00:00+00:00")),
)


@cache
def public_holidays(country: str, subdivision: str | None) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=subdivision)


def begun_on(day: date, week: QuietWeek) -> tuple[QuietSpan, ...]:
    whose = week.holidays
    if whose is not None and day in public_holidays(whose.country, whose.subdivision):
        return week.on_holiday
    return week.weekdays[day.weekday()]


def quiet_by(hours: QuietHours, moment: int, tz: ZoneInfo) -> bool:
    """As the documentation says it."""
    local = (EPOCH + timedelta(microseconds=moment)).astimezone(tz)
    today, minute = local.date(), local.hour * 60 + local.minute
    every = () if hours.begin == hours.end else (QuietSpan(hours.begin, hours.end),)
    for week in (QuietWeek((every,) * 7), *hours.weeks):
        for span in begun_on(today, week):
            if span.begin <= minute and (minute < span.end or span.end <= span.begin):
                return True
        for span in begun_on(today - timedelta(days=1), week):
            if span.end <= span.begin and minute < span.end:
                return True
    return False


def quiet_somewhere(hours: QuietHours, moment: int, zones: Zones) -> bool:
    return any(quiet_by(hours, moment, tz) for tz in zones.zones)


def after(moment: int) -> int:
    """The next full minute: what is quiet begins and ends with one."""
    return (moment // MINUTE + 1) * MINUTE


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(HOURS, ZONES, INSTANTS)
def test_an_answer_is_what_the_minutes_say(hours: QuietHours, zones: Zones, moment: int) -> None:
    look = Quiet(hours).look(moment, zones)
    assert look.quiet == quiet_somewhere(hours, moment, zones)
    walked = after(moment)
    while walked < moment + 2 * DAY and walked <= look.until and quiet_somewhere(hours, walked, zones) == look.quiet:
        walked = after(walked)
    if walked < moment + 2 * DAY:  # the first minute that is otherwise
        assert walked == look.until
    else:
        assert look.until >= moment + 2 * DAY


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(HOURS, ZONES, INSTANTS)
def test_what_waits_leaves_at_a_lawful_instant_or_there_is_none_in_two_weeks(
    hours: QuietHours, zones: Zones, moment: int
) -> None:
    look = Quiet(hours).look(moment, zones)
    if not look.quiet:
        return
    if look.until == NEVER:
        probes = range(after(moment), moment + TWO_WEEKS - DAY, 7 * MINUTE)
        assert all(quiet_somewhere(hours, probe, zones) for probe in probes if probe % 5 == 0)
    else:
        assert moment < look.until <= moment + TWO_WEEKS + DAY
        assert not quiet_somewhere(hours, look.until, zones)
        assert quiet_somewhere(hours, look.until - 1, zones)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(HOURS, ZONES, st.lists(INSTANTS, min_size=2, max_size=20))
def test_answers_do_not_depend_on_what_was_asked_before(hours: QuietHours, zones: Zones, moments: list[int]) -> None:
    quiet = Quiet(hours)
    assert [quiet.look(moment, zones) for moment in moments] == [Quiet(hours).look(moment, zones) for moment in moments]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(HOURS, st.sampled_from([*NAMES, None]), st.sampled_from(PHONES), INSTANTS)
def test_no_message_may_leave_in_a_quiet_minute(hours: QuietHours, name: str | None, phone: str, moment: int) -> None:
    events = [*shopper(moment, time_zone=name, phone=phone), added(moment)]
    shop = Shop(quiet_hours=hours, time_zone="Asia/Tokyo")
    made = drive(rule(idle=3600 * 1_000_000), events=events, shop=shop).drain()
    places = of_phone(phone) if name is None else named(name)
    for sms in made.sent:
        due, since, until = at(sms.due_at), at(sms.not_before), at(sms.not_after)
        assert due <= since < due + 15 * MINUTE
        assert since < until <= due + DAY
        assert not any(quiet_somewhere(hours, moment, places) for moment in range(since, until, 7 * MINUTE))
        assert not quiet_somewhere(hours, until - 1, places)
    (last,) = [verdict for verdict in made.decisions[-1].verdicts if verdict.gate == "quiet_hours"]
    assert (last.verdict, last.reason) == (("pass", "open") if made.sent else ("refuse", "no-lawful-hour"))
    assert made.decisions[-1].policy == ("zone:phone" if name is None else None)
