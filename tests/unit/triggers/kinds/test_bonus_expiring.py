"""`bonus_expiring`: points that lapse soon are spoken of once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, drive, event, shopper
from tests.unit.triggers.kinds.page import documented, of
from triggers.kinds.bonus_expiring import BonusExpiring
from triggers.rules.model import Rule

ENDS = MONDAY + 30 * DAY
WEEK = BonusExpiring(7 * DAY, Decimal(100))


def points(at: int, balance: int, ends: int | None = ENDS) -> Any:
    expires = None if ends is None else rfc3339(ends)
    return event(wire.BonusBalanceChanged, at, balance=Decimal(balance), expires_at=expires)


def after(*events: Any, rules: tuple[Rule, ...] = (of(WEEK),)) -> Drive:
    return drive(*rules, events=[*shopper(MONDAY), *events]).fire(MONDAY + 90 * DAY)


def sent(made: Drive) -> list[str]:
    return [message.due_at for message in made.sent]


def test_the_rule_on_the_page_speaks_of_points_twice_and_not_after_they_are_spent() -> None:
    (rule,) = documented("bonus_expiring")
    made = after(points(MONDAY, 350), rules=(rule,))
    assert sent(made) == [rfc3339(ENDS - 7 * DAY), rfc3339(ENDS - 2 * DAY)]
    assert [text.text for text in made.sent][1] == "Two days left for your points"
    spent = after(points(MONDAY, 350), points(ENDS - 3 * DAY, 20), rules=(rule,))
    assert sent(spent) == [rfc3339(ENDS - 7 * DAY)]
    assert [journey.end for journey in spent.row.journeys] == [(ENDS - 3 * DAY, "points_gone")]


def test_nothing_is_said_of_few_points_or_of_such_as_do_not_lapse() -> None:
    assert not after(points(MONDAY, 99)).decisions
    assert not after(points(MONDAY, 500, None)).decisions
    assert not after(points(MONDAY, 500), points(MONDAY + DAY, 500, None)).decisions


def test_whether_they_are_enough_is_asked_once() -> None:
    begun = after(points(MONDAY, 99), points(MONDAY + DAY, 100), points(ENDS - 6 * DAY, 900))
    assert sent(begun) == [rfc3339(ENDS - 7 * DAY)]
    other = of(BonusExpiring(7 * DAY), name="any")
    late = after(points(MONDAY, 99), points(ENDS - 6 * DAY, 900), rules=(of(WEEK), other))
    assert [text.rule for text in late.sent] == ["any"]


def test_points_heard_of_when_less_time_is_left_are_spoken_of_at_once() -> None:
    assert sent(after(points(ENDS - 3 * DAY, 100))) == [rfc3339(ENDS - 3 * DAY)]
    assert not after(points(ENDS, 100)).decisions
    assert not after(points(ENDS + HOUR, 100)).decisions


def test_points_that_lapse_at_another_instant_are_another_matter() -> None:
    made = after(points(MONDAY, 100), points(ENDS - DAY, 200, ENDS + 14 * DAY))
    assert sent(made) == [rfc3339(ENDS - 7 * DAY), rfc3339(ENDS + 7 * DAY)]


def test_a_rule_speaks_once_of_the_same_points_however_often_the_balance_changes() -> None:
    changes = [points(ENDS - day * DAY, 100 + day) for day in (20, 6, 5, 4, 3)]
    assert sent(after(*changes)) == [rfc3339(ENDS - 7 * DAY)]


def test_rules_with_different_times_each_have_their_own() -> None:
    rules = (of(WEEK), of(BonusExpiring(DAY), name="last-day"))
    made = after(points(MONDAY, 100), rules=rules)
    assert [(text.rule, text.due_at) for text in made.sent] == [
        ("abandoned-cart", rfc3339(ENDS - 7 * DAY)), ("last-day", rfc3339(ENDS - DAY))
    ]


def test_nothing_is_left_of_points_after_an_erasure() -> None:
    made = after(points(MONDAY, 100))
    assert made.row.looked
    made.feed(event(wire.CustomerErased, MONDAY + 91 * DAY))
    assert not made.row.looked and not made.row.looks and not made.row.bonus_expires_at
