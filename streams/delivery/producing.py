"""Record batches, filled by us, and producers that are known to end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from streams.delivery.interface import Record

BATCH_BYTES: Final = 900_000
"""A batch stays under the broker's default limit of 1,048,588 bytes; one larger record makes a batch of its own."""

STOP_SECONDS: Final = 3.0


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
