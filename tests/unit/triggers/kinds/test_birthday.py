"""`birthday`: once a year, some days before, in the customer's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas import wire
from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, Drive, consented, engine, event, profile
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.kinds._dates import When, instant, last_look, next_look
from triggers.kinds.birthday import Birthday
from triggers.rules.model import Rule, Shop
from triggers.zones import zone

TEN = When(0, 600)


def at(text: str) -> int:
    return parse_rfc3339(text)


def told(rule: Rule, *, said: str = "2026-01-01T00:00:00Z", shop: Shop | None = None, **fields: Any) -> Drive:
    made = Drive(engine(rule, shop=shop))
    return made.feed(profile(at(said), **fields), consented(at(said)))


def sent(made: Drive) -> list[str]:
    return [message.due_at for message in made.sent]


def test_the_rule_on_the_page_congratulates_three_days_before_with_points() -> None:
    (rule,) = documented("birthday")
    made = told(rule, first_name="Anna", birthday="1990-05-17", time_zone="Europe/Moscow")
    made.fire(at("2026-12-31T00:00:00Z"))
    grant, text = sorted(made.sent, key=lambda command: type(command).__name__)
    assert text.due_at == grant.due_at == "2026-05-14T08:00:00Z"
    assert grant.points == 300 and text.text == "Anna, 300 points for your birthday, until 24.05"


def test_a_birthday_comes_every_year_at_ten_in_the_customers_zone() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="Pacific/Apia").fire(at("2029-01-01T00:00:00Z"))
    assert sent(made) == ["2026-05-16T21:00:00Z", "2027-05-16T21:00:00Z", "2028-05-16T21:00:00Z"]
    days = [decision.epoch.partition("-")[2] for decision in made.decisions]
    assert days == ["2026-05-17", "2027-05-17", "2028-05-17"]


def test_where_the_customers_zone_is_unknown_it_is_the_shops() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", shop=Shop(time_zone="Asia/Tokyo"))
    assert sent(made.fire(at("2026-12-31T00:00:00Z"))) == ["2026-05-17T01:00:00Z"]


def test_29_february_is_the_28th_in_years_without_one() -> None:
    made = told(of(Birthday()), birthday="1992-02-29", time_zone="UTC").fire(at("2029-01-01T00:00:00Z"))
    assert sent(made) == ["2026-02-28T10:00:00Z", "2027-02-28T10:00:00Z", "2028-02-29T10:00:00Z"]


def test_days_before_may_lie_in_the_year_before() -> None:
    made = told(of(Birthday(before=3 * DAY)), birthday="1990-01-02", time_zone="UTC").fire(at("2028-06-01T00:00:00Z"))
    assert sent(made) == ["2026-12-30T10:00:00Z", "2027-12-30T10:00:00Z"]


def test_a_birthday_learnt_after_its_hour_waits_for_the_next_year_and_one_learnt_at_it_does_not() -> None:
    for said, first in (("2026-05-17T10:00:00Z", 2026), ("2026-05-17T10:00:00.000001Z", 2027)):
        made = told(of(Birthday()), said=said, birthday="1990-05-17", time_zone="UTC").fire(at("2027-06-01T00:00:00Z"))
        assert sent(made)[0] == f"{first}-05-17T10:00:00Z"


def test_a_birthday_that_is_changed_or_taken_back_moves_the_look() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="UTC")
    made.feed(profile(at("2026-05-01T00:00:00Z"), birthday="1990-06-17"))
    assert sent(made.fire(at("2026-12-01T00:00:00Z"))) == ["2026-06-17T10:00:00Z"]
    made.feed(profile(at("2026-12-02T00:00:00Z"), birthday=None))
    assert len(sent(made.fire(at("2029-01-01T00:00:00Z")))) == 1


def test_a_profile_that_is_sent_again_on_the_day_does_not_congratulate_twice() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="UTC")
    made.feed(*(profile(at(f"2026-05-17T{hour}:00:00Z"), birthday="1990-05-17") for hour in ("09", "10", "11", "12")))
    assert sent(made.fire(at("2026-12-01T00:00:00Z"))) == ["2026-05-17T10:00:00Z"]


def test_who_travels_west_on_the_day_has_it_once() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="Pacific/Apia")
    made.feed(profile(at("2026-05-17T01:00:00Z"), time_zone="Pacific/Honolulu"))
    assert sent(made.fire(at("2026-12-01T00:00:00Z"))) == ["2026-05-16T21:00:00Z"]


def test_a_birthday_that_comes_with_a_late_event_is_not_made_up_for() -> None:
    for late, expected in ((23 * HOUR, 1), (DAY, 0)):
        made = Drive(engine(of(Birthday())))
        made.feed(consented(at("2026-05-17T10:00:00Z") + late))
        made.engine.on_event(
            made.row, profile(at("2026-05-01T00:00:00Z"), birthday="1990-05-17", time_zone="UTC"), made.now
        )
        made.fire(at("2026-12-01T00:00:00Z"))
        assert len(made.row.history) == expected


def test_an_order_does_not_end_it_and_the_customers_erasure_does() -> None:
    two = of(Birthday(), steps=documented("registered")[0].steps)
    made = told(two, birthday="1990-05-17", time_zone="UTC").fire(at("2026-05-18T00:00:00Z"))
    made.feed(event(wire.OrderPlaced, at("2026-05-18T00:00:00Z"), order_id="o-1"))
    assert made.row.journeys[0].running
    made.feed(event(wire.CustomerErased, at("2026-05-19T00:00:00Z")))
    assert not made.row.journeys and not made.row.looks and not made.row.looked


def test_an_imported_customers_birthday_is_congratulated_when_it_next_comes() -> None:
    made = Drive(engine(of(Birthday()))).feed(event(
        wire.CustomerImported, at("2026-05-17T12:00:00Z"), phone="+79990000042", birthday="1990-05-17", time_zone="UTC"
    ))  # fmt: skip
    made.feed(consented(at("2026-05-17T12:00:00Z"))).fire(at("2027-12-01T00:00:00Z"))
    assert sent(made) == ["2027-05-17T10:00:00Z"]


def test_nothing_falls_due_by_a_date_beyond_the_last_event() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="UTC")
    made.engine.last = at("2027-01-01T00:00:00Z")
    made.drain()
    assert sent(made) == ["2026-05-17T10:00:00Z"]


def test_a_row_says_nothing_of_a_birthday_until_it_was_looked_at() -> None:
    made = told(of(Birthday()), birthday="1990-05-17", time_zone="UTC")
    assert made.row.looked == {} and made.row.looks == {7: at("2026-05-17T10:00:00Z")}
    made.fire(at("2026-06-01T00:00:00Z"))
    assert made.row.looked == {"birthday": (at("2026-05-17T10:00:00Z"), 0)}


@pytest.mark.parametrize(
    ("name", "day", "minute", "first"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 150, "2026-03-29T01:00:00Z"),  # 2:00 to 3:00 is skipped
        ("Europe/Berlin", date(2026, 10, 25), 150, "2026-10-25T00:30:00Z"),  # 2:30 comes twice
        ("Pacific/Apia", date(2011, 12, 30), 600, "2011-12-30T10:00:00Z"),  # the whole day is skipped
        ("Pacific/Tongatapu", date(2026, 5, 17), 600, "2026-05-16T21:00:00Z"),  # +13
        ("America/St_Johns", date(2026, 5, 17), 0, "2026-05-17T02:30:00Z"),
    ],
)
def test_a_time_that_the_clock_skips_is_the_first_instant_after(name: str, day: date, minute: int, first: str) -> None:
    tz = zone(name)
    assert tz is not None and rfc3339(instant(day, minute, tz)) == first


def test_every_look_is_the_next_one_before_it_and_the_last_one_after_it() -> None:
    for name in ("Europe/Berlin", "Pacific/Apia", "America/New_York"):
        tz = zone(name)
        assert tz is not None
        for day in ("1992-02-29", "1990-01-01", "1990-12-31", "1990-03-29"):
            for when in (TEN, When(180, 0), When(1, 1439)):
                seen, start = [], int(datetime(2010, 6, 1, tzinfo=UTC).timestamp()) * 1_000_000
                after = start
                for _ in range(20):
                    found = next_look(day, when, tz, after)
                    assert found is not None
                    assert last_look(day, when, tz, after, found.at) == found
                    assert last_look(day, when, tz, after, found.at - 1) is None
                    seen.append(found.day.year)
                    after = found.at
                assert seen == list(range(seen[0], seen[0] + 20))


def test_days_before_are_whole_and_not_half_a_year() -> None:
    assert mistakes("birthday: {before: 36h}") == ["`before` is a number of days"]
    assert mistakes("birthday: {before: 200d}") == ["`before` is longer than 180 days"]
    assert mistakes('birthday: {before: 180d, at: "00:00"}') == mistakes("birthday: {}") == []


def test_the_look_is_as_late_in_the_day_as_the_rule_says() -> None:
    made = told(of(Birthday(at=23 * 60 + 59)), birthday="1990-05-17", time_zone="UTC").fire(at("2026-12-31T00:00:00Z"))
    assert [parse_rfc3339(due) - at("2026-05-17T00:00:00Z") for due in sent(made)] == [23 * HOUR + 59 * MINUTE]
