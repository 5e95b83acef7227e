"""Writers by aiokafka: record batches filled by us, and a producer a partition, which is known to start and to end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.producer import sender
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.delivery.interface import DeliveryFailed, Record

BATCH_BYTES: Final = 900_000
"""A batch stays under the broker's default limit of 1,048,588 bytes; one larger record makes a batch of its own."""

OPEN_SECONDS: Final = 30.0
"""aiokafka's start retries for ever; normally it takes 5 to 140 ms, longer while a former owner's transaction ends."""

STOP_SECONDS: Final = 3.0

# A transaction that begins while the markers of the one before are still being written is told to come again; aiokafka
# waits 20 ms before it does, the markers take about 2.
sender.BACKOFF_OVERRIDE = 0.004


class KafkaWriters:
    """See `streams.delivery.Writers`. `options` for any aiokafka client; ids begin with `app_id`. `limits`: how large a
    batch each topic takes, bytes, as it is at the moment; any size where nothing is said."""

    def __init__(self, options: Mapping[str, Any], app_id: str, limits: Mapping[str, int] | None = None) -> None:
        self._options = options
        self._app_id = app_id
        self._limits = limits if limits is not None else {}

    def transactional(self, partition: int, timeout: float) -> KafkaWriter:
        return self._writer(
            partition,
            transactional_id=f"{self._app_id}-{partition}",
            transaction_timeout_ms=round(timeout * 1000),
        )

    def plain(self, partition: int, idempotent: bool) -> KafkaWriter:
        return self._writer(partition, enable_idempotence=idempotent)

    def _writer(self, partition: int, **options: Any) -> KafkaWriter:
        options = {**self._options, "client_id": f"{self._app_id}-{partition}", **options}
        return KafkaWriter(partition, self._limits, **options)


class KafkaWriter:
    """See `streams.delivery.Writer`; `options` are aiokafka's, on top of what all of ours have in common."""

    def __init__(self, partition: int, limits: Mapping[str, int], **options: Any) -> None:
        self.partition = partition
        self._limits = limits
        self._options = options
        self._producer: AIOKafkaProducer | None = None

    @property
    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise DeliveryFailed(f"partition {self.partition} is not open")
        return self._producer

    async def open(self) -> None:
        self._producer = AIOKafkaProducer(**self._options, acks="all", linger_ms=0, max_batch_size=BATCH_BYTES)
        try:
            await asyncio.wait_for(self._producer.start(), OPEN_SECONDS)
        except Exception as error:
            await self.close()
            raise DeliveryFailed(f"no producer for partition {self.partition}: {error!r}") from error

    async def begin(self, partitions: Collection[tuple[str, int]]) -> None:
        producer = self._started
        await producer.begin_transaction()
        # All partitions in one request; left alone, aiokafka asks for each when its first batch is sent.
        for topic, partition in partitions:
            producer._txn_manager.maybe_add_partition_to_txn(TopicPartition(topic, partition))

    async def send_offsets(self, group: str, offsets: Mapping[tuple[str, int], int]) -> None:
        await self._started.send_offsets_to_transaction(
            {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}, group
        )

    async def write(self, written: Iterable[tuple[tuple[str, int], Iterable[Record]]]) -> None:
        producer = self._started
        sent = []
        for (topic, partition), records in written:
            for batch in batches(producer, records, self._limits.get(topic, BATCH_BYTES)):
                sent.append(await producer.send_batch(batch, topic, partition=partition))
        for result in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def commit(self) -> None:
        await self._started.commit_transaction()

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        await stop(producer)


def batches(producer: AIOKafkaProducer, records: Iterable[Record], most: int = BATCH_BYTES) -> list[Any]:
    """Closed batches with these records in order, none larger than `most` bytes unless a single record is. Only the
    producer that made a batch may send it."""
    if most < BATCH_BYTES:
        accumulator = producer._message_accumulator
        usual, accumulator._batch_size = accumulator._batch_size, most
        try:
            return _batches(producer, records)
        finally:
            accumulator._batch_size = usual
    return _batches(producer, records)


def _batches(producer: AIOKafkaProducer, records: Iterable[Record]) -> list[Any]:
    filled: list[Any] = []
    now = int(time.time() * 1000)  # the record's own timestamp; nothing reads it back
    batch = producer.create_batch()
    # The builder beneath BatchBuilder.append: half the time a record, and it is told the timestamp once.
    append = batch._builder.append
    count = 0
    none: list[tuple[str, bytes]] = []
    for record in records:
        headers = list(record.headers) if record.headers else none
        if append(count, now, record.key, record.value, headers) is None:
            _close(batch, count)
            filled.append(batch)
            batch = producer.create_batch()
            append = batch._builder.append
            count = 0
            append(0, now, record.key, record.value, headers)  # the first record of a batch is always taken
        count += 1
    if count:
        _close(batch, count)
        filled.append(batch)
    return filled


def _close(batch: Any, count: int) -> None:
    batch._relative_offset = count
    batch.close()


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
