"""A journey's touches: what each one's decision says, while it waits and once it has gone out."""

from __future__ import annotations

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
    Fixed,
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
    rule,
    shopper,
    step,
)
from triggers.calendars.hours import QuietHours
from triggers.context import Context
from triggers.customer import Touch, decode_row, encode_row
from triggers.messages.template import Message, MessageRefused
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.model import Cap, Shop


def test_concluding_one_touch_leaves_the_others_in_the_outbox() -> None:
    made = drive(rule(name="a"), rule(name="b"), events=[*shopper(at(0)), added(at(0))])
    first, second = made.due(at(61))
    made.judge(first, at(61))
    assert made.row.outbox == [second]


@pytest.mark.parametrize(
    ("events", "gate", "reason"),
    [
        ([profile(at(0))], "consent", "no-consent"),
        ([profile(at(0)), consented(at(0), False)], "consent", "withdrawn"),
        ([consented(at(0))], "phone", "no-phone"),
        ([consented(at(0)), profile(at(0), phone="12")], "phone", "invalid-phone"),
        ([consented(at(0)), profile(at(0), phone="+74951234567")], "phone", "landline"),
    ],
)
def test_a_refusal_of_consent_or_phone_ends_the_journey(
    events: list[wire.CustomerEvent], gate: str, reason: str
) -> None:
    made = drive(rule(steps=THREE), events=[*events, added(at(0))]).drain()
    assert made.outcomes() == ["refused"]
    assert made.verdict(gate) == ("refuse", reason)
    assert made.row.journeys == []
    assert made.row.history["abandoned-cart"].ended_why == reason


def test_a_suppressed_phone_ends_the_journey_with_the_stores_reason() -> None:
    class Dead:
        def reason(self, shop_id: str, phone: str, at: int) -> str | None:
            return "dead" if (shop_id, phone) == ("main", "+79990000042") else None

    made = Drive(engine(rule(steps=TWO), suppressions=Dead())).feed(*shopper(at(0)), added(at(0))).drain()
    assert made.outcomes() == ["refused"]
    assert made.verdict("suppression") == ("refuse", "dead")


def test_a_decision_shows_every_gates_verdict_in_the_order_of_judgement() -> None:
    made = drive(rule(), events=[added(at(0))]).drain()
    (decision,) = made.decisions
    assert [(v.gate, v.verdict) for v in decision.verdicts] == [
        ("exit", "pass"), ("trigger", "pass"), ("consent", "refuse"), ("phone", "refuse"), ("suppression", "pass"),
        ("sunset", "pass"), ("stale", "pass"), ("ended", "pass"), ("quiet_hours", "pass"), ("message", "pass"),
        ("incentive", "pass"), ("products", "pass"), ("competition", "pass"), ("dedupe", "not_asked"),
        ("cap", "not_asked"), ("budget", "not_asked"), ("holdout", "not_asked"),
    ]
    assert made.asks == []


def test_a_message_that_can_not_be_made_skips_the_step() -> None:
    class Holed(Fixed):
        def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
            raise MessageRefused("no-product-to-show", "sku-1")

    made = drive(rule(steps=(step(sms=Holed()), step(HOUR, "2"))), events=[*shopper(at(0)), added(at(0))]).drain()
    assert made.outcomes() == ["skipped", "emitted"]
    assert made.verdict("message", 0) == ("refuse", "no-product-to-show")


def test_a_full_cap_skips_the_step_and_names_the_figures() -> None:
    shop = Shop(caps=(Cap(1, DAY),))
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))], shop=shop).drain()
    assert made.outcomes() == ["emitted", "skipped"]
    assert made.verdict("cap") == ("refuse", "cap-full")
    assert next(v for v in made.decisions[-1].verdicts if v.gate == "cap").numbers == {"per 1d": "1 of 1"}


def test_the_ledger_is_asked_with_the_rows_own_touches() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))], shop=Shop(caps=(Cap(3, DAY),))).drain()
    first, second = made.asks
    assert first.scopes[0].known == ()
    assert second.scopes[0].known == ((first.touch_id, at(60), 1),)
    assert first.touch_id != second.touch_id
    assert (second.shop_id, second.customer_id, second.at) == ("main", "42", at(180))


def test_thirty_touches_are_kept_and_what_was_dropped_is_counted() -> None:
    steps = tuple(step(0 if n == 0 else HOUR, str(n)) for n in range(32))
    made = drive(rule(steps=steps), events=[*shopper(at(0)), added(at(0))]).drain()
    assert len(made.row.touches) == 30
    assert made.row.dropped_touches == 2


def test_of_more_than_thirty_touches_the_oldest_goes_however_late_it_was_judged() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0))])
    touches = [Touch(str(n), at(-1000) + n, "other") for n in range(1, 30)]
    late = Touch("late", at(-2000), "other")  # after a step that was put off and skipped
    made.row.touches = [*touches, late]
    made.drain()
    assert made.outcomes() == ["emitted"]
    assert len(made.row.touches) == 30
    assert made.row.touches[:29] == touches


