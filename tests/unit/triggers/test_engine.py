"""Journeys: when they begin, go on and end."""

from __future__ import annotations

import dataclasses
from typing import Literal

import pytest

from schemas import wire
from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    THREE,
    TWO,
    Drive,
    added,
    at,
    consented,
    drive,
    dues,
    engine,
    event,
    ordered,
    profile,
    removed,
    replaced,
    rule,
    shopper,
    step,
    viewed,
)
from triggers.calendars.hours import QuietHours
from triggers.customer import NEVER
from triggers.erasure import MARKER_KEPT
from triggers.expressions import compile_expression
from triggers.rules.model import Shop


def test_a_cart_left_for_idle_is_reminded_of_once() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0))])
    assert made.row.deadline == at(60)
    assert dues(made.drain()) == [60]
    assert made.row.deadline == NEVER


def test_an_event_at_the_deadlines_own_instant_comes_first() -> None:
    assert drive(rule(), events=[*shopper(at(0)), added(at(0)), ordered(at(60))]).drain().decisions == []
    assert len(drive(rule(), events=[*shopper(at(0)), added(at(0)), ordered(at(60) + 1)]).sent) == 1


def test_views_never_put_a_touch_off() -> None:
    assert dues(drive(rule(), events=[*shopper(at(0)), added(at(0)), viewed(at(59))]).drain()) == [60]


def test_a_change_and_a_checkout_put_a_touch_off() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0)), added(at(30)), event(wire.CheckoutStarted, at(50))])
    assert dues(made.drain()) == [110]


def test_an_order_or_an_emptied_cart_before_the_deadline_leaves_nothing_to_remind_of() -> None:
    for last in (ordered(at(30)), removed(at(30)), replaced(at(30)), event(wire.CustomerErased, at(30))):
        assert drive(rule(), events=[*shopper(at(0)), added(at(0)), last]).drain().decisions == []


def test_steps_follow_each_other_from_the_former_ones_due_time() -> None:
    made = drive(rule(steps=THREE), events=[*shopper(at(0)), added(at(0))]).drain()
    assert dues(made) == [60, 180, 360]
    assert [sms.step for sms in made.sent] == ["1", "2", "3"]
    assert made.row.history["abandoned-cart"].ended_why == "completed"


def test_the_first_step_may_wait_as_well() -> None:
    assert dues(drive(rule(steps=(step(HOUR),)), events=[*shopper(at(0)), added(at(0))]).drain()) == [120]


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (ordered(at(90)), "order_placed"),
        (removed(at(90)), "cart_emptied"),
        (replaced(at(90)), "cart_emptied"),
        (consented(at(90), False), "consent_withdrawn"),
        (event(wire.CustomerMerged, at(90), into="43"), "merged"),
    ],
)
def test_what_ends_a_journey_ends_it_at_once(last: wire.CustomerEvent, why: str) -> None:
    made = drive(rule(steps=THREE), events=[*shopper(at(0)), added(at(0)), last])
    (journey,) = made.row.journeys
    assert journey.end == (at(90), why)
    assert dues(made.drain()) == [60]


def test_an_erased_customers_journey_is_gone() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0)), event(wire.CustomerErased, at(90))])
    assert made.row.journeys == []
    assert made.row.deadline == at(90) + MARKER_KEPT


def test_consent_for_another_channel_or_purpose_ends_nothing() -> None:
    for other in ({"channel": "email"}, {"purpose": "surveys"}):
        made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0)), consented(at(90), False, **other)])
        assert dues(made.drain()) == [60, 180]


def test_a_transactional_rule_asks_no_consent_and_goes_on_without_it() -> None:
    events = [profile(at(0)), added(at(0)), consented(at(90), False)]
    made = drive(rule(steps=TWO, purpose="transactional"), events=events)
    made.drain()
    assert dues(made) == [60, 180]
    assert made.verdict("consent") == ("pass", "transactional")
    assert made.sent[0].purpose == "transactional"


def test_exit_on_replaces_the_other_exits() -> None:
    made = drive(rule(steps=TWO, exit_on=frozenset()), events=[*shopper(at(0)), added(at(0)), ordered(at(90))])
    assert dues(made.drain()) == [60, 180]
    emptied = rule(steps=TWO, exit_on=frozenset({"cart_emptied"}))
    made = drive(emptied, events=[*shopper(at(0)), added(at(0)), ordered(at(90))])
    assert made.row.journeys[0].end == (at(90), "cart_emptied")


def test_an_order_before_the_journeys_cart_is_no_exit() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(5))]).fire(at(70))
    made.now = at(70)
    made.feed(ordered(at(1)))
    assert dues(made.drain()) == [65, 185]


