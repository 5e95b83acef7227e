"""What the group assigns, on Apache Kafka: chunks of every topic, also of one that the broker did not know at first."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.chunks.chunk import Chunk
from streams.chunks.faust_app import ChunkApp, Superseded
from streams.chunks.fetch import Fetching
from tests.conftest import Kafka
from tests.e2e.running import PATIENCE


class Owner:
    """Takes what it is assigned, and notes it."""

    def __init__(self) -> None:
        self.app: ChunkApp | None = None
        self.assignments: asyncio.Queue[set[tuple[str, int]]] = asyncio.Queue()

    async def assigned(self, generation: int, superseded: Superseded) -> bool:
        assert self.app is not None
        self.assignments.put_nowait(self.app.chunks.assigned())
        return True

    async def accept(self, generation: int) -> None: ...

    async def offer(self, chunk: Chunk) -> None: ...

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


def latest(owner: Owner, known: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """What it was assigned last."""
    while not owner.assignments.empty():
        known = owner.assignments.get_nowait()
    return known
