"""Topics read from one end to the other, or followed from where they end now; committed records alone.

Without a group, and nothing is committed: for rows that are read back, for a Redis that is filled again, and for
commands that people wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.chunks.chunk import Columns
from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.log_ends import LogEnd, WatchedClient
from streams.chunks.stopping import stop_consumer

FETCH_BYTES: Final = 4 << 20
POLL_SECONDS: Final = 0.1

Take = Callable[[TopicPartition, Columns], None]


@contextlib.asynccontextmanager
async def committed(options: Mapping[str, Any]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of committed records within, which has nothing assigned yet; `known_ends` of it tells how far the
    logs reach. `options`: of any aiokafka client. Raises KafkaError."""
    consumer = AIOKafkaConsumer(
        **options,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=50,
    )
    try:
        await consumer.start()
        # aiokafka raises CancelledError out of a stop that comes before its own tasks have begun.
        await asyncio.sleep(0)
        consumer._fetcher._client = WatchedClient(consumer._fetcher._client)
        yield consumer
    finally:
        await stop_consumer(consumer)


def known_ends(consumer: AIOKafkaConsumer) -> Mapping[TopicPartition, LogEnd]:
    """The newest ends of logs that a consumer of `committed` has heard of."""
    watched: WatchedClient = consumer._fetcher._client
    return watched.ends


class Reader:
    """Reads partitions by hand. Made by `reading`."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def partitions(self, topics: Collection[str]) -> dict[str, int]:
        """How many partitions each of these topics has; those that are not there are left out."""
        cluster = await self._consumer._client.fetch_all_metadata()
        found = {topic: cluster.partitions_for_topic(topic) for topic in topics}
        return {topic: len(numbers) for topic, numbers in found.items() if numbers}

    async def through(self, places: Collection[TopicPartition], take: Take) -> None:
        """Everything from the logs' beginnings to where they end now, or later."""
        async for place, columns in self.read(places):
            take(place, columns)

    async def last_values(
        self,
        topic: str,
        wanted: Callable[[bytes], bool] = lambda key: True,
        seen: Callable[[int, int], None] = lambda done, of: None,
    ) -> dict[bytes, bytes]:
        """What stands in a compacted topic of one partition under the keys that are `wanted`. `seen` hears of (offsets
        passed, of how many)."""
        kept: dict[bytes, bytes | None] = {}
        first: int | None = None
        async for place, columns in self.read([TopicPartition(topic, 0)]):
            for key, value in zip(columns.keys, columns.values, strict=True):
                if key is not None and wanted(key):
                    kept[key] = value
            first = columns.start if first is None else first
            seen(columns.next - first, max(known_ends(self._consumer)[place].offset, columns.next) - first)
        return {key: value for key, value in kept.items() if value is not None}

    async def read(
        self, places: Collection[TopicPartition], since: int | None = None
    ) -> AsyncGenerator[tuple[TopicPartition, Columns]]:
        """Piece by piece what lies between the logs' beginnings, or the first record written at `since` (milliseconds)
        or later, and where they end now, or later."""
        if not places:
            return
        began = time.monotonic()
        starts = await self._consumer.beginning_offsets(list(places))
        if since is not None:
            found = await self._consumer.offsets_for_times(dict.fromkeys(places, since))
            starts = {place: found[place].offset for place in places if found.get(place) is not None}
        self._consumer.assign(list(starts))
        for place, offset in starts.items():
            self._consumer.seek(place, offset)
        left = set(starts)
        while left:
            for piece in (await self._fetch(left)).items():
                yield piece
            left = {place for place in left if not await self._at_end(place, began)}

    async def from_ends(self, places: Collection[TopicPartition]) -> None:
        """Go to where these logs end now, or a little before, to `follow` them from there."""
        self._consumer.assign(list(places))
        for place, offset in (await self._consumer.end_offsets(list(places))).items():
            self._consumer.seek(place, offset)

    async def follow(self, take: Take) -> None:
        """What has come since; waits a moment for it."""
        for place, columns in (await self._fetch(self._consumer.assignment())).items():
            take(place, columns)

    async def _fetch(self, places: Collection[TopicPartition]) -> dict[TopicPartition, Columns]:
        return await fetch(self._consumer._fetcher, set(places), drain=drain_batches, seconds=POLL_SECONDS)

    async def _at_end(self, place: TopicPartition, began: float) -> bool:
        end = known_ends(self._consumer).get(place)
        return end is not None and end.asked >= began and await self._consumer.position(place) >= end.offset


@contextlib.asynccontextmanager
async def reading(options: Mapping[str, Any]) -> AsyncIterator[Reader]:
    """A reader within. `options`: of any aiokafka client. Raises KafkaError."""
    async with committed(options) as consumer:
        yield Reader(consumer)