def test_per_cart_a_change_lets_the_journey_go_on_but_no_touch_before_the_cart_is_quiet_again() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0)), added(at(170), "sku-2")]).drain()
    assert dues(made) == [60, 230]
    assert made.decisions[-1].due_at == rfc3339(at(180))


def test_per_cart_after_counts_from_the_wake_of_a_touch_that_was_put_off() -> None:
    made = drive(rule(steps=THREE), events=[*shopper(at(0)), added(at(0)), added(at(170), "sku-2")]).drain()
    assert dues(made) == [60, 230, 230 + 180]


def test_per_cart_one_journey_for_a_carts_life() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0)), added(at(120)), added(at(240))]).drain()
    assert dues(made) == [60]


def test_per_cart_a_new_cart_after_the_order_is_reminded_of_again() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0)), ordered(at(90)), added(at(120))]).drain()
    assert dues(made) == [60, 180]


def test_each_spell_reminds_of_every_quiet_spell_and_a_change_ends_the_former_journey() -> None:
    made = drive(rule(reenter="each_spell", steps=TWO), events=[*shopper(at(0)), added(at(0)), added(at(100))])
    assert made.row.journeys[0].end == (at(100), "cart_changed")
    assert dues(made.drain()) == [60, 160, 280]


def test_a_cart_is_used_up_only_by_a_journey_that_began() -> None:
    vip = rule(audience=compile_expression('customer.card == "VIP"'))
    made = drive(vip, events=[*shopper(at(0)), added(at(0)), profile(at(90), card="VIP"), added(at(100))]).drain()
    assert dues(made) == [160]
    assert drive(vip, events=[*shopper(at(0)), added(at(0)), profile(at(90), card="VIP")]).drain().decisions == []


def test_the_audience_is_judged_again_at_emission_and_ends_the_journey() -> None:
    vip = rule(audience=compile_expression('customer.card == "VIP"'), steps=THREE)
    made = drive(vip, events=[*shopper(at(0), card="VIP"), added(at(0)), profile(at(90), card="basic")]).drain()
    assert made.outcomes() == ["emitted", "refused"]
    assert made.verdict("audience") == ("refuse", "not-in-audience")
    record = next(v for v in made.decisions[-1].verdicts if v.gate == "audience")
    assert 'customer.card == "VIP"' in record.numbers
    assert made.row.history["abandoned-cart"].ended_why == "not-in-audience"


def test_a_step_whose_condition_does_not_hold_is_skipped_and_the_next_counts_from_its_due_time() -> None:
    steps = (step(), step(2 * HOUR, "2", when=compile_expression("orders.count >= 1")), step(3 * HOUR, "3"))
    made = drive(rule(steps=steps), events=[*shopper(at(0)), added(at(0))]).drain()
    assert made.outcomes() == ["emitted", "skipped", "emitted"]
    assert dues(made) == [60, 360]
    assert made.verdict("when", 1) == ("refuse", "condition-false")


def test_an_unknown_condition_counts_as_false_and_the_decision_says_what_was_missing() -> None:
    steps = (step(when=compile_expression('customer.city == "Kazan"')),)
    made = drive(rule(steps=steps), events=[*shopper(at(0)), added(at(0))]).drain()
    assert made.verdict("when") == ("refuse", "unknown")
    record = next(v for v in made.decisions[-1].verdicts if v.gate == "when")
    assert record.numbers["missing"] == "customer.city"


def test_once_per_counts_from_the_first_touch_that_passed() -> None:
    # first touch at 60; the cart ordered, and another one left
    events = [*shopper(at(0)), added(at(0)), ordered(at(70)), added(at(100)), ordered(at(170)), added(at(181))]
    assert dues(drive(rule(once_per=3 * HOUR), events=events).drain()) == [60, 241]
    assert dues(drive(rule(once_per=3 * HOUR + 2 * MINUTE), events=events).drain()) == [60]


def test_once_per_does_not_count_from_a_later_touch() -> None:
    # touches at 60 and 180; the next cart would be due at 250
    events = [*shopper(at(0)), added(at(0)), ordered(at(185)), added(at(190))]
    assert dues(drive(rule(steps=TWO, once_per=3 * HOUR), events=events).drain())[:3] == [60, 180, 250]


def test_a_step_that_was_put_off_and_then_skipped_counts_from_its_original_due_time() -> None:
    steps = (step(), step(2 * HOUR, "2", when=compile_expression("orders.count >= 1")), step(6 * HOUR, "3"))
    made = drive(rule(steps=steps), events=[*shopper(at(0)), added(at(0)), added(at(170), "sku-2")]).drain()
    assert made.outcomes() == ["emitted", "skipped", "emitted"]
    assert made.decisions[1].judged_at == rfc3339(at(230))
    assert dues(made) == [60, 180 + 360]


