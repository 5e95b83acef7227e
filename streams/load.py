"""Event files to Kafka, in the one merged order, with the clock markers that the stream clock needs.

A marker (`ClockAdvanced`) says on every partition of every input that holds the clock that time has come so far;
without it a partition nobody buys on would hold the others back for ever (SEMANTICS, two clocks). Markers follow every
`MARK_EVERY` records and the last one; `until` puts the last one just past that time, so that what is due by then fires.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer

from feeds.snapshots import key_of
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.topics import HOLD_CLOCK, topic_of
from schemas.wire import CustomerEvent
from streams.eventfiles import EventFiles, Line
from streams.feeds.lines import FeedSyncBegun, FeedSynced, ProductSnapshot
from streams.syncs import begin_key, mark_key

MARK_EVERY: Final = 50_000
"""Records between two rounds of markers."""

_BATCH_BYTES: Final = 512 * 1024


class TopicMissing(Exception):
    """A topic that is to be written to is not there; the message names it."""


@dataclass(slots=True)
class Loaded:
    """What was published: events by topic, markers, and the time the last marker gave (microseconds)."""

    events: Counter[str] = field(default_factory=Counter)
    markers: int = 0
    reached: int | None = None


class Loader:
    """Publishes with acks=all in batches of its own per partition, so that the order within each is kept."""

    def __init__(self, client_options: dict[str, Any]) -> None:
        self._producer = AIOKafkaProducer(**client_options, acks="all", max_batch_size=_BATCH_BYTES, linger_ms=0)
        self._partitions: dict[str, int] = {}
        self._open: dict[tuple[str, int], Any] = {}
        self.loaded = Loaded()

    async def start(self) -> None:
        """Connect and look up the topics. Raises TopicMissing, aiokafka's KafkaError."""
        await self._producer.start()
        known = await self._producer.client.fetch_all_metadata()
        for spec in HOLD_CLOCK:
            found = known.partitions_for_topic(spec.name)
            if not found:
                raise TopicMissing(spec.name)
            self._partitions[spec.name] = len(found)

    async def stop(self) -> None:
        await self._producer.stop()

    async def run(
        self,
        files: EventFiles,
        *,
        until: int | None = None,
        stopped: Callable[[], bool] = lambda: False,
        seen: Callable[[int], None] = lambda lines: None,
    ) -> Loaded:
        """Publish every event of `files` (made with `keep_raw`) up to `until`, microseconds, and the markers."""
        since_mark = 0
        reached: int | None = None
        for items, _ in files.stream(None if until is None else until + 1):
            for effective, *_, line in items:
                await self.publish(line)
                reached = effective
                since_mark += 1
                if since_mark >= MARK_EVERY:
                    since_mark = 0
                    await self.mark(effective)
            seen(files.read)
            if stopped():
                break
        # One microsecond past the last record: records at the last instant itself are below the cut then.
        end = until if until is not None and not stopped() else reached
        if end is not None:
            await self.mark(end + 1)
        await self._flush()
        return self.loaded

    async def publish(self, line: Line) -> None:
        """One event to its topic; it leaves with its batch, at the latest with the next marker."""
        event = line.event
        topic = topic_of(type(event).__name__).name
        if isinstance(event, ProductSnapshot):
            await self._append(topic, 0, key_of(event.shop_id, event.product.product_id), line.raw)
        elif isinstance(event, FeedSyncBegun):
            await self._append(topic, 0, begin_key(event.shop_id), line.raw)
        elif isinstance(event, FeedSynced):
            await self._append(topic, 0, mark_key(event.shop_id), line.raw)
        elif isinstance(event, CustomerEvent):
            key = customer_key(event.shop_id, event.customer_id)
            await self._append(topic, partition_of(key, self._partitions[topic]), key, line.raw)
        else:
            await self._append(topic, 0, str(getattr(event, "shop_id", "main")).encode(), line.raw)
        self.loaded.events[topic] += 1

    async def put(self, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
        """A record as it is, whatever it holds."""
        await self._append(topic, partition, key, value)

    async def mark(self, at: int) -> None:
        """Tell every partition of every input that holds the clock that time has come to `at` (microseconds)."""
        for topic, partitions in self._partitions.items():
            for partition in range(partitions):
                marker = {
                    "type": "ClockAdvanced",
                    "event_id": f"clock-{topic}-{partition}-{at}",
                    "occurred_at": rfc3339(at),
                }
                await self._append(topic, partition, None, orjson.dumps(marker))
                self.loaded.markers += 1
        self.loaded.reached = at
        await self._flush()

    async def _append(self, topic: str, partition: int, key: bytes | None, value: bytes) -> None:
        where = (topic, partition)
        batch = self._open.get(where) or self._producer.create_batch()
        if batch.append(timestamp=None, key=key, value=value) is None:
            await self._send(where, batch)
            batch = self._producer.create_batch()
            batch.append(timestamp=None, key=key, value=value)
        self._open[where] = batch

    async def _send(self, where: tuple[str, int], batch: Any) -> None:
        batch.close()
        await (await self._producer.send_batch(batch, where[0], partition=where[1]))

    async def _flush(self) -> None:
        for where, batch in self._open.items():
            if batch.record_count():
                await self._send(where, batch)
        self._open.clear()
