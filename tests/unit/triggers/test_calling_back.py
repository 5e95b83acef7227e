"""What was handed over for the end of the night is called back where it may not leave any more."""

from __future__ import annotations

import msgspec
import pytest

from schemas import wire
from schemas.instants import parse_rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    consented,
    engine,
    event,
    ordered,
    profile,
    rule,
    shopper,
    step,
)
from triggers.calendars.hours import QuietHours
from triggers.customer import decode_row, encode_row
from triggers.rules.model import Rule, Shop

EVENING = MONDAY + 21 * HOUR
MORNING = MONDAY + DAY + 8 * HOUR
PHONE, NEW, OTHER = "+79990000042", "+79990000043", "+79990000044"
SHOP = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60), default_region="RU")
TWO = (step(), step(2 * MINUTE, "2"))


def by_sms(at: int, granted: bool = False) -> wire.ConsentChanged:
    return consented(at, granted, source="inbound-sms")


def handed_over(made: Rule | None = None, cart_at: int = EVENING) -> Drive:
    """A message that quiet hours held back is on its way: it leaves some minutes after their end."""
    drive = Drive(engine(made or rule(), shop=SHOP))
    drive.feed(*shopper(MONDAY, phone="8 (999) 000-00-42", time_zone="UTC"), added(cart_at, event_id="the cart"))
    drive.fire(MORNING + 1)
    drive.now = MORNING + 1
    [sms] = drive.sent
    assert (sms.phone, drive.cancels) == (PHONE, [])
    assert parse_rfc3339(sms.not_before) > MORNING + MINUTE
    drive.row = decode_row(encode_row(drive.row))
    return drive


def called_back(drive: Drive) -> list[tuple[str, str]]:
    return [(one.cancels, one.reason) for one in drive.cancels]


@pytest.mark.parametrize("phone", [NEW, None, "nonsense"])
def test_a_message_on_its_way_to_a_phone_that_the_customer_has_no_more_is_called_back(phone: str | None) -> None:
    drive = handed_over()
    [sms] = drive.sent
    drive.feed(profile(MORNING + MINUTE, phone=phone))
    assert called_back(drive) == [(sms.command_id, "phone_changed")]


@pytest.mark.parametrize("said", [{"phone": "+7 999 000-00-42"}, {"phone": msgspec.UNSET, "first_name": "Anna"}])
def test_the_same_phone_written_otherwise_and_another_field_call_nothing_back(said: dict[str, str]) -> None:
    drive = handed_over().feed(profile(MORNING + MINUTE, **said))
    assert called_back(drive) == []


def test_a_phone_that_was_the_customers_before_the_one_that_was_written_to_calls_nothing_back() -> None:
    drive = handed_over().feed(profile(MONDAY - HOUR, phone=NEW))
    assert (called_back(drive), drive.row.field("phone")) == ([], "8 (999) 000-00-42")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_phone_that_was_another_for_a_moment_calls_the_message_back_in_either_order(order: tuple[int, int]) -> None:
    said = (profile(MORNING + 2, phone=NEW, event_id="new"), profile(MORNING + 3, phone=PHONE, event_id="old"))
    drive = handed_over().feed(*(said[index] for index in order))
    assert len(called_back(drive)) == 1
    assert not drive.row.journeys[0].sent


def test_the_journey_goes_on_to_the_new_phone_and_nothing_calls_back_what_goes_there() -> None:
    drive = handed_over(rule(steps=TWO))
    [first] = drive.sent
    drive.feed(profile(MORNING + MINUTE, phone=NEW))
    drive.fire(MORNING + 3 * MINUTE)
    [_, second] = drive.sent
    assert second.phone == NEW
    drive.now = MORNING + 3 * MINUTE
    drive.feed(profile(MORNING + 3 * MINUTE, phone=NEW))
    assert called_back(drive) == [(first.command_id, "phone_changed")]


def test_a_message_on_its_way_to_the_new_phone_stays_when_a_late_event_names_the_former_one() -> None:
    drive = Drive(engine(rule(), shop=SHOP))
    drive.feed(*shopper(MONDAY, phone=PHONE, time_zone="UTC"), added(EVENING, event_id="the cart"))
    drive.feed(profile(EVENING + MINUTE, phone=NEW))
    drive.fire(MORNING + 1)
    drive.now = MORNING + 1
    drive.feed(profile(MONDAY + HOUR, phone=PHONE), profile(MONDAY + HOUR, phone=OTHER))
    assert ([sms.phone for sms in drive.sent], called_back(drive)) == ([NEW], [])


def test_a_message_that_has_left_is_not_called_back() -> None:
    drive = handed_over()
    drive.feed(profile(parse_rfc3339(drive.sent[0].not_before), phone=NEW))
    assert called_back(drive) == []


def test_a_stop_calls_back_a_transactional_message_too_and_an_order_does_not() -> None:
    made = rule(purpose="transactional", exit_on=frozenset(), steps=TWO)
    drive = handed_over(made)
    [sms] = drive.sent
    drive.feed(ordered(MORNING + 2))
    assert called_back(drive) == []
    drive.feed(consented(MORNING + 3, False, source="account-page"))
    assert called_back(drive) == []
    drive.feed(by_sms(MORNING + 4))
    assert called_back(drive) == [(sms.command_id, "opted_out")]
    assert drive.row.journeys[0].running


def test_a_stop_that_is_heard_of_late_calls_back_what_a_cart_since_then_has_caused() -> None:
    drive = handed_over(cart_at=EVENING)
    [sms] = drive.sent
    drive.feed(by_sms(EVENING - MINUTE))
    assert called_back(drive) == [(sms.command_id, "opted_out")]


def test_a_start_calls_nothing_back() -> None:
    assert called_back(handed_over().feed(by_sms(MORNING + 2, True))) == []


@pytest.mark.parametrize("at", [MORNING + MINUTE, EVENING - HOUR])
def test_an_erasure_calls_back_what_goes_to_a_phone_that_is_older_than_it_also_if_the_cart_is_newer(at: int) -> None:
    drive = handed_over(rule(steps=(step(), step(HOUR, "2"))))
    drive.feed(event(wire.CustomerErased, at))
    assert called_back(drive) == [(drive.sent[0].command_id, "erased")]
    assert [journey.sent for journey in drive.row.journeys] in ([], [[]])