@pytest.mark.parametrize("reenter", ["per_cart", "each_spell"])
def test_a_late_add_of_the_carts_first_instant_does_not_make_it_another_cart(
    reenter: Literal["per_cart", "each_spell"],
) -> None:
    made = drive(rule(reenter=reenter), events=[*shopper(at(0)), added(at(0), event_id="b")]).fire(at(70))
    made.now = at(70)
    made.feed(added(at(0), "sku-2", event_id="a"))
    assert dues(made.drain()) == [60]


def test_a_late_erasure_older_than_a_running_journeys_cart_does_not_begin_it_again() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(10)), added(at(10))]).fire(at(71))
    made.now = at(71)
    made.feed(event(wire.CustomerErased, at(5)))
    assert made.row.journeys[0].end == (0, "")
    assert dues(made.drain()) == [70, 190]


def test_a_journeys_end_is_corrected_by_a_late_event() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0)), ordered(at(100))])
    assert made.row.journeys[0].end == (at(100), "order_placed")
    made.feed(removed(at(90)))
    assert made.row.journeys[0].end == (at(90), "cart_emptied")
    made.feed(consented(at(80), False))
    assert made.row.journeys[0].end == (at(80), "consent_withdrawn")


def test_a_cart_that_a_late_event_shows_was_never_emptied_is_not_emptied() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0)), removed(at(100))])
    assert made.row.journeys[0].end == (at(100), "cart_emptied")
    made.feed(added(at(90), "sku-2"))
    assert made.row.journeys[0].running
    assert dues(made.drain()) == [60, 180]


def test_a_journey_is_forgotten_once_its_last_message_has_left() -> None:
    night = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60))
    evening = MONDAY + 21 * HOUR + 30 * MINUTE
    made = drive(rule(), events=[*shopper(evening, time_zone="UTC"), added(evening)], shop=night)
    made.fire(MONDAY + DAY + 8 * HOUR + 1)
    before = parse_rfc3339(made.sent[0].not_before)
    assert made.row.deadline == before
    made.fire(before)
    assert len(made.row.journeys) == 1
    made.fire(before + 1)
    assert made.row.journeys == []
    assert made.row.deadline == NEVER


def test_a_journey_whose_touch_was_refused_does_not_count_for_once_per() -> None:
    events = [profile(at(0)), added(at(0)), ordered(at(70)), consented(at(80)), added(at(90))]
    made = drive(rule(once_per=DAY), events=events).drain()
    assert made.outcomes() == ["refused", "emitted"]


def test_cooldown_counts_from_the_journeys_end() -> None:
    events = [*shopper(at(0)), added(at(0)), ordered(at(100)), added(at(110))]
    assert dues(drive(rule(steps=TWO, cooldown=HOUR), events=events).drain())[:2] == [60, 170]
    assert dues(drive(rule(steps=TWO, cooldown=HOUR + 11 * MINUTE), events=events).drain()) == [60]


def test_a_rule_that_is_in_force_no_more_ends_its_journeys_and_refuses_its_touches() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    made.engine = engine()
    assert made.judge(proposal, at(61)).outcome == "refused"
    assert made.verdict("exit") == ("refuse", "rule-withdrawn")
    later = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))]).fire(at(61))
    later.engine = engine()
    assert dues(later.drain()) == [60]
    assert later.row.journeys[0].exit_why == "rule-withdrawn"


def test_a_running_journey_goes_on_under_an_edited_rule() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))]).fire(at(61))
    made.engine = engine(dataclasses.replace(rule(steps=TWO), version="v2"))
    assert dues(made.drain()) == [60, 180]
    assert [sms.rule_version for sms in made.sent] == ["v1", "v2"]


def test_several_rules_stand_beside_each_other() -> None:
    made = drive(
        rule(name="late", idle=2 * HOUR), rule(name="early", idle=HOUR, reenter="each_spell"),
        events=[*shopper(at(0)), added(at(0))],
    ).drain()
    assert [(sms.rule, due) for sms, due in zip(made.sent, dues(made), strict=True)] == [("early", 60), ("late", 120)]


def test_a_shop_without_rules_keeps_facts_and_no_deadlines() -> None:
    made = Drive(engine())
    made.row = made.engine.new_row("elsewhere", "42")
    made.feed(added(at(0)), ordered(at(5)), viewed(at(6)))
    assert made.row.deadline == NEVER
    assert made.row.orders is not None and made.row.orders.count == 1


def test_a_late_event_whose_deadline_has_passed_is_looked_at_at_once() -> None:
    made = drive(rule(), events=[*shopper(at(0)), viewed(at(300)), added(at(10))])
    assert made.row.deadline == at(300)
    assert dues(made.drain()) == [300]
