"""What the sandbox dispatcher makes of commands."""

from __future__ import annotations

import orjson
import pytest

from schemas.emitted import CancelSms, SendSms
from schemas.instants import parse_rfc3339, rfc3339
from streams.dispatcher import Clock, Dispatcher, Happening, fate, masked, receipt, stream_time

SECOND = 1_000_000
NOON = parse_rfc3339("2026-11-21T12:00:00Z")


def sms(
    command_id: str = "a",
    *,
    due: int = NOON,
    not_before: int | None = None,
    not_after: int | None = None,
    phone: str = "+79990000042",
    customer_id: str | None = "42",
) -> SendSms:
    return SendSms(
        command_id=command_id,
        shop_id="main",
        customer_id=customer_id,
        rule="abandoned-cart",
        rule_version="v1",
        step="1",
        phone=phone,
        sender="SHOP",
        text="hello",
        purpose="marketing",
        encoding="gsm-7",
        units=5,
        segments=1,
        due_at=rfc3339(due),
        not_before=rfc3339(not_before or due),
        not_after=rfc3339(not_after or due + 3600 * SECOND),
    )


def cancel(cancels: str = "a", at: int = NOON, command_id: str = "c") -> CancelSms:
    return CancelSms(
        command_id=command_id,
        shop_id="main",
        customer_id="42",
        rule="abandoned-cart",
        rule_version="v1",
        step="1",
        cancels=cancels,
        reason="ordered",
        cancelled_at=rfc3339(at),
    )


def said(happened: list[Happening]) -> list[tuple[str, str]]:
    return [(one.command_id, one.status) for one in happened]


@pytest.fixture(params=["wall", "stream"])
def clock(request: pytest.FixtureRequest) -> Clock:
    chosen: Clock = request.param
    return chosen


