"""`registered`: a journey for an account that was opened, and none for a profile that is sent again."""

from __future__ import annotations

from dataclasses import replace

from schemas import wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, consented, drive, engine, event, ordered, profile
from tests.unit.triggers.kinds.page import documented, of
from triggers.kinds.registered import Registered


def opened(at: int, **more: str) -> wire.CustomerUpdated:
    return profile(at, registered_at=more.pop("since", rfc3339(at)), **more)


def test_the_rule_on_the_page_welcomes_and_offers_something_to_who_has_not_ordered() -> None:
    (rule,) = documented("registered")
    made = drive(rule, events=[consented(MONDAY), opened(MONDAY + HOUR, first_name="Anna")]).fire(MONDAY + 30 * DAY)
    assert [(text.due_at, text.text) for text in made.sent] == [
        (rfc3339(MONDAY + HOUR), "Welcome, Anna! Your first delivery is free"),
        (rfc3339(MONDAY + HOUR + 5 * DAY), "5% off your first order until 1.12"),
    ]
    bought = drive(rule, events=[consented(MONDAY), opened(MONDAY), ordered(MONDAY + DAY)]).fire(MONDAY + 30 * DAY)
    assert len(bought.sent) == 1


def test_a_profile_that_is_sent_again_is_no_second_registration() -> None:
    made = drive(of(Registered()), events=[
        consented(MONDAY), opened(MONDAY), opened(MONDAY + HOUR, since=rfc3339(MONDAY)),
        opened(MONDAY + DAY, since="2026-11-23T03:00:00+03:00"), profile(MONDAY + 2 * DAY, first_name="Anna"),
    ]).fire(MONDAY + 30 * DAY)  # fmt: skip
    assert len(made.decisions) == 1
    assert made.decisions[0].epoch == f"{MONDAY}-registered"


def test_a_registration_that_is_heard_of_too_late_begins_nothing() -> None:
    for age, expected in ((7 * DAY, 1), (7 * DAY + 1, 0)):
        made = drive(of(Registered()), events=[consented(MONDAY + age), opened(MONDAY + age, since=rfc3339(MONDAY))])
        assert len(made.fire(MONDAY + 90 * DAY).sent) == expected
        assert not made.row.looks


def test_of_two_rules_each_has_its_own_idea_of_too_late() -> None:
    rules = [of(Registered(within=days * DAY), name=f"within-{days}") for days in (2, 5)]
    made = drive(*rules, events=[consented(MONDAY), opened(MONDAY + 3 * DAY, since=rfc3339(MONDAY))])
    assert [text.rule for text in made.fire(MONDAY + 30 * DAY).sent] == ["within-5"]


def test_who_is_imported_is_not_welcomed_and_whoever_registers_after_is() -> None:
    made = Drive(engine(of(Registered())))
    made.feed(consented(MONDAY), event(
        wire.CustomerImported, MONDAY, phone="+79990000042", registered_at=rfc3339(MONDAY - HOUR)
    )).fire(MONDAY + DAY)  # fmt: skip
    assert not made.decisions and not made.row.looks
    made.feed(opened(MONDAY + DAY)).fire(MONDAY + 2 * DAY)
    assert len(made.sent) == 1


def test_whom_the_audience_leaves_out_at_the_registration_is_not_welcomed_later() -> None:
    (rule,) = documented("registered")
    nobody = replace(of(Registered()), audience=rule.steps[1].when)  # no order yet
    made = drive(nobody, events=[consented(MONDAY), ordered(MONDAY), opened(MONDAY + 1)])
    cancelled = event(wire.OrderCancelled, MONDAY + HOUR, order_id=f"o{MONDAY}")
    made.feed(cancelled, opened(MONDAY + DAY, since=rfc3339(MONDAY + 1)))
    assert not made.fire(MONDAY + 30 * DAY).decisions
