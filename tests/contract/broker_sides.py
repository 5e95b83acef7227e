"""The broker in memory and Apache Kafka, asked the same things by the product's own clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.chunks.chunk import Columns
from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.log_ends import WatchedClient
from streams.delivery import Writers
from streams.delivery.producing import KafkaWriters
from streams.partition.ports import RowsReader
from streams.partition.recovery import ChangelogRows
from tests.simulation.broker import Broker, Direct, Isolation, Reader, SimRows, SimWriters, Topic, columns

SECONDS: Final = 30.0
"""How long a test waits for what Kafka does in its own time."""

Place = tuple[str, int]

Found = TypeVar("Found")


@dataclass
class Read:
    """What a reader took out of one partition from `start` on, until it had reached the last stable offset."""

    start: int
    position: int
    last_stable: int
    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    timestamps: list[int]
    stamped: bool

    def add(self, found: Columns) -> None:
        self.position = found.next
        self.offsets += found.offsets
        self.keys += found.keys
        self.values += found.values
        self.timestamps += found.timestamps
        self.stamped = self.stamped and found.stamped


class Side(Protocol):
    """One broker under test. Topics are its caller's to name."""

    async def create(
        self, name: str, partitions: int = 1, *, compacted: bool = False, log_append: bool = False, max_bytes: int = 0
    ) -> None: ...
    def writers(self, app: str) -> Writers: ...
    def rows(self, changelog: str) -> RowsReader: ...
    async def read(
        self, topic: str, partition: int = 0, start: int = 0, isolation: Isolation = "read_committed"
    ) -> Read: ...
    async def beginnings(self, places: Collection[Place]) -> dict[Place, int]: ...
    async def committed(self, group: str, places: Collection[Place]) -> dict[Place, int]: ...
    async def commit_offsets(self, group: str, offsets: Mapping[Place, int]) -> None: ...
    async def delete_records(self, topic: str, before: int) -> None: ...
    def cleaner(self, topic: str) -> AbstractAsyncContextManager[None]:
        """Within, the log is cleaned, or will be soon."""

    async def pass_time(self, seconds: float) -> None:
        """On the broker's clock."""

    async def until(self, ask: Callable[[], Awaitable[Found]], good: Callable[[Found], bool]) -> Found:
        """Ask until the answer is good. Fails when it is not, after some time where the broker takes its own."""

    def milliseconds(self) -> int:
        """The broker's clock."""


