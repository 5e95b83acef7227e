"""What `rewake topics create` decides to do."""

from __future__ import annotations

import pytest

from schemas.topics import CART_EVENTS, DECISIONS, PRODUCTS, SITE_VIEWS, changelog
from streams.provision import Difference, Existing, PartitionsDiffer, changes

SPECS = (SITE_VIEWS, CART_EVENTS, PRODUCTS, changelog("rewake"))


def test_what_is_missing_is_created_and_every_topic_by_customer_with_one_count() -> None:
    todo = changes(SPECS, {}, partitions=None, default_partitions=8)
    assert {one.name: one.partitions for one in todo.create} == {
        "site-views": 8, "cart-events": 8, "products": 1, "rewake-customers-changelog": 8,
    }  # fmt: skip
    assert {one.name: one.config["cleanup.policy"] for one in todo.create} == {
        "site-views": "delete", "cart-events": "delete", "products": "compact", "rewake-customers-changelog": "compact",
    }  # fmt: skip
    assert todo.partitions == 8


def test_without_a_wish_new_topics_get_the_count_of_those_that_exist() -> None:
    todo = changes(SPECS, {"cart-events": Existing(3)}, partitions=None, default_partitions=8)
    assert {one.name: one.partitions for one in todo.create} == {
        "site-views": 3, "products": 1, "rewake-customers-changelog": 3,
    }  # fmt: skip


def test_a_wish_that_differs_from_what_exists_is_refused() -> None:
    with pytest.raises(PartitionsDiffer, match="need 4 partitions, and cart-events has 3"):
        changes(SPECS, {"cart-events": Existing(3)}, partitions=4, default_partitions=8)


def test_topics_by_customer_with_different_counts_are_refused() -> None:
    existing = {"cart-events": Existing(3), "site-views": Existing(2)}
    with pytest.raises(PartitionsDiffer, match="cart-events has 3, site-views has 2"):
        changes(SPECS, existing, partitions=None, default_partitions=8)


def test_a_topic_that_every_worker_reads_whole_must_have_one_partition() -> None:
    with pytest.raises(PartitionsDiffer, match="products must have 1 partition, and has 2"):
        changes(SPECS, {"products": Existing(2)}, partitions=None, default_partitions=8)


def test_another_setting_is_told_and_left_alone() -> None:
    existing = {"cart-events": Existing(3, {**CART_EVENTS.config(), "retention.ms": "1000"})}
    todo = changes((CART_EVENTS,), existing, partitions=None, default_partitions=8)
    assert (todo.create, todo.lengthen) == ((), ())
    wanted = CART_EVENTS.config()["retention.ms"]
    assert todo.differences == (Difference("cart-events", "retention.ms", wanted, "1000"),)


def test_history_lengthens_what_exists_and_creates_what_is_missing_for_ever() -> None:
    existing = {"cart-events": Existing(3, CART_EVENTS.config()), "products": Existing(1, PRODUCTS.config())}
    specs = (CART_EVENTS, PRODUCTS, DECISIONS)
    todo = changes(specs, existing, partitions=None, default_partitions=8, history=True)
    assert todo.lengthen == ("cart-events",)
    assert [(one.name, one.config["retention.ms"]) for one in todo.create] == [("decisions", "-1")]
    assert todo.differences == ()


def test_a_broker_that_does_not_tell_its_settings_has_no_differences() -> None:
    todo = changes((CART_EVENTS,), {"cart-events": Existing(3)}, partitions=None, default_partitions=8)
    assert todo.differences == ()


def test_when_all_is_there_nothing_is_to_be_done() -> None:
    existing = {
        spec.name: Existing(1 if spec is PRODUCTS else 5, spec.config()) for spec in SPECS
    }
    todo = changes(SPECS, existing, partitions=None, default_partitions=8)
    assert (todo.create, todo.lengthen, todo.differences, todo.partitions) == ((), (), (), 5)
