"""The cart: what each event does to it, in order and late."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from schemas import wire
from tests.unit.triggers.driving import (
    MINUTE,
    MONDAY,
    Drive,
    added,
    drive,
    event,
    ordered,
    removed,
    replaced,
    rule,
)
from triggers.cart import MAX_LINES, Cart
from triggers.cart_book import MAX_OP_ITEMS, MAX_OPS
from triggers.customer import encode_row, new_row
from triggers.facts import APPLY, ShopSays


def cart(*events: wire.CustomerEvent, on_order: Literal["cart", "items"] = "cart") -> Cart:
    return drive(rule(on_order=on_order), events=events).row.cart.now


def quantities(*events: wire.CustomerEvent, on_order: Literal["cart", "items"] = "cart") -> dict[str, int]:
    return {product: line.quantity for product, line in cart(*events, on_order=on_order).lines.items()}


def at(minutes: int) -> int:
    return MONDAY + minutes * MINUTE


def test_adding_adds_to_what_is_there() -> None:
    assert quantities(added(at(0)), added(at(1), quantity=2), added(at(2), "sku-2")) == {"sku-1": 3, "sku-2": 1}


def test_a_removal_without_quantity_removes_the_product() -> None:
    assert quantities(added(at(0), quantity=5), added(at(1), "sku-2"), removed(at(2))) == {"sku-2": 1}


def test_a_removal_with_quantity_removes_that_many() -> None:
    assert quantities(added(at(0), quantity=5), removed(at(1), quantity=2)) == {"sku-1": 3}
    assert quantities(added(at(0), quantity=2), removed(at(1), quantity=3)) == {}


def test_removing_what_is_not_there_is_no_activity() -> None:
    assert cart(added(at(0)), removed(at(5), "sku-9")).changed_at == at(0)


def test_a_whole_cart_replaces_what_was_there() -> None:
    assert quantities(added(at(0)), replaced(at(1), "sku-2", "sku-3", "sku-3")) == {"sku-2": 1, "sku-3": 2}


def test_an_identical_whole_cart_is_no_activity_but_brings_its_prices() -> None:
    items = [wire.Item("sku-1", 1, Decimal(5))]
    same = cart(replaced(at(0), "sku-1"), event(wire.CartUpdated, at(5), items=items, currency="EUR"))
    assert same.changed_at == at(0)
    assert same.lines["sku-1"].price == Decimal(5)


def test_an_empty_whole_cart_empties() -> None:
    made = drive(rule(), events=[added(at(0)), replaced(at(1))])
    assert not made.row.has_open_cart()
    assert not made.drain().decisions


def test_an_order_without_items_is_for_the_whole_cart() -> None:
    assert quantities(added(at(0)), added(at(1), "sku-2"), ordered(at(2))) == {}


def test_an_order_ends_the_whole_cart_unless_the_rule_says_items() -> None:
    events = [added(at(0), quantity=2), added(at(1), "sku-2"), ordered(at(2), items=[wire.Item("sku-1", 1)])]
    assert quantities(*events) == {}
    assert quantities(*events, on_order="items") == {"sku-1": 1, "sku-2": 1}
    assert quantities(*events[:2], ordered(at(3)), on_order="items") == {}


def test_an_order_of_items_that_are_not_in_the_cart_is_no_activity() -> None:
    assert cart(added(at(0)), ordered(at(5), items=[wire.Item("sku-9")]), on_order="items").changed_at == at(0)


def test_an_order_at_the_same_instant_includes_the_add_even_when_it_is_heard_first() -> None:
    assert quantities(added(at(0)), ordered(at(0))) == {}
    assert quantities(ordered(at(0)), added(at(0))) == {}


def test_an_add_after_the_order_opens_a_new_cart() -> None:
    made = cart(added(at(0)), ordered(at(1)), added(at(1) + 1, "sku-2", event_id="new"))
    assert list(made.lines) == ["sku-2"]
    assert (made.first_at, made.first_id) == (at(1) + 1, "new")


def test_a_late_order_takes_out_what_came_before_it_and_not_what_came_after() -> None:
    assert quantities(added(at(0)), added(at(10), "sku-2"), ordered(at(5))) == {"sku-2": 1}


def test_a_late_removal_is_sorted_in() -> None:
    late = removed(at(1), quantity=1)
    assert quantities(added(at(0)), removed(at(2)), added(at(3), quantity=4), late) == {"sku-1": 4}


def test_checkout_is_activity_only_of_a_cart_with_something_in_it() -> None:
    assert cart(added(at(0)), event(wire.CheckoutStarted, at(9))).changed_at == at(9)
    assert cart(event(wire.CheckoutStarted, at(9))).changed_at == 0


def test_of_equal_instants_the_smallest_id_names_the_cart() -> None:
    made = cart(added(at(0), event_id="b"), added(at(0), "sku-2", event_id="a"), added(at(0), "sku-3", event_id="c"))
    assert made.first_id == made.changed_id == "a"


def test_a_hundred_lines_are_kept_and_what_was_dropped_is_said() -> None:
    events = [added(at(0) + n, f"sku-{n}") for n in range(MAX_LINES + 2)]
    made = drive(rule(), events=events)
    assert len(made.row.cart.now.lines) == MAX_LINES
    assert "sku-1" not in made.row.cart.now.lines
    assert made.drain().decisions[0].inputs["dropped.lines"] == "2"


def test_the_operations_kept_for_late_events_are_bounded_and_lose_nothing_done() -> None:
    made = drive(rule(), events=[added(at(0) + n) for n in range(3 * MAX_OPS)])
    assert len(made.row.cart.ops) <= MAX_OPS
    assert made.row.cart.now.lines["sku-1"].quantity == 3 * MAX_OPS


def after_a_deadline(*late: wire.CustomerEvent) -> Drive:
    """A cart of two that fell quiet, was looked at, and hears of something older afterwards."""
    made = drive(rule(), events=[added(at(0)), added(at(20), "sku-2")]).fire(at(90))
    assert made.row.fired == at(80)
    made.now = at(90)
    return made.feed(*late)


def test_an_order_heard_after_the_deadline_takes_the_lines_not_changed_since() -> None:
    assert list(after_a_deadline(ordered(at(30))).row.cart.now.lines) == []
    assert list(after_a_deadline(ordered(at(10))).row.cart.now.lines) == ["sku-2"]


def test_an_add_heard_after_a_deadline_that_settled_its_order_stays_ordered() -> None:
    made = drive(rule(), events=[added(at(0)), ordered(at(5)), added(at(6), "sku-2")]).fire(at(90))
    made.now = at(90)
    made.feed(added(at(4), "sku-3"), removed(at(5), "sku-2"), replaced(at(3), "sku-4"))
    assert list(made.row.cart.now.lines) == ["sku-2"]


def test_whole_cart_updates_of_a_large_cart_do_not_outgrow_a_changelog_record() -> None:
    row = new_row("main", "42")
    for number in range(200):
        items = [wire.Item(product_id=f"{'p' * 100}-{line}", quantity=number + 1) for line in range(400)]
        updated = wire.CartUpdated(
            event_id=f"e{number}", customer_id="42", occurred_at="", at=1_000_000 * (number + 1), items=items
        )
        APPLY[wire.CartUpdated](row, updated, ShopSays())
        assert sum(len(op.items or ()) for op in row.cart.ops) <= MAX_OP_ITEMS
        assert len(encode_row(row)) < 200_000
    assert {line.quantity for line in row.cart.now.lines.values()} == {200}
    assert len(row.cart.now.lines) == MAX_LINES