def test_a_touch_that_waited_for_the_log_is_refused_by_an_order_that_came_meanwhile() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    assert made.row.outbox == [proposal]
    made.feed(ordered(at(59)))
    decision = made.judge(proposal, at(65))
    assert (decision.outcome, made.sent) == ("refused", [])
    assert made.verdict("exit") == ("refuse", "order_placed")
    assert made.row.outbox == []
    assert decision.wall_at == rfc3339(at(65))


def test_a_touch_waits_when_the_cart_changed_before_its_emission() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    made.feed(added(at(64), "sku-2"))
    assert made.judge(proposal, at(65)).outcome == "delayed"
    assert made.row.deadline == at(124)
    assert dues(made.drain()) == [124]


def test_a_touch_of_a_broken_spell_is_refused() -> None:
    made = drive(rule(reenter="each_spell"), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    made.feed(added(at(64), "sku-2"))
    assert made.judge(proposal, at(65)).outcome == "refused"
    assert made.verdict("exit") == ("refuse", "cart_changed")
    assert dues(made.drain()) == [124]


def test_a_touch_that_can_only_be_emitted_long_after_is_skipped() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    assert made.judge(proposal, at(60) + DAY + 1).outcome == "skipped"
    assert made.verdict("stale") == ("refuse", "stale")
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    assert made.judge(proposal, at(60) + DAY).outcome == "emitted"


def test_while_the_ledger_is_away_a_touch_stays_in_the_outbox_and_is_judged_again() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    assert made.engine.on_emit(made.row, proposal, at(61)).ask is not None
    made.row = decode_row(encode_row(made.row))
    assert made.row.outbox == [proposal]
    assert made.due(at(600)) == []
    assert made.judge(made.row.outbox[0], at(70)).outcome == "emitted"
    assert dues(made.drain()) == [60, 180]


def test_a_refused_proposal_of_an_erased_customer_still_leaves_a_decision() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    made.feed(event(wire.CustomerErased, at(62)))
    assert made.judge(proposal, at(65)).outcome == "refused"
    assert made.verdict("exit") == ("refuse", "erased")
    assert made.row.journeys == []


def test_an_sms_is_counted_under_the_id_of_its_command() -> None:
    made = drive(rule(steps=TWO), events=[*shopper(at(0)), added(at(0))]).drain()
    assert [ask.touch_id for ask in made.asks] == [sms.command_id for sms in made.sent]


def test_ids_derive_from_inputs_and_differ_by_step_type_and_customer() -> None:
    events = [*shopper(at(0)), added(at(0), event_id="start")]
    one, other = (drive(rule(steps=TWO), events=events).drain() for _ in range(2))
    assert [sms.command_id for sms in one.sent] == [sms.command_id for sms in other.sent]
    assert len({sms.command_id for sms in one.sent}) == 2
    assert one.decisions[0].epoch == f"{at(0)}-start"
    stranger = Drive(one.engine, one.engine.new_row("main", "43")).feed(*events).drain()
    assert stranger.sent[0].command_id != one.sent[0].command_id


def test_a_step_that_is_there_no_more_is_refused() -> None:
    made = drive(rule(steps=(step(id="old"),)), events=[*shopper(at(0)), added(at(0))])
    (proposal,) = made.due(at(61))
    made.engine = engine(rule(steps=(step(id="new"),)))
    made.judge(proposal, at(61))
    assert made.verdict("exit") == ("refuse", "step-withdrawn")


def test_a_completed_journey_is_called_back_while_its_message_has_not_left() -> None:
    night = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60))
    evening = MONDAY + 21 * HOUR + 30 * MINUTE
    made = drive(rule(), events=[*shopper(evening, time_zone="UTC"), added(evening)], shop=night)
    made.fire(MONDAY + DAY + 8 * HOUR + 1)
    assert made.outcomes() == ["delayed", "emitted"]
    (sms,) = made.sent
    before = parse_rfc3339(sms.not_before)
    assert MONDAY + DAY + 8 * HOUR < before <= MONDAY + DAY + 8 * HOUR + 15 * MINUTE
    late = Drive(made.engine, decode_row(encode_row(made.row)), now=made.now)
    made.feed(ordered(before - 1))
    (cancel,) = made.cancels
    assert (cancel.cancels, cancel.reason, cancel.step) == (sms.command_id, "ordered", "1")
    assert cancel.command_id != sms.command_id
    late.feed(ordered(before))
    assert late.cancels == []


def test_an_exit_cancels_once() -> None:
    night = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60))
    evening = MONDAY + 21 * HOUR + 30 * MINUTE
    made = drive(rule(steps=TWO), events=[*shopper(evening, time_zone="UTC"), added(evening)], shop=night)
    made.fire(MONDAY + DAY + 8 * HOUR + 1)
    before = parse_rfc3339(made.sent[0].not_before)
    made.feed(removed(before - 2), ordered(before - 1), consented(before - 1, False))
    assert [cancel.reason for cancel in made.cancels] == ["cart_emptied"]
