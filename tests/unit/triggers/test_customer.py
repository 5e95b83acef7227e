"""The customer row: compact, bounded, and read back as it was written."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from schemas import wire
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
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
from triggers.customer import NEVER, decode_row, encode_row
from triggers.erasure import MARKER_KEPT
from triggers.layouts import LAYOUT, UnknownLayout
from triggers.view import _orders
from triggers.zones import zone_of

UTC, _ = zone_of("UTC", "UTC")


def uuid(number: int) -> str:
    return f"9f0c31d2-5a77-4c1e-8d0b-{number:012}"


def usual() -> Drive:
    """A profile, ten views and a cart of three, as a storefront with UUIDs would tell them."""
    at = MONDAY
    made = drive(rule(), events=[
        profile(
            at, event_id=uuid(1), phone="+79990000042", email="anna.petrova@example.com", first_name="Anna",
            last_name="Petrova", time_zone="Europe/Moscow", language="ru", gender="f", birthday="1990-05-17",
            city="Kazan", card="VIP",
        ),
        consented(at, event_id=uuid(2), source="checkout"),
    ])
    for number in range(10):
        made.feed(viewed(
            at + number * MINUTE, f"sku-{10_000 + number}", event_id=uuid(10 + number), price=Decimal("1990.00"),
            currency="RUB", category_id="kettles",
        ))
    for number in range(3):
        made.feed(added(
            at + (20 + number) * MINUTE, f"sku-{10_000 + number}", event_id=uuid(30 + number),
            price=Decimal("1990.00"), currency="RUB",
        ))
    return made


def test_a_customer_with_a_profile_ten_views_and_three_cart_lines_takes_at_most_a_kilobyte() -> None:
    assert len(encode_row(usual().row)) <= 1024


def test_a_row_is_read_back_as_it_was_written() -> None:
    made = usual()
    row = decode_row(encode_row(made.row))
    assert row.cart.now == made.row.cart.now
    assert row == made.row
    made.drain()
    assert decode_row(encode_row(made.row)) == made.row


def test_the_layouts_number_comes_first_and_an_unknown_one_is_said_so() -> None:
    data = encode_row(usual().row)
    values = msgspec.msgpack.decode(data)
    assert values[0] == LAYOUT
    for changed in ([99, *values[1:]], [99, "of another shape"]):
        with pytest.raises(UnknownLayout, match="99"):
            decode_row(msgspec.msgpack.encode(changed))


def test_what_is_no_row_is_refused() -> None:
    for data in (b"", b"\xc1", msgspec.msgpack.encode({"a": 1}), msgspec.msgpack.encode([LAYOUT, 7])):
        with pytest.raises(ValueError):
            decode_row(data)


def test_a_new_row_has_no_deadline_and_no_cart() -> None:
    row = engine(rule()).new_row("main", "42")
    assert row.deadline == NEVER
    assert not row.has_open_cart()


def test_a_repeated_event_id_has_no_effect() -> None:
    made = Drive(engine(rule()))
    first = added(MONDAY, event_id="same")
    assert made.engine.on_event(made.row, first, MONDAY)
    before = encode_row(made.row)
    assert not made.engine.on_event(made.row, added(MONDAY + 1, "sku-2", event_id="same"), MONDAY + 1)
    assert encode_row(made.row) == before


def test_the_last_64_ids_are_remembered_and_no_more() -> None:
    made = Drive(engine(rule()))
    for number in range(65):
        assert made.engine.on_event(made.row, viewed(MONDAY, event_id=f"e{number}"), MONDAY)
    assert len(made.row.seen) == 64 * 8
    assert not made.engine.on_event(made.row, viewed(MONDAY, event_id="e1"), MONDAY)
    assert made.engine.on_event(made.row, viewed(MONDAY, event_id="e0"), MONDAY)


def test_a_profile_field_takes_the_newest_value_by_event_time() -> None:
    late = profile(MONDAY, first_name="Anna", city="Kazan")
    made = drive(rule(), events=[profile(MONDAY + 2, first_name="Olga"), late])
    assert made.row.field("first_name") == "Olga"
    assert made.row.field("city") == "Kazan"


def test_null_deletes_a_field_and_an_absent_one_leaves_it_alone() -> None:
    said = profile(MONDAY, first_name="Anna", city="Kazan")
    made = drive(rule(), events=[said, profile(MONDAY + 1, first_name=None)])
    assert made.row.field("first_name") is None
    assert made.row.field("city") == "Kazan"


def test_a_late_value_does_not_undo_a_deletion() -> None:
    made = drive(rule(), events=[profile(MONDAY + 5, first_name=None), profile(MONDAY, first_name="Anna")])
    assert made.row.field("first_name") is None


def test_of_equal_times_the_later_arrival_wins() -> None:
    made = drive(rule(), events=[profile(MONDAY, first_name="Anna"), profile(MONDAY, first_name="Olga")])
    assert made.row.field("first_name") == "Olga"


def test_fifty_products_of_interest_are_remembered_and_what_was_dropped_is_counted() -> None:
    made = drive(rule(), events=[viewed(MONDAY + n, f"sku-{n}") for n in range(53)])
    assert len(made.row.interests) == 50
    assert "sku-2" not in made.row.interests
    assert made.row.dropped_interests == 3


def test_a_product_viewed_again_counts_and_keeps_its_last_price() -> None:
    made = drive(rule(), events=[
        viewed(MONDAY + 5, price=Decimal(10)), viewed(MONDAY, price=Decimal(12)), viewed(MONDAY + 9),
    ])
    seen = made.row.interests["sku-1"]
    assert (seen.times, seen.at, seen.price) == (3, MONDAY + 9, Decimal(10))


def test_an_order_told_twice_counts_once() -> None:
    made = drive(rule(), events=[
        ordered(MONDAY, "o-1", total=Decimal(100), currency="RUB"),
        ordered(MONDAY + HOUR, "o-1", total=Decimal(100), currency="RUB"),
        ordered(MONDAY + DAY, "o-2", total=Decimal(50), currency="RUB"),
    ])
    view = _orders(made.row.orders, UTC)
    assert (view.count, view.total, view.average) == (2, Decimal(150), Decimal(75))


def test_a_cancelled_order_lowers_the_totals_whichever_is_heard_first() -> None:
    cancelled = event(wire.OrderCancelled, MONDAY + HOUR, order_id="o-1")
    placed = ordered(MONDAY, "o-1", total=Decimal(100))
    for events in ([placed, cancelled], [cancelled, placed]):
        view = _orders(drive(rule(), events=events).row.orders, UTC)
        assert (view.count, view.total) == (0, None)


def test_an_order_without_a_total_is_worth_what_its_items_add_up_to() -> None:
    items = [wire.Item("a", 2, Decimal("1.50")), wire.Item("b", 1, Decimal(3))]
    assert _orders(drive(rule(), events=[ordered(MONDAY, items=items)]).row.orders, UTC).total == Decimal(6)


def test_orders_in_different_currencies_have_no_total() -> None:
    made = drive(rule(), events=[
        ordered(MONDAY, "o-1", total=Decimal(1), currency="RUB"),
        ordered(MONDAY + 1, "o-2", total=Decimal(1), currency="EUR"),
    ])
    view = _orders(made.row.orders, UTC)
    assert (view.count, view.total) == (2, None)


def test_an_erased_customer_is_forgotten_but_for_the_marker() -> None:
    made = drive(rule(), events=[*shopper(MONDAY), viewed(MONDAY), added(MONDAY), ordered(MONDAY + 1)])
    made.feed(added(MONDAY + 2), event(wire.CustomerErased, MONDAY + HOUR))
    row = made.row
    assert row.erased_at == MONDAY + HOUR
    assert not (row.profile or row.consents or row.interests or row.orders or row.journeys or row.history)
    assert not row.has_open_cart()
    assert row.deadline == MONDAY + HOUR + MARKER_KEPT
    data = encode_row(row)
    assert b"+79990000042" not in data and b"sku-1" not in data


def test_what_is_older_than_the_erasure_is_dropped_and_what_is_newer_is_taken() -> None:
    made = drive(rule(), events=[event(wire.CustomerErased, MONDAY + HOUR)])
    assert made.engine.on_event(made.row, profile(MONDAY), MONDAY + HOUR)
    assert made.row.field("phone") is None
    made.feed(profile(MONDAY + 2 * HOUR))
    assert made.row.field("phone") is not None


def test_a_late_erasure_forgets_only_what_is_older_than_it() -> None:
    made = drive(rule(), events=[
        profile(MONDAY, city="Kazan"), added(MONDAY),
        profile(MONDAY + 2, first_name="Anna"), added(MONDAY + 3, "sku-2"),
        event(wire.CustomerErased, MONDAY + 1),
    ])
    assert made.row.field("city") is None
    assert made.row.field("first_name") == "Anna"
    assert list(made.row.cart.now.lines) == ["sku-2"]
