"""An erased customer: what is left of the row, and what is called back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.events import OrderKept
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
from triggers.bought import Bought
from triggers.calendars.hours import QuietHours
from triggers.customer import NEVER, CustomerRow, Member, decode_row, encode_row, new_row
from triggers.engine import Engine
from triggers.erasure import MARKER_KEPT, spent
from triggers.forgetting import FORGET, KEPT, forget
from triggers.interests import Interest
from triggers.journeys import Occasion
from triggers.rules.model import Shop, Step
from triggers.tastes import Seen, Wish

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


def everything() -> CustomerRow:
    """A row in which nothing is as in a new one; it knows of nothing later than `at(90)`."""
    made = lived()
    made.feed(
        event(
            wire.CustomerImported, at(5), phone="+79990000042", birthday="1990-02-28",
            dates={"day": "2010-02-28", "anniversary": "2010-02-28"},
            registered_at="2024-01-10T12:00:00Z", orders=(OrderKept("A-0", at(0) - DAY, (wire.Item("sku-4"),)),),
        ),
        event(wire.CategoryViewed, at(6), category_id="kettles"),
        event(wire.WishlistChanged, at(7), added=["sku-5"]),
        event(wire.SurveyAnswered, at(8), survey_id="after-sale", answers={"score": 9}),
        event(wire.BonusBalanceChanged, at(9), balance=Decimal(7), expires_at="2027-01-01T00:00:00Z"),
        event(wire.CheckoutStarted, at(89)),
    )  # fmt: skip
    row = made.row
    row.walked, row.plan, row.looks, row.faults = 5, 77, {30: at(300)}, 1
    row.looked = {"order": (at(0) - DAY, HOUR), "birthday": (at(400), 0)}
    row.occasions = [Occasion("purchased", "thanks", at(80), at(70), "o-1")]
    row.members = {"vip": Member(True, at(60))}
    row.surveyed_at, row.dropped_occasions, row.dropped_touches, row.outbox = at(50), 1, 2, []
    return row


def test_everything_that_a_row_may_know_is_known_of_whom_the_next_test_erases() -> None:
    row, new = everything(), new_row("main", "42")
    same = {field for field in FORGET if getattr(row, field) == getattr(new, field)}
    assert same == set()


@pytest.mark.parametrize("field", CustomerRow.__struct_fields__)
def test_an_erasure_forgets_every_field_or_it_says_nothing_of_the_person(field: str) -> None:
    assert (field in FORGET) != (field in KEPT)
    if field in FORGET:
        row = everything()
        forget(row, at(90))
        assert getattr(decode_row(encode_row(row)), field) == getattr(new_row("main", "42"), field)


@pytest.mark.parametrize("field", FORGET)
def test_an_erasure_that_comes_late_leaves_what_was_learnt_after_it(field: str) -> None:
    row = everything()
    before = decode_row(encode_row(row))
    forget(row, at(0) - 2 * DAY)
    if field not in {
        "plan", "looks", "dropped_interests", "dropped_occasions", "dropped_touches", "part_history", "part_orders",
    }:  # fmt: skip
        assert told(row)[field.removeprefix("part_")] == told(before)[field.removeprefix("part_")]


def test_of_what_was_done_before_and_after_an_erasure_what_came_after_is_left() -> None:
    made = drive(rule(), events=[
        viewed(at(1), price=Decimal(5)), viewed(at(2)), viewed(at(8)), viewed(at(9)),
        *(event(wire.CategoryViewed, at(minute), category_id="kettles") for minute in (3, 7)),
        *(ordered(at(minute), f"o-{minute}", items=[wire.Item("sku-3")]) for minute in (4, 5, 11)),
        event(wire.WishlistChanged, at(4), added=["sku-1", "sku-2"]),
        event(wire.WishlistChanged, at(8), removed=["sku-2"]),
        event(wire.CustomerErased, at(6)),
    ])  # fmt: skip
    row = made.row
    assert row.interests == {"sku-1": Interest(at(9), 2, None, (at(9) - at(8),))}
    assert row.categories == {"kettles": Seen(at(7))}
    assert row.bought == {"sku-3": Bought(at(11))}
    assert row.wishes == {"sku-2": Wish(at(8), False)}
    assert row.orders is not None and (row.orders.count, row.orders.last_id) == (1, "o-11")


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


def test_what_a_row_knows_besides_is_told_in_words_as_well() -> None:
    said = told(everything())
    assert said["bought"]["sku-4"] == {
        "at": "2026-11-22T12:00:00Z", "times": 1, "price": None, "before": None,
    }  # fmt: skip
    assert said["interests"]["sku-1"]["viewed"] == ["2026-11-23T12:01:00Z"]
    assert said["categories"]["kettles"] == {
        "at": "2026-11-23T12:06:00Z", "times": 1, "viewed": ["2026-11-23T12:06:00Z"], "looked": None,
    }  # fmt: skip
    assert said["wishes"]["sku-5"] == {"at": "2026-11-23T12:07:00Z", "wished": True}
    assert said["surveys"]["after-sale"] == {"at": "2026-11-23T12:08:00Z", "answers": {"score": 9}}
    assert said["bonus_expires_at"] == "2027-01-01T00:00:00Z"
    assert said["dates"]["anniversary"]["value"] == said["dates"]["day"]["value"] == "2010-02-28"
    assert said["profile"]["registered_at"]["value"] == "2024-01-10T12:00:00Z"
    assert said["members"]["vip"] == {"inside": True, "at": "2026-11-23T13:00:00Z"}
    assert said["looked"]["order"] == {"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T13:00:00Z"}
    (occasion,) = said["occasions"]
    assert (occasion["rule"], occasion["due"], occasion["epoch_at"]) == (
        "thanks", "2026-11-23T13:20:00Z", "2026-11-23T13:10:00Z"
    )  # fmt: skip
    assert said["cart"]["checkout_at"] == "2026-11-23T13:29:00Z"
    assert not {"looks", "plan", "walked"} & set(said)


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
