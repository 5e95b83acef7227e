"""Rows grow up: what an older release has written is read by this one, and what a newer one wrote is told apart.

`rows/layout-N.json` holds rows as a release that wrote layout N has stored them, in base64. They are never made anew.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.customers.told import told
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, Drive, engine, ordered, rule, step
from triggers.bought import Bought
from triggers.customer import NEVER, Field, Member, decode_row, encode_row, new_row, read_row
from triggers.journeys import NOTHING, About, Occasion, Shown
from triggers.layouts import LAYOUT, LAYOUTS, STEPS, Layouts, UnknownLayout, layout_of
from triggers.receipts import Number
from triggers.tastes import Wish

ROWS = Path(__file__).with_name("rows")
FIRST = f"9f0c31d2-5a77-4c1e-8d0b-{3:012}"
"""The id of the event that put the first item into the stored carts."""


def stored(layout: int) -> dict[str, bytes]:
    """Rows by name, as they lay in the changelog of a release that wrote this layout."""
    rows: dict[str, str] = json.loads((ROWS / f"layout-{layout}.json").read_text())
    return {name: base64.b64decode(row) for name, row in rows.items()}


def test_there_are_stored_rows_of_every_layout_this_release_reads() -> None:
    for layout in range(LAYOUTS.oldest, LAYOUT + 1):
        rows = stored(layout)
        assert {layout_of(row) for row in rows.values()} == {layout}
        for row in rows.values():
            assert decode_row(row).layout == LAYOUT


def test_there_is_a_step_from_every_older_layout_to_the_next() -> None:
    assert sorted(STEPS) == list(range(1, LAYOUT))


# -- stored rows of layout 1


def test_an_empty_row_of_layout_1_is_an_empty_row() -> None:
    row, new = decode_row(stored(1)["new"]), new_row("main", "42")
    assert told(row) == told(new) and row.cart.now == new.cart.now


def test_a_full_cart_of_layout_1_keeps_its_lines_its_profile_and_its_deadline() -> None:
    row = decode_row(stored(1)["cart-with-ops"])
    assert {product: (line.quantity, line.price) for product, line in row.cart.now.lines.items()} == {
        f"sku-{10_000 + number}": (1, Decimal("1990.00")) for number in range(3)
    }
    assert (row.field("first_name"), row.field("card"), row.field("city")) == ("Anna", "VIP", "Kazan")
    assert len(row.interests) == 10 and row.consents["sms/marketing"].granted
    assert row.deadline == MONDAY + 22 * MINUTE + HOUR
    made = Drive(engine(rule()), row).fire(NEVER)
    epoch = f"{MONDAY + 20 * MINUTE}-9f0c31d2-5a77-4c1e-8d0b-{30:012}"
    assert [(proposal.epoch, proposal.due) for proposal in made.proposals] == [(epoch, MONDAY + 22 * MINUTE + HOUR)]


def test_a_journey_of_layout_1_goes_on_with_its_next_step_and_knows_what_was_sent() -> None:
    row = decode_row(stored(1)["journey-with-a-touch"])
    assert [(touch.at, touch.rule) for touch in row.touches] == [(MONDAY + MINUTE + HOUR, "abandoned-cart")]
    made = Drive(engine(rule(steps=(step(), step(DAY, id="2")))), row).fire(NEVER)
    assert [(proposal.step, proposal.due) for proposal in made.proposals] == [("2", MONDAY + MINUTE + HOUR + DAY)]
    assert made.proposals[0].epoch == f"{MONDAY + MINUTE}-{FIRST}"


def test_a_touch_in_the_outbox_of_layout_1_is_still_due() -> None:
    row = decode_row(stored(1)["touch-in-the-outbox"])
    assert [(touch.step, touch.due, touch.wake) for touch in row.outbox] == [("1", MONDAY + MINUTE + HOUR, None)]


def test_an_order_of_layout_1_counts_once() -> None:
    row = decode_row(stored(1)["ordered"])
    assert row.orders is not None and row.orders.totals == {"RUB": (1, Decimal("1990.50"))}
    made = Drive(engine(rule()), row)
    made.feed(ordered(MONDAY + 3 * MINUTE, "o1", total=Decimal("1990.50"), currency="RUB"))
    assert row.orders.count == 1 and not row.has_open_cart()


def test_an_erased_row_of_layout_1_stays_erased() -> None:
    row = decode_row(stored(1)["erased"])
    assert row.erased_at == MONDAY + HOUR // 2
    assert not (row.profile or row.consents or row.interests or row.has_open_cart())


@pytest.mark.parametrize("name", stored(1))
def test_a_row_of_layout_1_is_in_layout_2_what_it_was(name: str) -> None:
    assert encode_row(decode_row(stored(1)[name])) == encode_row(decode_row(stored(2)[name]))


@pytest.mark.parametrize("name", stored(2))
def test_a_row_of_layout_2_is_in_layout_3_what_it_was(name: str) -> None:
    assert encode_row(decode_row(stored(2)[name])) == encode_row(decode_row(stored(3)[name]))


def test_a_touch_of_layout_1_was_an_sms_that_nobody_held_out() -> None:
    (touch,) = decode_row(stored(1)["journey-with-a-touch"]).touches
    assert (touch.channel, touch.tags, touch.products, touch.held_out) == ("sms", (), (), False)
    assert touch.planned == touch.at


# -- stored rows of layout 2


def test_the_touches_of_layout_2_say_what_they_offered_and_who_was_held_out() -> None:
    row = decode_row(stored(2)["touches-of-all-kinds"])
    first, second = row.touches
    assert (first.channel, first.held_out, first.planned) == ("sms", False, first.at)
    assert (second.rule, second.step, second.tags, second.channel) == ("spring", "second", ("promo", "cart"), "bonus")
    assert second.held_out and second.products == ("sku-7", "sku-8")
    assert (second.at, second.planned) == (first.at + 2 * HOUR, first.at + HOUR)
    assert row.clicked_at == first.at + 4 * HOUR
    assert row.numbers == {
        "+79990000042": Number(bytes(range(16)), first.at, bytes(8), first.at + 5 * HOUR, 1, first.at + 6 * HOUR)
    }


def test_what_layout_2_knew_of_products_and_journeys_is_known_of_them_still() -> None:
    row = decode_row(stored(2)["cart-with-ops"])
    assert {(seen.times, seen.earlier, seen.looked, seen.price) for seen in row.interests.values()} == {
        (1, (), 0, Decimal("1990.00"))
    }
    assert (row.cart.now.checkout_at, row.cart.now.taken) == (0, {})
    (journey,) = decode_row(stored(2)["journey-with-a-touch"]).journeys
    assert (journey.about, journey.variant, journey.exclusive) == (NOTHING, "", "")


# -- stored rows of layout 3


def test_the_rows_of_layout_3_say_what_kinds_of_triggers_need() -> None:
    row = decode_row(stored(3)["everything"])
    assert (row.walked, row.plan) == (1 << 20, 0xDEADBEEF)
    assert row.looks == {30: MONDAY + DAY, 12: MONDAY + 66 * DAY}
    assert (row.looked_at, row.looked["order"]) == (MONDAY - DAY, (MONDAY - DAY, HOUR))
    assert (row.visited_at, row.surveyed_at, row.bonus_expires_at) == (
        MONDAY + HOUR, MONDAY - 30 * DAY, MONDAY + 7 * DAY
    )  # fmt: skip
    about = About(
        (Shown("sku-7", Decimal("1790.00"), Decimal("1990.00")), Shown("sku-8")), "black-friday", "kettles",
        MONDAY + 2 * DAY,
    )  # fmt: skip
    assert row.occasions == [Occasion("flash_sale", "sale", MONDAY + 2 * HOUR, MONDAY + HOUR, "black-friday", about)]
    assert row.dropped_occasions == 2
    assert (row.journeys[-1].about, row.journeys[-1].variant, row.journeys[-1].exclusive) == (about, "b", "sales")
    assert row.history["sale"].times == 3 and row.touches[-1].kind == "survey"


def test_the_rows_of_layout_3_say_what_was_bought_liked_and_answered() -> None:
    row = decode_row(stored(3)["everything"])
    assert row.bought == {
        "sku-1": Bought(MONDAY - DAY, 3, Decimal(5), 27 * DAY), "sku-2": Bought(MONDAY - 2 * DAY),
        "sku-5": Bought(MONDAY, 1, Decimal(7)),
    }  # fmt: skip
    assert row.cart.now.checkout_at == MONDAY
    assert row.categories["kettles"].views == (
        MONDAY + 9 * MINUTE, *(MONDAY + at * MINUTE for at in (8, 7, 6)), MONDAY + 9 * MINUTE - DAY,
    )  # fmt: skip
    assert row.wishes == {"sku-9": Wish(MONDAY, True), "sku-10": Wish(MONDAY - DAY, False)}
    assert row.surveys["after-sale"].answers == {"score": 9, "liked": ["price", "speed"]}
    assert row.dates == {"anniversary": Field("2010-02-28", MONDAY), "name-day": Field(None, MONDAY)}
    assert row.members == {"vip": Member(True, MONDAY)}
    assert row.field("registered_at") == "2025-03-01T12:00:00Z"
    seen = row.interests["sku-20000"]
    assert (seen.at, seen.times, seen.price) == (MONDAY + 2 * HOUR, 3, Decimal("19.90"))
    assert (seen.earlier, seen.priced) == ((HOUR, 2 * HOUR), 2 * HOUR)


# -- how rows are brought up


def earlier(data: bytes) -> bytes:
    """The row as a layout -1 might have had it: two fields elsewhere, and one that was text."""
    values: list[Any] = msgspec.msgpack.decode(data)
    return msgspec.msgpack.encode([0, f"{values[1]}:{values[2]}", *values[3:]])


def apart(values: list[Any]) -> list[Any]:
    shop, _, customer = values[1].partition(":")
    return [values[0], shop, customer, *values[2:]]


def test_a_row_of_an_older_layout_is_read_by_way_of_the_step_between() -> None:
    grown = Layouts(LAYOUT, {0: apart, **STEPS})
    for data in stored(1).values():
        assert encode_row(read_row(earlier(data), grown)) == encode_row(decode_row(data))


def test_a_row_two_layouts_behind_takes_both_steps_in_order() -> None:
    two = Layouts(3, {1: lambda values: [*values, "first"], 2: lambda values: [*values, "second"]})
    assert msgspec.msgpack.decode(two.upgraded(msgspec.msgpack.encode([1, "row"]))) == [3, "row", "first", "second"]
    assert msgspec.msgpack.decode(two.upgraded(msgspec.msgpack.encode([2, "row"]))) == [3, "row", "second"]
    assert two.upgraded(msgspec.msgpack.encode([3, "row"])) == msgspec.msgpack.encode([3, "row"])


def test_a_row_of_a_newer_or_of_too_old_a_layout_is_said_so() -> None:
    layouts = Layouts(3, {2: list})
    for layout, newer in ((1, False), (4, True), (127, True), (128, True), (70_000, True)):
        for check in (layouts.check, layouts.upgraded):
            with pytest.raises(UnknownLayout, match=f"layout {layout}, this release reads layouts 2 to 3") as unknown:
                check(msgspec.msgpack.encode([layout, "of any shape"]))
            assert (unknown.value.layout, unknown.value.newer) == (layout, newer)


def test_the_layout_is_told_from_the_first_bytes() -> None:
    for length in (1, 15, 16, 70_000):
        for layout in (0, 1, 127, 128, 300, 70_000, 1 << 40):
            assert layout_of(msgspec.msgpack.encode([layout, *[None] * (length - 1)])[:20]) == layout
    assert layout_of(encode_row(new_row("main", "42"))) == LAYOUT


def test_what_does_not_begin_with_a_layout_is_no_row() -> None:
    for data in (b"", b"\xdc", b"\x91", b"\xdc\x00\x16", b"\x91\xcd\x01", b"\x91\xc0", b"\x81\xa1a\x01"):
        with pytest.raises(ValueError, match="no row"):
            layout_of(data)


def test_steps_without_a_successor_or_with_a_gap_are_refused() -> None:
    with pytest.raises(KeyError):
        Layouts(4, {1: list, 3: list})
    with pytest.raises(ValueError, match="lead nowhere"):
        Layouts(2, {1: list, 2: list})


def test_a_row_read_in_an_old_layout_is_written_in_the_newest() -> None:
    row = read_row(earlier(stored(1)["ordered"]), Layouts(LAYOUT, {0: apart, **STEPS}))
    assert layout_of(encode_row(row)) == row.layout == LAYOUT
