"""Receipts and sunset through the engine: what a row learns of its phones, and who is written to no more."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import wire
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, added, drive, engine, event, ordered, profile, rule
from tests.unit.triggers.driving import shopper as known
from triggers.customer import decode_row, encode_row
from triggers.receipts import LONGEST, Suppress, Unplaced
from triggers.rules.clean import Receipts, Sunset
from triggers.rules.model import Shop

ANNA, MOVED = "+79990000042", "+79990000043"


def receipt(at: int, command: str, status: str, code: str | None = None) -> wire.DeliveryReceipt:
    made: wire.DeliveryReceipt = event(wire.DeliveryReceipt, at, command_id=command, status=status, error_code=code)
    return made


def written(made: Drive, at: int = MONDAY) -> str:
    """A cart is left, and its reminder goes out; its command's id."""
    made.feed(added(at)).fire(at + 2 * HOUR)
    command: str = made.sent[-1].command_id
    return command


def test_a_failure_names_the_phone_that_its_message_went_to_even_after_the_customer_has_another() -> None:
    made = drive(rule(), events=known(MONDAY))
    command = written(made)
    made.feed(profile(MONDAY + 3 * HOUR, phone=MOVED), receipt(MONDAY + 4 * HOUR, command, "unknown_subscriber"))
    at = MONDAY + 4 * HOUR
    assert made.findings == [Suppress(ANNA, "unknown_subscriber", at, at + LONGEST)]
    made.feed(ordered(MONDAY + 5 * HOUR))
    written(made, MONDAY + DAY)
    assert [sms.phone for sms in made.sent] == [ANNA, MOVED]


def test_what_a_row_knows_of_its_phones_is_stored_with_it() -> None:
    made = drive(rule(), events=known(MONDAY))
    command = written(made)
    made.row = decode_row(encode_row(made.row))
    made.feed(receipt(MONDAY + 4 * HOUR, command, "blocked"))
    assert made.findings == [Suppress(ANNA, "blocked", MONDAY + 4 * HOUR, None)]


def test_a_receipt_that_comes_twice_is_one() -> None:
    made = drive(rule(), events=known(MONDAY))
    again = receipt(MONDAY + 4 * HOUR, written(made), "blocked")
    made.feed(again, again)
    assert len(made.findings) == 1


def test_a_failure_of_a_command_that_is_not_the_rows_is_told_as_that() -> None:
    made = drive(rule(), events=known(MONDAY))
    written(made)
    made.feed(receipt(MONDAY + 4 * HOUR, "5f3b0d1c9a7e4b6288d1c0ffee42aa10", "blocked"))
    assert made.findings == [Unplaced("blocked")]


def test_an_erased_customers_phones_are_forgotten() -> None:
    made = drive(rule(), events=known(MONDAY))
    command = written(made)
    made.feed(event(wire.CustomerErased, MONDAY + 3 * HOUR))
    assert made.row.numbers == {} and ANNA.encode() not in encode_row(made.row)
    made.feed(receipt(MONDAY + 4 * HOUR, command, "blocked"))
    assert made.findings == [Unplaced("blocked")]


def test_a_shop_may_have_its_receipts_suppress_nobody() -> None:
    shop = Shop(receipts=Receipts(suppress=False))
    made = drive(rule(), events=known(MONDAY), shop=shop)
    made.feed(receipt(MONDAY + 4 * HOUR, written(made), "blocked"))
    assert (made.findings, made.row.numbers) == ([], {})


def test_a_shop_says_what_its_dispatchers_codes_mean() -> None:
    made = drive(rule(), events=known(MONDAY), shop=Shop(receipts=Receipts(permanent_codes=frozenset({"9"}))))
    made.feed(receipt(MONDAY + 4 * HOUR, written(made), "undeliverable", "9"))
    (found,) = made.findings
    assert isinstance(found, Suppress) and found.reason == "undeliverable"


# -- sunset

SUNSET = Shop(sunset=Sunset(after=2, limit=1, window=30 * DAY, stop_after=4))


def carts(made: Drive, *days: int) -> list[str]:
    """A cart left on each of these days, ended without an order; what the sunset gate said of its touch."""
    said = []
    for day in days:
        at = MONDAY + day * DAY
        made.feed(added(at)).fire(at + 2 * HOUR)
        made.feed(event(wire.CartUpdated, at + 3 * HOUR, items=[])).fire(at + 4 * HOUR)
        said.append(made.verdict("sunset")[1])
    return said


def clicked(at: int) -> Any:
    return event(wire.LinkClicked, at)


def test_who_never_answers_is_written_to_less_and_then_not_at_all() -> None:
    made = drive(rule(), events=known(MONDAY), shop=SUNSET)
    assert carts(made, 0, 1, 2, 20, 31, 32, 61, 62, 1000) == [
        "interested", "interested", "sunset-slow", "sunset-slow", "slow", "sunset-slow", "slow", "sunset", "sunset",
    ]
    assert len(made.sent) == 4 and made.outcomes().count("skipped") == 5


@pytest.mark.parametrize("answer", [ordered, clicked])
def test_an_order_or_a_click_brings_the_customer_back(answer: Any) -> None:
    made = drive(rule(), events=known(MONDAY), shop=SUNSET)
    assert carts(made, 0, 1, 31, 61, 91)[-1] == "sunset"
    made.feed(answer(MONDAY + 92 * DAY))
    assert carts(made, 93, 94, 95) == ["interested", "interested", "sunset-slow"]


def test_a_click_that_is_heard_of_late_counts_from_when_it_was() -> None:
    made = drive(rule(), events=known(MONDAY), shop=SUNSET)
    carts(made, 0, 1, 31)
    made.feed(clicked(MONDAY + 2 * DAY), clicked(MONDAY - DAY))
    assert made.row.clicked_at == MONDAY + 2 * DAY
    assert carts(made, 32) == ["interested"]


def test_without_the_setting_nobody_is_too_uninterested() -> None:
    made = drive(rule(), events=known(MONDAY))
    assert carts(made, *range(40)) == ["off"] * 40


def test_transactional_messages_go_out_and_are_not_counted() -> None:
    rules = (rule(name="news"), rule(name="parcel", purpose="transactional"))
    made = Drive(engine(*rules, shop=SUNSET)).feed(*known(MONDAY))
    carts(made, 0, 1, 2, 3, 4, 5)
    names = [sms.rule for sms in made.sent]
    assert (names.count("news"), names.count("parcel")) == (2, 6)
