"""Who opted out by SMS, and who may say that messages are wanted again."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import wire
from schemas.emitted import CancelSms
from tests.unit.triggers.driving import (
    HOUR,
    MINUTE,
    NOON,
    TWO,
    Drive,
    added,
    consented,
    engine,
    event,
    ordered,
    profile,
    rule,
)
from triggers.customer import CustomerRow, decode_row, encode_row, new_row
from triggers.facts import APPLY, ShopSays
from triggers.gates.consent import consent
from triggers.journeys import Sent
from triggers.receipts import Lift
from triggers.rules.model import Shop
from triggers.verdicts import Answer

SAYS = ShopSays(opt_in_sources=frozenset({"account-page"}))


def change(at: int, granted: bool, source: str | None = "checkout") -> wire.ConsentChanged:
    made: wire.ConsentChanged = event(
        wire.ConsentChanged, at, channel="sms", purpose="marketing", granted=granted, source=source
    )
    return made


def after(*changes: wire.ConsentChanged, says: ShopSays = SAYS) -> CustomerRow:
    row = new_row("main", "42")
    for one in changes:
        APPLY[wire.ConsentChanged](row, one, says)
    return decode_row(encode_row(row))


def allowed(row: CustomerRow) -> bool:
    return consent(row.consents, "sms", "marketing").answer is Answer.PASS


STOP = change(NOON, False, "inbound-sms")


def test_after_an_opt_out_by_sms_a_checkout_does_not_opt_in_again() -> None:
    row = after(change(NOON - HOUR, True), STOP, change(NOON + HOUR, True))
    said = consent(row.consents, "sms", "marketing")
    assert (said.answer, said.reason, said.ends_journey) == (Answer.REFUSE, "withdrawn", True)
    assert dict(said.numbers) == {"at": "2026-11-23T12:00:00Z", "source": "inbound-sms"}


@pytest.mark.parametrize("source", ["inbound-sms", "account-page"])
def test_start_and_a_source_that_the_shop_lists_opt_in_again(source: str) -> None:
    assert allowed(after(STOP, change(NOON + HOUR, True, source)))


def test_once_opted_in_again_the_other_sources_are_believed_as_before() -> None:
    again = change(NOON + MINUTE, True, "inbound-sms")
    assert not allowed(after(STOP, again, change(NOON + HOUR, False)))
    assert allowed(after(STOP, again, change(NOON + HOUR, False), change(NOON + 2 * HOUR, True)))


def test_who_withdrew_on_a_page_may_grant_anywhere() -> None:
    assert allowed(after(change(NOON, False, "account-page"), change(NOON + HOUR, True)))


def test_a_stop_at_the_very_instant_of_a_start_holds() -> None:
    assert not allowed(after(STOP, change(NOON, True, "inbound-sms")))


def test_what_was_said_may_come_in_any_order() -> None:
    said = [change(NOON - HOUR, True), STOP, change(NOON + HOUR, True), change(NOON + 2 * HOUR, True, "account-page")]
    for count in range(1, len(said) + 1):
        rows = {encode_row(after(*order)) for order in permutations(said[:count])}
        assert len(rows) == 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["inbound-sms", "account-page", "checkout", None])), max_size=6
    ),
    st.randoms(use_true_random=False),
)
def test_in_any_order_the_row_says_what_hearing_all_in_order_of_time_says(
    said: list[tuple[bool, str | None]], random: Random
) -> None:
    blocked = wanted = False
    for granted, source in said:
        if source == "inbound-sms" and not granted:
            blocked = True
        elif granted and source in ("inbound-sms", "account-page"):
            blocked = False
        if not granted or not blocked:
            wanted = granted
    changes = [change(NOON + number * MINUTE, granted, source) for number, (granted, source) in enumerate(said)]
    random.shuffle(changes)
    assert allowed(after(*changes)) == (wanted and not blocked)


def test_a_source_that_the_shop_lists_ends_the_suppression_of_the_customers_phone() -> None:
    drive = Drive(engine(rule(), shop=Shop(opt_in_sources=frozenset({"account-page"}), default_region="RU")))
    drive.feed(profile(NOON - HOUR, phone="8 (999) 000-00-42"), change(NOON - HOUR, True), STOP)
    drive.feed(change(NOON + MINUTE, True), change(NOON - MINUTE, True, "account-page"))  # not believed; too early
    assert drive.findings == []
    drive.feed(change(NOON + HOUR, True, "account-page"))
    assert drive.findings == [Lift("+79990000042", "opted_out", NOON)]
    drive.feed(change(NOON + 2 * HOUR, True, "account-page"))
    assert len(drive.findings) == 1


def test_a_start_ends_no_suppression_in_the_row_for_it_has_by_itself() -> None:
    drive = Drive(engine(rule()))
    drive.feed(profile(NOON - HOUR), change(NOON - HOUR, True), STOP, change(NOON + HOUR, True, "inbound-sms"))
    assert drive.findings == []


def test_an_erasure_forgets_an_opt_out_that_is_not_newer() -> None:
    row = after(STOP, change(NOON + HOUR, True))
    APPLY[wire.CustomerErased](row, event(wire.CustomerErased, NOON + MINUTE), SAYS)
    assert allowed(row)


def test_a_row_from_before_there_were_opt_outs_by_sms_is_read() -> None:
    row = after(change(NOON, True))
    assert row.consents["sms/marketing"].opted_out_at == 0
    assert allowed(row)


def test_a_checkouts_grant_after_a_stop_lets_no_touch_out_and_a_start_does() -> None:
    for source, outcome in (("checkout", "refused"), ("inbound-sms", "emitted")):
        drive = Drive(engine(rule()))
        drive.feed(
            consented(NOON - HOUR), profile(NOON - HOUR, phone="+79990000042"), change(NOON, False, "inbound-sms"),
            change(NOON + MINUTE, True, source), added(NOON + 2 * MINUTE),
        )  # fmt: skip
        drive.fire(NOON + 3 * HOUR)
        assert drive.outcomes() == [outcome]


def test_a_stop_cancels_what_was_handed_over_and_has_not_left() -> None:
    drive = Drive(engine(rule(steps=TWO)))
    drive.feed(consented(NOON - HOUR), profile(NOON - HOUR), added(NOON))
    drive.fire(NOON + 90 * MINUTE)
    [journey] = drive.row.journeys
    journey.sent = [Sent("a-command", "1", NOON + 3 * HOUR)]
    drive.feed(change(NOON + 100 * MINUTE, False, "inbound-sms"))
    [cancel] = [one for one in drive.cancels if isinstance(one, CancelSms)]
    assert (cancel.cancels, cancel.reason) == ("a-command", "consent_withdrawn")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (change(NOON + 100 * MINUTE, False, "inbound-sms"), "consent_withdrawn"),
        (ordered(NOON + 100 * MINUTE), "ordered"),
    ],
)
def test_what_was_handed_over_is_called_back_though_its_rule_is_in_force_no_more(
    said: wire.CustomerEvent, reason: str
) -> None:
    drive = Drive(engine(rule(steps=TWO)))
    drive.feed(consented(NOON - HOUR), profile(NOON - HOUR), added(NOON))
    drive.fire(NOON + 90 * MINUTE)
    drive.row.journeys[0].sent = [Sent("a-command", "1", NOON + 3 * HOUR)]
    drive.engine = engine(rule(name="another"))
    drive.feed(said)
    assert [(cancel.cancels, cancel.reason) for cancel in drive.cancels] == [("a-command", reason)]
