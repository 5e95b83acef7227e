"""What the group assigns, on Apache Kafka: chunks of every topic, also of one that the broker did not know at first."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.chunks.chunk import Chunk
from streams.chunks.faust_app import ChunkApp, Superseded
from streams.chunks.fetch import Fetching
from tests.conftest import Kafka
from tests.e2e.running import PATIENCE, until


class Owner:
    """Takes what it is assigned, and notes it."""

    def __init__(self) -> None:
        self.app: ChunkApp | None = None
        self.assignments: asyncio.Queue[set[tuple[str, int]]] = asyncio.Queue()
        self.offered: list[bytes | None] = []

    async def assigned(self, generation: int, superseded: Superseded) -> bool:
        assert self.app is not None
        self.assignments.put_nowait(self.app.chunks.assigned())
        return True

    async def accept(self, generation: int) -> None: ...

    async def offer(self, chunk: Chunk) -> None:
        self.offered += chunk.columns.values

    async def drain(self) -> None: ...

    async def close(self) -> None: ...


async def test_a_group_that_was_assigned_nothing_because_no_topic_was_known_gets_them_once_they_are(
    kafka: Kafka, prefix: str
) -> None:
    topic = f"{prefix}-late"
    owner = Owner()
    owner.app = app = ChunkApp.build(
        owner, (topic,), app_id=prefix, fetching=Fetching(), bootstrap=kafka.bootstrap,
        session_timeout=6.0, heartbeat_interval=1.0, instance_id=None,
    )  # fmt: skip
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    starting = asyncio.create_task(app.start())
    try:
        async with asyncio.timeout(PATIENCE):
            assert await owner.assignments.get() == set()
            await admin.create_topics([NewTopic(topic, 2, 1)])
            while (found := await owner.assignments.get()) == set():
                pass
        assert found == {(topic, 0), (topic, 1)}
        await admin.delete_topics([topic])
    finally:
        await admin.close()
        await app.stop()
        await asyncio.gather(starting, return_exceptions=True)


async def test_a_worker_with_nothing_to_do_takes_over_however_long_it_had_nothing_to_do(
    kafka: Kafka, prefix: str
) -> None:
    """It fetches nothing meanwhile, for longer than a worker may that has something to fetch."""
    topic, patience = f"{prefix}-one", 2.0
    owners = Owner(), Owner()
    for owner in owners:
        owner.app = ChunkApp.build(
            owner, (topic,), app_id=prefix, fetching=Fetching(), bootstrap=kafka.bootstrap,
            session_timeout=6.0, heartbeat_interval=0.5, instance_id=None, patience=patience,
        )  # fmt: skip
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    starting = []
    try:
        async with asyncio.timeout(PATIENCE):
            await admin.create_topics([NewTopic(topic, 1, 1)])
            starting = [asyncio.create_task(owner.app.start()) for owner in owners if owner.app is not None]
            last = [await owner.assignments.get() for owner in owners]
            while sum(map(bool, last)) != 1:  # until both are in the group, and one has the partition
                await asyncio.sleep(0.05)
                last = [latest(owner, found) for owner, found in zip(owners, last, strict=True)]
            await asyncio.sleep(2 * patience)
            at_work, idle = owners if last[0] else reversed(owners)
            assert at_work.app is not None
            await at_work.app.stop()
            while not await idle.assignments.get():
                pass
        await admin.delete_topics([topic])
    finally:
        await admin.close()
        for owner in owners:
            if owner.app is not None:
                await owner.app.stop()
        await asyncio.gather(*starting, return_exceptions=True)


async def test_records_of_after_a_rebalance_come_to_their_owner_though_somebody_asked_for_them_before_it(
    kafka: Kafka, prefix: str
) -> None:
    """Who asked in the former generation would drop them, and at the end of a log nothing ever shows that."""
    topic = f"{prefix}-two"
    one, two = owners = Owner(), Owner()
    for owner in owners:
        owner.app = ChunkApp.build(
            owner, (topic,), app_id=prefix, fetching=Fetching(), bootstrap=kafka.bootstrap,
            session_timeout=6.0, heartbeat_interval=0.5, instance_id=None,
        )  # fmt: skip
    assert one.app is not None and two.app is not None
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await producer.start()
    starting = []
    try:
        async with asyncio.timeout(PATIENCE):
            await admin.create_topics([NewTopic(topic, 2, 1)])
            starting.append(asyncio.create_task(one.app.start()))
            while len(mine := await one.assignments.get()) < 2:
                pass
            await until(lambda: not rebalancing(one))
            wanted = [TP(*place) for place in mine]
            asked = asyncio.create_task(one.app.chunks.broker.chunks(wanted, one.app.consumer_generation_id, PATIENCE))
            starting.append(asyncio.create_task(two.app.start()))
            while len(await one.assignments.get()) != 1:
                pass
            await until(lambda: not rebalancing(one) and not rebalancing(two))
            for number in range(2):
                await producer.send_and_wait(topic, b"%d" % number, partition=number)
            await until(lambda: len(one.offered) == len(two.offered) == 1)
            assert await asked == []
        assert {*one.offered, *two.offered} == {b"0", b"1"}
        await admin.delete_topics([topic])
    finally:
        await producer.stop()
        await admin.close()
        for owner in owners:
            if owner.app is not None:
                await owner.app.stop()
        await asyncio.gather(*starting, return_exceptions=True)


@pytest.mark.parametrize("partitions", [0, 1])
async def test_a_member_whose_heartbeat_failed_of_what_nobody_expected_joins_its_group_again(
    kafka: Kafka, prefix: str, partitions: int
) -> None:
    """The client waits until somebody has taken note of the error, and does not beat meanwhile."""
    topic = f"{prefix}-beat"
    owner = Owner()
    owner.app = app = ChunkApp.build(
        owner, (topic,), app_id=prefix, fetching=Fetching(), bootstrap=kafka.bootstrap,
        session_timeout=6.0, heartbeat_interval=0.5, instance_id=None,
    )  # fmt: skip
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    starting = None
    try:
        async with asyncio.timeout(PATIENCE):
            if partitions:
                await admin.create_topics([NewTopic(topic, partitions, 1)])
            starting = asyncio.create_task(app.start())
            while len(await owner.assignments.get()) != partitions:
                pass
            await until(lambda: not rebalancing(owner))
            coordinator = app.chunks.broker._ensure_consumer()._coordinator
            beats, failed = coordinator._do_heartbeat, asyncio.Event()

            async def fails() -> bool:
                coordinator._do_heartbeat = beats
                failed.set()
                raise KafkaError("what nobody expected")

            coordinator._do_heartbeat = fails
            assert len(await owner.assignments.get()) == partitions and failed.is_set()
        if partitions:
            await admin.delete_topics([topic])
    finally:
        await admin.close()
        await app.stop()
        if starting is not None:
            await asyncio.gather(starting, return_exceptions=True)


def rebalancing(owner: Owner) -> bool:
    return owner.app is None or bool(owner.app.rebalancing)


def latest(owner: Owner, known: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """What it was assigned last."""
    while not owner.assignments.empty():
        known = owner.assignments.get_nowait()
    return known
