"""An erased customer: what is left of the row, and what is called back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from streams.customers.told import is_marker, told
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MONDAY,
    TWO,
    Drive,
    added,
    at,
    book,
    consented,
    drive,
    engine,
    event,
    ordered,
    profile,
    rule,
    shopper,
    viewed,
)
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row, new_row
from triggers.engine import Engine
from triggers.erasure import MARKER_KEPT, spent
from triggers.rules.model import QuietHours, Shop, Step

HALF_A_DAY = 12 * HOUR


def lived() -> Drive:
    """Somebody of whom a row knows about everything: a profile, a cart, orders, a message sent, a journey under way."""
    made = drive(rule(steps=TWO), events=shopper(at(0), first_name="Anna", time_zone="Europe/Moscow", city="Kazan"))
    made.feed(
        viewed(at(1), price=Decimal(5)),
        event(wire.BonusBalanceChanged, at(1), balance=Decimal(350)),
        ordered(at(2), "A-1", total=Decimal(10), currency="RUB"),
        event(wire.OrderCancelled, at(3), order_id="A-1"),
        added(at(4)),
        added(at(90), "sku-2"),
    )
    assert made.sent and made.row.journeys
    made.row.dropped_interests = 3
    made.row.clicked_at = at(70)
    return made


def known(row: CustomerRow) -> set[str]:
    """The names of what is said of the person."""
    nobody = told(new_row("main", "42"))
    return {name for name, value in told(row).items() if value != nobody[name]}


def test_of_an_erased_customer_only_the_marker_is_left() -> None:
    made = lived()
    assert not is_marker(made.row)
    made.feed(event(wire.CustomerErased, at(95)))
    assert known(made.row) == {"erased_at"}
    assert is_marker(made.row) and is_marker(decode_row(encode_row(made.row)))
    assert b"+79990000042" not in encode_row(made.row) and b"sku" not in encode_row(made.row)


def test_nothing_comes_back_when_time_goes_on() -> None:
    made = lived().feed(event(wire.CustomerErased, at(95)))
    made.drain()
    assert is_marker(made.row)


def test_nothing_comes_back_with_what_happened_before_and_arrives_late() -> None:
    made = lived().feed(event(wire.CustomerErased, at(95)))
    late = [
        *shopper(at(10), first_name="Anna"), viewed(at(94)), added(at(95)), ordered(at(60)),
        event(wire.DeliveryReceipt, at(80), command_id=made.sent[0].command_id, status="delivered"),
    ]  # fmt: skip
    for one in late:
        made.engine.on_event(made.row, one, at(200))
    assert is_marker(made.row)
    made.drain()
    assert is_marker(made.row) and len(made.sent) == 1


def test_a_touch_that_is_due_already_is_refused_and_leaves_nothing() -> None:
    made = Drive(engine(rule())).feed(*shopper(at(0)), added(at(1)))
    (proposal,) = made.due(at(62))
    made.feed(event(wire.CustomerErased, at(62)))
    assert made.judge(proposal, at(63)).outcome == "refused"
    assert made.verdict("exit") == ("refuse", "erased") and not made.sent
    assert is_marker(made.row)


@pytest.mark.parametrize("steps", [TWO[:1], TWO])
def test_an_erasure_that_comes_into_the_log_while_a_touch_is_being_judged_leaves_nothing_of_the_touch(
    steps: tuple[Step, ...]
) -> None:
    made = Drive(engine(rule(steps=steps))).feed(*shopper(at(0)), added(at(1)))
    (proposal,) = made.due(at(62))
    assert made.judge(proposal, at(64)).outcome == "emitted"
    assert made.row.touches and made.row.numbers
    made.feed(event(wire.CustomerErased, at(63)))
    made.drain()
    assert is_marker(made.row) and b"+79990000042" not in encode_row(made.row)


def test_an_erasure_that_comes_late_leaves_nothing_of_a_touch_that_was_put_off_past_it() -> None:
    shop = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60))
    made = drive(rule(), shop=shop, events=[*shopper(MONDAY + 21 * HOUR, time_zone="UTC"), added(MONDAY + 22 * HOUR)])
    made.fire(MONDAY + DAY + 8 * HOUR + 1)
    assert len(made.sent) == 1 and made.row.touches
    made.feed(event(wire.CustomerErased, MONDAY + DAY + 7 * HOUR))
    assert [cancel.cancels for cancel in made.cancels] == [made.sent[0].command_id]
    assert is_marker(made.row)


def test_a_journey_that_an_order_ended_before_leaves_nothing_when_its_waiting_touch_is_refused() -> None:
    made = Drive(engine(rule())).feed(*shopper(at(0)), added(at(1)))
    (proposal,) = made.due(at(62))
    made.feed(ordered(at(62)), event(wire.CustomerErased, at(63)))
    made.judge(proposal, at(64))
    assert is_marker(made.row)


def test_what_was_handed_over_and_has_not_left_is_called_back() -> None:
    shop = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60))
    made = drive(rule(), shop=shop, events=[*shopper(MONDAY + 21 * HOUR, time_zone="UTC"), added(MONDAY + 22 * HOUR)])
    made.fire(MONDAY + DAY + 8 * HOUR + 1)  # the touch wakes in the morning, and leaves within the quarter of an hour
    (message,) = made.sent
    assert message.not_before > message.due_at
    made.feed(event(wire.CustomerErased, MONDAY + DAY + 8 * HOUR + 1))
    assert [(cancel.cancels, cancel.reason) for cancel in made.cancels] == [(message.command_id, "erased")]
    assert is_marker(made.row)


def test_a_customer_who_comes_back_is_a_new_one() -> None:
    made = lived().feed(event(wire.CustomerErased, at(95)))
    made.feed(profile(at(100), phone="+79990000077"), consented(at(100)), added(at(101)))
    made.drain()
    assert [message.phone for message in made.sent][1:] == ["+79990000077"] * 2
    assert made.row.orders is None and made.row.field("first_name") is None
    assert made.row.erased_at == at(95)


def test_an_erasure_that_comes_late_leaves_what_the_customer_did_after_it() -> None:
    made = drive(rule(), events=[*shopper(at(0)), added(at(1)), *shopper(at(30)), added(at(31), "sku-9")])
    made.engine.on_event(made.row, event(wire.CustomerErased, at(20)), at(32))
    assert list(made.row.cart.now.lines) == ["sku-9"]
    made.drain()
    assert len(made.sent) == 1 and made.sent[0].due_at.startswith("2026-11-23T13:31")


def test_a_row_as_it_is_told_has_names_and_dates() -> None:
    said = told(lived().row)
    assert said["profile"]["phone"] == {"value": "+79990000042", "since": "2026-11-23T12:00:00Z"}
    assert said["consents"]["sms/marketing"]["at"] == "2026-11-23T12:00:00Z"
    assert set(said["cart"]["lines"]) == {"sku-1", "sku-2"}
    assert said["orders"]["recent"]["A-1"]["cancelled"] is True
    assert said["bonus_balance"] == "350"
    assert said["journeys"][0]["rule"] == "abandoned-cart"
    assert said["touches"][0]["at"] == "2026-11-23T13:04:00Z"
    assert said["erased_at"] is None


# -- the marker's end


def test_a_marker_is_over_when_no_topic_can_hold_what_happened_before_and_not_sooner() -> None:
    made = lived().feed(event(wire.CustomerErased, at(95)))
    end = at(95) + MARKER_KEPT
    made.fire(end)
    assert not spent(made.row) and made.row.deadline == end
    made.fire(end + 1)
    assert spent(made.row) and made.row.deadline == NEVER
    assert MARKER_KEPT == 90 * DAY


def test_a_marker_is_kept_where_records_are_kept_longer_and_for_ever_where_they_are() -> None:
    for kept in (120 * DAY, None):
        lasting = Engine(book(rule()), EmptyCatalogue(), marker_kept=kept)
        made = Drive(lasting).feed(event(wire.CustomerErased, at(0)))
        assert made.row.deadline == (NEVER if kept is None else at(0) + kept)
        made.fire(at(0) + 119 * DAY)
        assert not spent(made.row)


def test_who_has_come_back_is_no_marker_when_its_time_is_over() -> None:
    made = drive(rule(), events=[event(wire.CustomerErased, at(0)), *shopper(at(10))]).drain()
    assert made.row.fired == at(0) + MARKER_KEPT and not spent(made.row)


def test_a_shop_without_rules_has_markers_that_end_too() -> None:
    made = Drive(engine()).feed(profile(at(0)), event(wire.CustomerErased, at(1)))
    assert made.drain().row.deadline == NEVER and spent(made.row)
    assert not spent(new_row("main", "42"))
