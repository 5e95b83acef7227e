"""Steps that ask for a call: what goes out, and which gates stand before it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import wire
from schemas.emitted import CreateCallTask, GrantBonus, SendSms
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    NOON,
    Drive,
    Fixed,
    added,
    consented,
    drive,
    engine,
    event,
    ordered,
    profile,
    rule,
    shopper,
    step,
)
from triggers.calendars.hours import QuietHours
from triggers.context import Context
from triggers.messages.template import Message, compile_template
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.clean import Sunset
from triggers.rules.model import Budget, Cap, Incentive, Shop, Step

NOTE = compile_template("{{ customer.first_name }} left a cart")
BONUS = Incentive("bonus", Decimal(100), valid=7 * DAY)
LANDLINE = "+74951234567"


def call(after: int = 0, id: str = "1", **more: Any) -> Step:
    return step(after, id, sms=None, call=more.pop("call", NOTE), **more)


def left(*steps: Step, shop: Shop | None = None, agreed: tuple[str, ...] = ("call",), **fields: Any) -> Drive:
    """A cart left at noon by somebody who agreed to these channels."""
    events = [profile(NOON, **({"first_name": "Anna"} | fields)), *(consented(NOON, channel=one) for one in agreed)]
    return drive(rule(steps=steps), events=[*events, added(NOON)], shop=shop).drain()


def said(found: Drive, decision: int = -1) -> dict[str, tuple[str, str]]:
    return {v.gate: (v.verdict, v.reason) for v in found.decisions[decision].verdicts}


def test_a_call_is_a_task_with_the_customers_phone_and_a_note() -> None:
    found = left(call())
    (task,) = found.sent
    assert isinstance(task, CreateCallTask)
    assert (task.phone, task.note, task.due_at, task.step) == (
        "+79990000042", "Anna left a cart", "2026-11-23T13:00:00Z", "1"
    )
    assert found.decisions[0].command_ids == [task.command_id]
    assert found.outcomes() == ["emitted"]


def test_a_call_beside_a_message_and_a_bonus_goes_with_them_under_an_id_of_its_own() -> None:
    found = left(step(call=NOTE, incentive=BONUS), agreed=("sms", "call"))
    assert [type(one) for one in found.sent] == [SendSms, CreateCallTask, GrantBonus]
    assert found.decisions[0].command_ids == [one.command_id for one in found.sent]
    assert len(set(found.decisions[0].command_ids)) == 3
    assert [touch.channel for touch in found.row.touches] == ["sms"]


def test_a_call_with_a_bonus_and_no_message_is_a_touch_by_call() -> None:
    found = left(call(incentive=BONUS))
    assert [type(one) for one in found.sent] == [CreateCallTask, GrantBonus]
    assert [touch.channel for touch in found.row.touches] == ["call"]


def test_a_call_needs_a_consent_to_calls_and_one_to_messages_is_none() -> None:
    found = left(call(), agreed=("sms",))
    assert (found.outcomes(), found.verdict("consent")) == (["refused"], ("refuse", "no-consent"))
    assert left(call(), agreed=("call",)).verdict("consent") == ("pass", "granted")


@pytest.mark.parametrize("agreed", [("sms",), ("call",), ()])
def test_a_call_beside_a_message_needs_both_consents(agreed: tuple[str, ...]) -> None:
    found = left(step(call=NOTE), agreed=agreed)
    assert (found.sent, found.verdict("consent")) == ([], ("refuse", "no-consent"))


def test_a_consent_to_calls_needs_no_confirmation() -> None:
    shop = Shop(confirm_sources=frozenset())
    assert left(call(), shop=shop).outcomes() == ["emitted"]
    assert left(step(), shop=shop, agreed=("sms",)).outcomes() == ["refused"]


BY_SMS = Shop(call_consent="sms")


def test_where_the_shop_says_so_the_word_on_texts_counts_for_calls_that_nothing_was_said_of() -> None:
    found = left(call(), shop=BY_SMS, agreed=("sms",))
    assert (found.outcomes(), found.verdict("consent")) == (["emitted"], ("pass", "granted"))
    (consent,) = [one for one in found.decisions[0].verdicts if one.gate == "consent"]
    assert consent.numbers["channel"] == "sms"
    assert left(step(call=NOTE), shop=BY_SMS, agreed=("sms",)).outcomes() == ["emitted"]
    assert left(call(), shop=BY_SMS, agreed=()).verdict("consent") == ("refuse", "no-consent")


def test_a_word_on_calls_stands_before_the_one_on_texts() -> None:
    events = [profile(NOON, first_name="Anna"), consented(NOON), consented(NOON, False, channel="call"), added(NOON)]
    found = drive(rule(steps=(call(),)), events=events, shop=BY_SMS).drain()
    assert found.verdict("consent") == ("refuse", "withdrawn")


def test_where_a_consent_to_texts_must_be_confirmed_so_must_it_for_calls() -> None:
    shop = Shop(call_consent="sms", confirm_sources=frozenset())
    assert left(call(), shop=shop, agreed=("sms",)).verdict("consent") == ("refuse", "not-confirmed")


def test_a_transactional_call_needs_no_consent() -> None:
    made = rule(steps=(call(),), purpose="transactional")
    found = drive(made, events=[profile(NOON, first_name="Anna"), added(NOON)]).drain()
    assert (found.outcomes(), found.verdict("consent")) == (["emitted"], ("pass", "transactional"))


def test_a_landline_can_be_called_and_not_be_written_to() -> None:
    (task,) = left(call(), phone="+7 (495) 123-45-67").sent
    assert task.phone == LANDLINE
    both = left(step(call=NOTE), agreed=("sms", "call"), phone=LANDLINE)
    assert (both.sent, both.verdict("phone")) == ([], ("refuse", "landline"))


@pytest.mark.parametrize(
    ("number", "reason"),
    [(None, "no-phone"), ("  ", "no-phone"), ("12", "invalid-phone"), ("+78001234567", "special-number")],
)
def test_what_nobody_can_be_reached_at_is_not_called(number: str | None, reason: str) -> None:
    found = left(call(), phone=number)
    assert (found.outcomes(), found.verdict("phone")) == (["refused"], ("refuse", reason))


def test_a_suppressed_phone_is_not_called() -> None:
    class Stopped:
        def reason(self, shop_id: str, phone: str, at: int) -> str | None:
            return "opted_out" if phone == LANDLINE else None

    events = [profile(NOON, first_name="Anna", phone=LANDLINE), consented(NOON, channel="call"), added(NOON)]
    found = Drive(engine(rule(steps=(call(),)), suppressions=Stopped())).feed(*events).drain()
    assert (found.outcomes(), found.verdict("suppression")) == (["refused"], ("refuse", "opted_out"))


def test_a_call_passes_by_the_gates_that_are_of_an_sms_alone() -> None:
    shop = Shop(
        quiet_hours=QuietHours(12 * 60, 20 * 60), budgets=(Budget(1),), dedupe_text=DAY,
        caps=(Cap(1, DAY, "phone"),), sunset=Sunset(1, 1, DAY, 2),
    )  # fmt: skip
    found = left(call(), call(HOUR, "2"), shop=shop)
    assert found.outcomes() == ["emitted", "emitted"]
    assert [scope.name for scope in found.asks[1].scopes] == ["customer"]
    for gate in ("sunset", "quiet_hours", "budget"):
        assert said(found)[gate] == ("not_asked", "no-sms")


def test_a_call_counts_in_caps_and_caps_by_channel_tell_it_from_messages() -> None:
    shop = Shop(caps=(Cap(1, DAY, "channel", "call"),))
    found = left(call(), step(HOUR, "2"), call(HOUR, "3"), shop=shop, agreed=("sms", "call"))
    assert found.outcomes() == ["emitted", "emitted", "skipped"]
    assert found.verdict("cap") == ("refuse", "cap-full")
    assert left(call(), step(HOUR, "2"), shop=Shop(caps=(Cap(1, DAY),)), agreed=("sms", "call")).outcomes() == [
        "emitted", "skipped"
    ]


def test_an_order_after_the_task_takes_nothing_back_and_ends_the_journey() -> None:
    made = rule(steps=(call(), call(DAY, "2")))
    events = [profile(NOON, first_name="Anna"), consented(NOON, channel="call"), added(NOON), ordered(NOON + 2 * HOUR)]
    found = drive(made, events=events).drain()
    assert (found.outcomes(), found.cancels) == (["emitted"], [])


def test_a_note_that_cannot_be_made_refuses_the_whole_touch() -> None:
    found = left(step(call=NOTE), agreed=("sms", "call"), first_name=None)
    assert (found.sent, found.outcomes()) == ([], ["skipped"])
    (verdict,) = (v for v in found.decisions[0].verdicts if v.gate == "message")
    assert (verdict.reason, verdict.numbers) == ("missing-value", {"of": "note", "detail": "customer.first_name"})


def test_a_product_that_a_note_names_counts_as_offered() -> None:
    class Kettle(Fixed):
        def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
            return Message("Ask about the kettle", "gsm-7", 20, 1, ("kettle",))

    found = left(call(call=Kettle()), call(HOUR, "2", call=Kettle()), shop=Shop(dedupe_product=DAY))
    assert found.outcomes() == ["emitted", "skipped"]
    assert found.verdict("products") == ("refuse", "offered-before")


def test_a_test_message_with_a_call_makes_a_task_that_is_a_test() -> None:
    made = rule(steps=(step(call=NOTE),))
    asked = event(wire.TestRequested, NOON + 1, rule=made.name, step="1")
    events = [*shopper(NOON, first_name="Anna"), consented(NOON, channel="call"), asked]
    shop = Shop(test_list=(("anna", "42"),))
    assert [(type(one), one.test) for one in drive(made, shop=shop, events=events).fire(NOON + HOUR).sent] == [
        (SendSms, True), (CreateCallTask, True)
    ]
