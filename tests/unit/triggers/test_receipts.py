"""What receipts say of a phone, and of which."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from schemas.wire import DeliveryReceipt
from tests.unit.triggers.driving import DAY, HOUR, MONDAY
from triggers.ids import identifier
from triggers.receipts import LONGEST, MAX_COMMANDS, Finding, Lift, Number, Suppress, Unplaced, judge, sent, speaks
from triggers.rules.clean import Receipts

ANNA, BORIS = "+79990000042", "+79990000043"


class Phones:
    """What a row knows, and the messages that went out."""

    def __init__(self, **settings: Any) -> None:
        self.numbers: dict[str, Number] = {}
        self.settings = Receipts(**settings)
        self._ids = count()

    def write(self, phone: str = ANNA, at: int = MONDAY) -> str:
        command = identifier("touch", str(next(self._ids)))
        sent(self.numbers, phone, command, at)
        return command

    def hear(self, command: str, status: str, at: int, code: str | None = None) -> Finding | None:
        return judge(self.numbers, receipt(command, status, at, code), self.settings)

    def fail(self, *times: int, status: str = "undeliverable", code: str | None = None) -> list[Finding | None]:
        """A message each, which fails then."""
        return [self.hear(self.write(at=at), status, at, code) for at in times]


def receipt(command: str, status: str, at: int, code: str | None = None) -> DeliveryReceipt:
    made = DeliveryReceipt(
        event_id="r", shop_id="main", customer_id="42", occurred_at="", command_id=command, status=status,
        error_code=code,
    )
    made.at = at
    return made


# -- failures for good


def test_an_unknown_subscriber_is_suppressed_at_once_and_for_a_year() -> None:
    assert Phones().fail(MONDAY, status="unknown_subscriber") == [
        Suppress(ANNA, "unknown_subscriber", MONDAY, MONDAY + LONGEST)
    ]


def test_who_blocks_is_suppressed_at_once_and_without_an_end() -> None:
    assert Phones().fail(MONDAY, status="blocked") == [Suppress(ANNA, "blocked", MONDAY, None)]


def test_an_undeliverable_message_is_for_good_where_the_shop_says_so_of_its_code() -> None:
    phones = Phones(permanent_codes=frozenset({"9"}))
    assert phones.fail(MONDAY, code="27") == [None]
    assert phones.fail(MONDAY, code="9") == [Suppress(ANNA, "undeliverable", MONDAY, MONDAY + LONGEST)]


def test_a_block_is_not_for_good_where_the_shop_says_so_of_its_code() -> None:
    phones = Phones(temporary_codes=frozenset({"spam"}))
    assert phones.fail(MONDAY, status="blocked", code="spam") == [None]
    assert phones.fail(MONDAY, status="blocked", code="13") == [Suppress(ANNA, "blocked", MONDAY, None)]


# -- failures for now


def test_three_failures_in_a_row_over_two_days_suppress_for_thirty() -> None:
    found = Phones().fail(MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    assert found == [None, None, Suppress(ANNA, "unreachable", MONDAY + 2 * DAY, MONDAY + 32 * DAY)]


def test_three_failures_of_one_day_say_no_more_than_one() -> None:
    assert Phones().fail(MONDAY, MONDAY + HOUR, MONDAY + 2 * HOUR, MONDAY + 47 * HOUR) == [None] * 4


def test_two_failures_over_any_time_do_not_suppress() -> None:
    assert Phones().fail(MONDAY, MONDAY + 300 * DAY) == [None, None]


def test_one_message_that_fails_again_and_again_is_one_failure() -> None:
    phones = Phones()
    command = phones.write()
    assert [phones.hear(command, "undeliverable", MONDAY + day * DAY) for day in range(5)] == [None] * 5


@pytest.mark.parametrize("status", ["delivered", "read"])
def test_a_message_that_arrives_ends_the_row_of_failures(status: str) -> None:
    phones = Phones()
    assert phones.fail(MONDAY, MONDAY + DAY) == [None, None]
    assert phones.hear(phones.write(), status, MONDAY + DAY + HOUR) is None
    assert phones.fail(MONDAY + 2 * DAY, MONDAY + 3 * DAY) == [None, None]


@pytest.mark.parametrize("status", ["accepted", "sent", "expired"])
def test_a_message_under_way_or_never_sent_says_nothing_of_its_phone(status: str) -> None:
    assert not speaks(receipt("x", status, MONDAY))
    assert speaks(receipt("x", "delivered", MONDAY)) and speaks(receipt("x", "blocked", MONDAY))


def test_each_time_it_comes_again_it_lasts_twice_as_long_a_year_at_most() -> None:
    phones, at, lasted = Phones(), MONDAY, []
    for _ in range(7):
        *_, found = phones.fail(at, at + DAY, at + 2 * DAY)
        assert isinstance(found, Suppress) and found.until is not None
        lasted.append((found.until - found.since) // DAY)
        at = found.until
    assert lasted == [30, 60, 120, 240, 365, 365, 365]


def test_after_a_message_that_arrives_it_lasts_as_long_as_the_first_time() -> None:
    phones = Phones()
    phones.fail(MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    assert phones.hear(phones.write(), "delivered", MONDAY + 40 * DAY) == Lift(ANNA, "unreachable")
    *_, found = phones.fail(MONDAY + 50 * DAY, MONDAY + 51 * DAY, MONDAY + 52 * DAY)
    assert found == Suppress(ANNA, "unreachable", MONDAY + 52 * DAY, MONDAY + 82 * DAY)


# -- a phone that works after all


def test_a_message_that_arrives_after_the_failure_lifts_the_suppression_once() -> None:
    phones = Phones()
    under_way = phones.write()
    phones.fail(MONDAY, status="unknown_subscriber")
    assert phones.hear(under_way, "delivered", MONDAY + HOUR) == Lift(ANNA, "unknown_subscriber")
    assert phones.hear(under_way, "read", MONDAY + 2 * HOUR) is None


def test_a_message_that_had_arrived_before_the_failure_lifts_nothing() -> None:
    phones = Phones()
    earlier = phones.write(at=MONDAY - DAY)
    phones.fail(MONDAY, status="blocked")
    assert phones.hear(earlier, "delivered", MONDAY - HOUR) is None


def test_a_failure_that_is_heard_of_after_a_later_delivery_counts_for_nothing() -> None:
    phones = Phones()
    late = phones.write()
    assert phones.hear(phones.write(), "delivered", MONDAY + HOUR) is None
    assert phones.hear(late, "unknown_subscriber", MONDAY) is None


# -- whose phone


def test_a_failure_concerns_the_phone_that_was_written_to_and_not_the_one_of_today() -> None:
    phones = Phones()
    before = phones.write(ANNA)
    phones.write(BORIS, MONDAY + HOUR)
    assert phones.hear(before, "unknown_subscriber", MONDAY + 2 * HOUR) == Suppress(
        ANNA, "unknown_subscriber", MONDAY + 2 * HOUR, MONDAY + 2 * HOUR + LONGEST
    )


def test_failures_of_two_phones_are_no_row() -> None:
    phones = Phones()
    found = [
        phones.hear(phones.write(phone, MONDAY + day * DAY), "undeliverable", MONDAY + day * DAY)
        for day, phone in enumerate((ANNA, ANNA, BORIS, BORIS))
    ]
    assert found == [None] * 4


@pytest.mark.parametrize("command", [identifier("another"), "", "4f", "no hex at all!!!!", "привет"])
def test_the_phone_of_a_command_that_is_not_remembered_is_not_known(command: str) -> None:
    phones = Phones()
    phones.write()
    assert phones.hear(command, "blocked", MONDAY) == Unplaced("blocked")
    assert phones.hear(command, "delivered", MONDAY) is None


def test_so_many_commands_to_a_phone_are_remembered() -> None:
    phones = Phones()
    commands = [phones.write(at=MONDAY + number * DAY) for number in range(MAX_COMMANDS + 1)]
    assert phones.hear(commands[0], "blocked", MONDAY + DAY) == Unplaced("blocked")
    assert phones.hear(commands[1], "blocked", MONDAY + DAY) == Suppress(ANNA, "blocked", MONDAY + DAY, None)


def test_a_phone_of_former_times_is_forgotten_a_week_after_the_last_message_to_it() -> None:
    phones = Phones()
    phones.write(ANNA, MONDAY)
    phones.write(BORIS, MONDAY + 7 * DAY)
    assert set(phones.numbers) == {ANNA, BORIS}
    phones.write("+79990000044", MONDAY + 7 * DAY + 1)
    assert set(phones.numbers) == {BORIS, "+79990000044"}


def test_one_phone_stays_however_seldom_it_is_written_to() -> None:
    phones = Phones()
    assert phones.fail(MONDAY, MONDAY + 100 * DAY, MONDAY + 200 * DAY)[-1] is not None
