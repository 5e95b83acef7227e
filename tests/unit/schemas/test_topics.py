"""The topics and what the design's table says of them."""

from __future__ import annotations

import pytest

from schemas.contracts import CONTRACTS, CUSTOMER_EVENTS, EVENTS
from schemas.fields import CustomerEvent
from schemas.topics import (
    BY_NAME,
    CLOCK,
    CO_PARTITIONED,
    CUSTOMER_KEY,
    HAND_ASSIGNED,
    HOLD_CLOCK,
    TOPICS,
    Cleanup,
    Direction,
    Partitions,
    changelog,
    topic_of,
)


def test_every_contract_is_carried_by_exactly_one_topic_but_the_clock() -> None:
    for name in CONTRACTS:
        carriers = [topic for topic in TOPICS if name in topic.carries]
        assert carriers == (list(HOLD_CLOCK) if name == CLOCK else [topic_of(name)])
    assert {name for topic in TOPICS for name in topic.carries} == set(CONTRACTS)


def test_every_event_about_a_customer_travels_on_a_co_partitioned_topic_keyed_by_customer() -> None:
    carried = {name for topic in CO_PARTITIONED for name in topic.carries} - {CLOCK}
    assert carried == {model.__name__ for model in CUSTOMER_EVENTS}
    assert carried == {model.__name__ for model in EVENTS if issubclass(model, CustomerEvent)}
    assert {topic.key for topic in CO_PARTITIONED} == {CUSTOMER_KEY}
    assert {topic.partitions for topic in CO_PARTITIONED} == {Partitions.CUSTOMER}


def test_ranks_order_the_topics_at_equal_time() -> None:
    ranked = sorted((topic for topic in TOPICS if topic.rank is not None), key=lambda topic: topic.rank or 0)
    assert [topic.name for topic in ranked] == [
        "rules", "shop-facts", "products", "suppressions", "marketing-events", "customer-events", "site-views",
        "cart-events", "order-events", "delivery-receipts",
    ]  # fmt: skip
    assert [topic.rank for topic in ranked] == list(range(10))


def test_only_what_storefronts_and_marketing_write_holds_the_clock() -> None:
    assert {topic.name for topic in HOLD_CLOCK} == {
        "site-views", "cart-events", "order-events", "customer-events", "marketing-events"
    }  # fmt: skip


def test_topics_that_every_worker_reads_whole_have_one_partition() -> None:
    assert {topic.name for topic in HAND_ASSIGNED} == {
        "marketing-events", "products", "rules", "suppressions", "phone-links", "shop-facts"
    }  # fmt: skip


def test_what_is_not_compacted_has_finite_retention() -> None:
    for topic in TOPICS:
        assert (topic.retention_ms > 0) == (topic.cleanup is Cleanup.DELETE), topic.name
        assert ("retention.ms" in topic.config()) == (topic.cleanup is Cleanup.DELETE)


def test_events_from_outside_are_stamped_by_the_broker() -> None:
    assert {topic.name for topic in TOPICS if topic.log_append_time} == {
        topic.name for topic in TOPICS if topic.direction is Direction.IN
    }


def test_a_dead_letter_may_be_twice_as_large_as_what_it_was() -> None:
    inputs = [topic.max_message_bytes for topic in TOPICS if topic.direction is Direction.IN]
    assert BY_NAME["dead-letters"].max_message_bytes == 2 * max(inputs)


@pytest.mark.parametrize("event_type", ["ProductSeen", CLOCK, ""])
def test_what_belongs_to_no_one_topic_has_none(event_type: str) -> None:
    with pytest.raises(KeyError):
        topic_of(event_type)


def test_the_changelog_is_compacted_and_as_wide_as_the_customer_topics() -> None:
    topic = changelog("rewake")
    assert topic.name == "rewake-customers-changelog"
    assert (topic.cleanup, topic.partitions) == (Cleanup.COMPACT, Partitions.CUSTOMER)
