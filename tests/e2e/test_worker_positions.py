"""Where a worker goes on after its installation was away for long: Kafka forgets offsets (after 7 days by default) and
records (retention), rows it keeps."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from confluent_kafka.admin import AdminClient

from schemas.partitioner import customer_key, partition_of
from streams.provision import provide
from streams.shared_log import FETCH_WAIT_MS
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, Worker
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.e2e.test_worker_late import sent_to
from tests.topics import delete, recreate


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, clock="wall", grace="200ms")


def expire_offsets(shop: Shop) -> None:
    """What the broker does to a group that has had no member for `offsets.retention.minutes`."""
    admin = AdminClient({"bootstrap.servers": shop.bootstrap})
    for done in admin.delete_consumer_groups([shop.app]).values():
        done.result(30)


async def delete_all_records(shop: Shop, topic: str, partition: int) -> int:
    """As retention does; answers where the log begins then."""
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.bootstrap)
    await admin.start()
    try:
        place = TopicPartition(topic, partition)
        begins: int = (await admin.delete_records({place: RecordsToDelete(before_offset=-1)}))[place]
        return begins
    finally:
        await admin.close()


async def freeze(worker: Worker, shop: Shop, topic: str, partition: int) -> None:
    """Stop the worker until it gets a SIGCONT, with none of its fetches left at the broker: one that waits there would
    be answered with what comes next, into the worker's socket, and read once it goes on.

    That none is left is shown by a fetch of our own, at the end of the partition: sent after theirs and kept there for
    twice as long, it has been answered.
    """
    worker.process.send_signal(signal.SIGSTOP)
    await asyncio.to_thread(os.waitid, os.P_PID, worker.process.pid, os.WSTOPPED)
    place = TopicPartition(topic, partition)
    later = AIOKafkaConsumer(bootstrap_servers=shop.bootstrap, fetch_max_wait_ms=2 * FETCH_WAIT_MS)
    later.assign([place])
    await later.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while later.highwater(place) is None:  # noqa: ASYNC110  # every answer names it, and nothing else tells
                await asyncio.sleep(FETCH_WAIT_MS / 1000)
    finally:
        await later.stop()


async def reminded(shop: Shop, customer: str, name: str) -> list[str]:
    """The customers written to once a worker has come to this one."""
    before = len(await shop.commands())
    await shop.publish("customer-events", [record(event) for event in consent(customer)])
    await shop.publish("cart-events", [record(added(customer, 70))])
    with shop.worker(name) as worker:
        found = await sent_to(shop, before + 1)
        assert worker.stop() == 0, worker.said()
    return sorted(found)


async def test_offsets_that_expired_do_not_bring_the_log_over_the_rows_again(shop: Shop) -> None:
    assert await reminded(shop, "early", "before") == ["early"]
    counted = await shop.counters()
    expire_offsets(shop)
    assert await reminded(shop, "late", "after") == ["early", "late"]
    assert "the group's offset has expired" in (shop.folder / "after.log").read_text()
    counters = await shop.counters()
    assert counters["in"] == counted["in"] + 3  # what came since, and nothing again
    assert counters["repeated"] == counters["lost"] == 0


async def test_what_retention_took_from_a_topic_that_is_quiet_now_is_said_and_holds_nothing_up(shop: Shop) -> None:
    """Both kinds: a topic of the group, and one assigned by hand. Neither has a record left that would show the gap."""
    assert await reminded(shop, "early", "before") == ["early"]
    number = partition_of(customer_key("main", "early"), PARTITIONS)  # the one that knows its positions
    view = {**added("early", 80), "type": "ProductViewed", "event_id": "view"}
    await shop.publish("site-views", [(record(view)[0], record(view)[1], number)] * 5)
    await shop.publish("marketing-events", [(None, b"no event", 0)] * 3)
    assert await delete_all_records(shop, "site-views", number) == 5
    assert await delete_all_records(shop, "marketing-events", 0) == 3
    assert await reminded(shop, "late", "after") == ["early", "late"]
    counters = await shop.counters()
    assert counters["lost"] == 5 + 3
    said = (shop.folder / "after.log").read_text()
    assert said.count("records were passed over unread") == 2


async def test_what_retention_takes_while_a_worker_is_behind_is_said_and_holds_nothing_up(shop: Shop) -> None:
    number = partition_of(customer_key("main", "late"), PARTITIONS)
    view = {**added("late", 80), "type": "ProductViewed", "event_id": "view"}
    with shop.worker("one") as worker:
        await shop.publish("customer-events", [record(event) for event in consent("early")])
        await shop.publish("cart-events", [record(added("early", 70))])
        assert await sent_to(shop, 1) == ["early"]
        await freeze(worker, shop, "site-views", number)
        await shop.publish("site-views", [(record(view)[0], record(view)[1], number)] * 5)
        assert await delete_all_records(shop, "site-views", number) == 5
        worker.process.send_signal(signal.SIGCONT)
        await shop.publish("customer-events", [record(event) for event in consent("late")])
        await shop.publish("cart-events", [record(added("late", 70))])
        assert sorted(await sent_to(shop, 2)) == ["early", "late"], worker.said()
        await shop.until(lambda found: found["lost"] == 5)
        assert worker.stop() == 0


async def test_a_topic_that_was_deleted_and_made_anew_is_read_from_its_beginning(shop: Shop) -> None:
    await shop.publish("order-events", [(b"main:x", b"no event", number) for number in range(PARTITIONS)] * 5)
    assert await reminded(shop, "early", "before") == ["early"]
    expire_offsets(shop)
    await delete(shop.bootstrap, {"order-events"})
    await provide(
        {"bootstrap_servers": shop.bootstrap}, app=shop.app, partitions=PARTITIONS, default_partitions=PARTITIONS,
        history=True,
    )  # fmt: skip
    counted = await shop.counters()
    await shop.publish("order-events", [(b"main:x", b"no event", number) for number in range(PARTITIONS)])
    with shop.worker("after") as worker:
        await shop.until(lambda found: found["dead_lettered"] == counted["dead_lettered"] + PARTITIONS)
        assert worker.stop() == 0
    assert worker.said().count("topic was made anew") == PARTITIONS
