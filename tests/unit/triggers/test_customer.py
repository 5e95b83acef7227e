"""The customer row: compact, bounded, and read back as it was written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.events import ConsentGiven, OlderOrders, OrderKept
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
from triggers.answers import Said
from triggers.bought import Bought
from triggers.customer import NEVER, decode_row, encode_row
from triggers.erasure import MARKER_KEPT
from triggers.journeys import MAX_HISTORY, Journey, Past
from triggers.layouts import LAYOUT, UnknownLayout
from triggers.tastes import Seen, Wish
from triggers.view_parts import RowOrders
from triggers.zones import zone_of

UTC, _ = zone_of("UTC", "UTC")


def orders_of(made: Drive) -> RowOrders:
    return RowOrders(made.row, EmptyCatalogue(), UTC)


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


def test_every_part_that_was_looked_at_or_set_is_bytes_again_once_the_row_is_stored() -> None:
    data = encode_row(usual().row)
    kept = {"part_cart": "cart", "part_interests": "interests"}  # those go on as they are
    parts = [field for field in decode_row(data).__struct_fields__ if field.startswith("part_")]
    for part in parts:
        name = part.removeprefix("part_")
        name = "settled_bought" if name == "bought" else name
        looked_at, put = decode_row(data), decode_row(data)
        value = getattr(looked_at, name)
        assert encode_row(looked_at) == data and looked_at.layout == LAYOUT
        if part not in kept:
            setattr(put, name, value)
            assert type(getattr(put, part)) is not Raw
            assert encode_row(put) == data and put.layout == LAYOUT
            assert type(getattr(looked_at, part)) is type(getattr(put, part)) is Raw


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
    view = orders_of(made)
    assert (view.count, view.total, view.average) == (2, Decimal(150), Decimal(75))


def test_a_cancelled_order_lowers_the_totals_whichever_is_heard_first() -> None:
    cancelled = event(wire.OrderCancelled, MONDAY + HOUR, order_id="o-1")
    placed = ordered(MONDAY, "o-1", total=Decimal(100))
    for events in ([placed, cancelled], [cancelled, placed]):
        view = orders_of(drive(rule(), events=events))
        assert (view.count, view.total) == (0, None)


def test_an_order_without_a_total_is_worth_what_its_items_add_up_to() -> None:
    items = [wire.Item("a", 2, Decimal("1.50")), wire.Item("b", 1, Decimal(3))]
    assert orders_of(drive(rule(), events=[ordered(MONDAY, items=items)])).total == Decimal(6)


def test_orders_in_different_currencies_have_no_total() -> None:
    made = drive(rule(), events=[
        ordered(MONDAY, "o-1", total=Decimal(1), currency="RUB"),
        ordered(MONDAY + 1, "o-2", total=Decimal(1), currency="EUR"),
    ])
    view = orders_of(made)
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


# -- what was bought, liked, wished for and answered


def test_what_was_bought_is_what_an_order_names() -> None:
    items = [wire.Item("a", 2, Decimal(5)), wire.Item("b"), wire.Item("a", 1, Decimal(4))]
    made = drive(rule(), events=[added(MONDAY - 1, "c"), ordered(MONDAY, "o-1", items=items)])
    assert made.row.bought == {"a": Bought(MONDAY, 1, Decimal(5)), "b": Bought(MONDAY)}


def test_an_order_that_names_nothing_was_for_what_lay_in_the_cart_then() -> None:
    made = Drive(engine(rule()))
    late = added(MONDAY - MINUTE, "late", price=Decimal(7))
    for one in (added(MONDAY - HOUR, "a"), added(MONDAY + MINUTE, "after"), ordered(MONDAY, "o-1"), late):
        made.engine.on_event(made.row, one, MONDAY + 2 * MINUTE)
    bought = {"a": Bought(MONDAY), "late": Bought(MONDAY, 1, Decimal(7))}
    assert made.row.bought == decode_row(encode_row(made.row)).bought == bought
    made.drain()
    assert made.row.bought == made.row.settled_bought == bought and not made.row.cart.now.taken
    made.feed(ordered(MONDAY + DAY, "o-2"))
    assert made.row.bought == {**bought, "after": Bought(MONDAY + DAY)}


def test_a_product_bought_again_knows_the_order_before_the_first_and_how_much_time_there_usually_is() -> None:
    items = [wire.Item("a", 1, Decimal(5))]
    made = drive(rule(), events=[ordered(MONDAY + day * DAY, f"o-{day}", items=items) for day in (0, 30, 10)])
    once = made.row.bought["a"]
    assert once == Bought(MONDAY + 30 * DAY, 3, Decimal(5), 20 * DAY, 30 * DAY)
    assert once.usual == 15 * DAY


def test_an_order_told_twice_was_bought_once() -> None:
    made = drive(rule(), events=[ordered(MONDAY + at, "o-1", items=[wire.Item("a")]) for at in (0, HOUR)])
    assert made.row.bought == {"a": Bought(MONDAY)}


def test_a_checkout_is_known_until_its_cart_is_ordered_or_emptied() -> None:
    checkout = event(wire.CheckoutStarted, MONDAY + 1, event_id="c")
    made = drive(rule(), events=[added(MONDAY), checkout, added(MONDAY + 2, "sku-2")])
    assert (made.row.cart.now.checkout_at, made.row.cart.now.checkout_id) == (MONDAY + 1, "c")
    for end in (ordered(MONDAY + 3), event(wire.CartUpdated, MONDAY + 3, items=[])):
        ended = drive(rule(), events=[added(MONDAY), checkout, end])
        assert (ended.row.cart.now.checkout_at, ended.row.cart.now.checkout_id) == (0, "")
    nothing = drive(rule(), events=[checkout])
    assert nothing.row.cart.now.checkout_at == 0


def test_a_category_is_looked_at_by_itself_and_by_its_products() -> None:
    made = drive(rule(), events=[
        event(wire.CategoryViewed, MONDAY, category_id="kettles"), viewed(MONDAY + 5, category_id="kettles"),
        added(MONDAY + 3, category_id="kettles"), viewed(MONDAY + 9, category_id="cups"), viewed(MONDAY + 10),
    ])  # fmt: skip
    assert made.row.categories == {"kettles": Seen(MONDAY + 5, 3, (2, 5)), "cups": Seen(MONDAY + 9)}
    assert made.row.visited_at == MONDAY + 10


def test_twenty_categories_are_remembered() -> None:
    looks = [event(wire.CategoryViewed, MONDAY + number, category_id=f"c{number}") for number in range(23)]
    assert list(drive(rule(), events=looks).row.categories) == [f"c{number}" for number in range(3, 23)]


def test_a_wish_taken_back_does_not_come_back_with_an_older_word() -> None:
    made = drive(rule(), events=[
        event(wire.WishlistChanged, MONDAY + 5, removed=["a"]), event(wire.WishlistChanged, MONDAY, added=["a", "b"]),
    ])  # fmt: skip
    assert made.row.wishes == {"a": Wish(MONDAY + 5, False), "b": Wish(MONDAY, True)}


def test_of_too_many_wishes_those_taken_back_go_first() -> None:
    lists = [["a"], *([f"w{number}"] for number in range(49))]
    made = drive(rule(), events=[
        *(event(wire.WishlistChanged, MONDAY + at, added=added) for at, added in enumerate(lists)),
        event(wire.WishlistChanged, MONDAY + 100, removed=["w9"]),
        event(wire.WishlistChanged, MONDAY + 101, added=["z"]),
    ])  # fmt: skip
    assert len(made.row.wishes) == 50 and {"a", "z"} <= set(made.row.wishes) and "w9" not in made.row.wishes


def test_of_an_answer_too_long_to_keep_it_is_known_that_there_was_one() -> None:
    made = drive(rule(), events=[
        event(wire.SurveyAnswered, MONDAY, survey_id="s", answers={"score": 9, "liked": ["price"]}),
        event(wire.SurveyAnswered, MONDAY, survey_id="long", answers={"why": "x" * 600}),
    ])  # fmt: skip
    assert made.row.surveys["s"].answers == {"score": 9, "liked": ["price"]}
    assert made.row.surveys["long"] == Said(MONDAY) and made.row.surveys["long"].answers == {}


def test_days_of_ones_own_take_the_newest_word_and_ten_are_kept() -> None:
    made = drive(rule(), events=[
        profile(MONDAY + 5, dates={"wedding": None}), profile(MONDAY, dates={"wedding": "2010-02-28"}),
        *(profile(MONDAY + 10 + number, dates={f"d{number}": "2010-02-28"}) for number in range(10)),
    ])  # fmt: skip
    assert set(made.row.dates) == {f"d{number}" for number in range(10)}


# -- what is remembered of rules


def test_of_many_rules_that_are_in_force_no_more_those_whose_journeys_ended_first_are_forgotten() -> None:
    made = drive(rule(), events=[*shopper(MONDAY)])
    made.row.history = {f"old-{number}": Past(MONDAY, "e", ended_at=MONDAY - number) for number in range(65)}
    made.row.history["running"] = Past(MONDAY, "e")
    made.row.journeys.append(Journey("running", "v0", MONDAY, "e", MONDAY, "1", MONDAY + DAY))
    made.feed(added(MONDAY + 1)).fire(MONDAY + 2 * HOUR)
    assert len(made.row.history) == MAX_HISTORY
    assert {"running", "abandoned-cart"} <= set(made.row.history)
    assert set(made.row.history) >= {f"old-{number}" for number in range(58)}


def test_what_is_remembered_of_rules_in_force_stays_however_many_there_are() -> None:
    rules = [rule(name=f"r{number:02}", idle=HOUR + number) for number in range(70)]
    made = drive(*rules, events=[*shopper(MONDAY), added(MONDAY)]).fire(MONDAY + 2 * HOUR)
    assert set(made.row.history) == {one.name for one in rules}


# -- an imported customer


def imported(at: int, **more: Any) -> wire.CustomerImported:
    made: wire.CustomerImported = event(wire.CustomerImported, at, **more)
    return made


def test_an_imported_customer_is_as_if_the_shop_had_told_everything_at_its_time() -> None:
    orders = tuple(
        OrderKept(f"o-{day}", MONDAY + day * DAY, (wire.Item("a", 1, Decimal(5)),), Decimal(5), "RUB")
        for day in (0, 20)
    )
    consent = ConsentGiven("sms", "marketing", True, MONDAY, "file")
    birth = {"birthday": "1990-02-28", "dates": {"wedding": "2010-02-28"}}
    at = MONDAY + 30 * DAY
    made = drive(rule(), events=[imported(at, consents=(consent,), orders=orders, **birth)])
    told = drive(rule(), events=[
        consented(MONDAY, source="file"),
        *(ordered(one.at, one.order_id, items=list(one.items), total=one.total, currency="RUB") for one in orders),
        event(wire.CustomerUpdated, at, **birth),
    ])  # fmt: skip
    for name in ("profile", "dates", "consents", "orders", "bought"):
        assert getattr(made.row, name) == getattr(told.row, name)
    assert made.row.looked_at == at and made.row.visited_at == 0


def test_older_orders_of_an_imported_customer_count_and_are_the_first() -> None:
    older = OlderOrders(12, MONDAY - 700 * DAY, Decimal(100), "RUB")
    newer = ordered(MONDAY + DAY, total=Decimal(4), currency="RUB")
    made = drive(rule(), events=[imported(MONDAY, older=older), newer])
    view = orders_of(made)
    assert (view.count, view.total, view.average) == (13, Decimal(104), Decimal(8))
    assert made.row.orders is not None and made.row.orders.first_at == MONDAY - 700 * DAY


def test_an_order_that_was_told_is_not_counted_again_by_an_import() -> None:
    kept = OrderKept("o-1", MONDAY, (wire.Item("a"),), Decimal(5), "RUB")
    told = ordered(MONDAY, "o-1", items=[wire.Item("a")], total=Decimal(5), currency="RUB")
    for events in ([told, imported(MONDAY + 1, orders=(kept,))], [imported(MONDAY + 1, orders=(kept,)), told]):
        made = Drive(engine(rule()))
        for one in events:
            made.engine.on_event(made.row, one, MONDAY + 2)
        assert (orders_of(made).count, made.row.bought["a"].times) == (1, 1)


def test_an_import_brings_back_nothing_from_before_an_erasure() -> None:
    made = drive(rule(), events=[event(wire.CustomerErased, MONDAY)])
    made.feed(imported(
        MONDAY + DAY, first_name="Anna", consents=(ConsentGiven("sms", "marketing", True, MONDAY - 1),),
        orders=(OrderKept("o-1", MONDAY, (wire.Item("a"),)),), older=OlderOrders(3, MONDAY - DAY),
    ))  # fmt: skip
    assert made.row.field("first_name") == "Anna"
    assert not (made.row.consents or made.row.orders or made.row.bought)


def test_an_imported_cart_rules_look_that_lay_in_the_past_begins_nothing() -> None:
    made = Drive(engine(rule()))
    made.engine.on_event(made.row, added(MONDAY), MONDAY + DAY)
    made.engine.on_event(made.row, imported(MONDAY + DAY, phone="+79990000042"), MONDAY + DAY)
    made.drain()
    assert not made.row.history and not made.decisions
