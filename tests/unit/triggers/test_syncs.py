"""The changed set of a feed's sync."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

from schemas.instants import DAY
from triggers.campaigns import Campaigns
from triggers.syncs import ChangedSet
from triggers.walkers import walk_of
from triggers.walks import Change, Synced


def fell(old: int, new: int) -> Change:
    return Change(Decimal(old), Decimal(new), True, True)


def test_the_set_is_all_changes_since_the_last_one_in_order_of_product() -> None:
    changed = ChangedSet()
    changed.add("b", fell(10, 9), 7)
    changed.add("a", fell(10, 11), 7)
    over = changed.over("main", "s", 7)
    assert list(over.changes) == ["a", "b"]
    assert (over.shop_id, over.sync_id, over.at, over.left_out) == ("main", "s", 7, 0)
    assert not changed.over("main", "s", 8).changes


def test_of_a_product_that_comes_twice_it_is_what_was_before_the_first_and_after_the_last() -> None:
    changed = ChangedSet()
    changed.add("a", Change(Decimal(10), Decimal(9), False, True, 1, 2), 7)
    changed.add("a", Change(Decimal(9), Decimal(7), True, False, 2, 3), 7)
    changed.add("b", fell(10, 9), 7)
    changed.add("b", fell(9, 10), 7)
    assert changed.over("main", "s", 7).changes == {"a": Change(Decimal(10), Decimal(7), False, False, 1, 3)}


def test_what_changed_neither_its_price_nor_whether_it_can_be_had_is_no_change() -> None:
    changed = ChangedSet()
    changed.add("a", fell(10, 10), 7)
    assert walk_of(changed.over("main", "s", 7), Campaigns(), 7) is None


def test_what_was_found_more_than_a_day_before_the_sync_is_no_news() -> None:
    changed = ChangedSet()
    changed.add("a", fell(10, 9), 7)
    changed.add("b", fell(10, 9), 7)
    changed.add("b", fell(9, 8), 8 + DAY)
    changed.add("c", fell(10, 9), 8)
    changed.add("c", fell(9, 8), 8 + DAY)
    assert changed.over("main", "s", 8 + DAY).changes == {"b": fell(9, 8), "c": fell(10, 8)}


def test_what_has_left_the_feed_is_not_in_it() -> None:
    changed = ChangedSet()
    changed.add("a", fell(10, 9), 7)
    changed.discard("a")
    assert not changed.over("main", "s", 7).changes


def test_of_more_than_may_be_the_largest_drops_are_kept_and_the_others_counted_in_any_order() -> None:
    some = {"a": fell(10, 9), "b": fell(100, 89), "c": fell(10, 20), "d": fell(10, 5), "e": fell(10, 9)}
    for order in permutations(some):
        changed = ChangedSet(most=2)
        for product in order:
            changed.add(product, some[product], 7)
        over = changed.over("main", "s", 7)
        assert (list(over.changes), over.left_out) == (["b", "d"], 3)


def test_a_sync_is_taken_by_customers_with_its_changes() -> None:
    changed = ChangedSet()
    changed.add("a", fell(10, 9), 7)
    assert walk_of(changed.over("main", "s", 7), Campaigns(), 7) == Synced("s", {"a": fell(10, 9)})
