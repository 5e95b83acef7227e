"""The two ways out, on the brokers they are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import ProducerFenced

from streams import stacks
from streams.delivery import DeliveryFailed, Outgoing, Record
from streams.delivery.at_least_once import AtLeastOnce
from streams.delivery.probe import probe
from streams.delivery.producing import KafkaWriters
from streams.delivery.transactional import Transactional
from tests.conftest import Kafka
from tests.e2e.running import Shop
from tests.topics import recreate


async def group_offsets(bootstrap: str, group: str) -> dict[tuple[str, int], int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found: dict[TopicPartition, Any] = await admin.list_consumer_group_offsets(group)
        return {(tp.topic, tp.partition): entry.offset for tp, entry in found.items()}
    finally:
        await admin.close()


def outgoing(name: str, offset: int) -> Outgoing:
    out = Outgoing(rows=[Record(b"main:1", name.encode())], offsets={"cart-events": offset})
    out.publish("sms-commands", 0, Record(b"main:1", name.encode()))
    out.publish("dead-letters", 0, Record(None, name.encode(), [("reason", b"not-json")]))
    return out


@pytest.fixture
async def shop(kafka: Kafka, prefix: str, tmp_path: Any) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=1)
    return Shop(tmp_path, prefix, kafka.bootstrap, "redis://127.0.0.1:1/0")


def transactional(shop: Shop, seconds: float = 10.0) -> Transactional:
    options = {"bootstrap_servers": shop.bootstrap}
    return Transactional(KafkaWriters(options, shop.app), f"{shop.app}-customers-changelog", shop.app, seconds)


async def values(shop: Shop, topic: str) -> list[bytes]:
    return [record.value for record in await shop.records(topic)]


async def test_a_broker_is_asked_what_it_can_do(kafka: Kafka, embedded_stack: stacks.Stack, prefix: str) -> None:
    real = await probe({"bootstrap_servers": kafka.bootstrap}, prefix)
    embedded = await probe({"bootstrap_servers": embedded_stack.bootstrap}, prefix)
    assert (real.transactions, real.idempotence) == (True, True)
    assert (embedded.transactions, embedded.idempotence) == (False, False)


async def test_a_transaction_holds_rows_commands_dead_letters_and_offsets(shop: Shop) -> None:
    delivery = transactional(shop).delivery(0)
    await delivery.open()
    try:
        await delivery.commit(outgoing("first", 3))
        await delivery.commit(outgoing("second", 5))
    finally:
        await delivery.close()
    for topic in ("sms-commands", "dead-letters", f"{shop.app}-customers-changelog"):
        assert await values(shop, topic) == [b"first", b"second"]
    assert (await shop.records("dead-letters"))[0].headers == (("reason", b"not-json"),)
    assert await group_offsets(shop.bootstrap, shop.app) == {("cart-events", 0): 5}


async def test_who_opens_a_partition_fences_its_former_owner(shop: Shop) -> None:
    former, owner = transactional(shop).delivery(0), transactional(shop).delivery(0)
    await former.open()
    await former.commit(outgoing("before", 1))
    await owner.open()
    with pytest.raises(DeliveryFailed) as failed:
        await former.commit(outgoing("zombie", 2))
    assert isinstance(failed.value.__cause__, ProducerFenced)
    await owner.commit(outgoing("after", 3))
    await former.close()
    await owner.close()
    assert await values(shop, "sms-commands") == [b"before", b"after"]
    assert await group_offsets(shop.bootstrap, shop.app) == {("cart-events", 0): 3}


async def test_what_a_crashed_owner_left_open_is_never_seen(shop: Shop) -> None:
    crashed = KafkaWriters({"bootstrap_servers": shop.bootstrap}, shop.app).transactional(0, 10.0)
    await crashed.open()
    await crashed.begin([("sms-commands", 0)])
    await crashed.write([(("sms-commands", 0), [Record(b"main:1", b"half")])])
    owner = transactional(shop).delivery(0)
    await owner.open()
    await owner.commit(outgoing("whole", 1))
    assert await values(shop, "sms-commands") == [b"whole"]
    assert [record.value for record in await shop.records("sms-commands", "read_uncommitted")] == [b"half", b"whole"]
    await owner.close()
    await crashed.close()


async def test_records_larger_than_a_batch_go_in_batches_of_their_own(shop: Shop) -> None:
    delivery = transactional(shop).delivery(0)
    await delivery.open()
    out = Outgoing()
    sizes = [500_000, 600_000, 10, 1_000_000, 10]
    for size in sizes:
        out.publish("dead-letters", 0, Record(b"k", b"x" * size))
    await delivery.commit(out)
    await delivery.close()
    assert [len(value) for value in await values(shop, "dead-letters")] == sizes


async def test_at_least_once_writes_what_was_decided_before_the_offsets_that_say_so(
    embedded_stack: stacks.Stack, prefix: str, tmp_path: Any
) -> None:
    await recreate(embedded_stack.bootstrap, app=prefix, partitions=1)
    shop = Shop(tmp_path, prefix, embedded_stack.bootstrap, "redis://127.0.0.1:1/0")
    seen: list[tuple[dict[tuple[str, int], int], list[bytes], list[bytes]]] = []

    async def commit_offsets(offsets: Mapping[tuple[str, int], int]) -> None:
        rows = await values(shop, f"{prefix}-customers-changelog")
        seen.append((dict(offsets), await values(shop, "sms-commands"), rows))
        if len(seen) == 2:
            raise ConnectionError("not a member any more")

    options = {"bootstrap_servers": shop.bootstrap}
    writers = KafkaWriters(options, prefix)
    delivery = AtLeastOnce(writers, f"{prefix}-customers-changelog", False, commit_offsets).delivery(0)
    await delivery.open()
    await delivery.commit(outgoing("first", 3))
    assert seen == [({("cart-events", 0): 3}, [b"first"], [b"first"])]
    with pytest.raises(DeliveryFailed):
        await delivery.commit(outgoing("second", 5))
    await delivery.close()


@pytest.mark.parametrize("policy", ["transactional", "at-least-once"])
async def test_a_broker_that_is_away_fails_the_delivery_and_closing_it_ends(policy: str, monkeypatch: Any) -> None:
    monkeypatch.setattr("streams.delivery.producing.OPEN_SECONDS", 1.0)
    options = {"bootstrap_servers": "127.0.0.1:1"}

    async def commit_offsets(offsets: Mapping[tuple[str, int], int]) -> None: ...

    made: Transactional | AtLeastOnce = (
        Transactional(KafkaWriters(options, "app"), "rows", "app", 1.0)
        if policy == "transactional"
        else AtLeastOnce(KafkaWriters(options, "app"), "rows", False, commit_offsets)
    )
    delivery = made.delivery(0)
    with pytest.raises(DeliveryFailed):
        await delivery.open()
    with pytest.raises(DeliveryFailed):
        await delivery.commit(outgoing("x", 1))
    await delivery.close()
