"""Record batches, filled by us, and a partition's own producer, which is known to start and to end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.delivery.interface import DeliveryFailed, Record

BATCH_BYTES: Final = 900_000
"""A batch stays under the broker's default limit of 1,048,588 bytes; one larger record makes a batch of its own."""

OPEN_SECONDS: Final = 30.0
"""aiokafka's start retries for ever; normally it takes 5 to 140 ms, longer while a former owner's transaction ends."""

STOP_SECONDS: Final = 3.0


class PartitionProducer:
    """The producer of one partition number; `options` are aiokafka's, on top of what all of ours have in common."""

    def __init__(self, partition: int, **options: Any) -> None:
        self.partition = partition
        self._options = options
        self._open: AIOKafkaProducer | None = None

    @property
    def started(self) -> AIOKafkaProducer:
        """The started producer. Raises DeliveryFailed when there is none."""
        if self._open is None:
            raise DeliveryFailed(f"partition {self.partition} is not open")
        return self._open

    async def open(self) -> None:
        """Start it. Raises DeliveryFailed."""
        self._open = AIOKafkaProducer(**self._options, acks="all", linger_ms=0, max_batch_size=BATCH_BYTES)
        try:
            await asyncio.wait_for(self._open.start(), OPEN_SECONDS)
        except Exception as error:
            await self.close()
            raise DeliveryFailed(f"no producer for partition {self.partition}: {error!r}") from error

    async def close(self) -> None:
        """Stop it, whatever state it is in."""
        producer, self._open = self._open, None
        await stop(producer)


def batches(producer: AIOKafkaProducer, records: Iterable[Record]) -> list[Any]:
    """Closed batches with these records in order. Only the producer that made a batch may send it."""
    filled: list[Any] = []
    now = int(time.time() * 1000)  # the record's own timestamp; nothing reads it back
    batch = producer.create_batch()
    # The builder beneath BatchBuilder.append: half the time a record, and it is told the timestamp once.
    append = batch._builder.append
    count = 0
    for key, value, headers in records:
        if append(count, now, key, value, list(headers)) is None:
            _close(batch, count)
            filled.append(batch)
            batch = producer.create_batch()
            append = batch._builder.append
            count = 0
            append(0, now, key, value, list(headers))  # the first record of a batch is always taken
        count += 1
    if count:
        _close(batch, count)
        filled.append(batch)
    return filled


def _close(batch: Any, count: int) -> None:
    batch._relative_offset = count
    batch.close()


async def send(producer: AIOKafkaProducer, partitions: Iterable[tuple[tuple[str, int], Iterable[Record]]]) -> None:
    """Write records, and wait for every batch of them; the first error is raised once all have ended."""
    sent = []
    for (topic, partition), records in partitions:
        for batch in batches(producer, records):
            sent.append(await producer.send_batch(batch, topic, partition=partition))
    for result in await asyncio.gather(*sent, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def stop(producer: AIOKafkaProducer | None) -> None:
    """Stop a producer whatever state it is in; aiokafka's own `stop` can wait for a broker for ever."""
    if producer is None:
        return
    # What it still held is not ours to save: an open transaction is settled by whoever opens the partition next.
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
        return
    task = producer._sender.sender_task
    if task is not None:
        task.cancel()
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.client.close(), STOP_SECONDS)
