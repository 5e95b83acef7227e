"""The hand-assigned topics: read once by a worker, whole, for all partitions it owns.

Two kinds. Of those that partitions merge with their inputs (what marketing does, what syncs of feeds changed; the last
of it is kept in memory) each partition keeps its own position and asks for what follows it. Those that fill a store of
the worker's are handed to it as they are read; a partition only asks how far that has come.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from schemas.topics import PRODUCTS
from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.log_ends import WatchedClient
from streams.chunks.read_through import ReadThrough
from streams.chunks.stopping import stop_consumer
from streams.following import ended
from streams.kept import MOST_PRODUCTS, Kept

log: Final = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 1.0

FETCH_WAIT_MS: Final = 25
"""How long the broker waits for something to send, here and to the group. A log is known to be at its end as of when a
fetch was sent, and touches wait to hear of that."""


class SharedLog:
    """Reads partition 0 of its topics from their beginnings, for as long as it runs.

    `kept` are those whose records stay here, for `since`; `taken` those whose records go to a taker, in log order.
    """

    def __init__(
        self, options: Mapping[str, Any], kept: Sequence[str], taken: Mapping[str, Callable[[Columns], None]]
    ) -> None:
        self._options = options
        self._topics = [TopicPartition(topic, 0) for topic in (*kept, *taken)]
        self._kept = {topic: _kept(topic, 0) for topic in kept}
        self._begins = dict.fromkeys(kept, 0)
        self._paused: set[str] = set()
        self._taken = taken
        self._next: dict[str, int] = {}
        self._watched: WatchedClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and begin to read. Raises KafkaError."""
        consumer = self._consumer = AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        await consumer.start()
        self._watched = consumer._fetcher._client = WatchedClient(consumer._fetcher._client)
        consumer.assign(self._topics)
        for tp, beginning in (await consumer.beginning_offsets(self._topics)).items():
            self._next[tp.topic] = beginning
            if tp.topic in self._kept:
                self._begins[tp.topic] = beginning
                self._kept[tp.topic] = _kept(tp.topic, beginning)
            consumer.seek(tp, beginning)
        self._task = asyncio.create_task(self._run(consumer), name="shared-logs")

    async def stop(self) -> None:
        if self._task is not None:
            await ended(self._task)
        if self._consumer is not None:
            await stop_consumer(self._consumer)

    async def ended(self) -> None:
        """Wait until reading ends, which it does by itself only when a taker raises; raises the same."""
        assert self._task is not None
        await asyncio.wait({self._task})
        self._task.result()

    async def caught_up(self, topic: str) -> None:
        """Wait until everything has been read that is in a topic now. Raises what ended the reading, if it did."""
        now, read = time.monotonic(), ReadThrough(1)
        while read.since() < now:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended(), POLL_SECONDS / 10)
            read.note(0, self.log_end(topic), self.position(topic))

    def beginnings(self) -> dict[str, int]:
        """Where the log of each topic that is kept began, for partitions that know no position."""
        return dict(self._begins)

    def position(self, topic: str) -> int:
        """Everything below this offset of a topic is kept here, was taken, or is gone from its log."""
        end = self.log_end(topic)
        return max(self._next.get(topic, 0), 0 if end is None else end.begins)

    def since(self, topic: str, position: int) -> list[Columns]:
        """What was read of a topic that is kept, from `position` on. Nothing while that is read again: it was so long
        ago that it is kept no more."""
        return self._kept[topic].since(position)

    def log_end(self, topic: str) -> LogEnd | None:
        """How far a topic reached. One that is taken reaches as far as it is written: behind a transaction that is
        still open (its worker may have died) lies what others have committed since, and nobody may act before that is
        read."""
        end = None if self._watched is None else self._watched.ends.get(TopicPartition(topic, 0))
        if end is not None and end.written > end.offset and topic in self._taken:
            return end._replace(offset=end.written)
        return end

    async def _run(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            self._steer(consumer)
            try:
                fetched = await fetch(consumer._fetcher, self._topics, drain=drain_batches, seconds=POLL_SECONDS)
            except KafkaError:
                log.exception("reading hand-assigned topics failed; trying again")
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for tp, columns in fetched.items():
                if tp.topic in self._taken:
                    self._taken[tp.topic](columns)
                else:
                    self._kept[tp.topic].add(columns, time.monotonic())
                self._next[tp.topic] = columns.next

    def _steer(self, consumer: AIOKafkaConsumer) -> None:
        """Back to where a partition needs records that are kept no more; on once it has had them."""
        now = time.monotonic()
        for topic, kept in self._kept.items():
            tp = TopicPartition(topic, 0)
            back = kept.back(now)
            if back is not None:
                consumer.seek(tp, back)
            full = kept.full(now)
            if full != (topic in self._paused):
                (consumer.pause if full else consumer.resume)(tp)
                (self._paused.add if full else self._paused.discard)(topic)


def _kept(topic: str, begins: int) -> Kept:
    return Kept(begins, MOST_PRODUCTS if topic == PRODUCTS.name else None)
