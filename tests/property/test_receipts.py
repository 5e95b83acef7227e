"""What always holds of receipts and the phones they suppress, whatever comes and in whatever order."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.triggers.driving import DAY, HOUR, MONDAY
from tests.unit.triggers.test_receipts import receipt
from triggers.ids import identifier
from triggers.receipts import LONGEST, MAX_COMMANDS, REST, RUN, RUN_SPAN, Lift, Number, Suppress, Unplaced, judge, sent
from triggers.rules.clean import Receipts

PHONES = ("+79990000042", "+79990000043", "+79990000044")
SPEAKING = ("delivered", "read", "undeliverable", "unknown_subscriber", "blocked")
SETTINGS = Receipts(permanent_codes=frozenset({"9"}), temporary_codes=frozenset({"spam"}))

messages = st.tuples(st.just("message"), st.sampled_from(PHONES))
told = st.tuples(
    st.just("receipt"), st.integers(0, 40), st.sampled_from(SPEAKING), st.sampled_from([None, "9", "27", "spam"])
)
steps = st.lists(st.tuples(st.integers(0, 60 * HOUR), messages | told), max_size=60)


@settings(max_examples=200)
@given(steps)
def test_a_suppression_is_always_of_the_phone_that_its_command_went_to(
    course: list[tuple[int, tuple[Any, ...]]],
) -> None:
    numbers: dict[str, Number] = {}
    went: list[tuple[str, str]] = []
    at = MONDAY
    temporary: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for passes, step in course:
        at += passes
        if step[0] == "message":
            command = identifier("touch", str(len(went)))
            went.append((command, step[1]))
            sent(numbers, step[1], command, at)
            assert all(len(number.commands) <= 8 * MAX_COMMANDS for number in numbers.values())
            continue
        _, index, status, code = step
        if index >= len(went):
            continue
        command, phone = went[index]
        found = judge(numbers, receipt(command, status, at, code), SETTINGS)
        good = status in ("delivered", "read")
        if isinstance(found, Unplaced):
            assert not good
            continue
        if found is not None:
            assert found.phone == phone
        assert isinstance(found, Lift) <= good
        assert isinstance(found, Suppress) <= (not good)
        permanent = (status in ("unknown_subscriber", "blocked") and code != "spam") or (
            status == "undeliverable" and code == "9"
        )
        if good:
            temporary[phone].clear()
        elif permanent:
            # at the instant of a delivery nobody can tell which of the two came first
            assert isinstance(found, Suppress) or numbers[phone].good_at == at
            temporary[phone].clear()
        else:
            temporary[phone].append((at, command))
        if isinstance(found, Suppress):
            assert found.since == at
            assert (found.until is None) == (found.reason == "blocked")
            if found.reason == "unreachable":
                failures = temporary[phone]
                assert len({failed for _, failed in failures}) >= RUN
                assert at - failures[0][0] >= RUN_SPAN
                assert found.until is not None and REST <= found.until - at <= LONGEST
                temporary[phone].clear()


@settings(max_examples=200)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=40), st.sampled_from(["undeliverable", "blocked"]))
def test_a_phone_that_always_fails_is_suppressed_by_the_third_message_after_two_days_at_the_latest(
    days: list[int], status: str
) -> None:
    numbers: dict[str, Number] = {}
    failed: list[int] = []
    for number, at in enumerate(sorted(MONDAY + day * DAY for day in days)):
        command = identifier("touch", str(number))
        sent(numbers, PHONES[0], command, at)
        found = judge(numbers, receipt(command, status, at, "spam" if status == "blocked" else None), SETTINGS)
        failed.append(at)
        due = len(failed) >= RUN and at - failed[0] >= RUN_SPAN
        assert isinstance(found, Suppress) == due
        if due:
            failed.clear()
