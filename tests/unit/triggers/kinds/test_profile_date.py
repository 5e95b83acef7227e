"""`profile_date`: days of the customer's own, every year or once."""

from __future__ import annotations

from typing import Any

from schemas.instants import parse_rfc3339
from tests.unit.triggers.driving import DAY, Drive, consented, engine, profile
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.kinds.profile_date import ProfileDate
from triggers.rules.model import Rule


def at(text: str) -> int:
    return parse_rfc3339(text)


def told(*rules: Rule, **fields: Any) -> Drive:
    said = at("2026-01-01T00:00:00Z")
    return Drive(engine(*rules)).feed(profile(said, time_zone="UTC", **fields), consented(said))


def test_the_rule_on_the_page_reminds_of_an_anniversary_a_week_before() -> None:
    made = told(*documented("profile_date"), first_name="Anna", dates={"anniversary": "2010-07-10"})
    made.fire(at("2027-01-01T00:00:00Z"))
    assert [(text.due_at, text.text) for text in made.sent] == [
        ("2026-07-03T10:00:00Z", "A week to your anniversary, Anna: flowers are ready")
    ]


def test_a_day_is_the_one_of_the_rules_name_and_each_has_its_journeys() -> None:
    made = told(
        of(ProfileDate("wedding"), name="wedding"), of(ProfileDate("name_day", before=DAY), name="name-day"),
        of(ProfileDate("unknown"), name="unknown"), dates={"wedding": "2010-07-10", "name_day": "1990-03-08"},
    )  # fmt: skip
    made.fire(at("2027-01-01T00:00:00Z"))
    assert [(text.rule, text.due_at) for text in made.sent] == [
        ("name-day", "2026-03-07T10:00:00Z"), ("wedding", "2026-07-10T10:00:00Z")
    ]
    assert set(made.row.looked) == {"date:wedding", "date:name_day"}


def test_a_day_that_does_not_come_back_comes_once() -> None:
    once = of(ProfileDate("guarantee", before=30 * DAY, yearly=False))
    made = told(once, dates={"guarantee": "2028-01-10"}).fire(at("2031-01-01T00:00:00Z"))
    assert [text.due_at for text in made.sent] == ["2027-12-11T10:00:00Z"]


def test_a_day_to_come_is_there_every_year_from_its_own_on() -> None:
    made = told(of(ProfileDate("wedding")), dates={"wedding": "2028-07-10"}).fire(at("2030-01-01T00:00:00Z"))
    assert [text.due_at for text in made.sent] == ["2028-07-10T10:00:00Z", "2029-07-10T10:00:00Z"]


def test_a_day_that_is_taken_back_does_not_come() -> None:
    made = told(of(ProfileDate("wedding")), dates={"wedding": "2010-07-10"})
    made.feed(profile(at("2026-02-01T00:00:00Z"), dates={"wedding": None})).fire(at("2027-01-01T00:00:00Z"))
    assert not made.sent and not made.row.looks


def test_a_name_that_no_day_can_have_is_a_mistake() -> None:
    assert mistakes('profile_date: {field: "Name Day"}') == ["no day can have this name"]
    assert mistakes("profile_date: {field: name_day, before: 1h}") == ["`before` is a number of days"]
