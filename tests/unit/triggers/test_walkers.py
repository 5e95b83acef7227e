"""What a change of rules means to rows: nothing that is past begins, and what runs by a rule that is gone ends."""

from __future__ import annotations

import msgspec
import pytest

from schemas import events
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    drive,
    engine,
    ordered,
    rule,
    shopper,
    step,
)
from tests.unit.triggers.kinds.page import documented
from triggers.calendars.hours import QuietHours
from triggers.campaigns import Campaigns
from triggers.customer import encode_row
from triggers.rules.model import Rule, Shop, Step
from triggers.walkers import walk_of
from triggers.walks import RulesChanged, Walk, WalkEvent


def changed(made: Drive, at: int, *rules: Rule, what: WalkEvent | None = None) -> tuple[Drive, bool]:
    """The same row, under other rules from then on."""
    made.fire(at)
    other = Drive(engine(*rules), made.row, now=at)
    took = other.engine.on_walk(other.row, Walk(1, at, "main", what or RulesChanged(7)))
    other._take()
    return other, took


def test_a_new_rule_begins_nothing_for_carts_whose_time_was_before_it() -> None:
    now = MONDAY + 2 * HOUR
    for idle, expected in ((HOUR, []), (2 * HOUR, [now]), (3 * HOUR, [MONDAY + 3 * HOUR])):
        sleeping = drive(events=[*shopper(MONDAY), added(MONDAY)])
        made, took = changed(sleeping, now, rule(idle=idle))
        assert took
        assert [sms.due_at for sms in made.drain().sent] == [rfc3339(at) for at in expected]


def test_a_new_rule_writes_to_nobody_who_has_slept_for_long() -> None:
    sleeping = drive(events=[*shopper(MONDAY), ordered(MONDAY)])
    made, _ = changed(sleeping, MONDAY + 900 * DAY, *documented("dormant"))
    assert made.drain().decisions == []


def test_what_was_in_force_before_goes_on_as_if_nothing_had_changed() -> None:
    one = rule(steps=(step(), step(DAY, "2")))
    events_of = [*shopper(MONDAY), added(MONDAY)]
    plain = drive(one, events=events_of).drain()
    for at in (MONDAY + 10 * MINUTE, MONDAY + 2 * HOUR):
        made = drive(one, events=events_of)
        made.fire(at)
        other, _ = changed(made, at, one, rule(name="new", idle=5 * MINUTE))
        sent = made.sent + other.drain().sent
        assert [sms.due_at for sms in sent if sms.rule == one.name] == [sms.due_at for sms in plain.sent]
        assert [sms.rule for sms in sent if sms.rule == "new"] == []


@pytest.mark.parametrize("steps", [(step(), step(DAY, "2")), (step(),)])  # also of a journey that is over by then
def test_a_rule_that_is_withdrawn_ends_its_journeys_and_calls_back_what_has_not_left(steps: tuple[Step, ...]) -> None:
    late = rule(idle=23 * HOUR, steps=steps)
    quiet = Shop(quiet_hours=QuietHours(21 * 60, 10 * 60))
    made = drive(late, events=[*shopper(MONDAY), added(MONDAY)], shop=quiet)
    made.fire(MONDAY + 24 * HOUR)
    wake = made.row.journeys[0].wake
    made.fire(wake + 1)
    (sms,) = made.sent
    (sent,) = made.row.journeys[0].sent
    assert sent.not_before > wake + 1
    other, _ = changed(made, wake + 1, rule(name="another"))
    assert [(cancel.cancels, cancel.reason) for cancel in other.cancels] == [(sms.command_id, "rule-withdrawn")]
    assert other.drain().sent == []


def test_what_concerns_no_rule_of_a_shop_opens_nothing_and_leaves_rows_as_they_are() -> None:
    sale = events.FlashSaleAnnounced(
        event_id="m", occurred_at=rfc3339(MONDAY), at=MONDAY, sale_id="s", ends_at=rfc3339(MONDAY + DAY)
    )
    made = drive(rule(), events=[*shopper(MONDAY), added(MONDAY)])
    assert list(made.engine.opens(sale, MONDAY)) == []
    assert list(made.engine.opens(msgspec.structs.replace(sale, shop_id="nobody"), MONDAY)) == []
    row = encode_row(made.row)
    what = walk_of(sale, Campaigns(), MONDAY)
    assert what is not None and not made.engine.on_walk(made.row, Walk(1, MONDAY, "main", what))
    assert encode_row(made.row) == row