class InMemory:
    """The simulator's broker, whose clock stands still unless told."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000_000
        self.broker = Broker(lambda: self.now)
        self._reader = Reader(self.broker, Direct())

    async def create(
        self, name: str, partitions: int = 1, *, compacted: bool = False, log_append: bool = False, max_bytes: int = 0
    ) -> None:
        settings: dict[str, Any] = {"max_bytes": max_bytes} if max_bytes else {}
        self.broker.create(Topic(name, partitions, compacted=compacted, log_append=log_append, **settings))

    def writers(self, app: str) -> Writers:
        return SimWriters(self.broker, app, Direct())

    def rows(self, changelog: str) -> RowsReader:
        return SimRows(self._reader, changelog)

    async def read(
        self, topic: str, partition: int = 0, start: int = 0, isolation: Isolation = "read_committed"
    ) -> Read:
        read = Read(start, start, -1, [], [], [], [], True)
        while True:
            answer = await self._reader.fetch(topic, partition, read.position, isolation)
            read.add(columns(answer))
            read.last_stable = answer.last_stable
            if read.position >= (answer.last_stable if isolation == "read_committed" else answer.high_watermark):
                return read

    async def beginnings(self, places: Collection[Place]) -> dict[Place, int]:
        return await self._reader.beginnings(places)

    async def committed(self, group: str, places: Collection[Place]) -> dict[Place, int]:
        return await self._reader.committed(group, places)

    async def commit_offsets(self, group: str, offsets: Mapping[Place, int]) -> None:
        await self._reader.commit_offsets(group, offsets)

    async def delete_records(self, topic: str, before: int) -> None:
        self.broker.delete_records(topic, 0, before)

    @asynccontextmanager
    async def cleaner(self, topic: str) -> AsyncIterator[None]:
        self.broker.compact(topic)
        yield

    async def pass_time(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000) + 1

    async def until(self, ask: Callable[[], Awaitable[Found]], good: Callable[[Found], bool]) -> Found:
        found = await ask()
        assert good(found), found
        return found

    def milliseconds(self) -> int:
        return self.now // 1000


class ApacheKafka:
    """The real one; `bootstrap` is `host:port`."""

    def __init__(self, bootstrap: str) -> None:
        self._options = {"bootstrap_servers": bootstrap}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(**self._options)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _consumer(self, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(**self._options, enable_auto_commit=False, fetch_max_wait_ms=20, **options)
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()

    async def create(
        self, name: str, partitions: int = 1, *, compacted: bool = False, log_append: bool = False, max_bytes: int = 0
    ) -> None:
        config: dict[str, str] = {}
        if compacted:
            config |= {"cleanup.policy": "compact", "segment.ms": "50", "min.cleanable.dirty.ratio": "0.001"}
        if log_append:
            config["message.timestamp.type"] = "LogAppendTime"
        if max_bytes:
            config["max.message.bytes"] = str(max_bytes)
        async with self._admin() as admin:
            answer = await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config)])
            assert all(error[1] == 0 for error in answer.topic_errors), answer

    def writers(self, app: str) -> Writers:
        return KafkaWriters(self._options, app)

    def rows(self, changelog: str) -> RowsReader:
        return ChangelogRows(self._options, changelog)

    async def read(
        self, topic: str, partition: int = 0, start: int = 0, isolation: Isolation = "read_committed"
    ) -> Read:
        place = TopicPartition(topic, partition)
        read = Read(start, start, -1, [], [], [], [], True)
        async with self._consumer(isolation_level=isolation) as consumer:
            watched = consumer._fetcher._client = WatchedClient(consumer._fetcher._client)
            consumer.assign([place])
            consumer.seek(place, start)
            # Uncommitted records lie beyond the end that a fetch tells of, so ask.
            end = (await consumer.end_offsets([place]))[place] if isolation == "read_uncommitted" else None
            while True:
                for found in (await fetch(consumer._fetcher, [place], drain=drain_batches, seconds=0.05)).values():
                    read.add(found)
                if place in watched.ends:
                    read.last_stable = watched.ends[place].offset
                    if read.position >= (read.last_stable if end is None else end):
                        return read

    async def beginnings(self, places: Collection[Place]) -> dict[Place, int]:
        async with self._consumer() as consumer:
            found = await consumer.beginning_offsets([TopicPartition(*place) for place in places])
        return {(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def committed(self, group: str, places: Collection[Place]) -> dict[Place, int]:
        async with self._consumer(group_id=group) as consumer:
            asked = [TopicPartition(*place) for place in places]
            found = await consumer._coordinator.fetch_committed_offsets(asked)
        return {(tp.topic, tp.partition): entry.offset for tp, entry in found.items() if entry.offset >= 0}

    async def commit_offsets(self, group: str, offsets: Mapping[Place, int]) -> None:
        async with self._consumer(group_id=group) as consumer:
            consumer.assign([TopicPartition(*place) for place in offsets])
            await consumer.commit(
                {TopicPartition(*place): OffsetAndMetadata(offset, "") for place, offset in offsets.items()}
            )

    async def delete_records(self, topic: str, before: int) -> None:
        async with self._admin() as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=before)})

    @asynccontextmanager
    async def cleaner(self, topic: str) -> AsyncIterator[None]:
        async with self._admin() as admin:
            nodes = [str(node["node_id"]) for node in (await admin.describe_cluster())["brokers"]]

            async def configure(config: Mapping[str, str]) -> None:
                await admin.alter_configs(
                    [ConfigResource(ConfigResourceType.BROKER, node, configs=config) for node in nodes]
                )

            await configure({"log.cleaner.backoff.ms": "200"})  # it rests for 15 s by default
            try:
                yield
            finally:
                await configure({})

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, ask: Callable[[], Awaitable[Found]], good: Callable[[Found], bool]) -> Found:
        deadline = time.monotonic() + SECONDS
        while not good(found := await ask()):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.01)
        return found

    def milliseconds(self) -> int:
        return int(time.time() * 1000)