def test_a_command_is_accepted_then_sent_and_delivered(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    assert said(dispatcher.take(sms(), 0, NOON)) == [("a", "accepted")]
    assert said(dispatcher.release(NOON)) == [("a", "sent"), ("a", "delivered")]
    assert dispatcher.release(NOON + SECOND) == []


def test_a_repeated_command_is_sent_once(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(), 0, NOON)
    assert said(dispatcher.take(sms(), 1, NOON)) == [("a", "repeated")]
    assert said(dispatcher.release(NOON)) == [("a", "sent"), ("a", "delivered")]
    assert said(dispatcher.take(sms(), 2, NOON)) == [("a", "repeated")]
    assert dispatcher.release(NOON) == []


def test_a_message_waits_for_not_before(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(not_before=NOON + 60 * SECOND), 0, NOON)
    assert dispatcher.next_at() == NOON + 60 * SECOND
    assert dispatcher.release(NOON + 60 * SECOND - 1) == []
    assert said(dispatcher.release(NOON + 60 * SECOND)) == [("a", "sent"), ("a", "delivered")]


def test_after_not_after_it_expires_instead() -> None:
    dispatcher = Dispatcher("wall")
    late = NOON + 3 * SECOND
    dispatcher.take(sms(not_after=NOON + 2 * SECOND), 0, late)
    assert said(dispatcher.release(late)) == [("a", "expired")]


def test_at_not_after_itself_it_is_still_sent() -> None:
    dispatcher = Dispatcher("wall")
    dispatcher.take(sms(not_after=NOON + 2 * SECOND), 0, NOON + 2 * SECOND)
    assert said(dispatcher.release(NOON + 2 * SECOND)) == [("a", "sent"), ("a", "delivered")]


def test_a_cancel_stops_a_waiting_message(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(not_before=NOON + 60 * SECOND), 0, NOON)
    assert said(dispatcher.take(cancel(), 1, NOON + SECOND)) == [("a", "cancelled")]
    assert dispatcher.release(NOON + 120 * SECOND) == []


def test_a_cancel_at_the_instant_of_leaving_wins(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(), 0, NOON)
    assert said(dispatcher.take(cancel(at=NOON), 1, NOON)) == [("a", "cancelled")]


def test_a_cancel_that_comes_first_is_remembered(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    assert dispatcher.take(cancel(), 0, NOON) == []
    assert said(dispatcher.take(sms(), 1, NOON)) == [("a", "cancelled")]
    assert dispatcher.release(NOON + SECOND) == []


def test_a_cancel_after_the_message_left_is_too_late(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(), 0, NOON)
    assert said(dispatcher.take(cancel(at=NOON + SECOND), 1, NOON + SECOND)) == [
        ("a", "sent"), ("a", "delivered"), ("a", "too_late"),
    ]  # fmt: skip


def test_a_repeated_cancel_changes_nothing(clock: Clock) -> None:
    dispatcher = Dispatcher(clock)
    dispatcher.take(sms(not_before=NOON + 60 * SECOND), 0, NOON)
    dispatcher.take(cancel(), 1, NOON)
    assert said(dispatcher.take(cancel(), 2, NOON)) == [("c", "repeated")]


def test_on_the_stream_clock_a_message_leaves_at_its_own_time_however_late_it_is_read() -> None:
    dispatcher = Dispatcher("stream")
    dispatcher.take(sms("a", due=NOON, not_before=NOON + SECOND), 0, NOON)
    sent = dispatcher.take(sms("b", due=NOON + 3600 * SECOND), 1, NOON + 3600 * SECOND)
    assert [(one.command_id, one.status, one.at) for one in sent] == [
        ("a", "sent", NOON + SECOND), ("a", "delivered", NOON + SECOND), ("b", "accepted", NOON + 3600 * SECOND),
    ]  # fmt: skip


def test_at_the_end_of_the_data_everything_leaves_at_its_own_time() -> None:
    dispatcher = Dispatcher("stream")
    dispatcher.take(sms("a", not_before=NOON + 60 * SECOND), 0, NOON)
    dispatcher.take(sms("b"), 1, NOON)
    assert [(one.command_id, one.at) for one in dispatcher.release_all() if one.status == "sent"] == [
        ("b", NOON), ("a", NOON + 60 * SECOND),
    ]  # fmt: skip
    assert dispatcher.release_all() == []


def test_the_stream_clock_follows_due_times_and_cancels_and_never_goes_back() -> None:
    assert stream_time(sms(due=NOON), 0) == NOON
    assert stream_time(cancel(at=NOON + SECOND), NOON) == NOON + SECOND
    assert stream_time(sms(due=NOON), NOON + SECOND) == NOON + SECOND


def test_on_the_wall_clock_a_message_leaves_when_it_is_let_go() -> None:
    dispatcher = Dispatcher("wall")
    dispatcher.take(sms(), 0, NOON + 5 * SECOND)
    assert [one.at for one in dispatcher.release(NOON + 6 * SECOND)] == [NOON + 6 * SECOND] * 2


def test_only_what_is_settled_is_committed() -> None:
    dispatcher = Dispatcher("wall")
    assert dispatcher.resume_from() is None
    dispatcher.take(sms("a"), 7, NOON)
    dispatcher.take(sms("b", not_before=NOON + 60 * SECOND), 8, NOON)
    dispatcher.take(sms("c"), 9, NOON)
    assert dispatcher.resume_from() == 7
    dispatcher.release(NOON)
    assert dispatcher.resume_from() == 8
    dispatcher.take(cancel("b"), 10, NOON)
    assert dispatcher.resume_from() == 11


def test_memory_is_bounded_and_keeps_what_has_yet_to_leave() -> None:
    dispatcher = Dispatcher("wall", remember=2)
    dispatcher.take(sms("waits", not_before=NOON + 60 * SECOND), 0, NOON)
    for offset, command_id in enumerate(("a", "b", "c"), 1):
        dispatcher.take(sms(command_id), offset, NOON)
        dispatcher.release(NOON)
    assert said(dispatcher.take(sms("c"), 4, NOON)) == [("c", "repeated")]
    assert said(dispatcher.take(sms("a"), 5, NOON)) == [("a", "accepted")]
    dispatcher.release(NOON)
    assert said(dispatcher.release(NOON + 60 * SECOND)) == [("waits", "sent"), ("waits", "delivered")]


def test_the_same_phones_fail_the_same_way_each_time_at_the_rate_asked_for() -> None:
    phones = [f"+7999{number:07}" for number in range(4000)]
    fates = [fate(phone, 0.25) for phone in phones]
    assert fates == [fate(phone, 0.25) for phone in phones]
    failed = sum(status != "delivered" for status, _ in fates)
    assert 0.2 < failed / len(phones) < 0.3
    assert {status for status, _ in fates} == {"delivered", "unknown_subscriber", "undeliverable", "blocked"}
    assert all((code is None) == (status == "delivered") for status, code in fates)


def test_no_phone_fails_at_rate_0_and_all_fail_at_rate_1() -> None:
    assert fate("+79990000042", 0.0) == ("delivered", None)
    assert fate("+79990000042", 1.0)[0] != "delivered"


def test_a_receipt_echoes_command_shop_and_customer_and_has_an_id_of_its_own() -> None:
    happening = Happening("blocked", NOON, "a", sms(), "13")
    assert orjson.loads(receipt(happening) or b"") == {
        "type": "DeliveryReceipt", "event_id": "a-blocked", "shop_id": "main", "customer_id": "42",
        "occurred_at": "2026-11-21T12:00:00Z", "command_id": "a", "status": "blocked", "error_code": "13",
    }  # fmt: skip


def test_a_receipt_is_an_event_by_its_contract() -> None:
    from schemas.receipts import DeliveryReceipt

    for status in ("accepted", "sent", "delivered", "expired"):
        written = receipt(Happening(status, NOON, "0" * 32, sms("0" * 32)))
        assert DeliveryReceipt.model_validate_json(written or b"").status == status


def test_repeats_and_cancels_make_no_receipt() -> None:
    for status in ("repeated", "cancelled", "too_late"):
        assert receipt(Happening(status, NOON, "a", sms())) is None


def test_an_answer_to_a_phone_without_a_customer_makes_no_receipt() -> None:
    assert receipt(Happening("sent", NOON, "a", sms(customer_id=None))) is None


def test_a_shown_phone_keeps_its_first_two_and_last_two_characters() -> None:
    assert masked("+79990000042") == "+7••••••••42"
