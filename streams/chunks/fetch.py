"""Taking records out of aiokafka's fetcher, as columns with the positions around them.

aiokafka's public calls hand out one ConsumerRecord a record and say nothing of records that hold no data (control
records, aborted batches): whoever reads a transactional log cannot tell from them that it has reached the end. Two ways
to the same columns, chosen by `REWAKE_FETCH`:

- `batches` walks the record batches of a fetch answer itself, which saves 1 to 2 microseconds an event. It reads
  private fields of aiokafka 0.14 (nothing is replaced), the same ones that `PartitionRecords._unpack_records` uses;
- `plain` lets aiokafka unpack and compares the positions before and after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final, Literal

from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException
from aiokafka.structs import TopicPartition

from streams.chunks.chunk import Columns

LOG_APPEND: Final = 1
"""Kafka's timestamp type of a record that the broker stamped."""

REASSIGNED_SECONDS: Final = 0.01
"""Between two looks at whether a group has assigned partitions again."""

Drain = Callable[[Any, Collection[TopicPartition]], Awaitable[dict[TopicPartition, Columns]]]
"""Takes what lies ready of these partitions out of a fetcher. Never suspends between reading and moving a position."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """How records are fetched: `way` as `REWAKE_FETCH`; the broker waits `max_wait_ms` for `min_bytes`."""

    way: Literal["batches", "plain"] = "batches"
    max_wait_ms: int = 50
    min_bytes: int = 1


def take_batches(records: Any) -> Columns:
    """All records of one fetch answer (aiokafka's PartitionRecords, not begun), without what was aborted."""
    start: int = records.next_fetch_offset
    position = start
    offsets: list[int] = []
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    timestamps: list[int] = []
    stamped = True
    committed_only = records._isolation_level == READ_COMMITTED
    batches = records._records
    while batches.has_next():
        batch = batches.next_batch()
        if records._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {records._tp}")
        if committed_only and batch.producer_id is not None:
            records._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch:
                if records._contains_abort_marker(batch):
                    records._aborted_producers.discard(batch.producer_id)
            elif batch.is_transactional and batch.producer_id in records._aborted_producers:
                position = batch.next_offset
                continue
        if not batch.is_control_batch:
            found = list(batch)
            if found and found[0].offset < position:
                # A fetch answers with the whole batch that holds the position asked for.
                found = [record for record in found if record.offset >= position]
            if found:
                # Attributes are half of what this costs. Most batches have no gaps; one that the broker stamped has
                # one time for all its records.
                first, last = found[0].offset, found[-1].offset
                dense = last - first + 1 == len(found)
                offsets += range(first, last + 1) if dense else [record.offset for record in found]
                keys += [record.key for record in found]
                values += [record.value for record in found]
                if batch.timestamp_type == LOG_APPEND:
                    timestamps += repeat(batch.max_timestamp, len(found))
                else:
                    timestamps += [record.timestamp for record in found]
                    stamped = False
        position = batch.next_offset
    records.next_fetch_offset = position
    # aiokafka's unused iterator refers back to the answer: the bytes of every fetch would wait for the collector, which
    # seldom comes here, and not at all while rows are restored (measured: 0.6 GB of a million rows).
    records._records_iterator = None
    return Columns(start, position, offsets, keys, values, timestamps, stamped)


async def drain_batches(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Columns]:
    """`Fetcher.fetched_records` for whole batches: the same bookkeeping around `take_batches`."""
    drained: dict[TopicPartition, Columns] = {}
    for partition in list(fetcher._records):
        if partition not in wanted:
            if not fetcher._subscriptions.is_assigned(partition):
                del fetcher._records[partition]
            continue
        result = fetcher._records[partition]
        if not isinstance(result, FetchResult):
            if drained:
                break  # hand out what there is; the error is raised by the next call
            del fetcher._records[partition]
            fetcher._notify(fetcher._wait_consume_future)
            result.check_raise()
            continue
        if result.check_assignment(partition) and result.has_more():
            columns = take_batches(result._partition_records)
            result._update_position()
            if columns.next != columns.start:
                drained[partition] = columns
        del fetcher._records[partition]
        fetcher._notify(fetcher._wait_consume_future)
    return drained


async def drain_plain(fetcher: Any, wanted: Collection[TopicPartition]) -> dict[TopicPartition, Columns]:
    """The same through `fetched_records`, which does not suspend when it is not to wait."""
    assignment = fetcher._subscriptions.subscription.assignment
    before = {partition: assignment.state_value(partition)._position for partition in wanted}
    records = await fetcher.fetched_records(wanted, timeout=0, max_records=None)
    drained: dict[TopicPartition, Columns] = {}
    for partition, start in before.items():
        position = assignment.state_value(partition)._position
        if start is None or position is None or position == start:
            continue
        found = records.get(partition, [])
        drained[partition] = Columns(
            start,
            position,
            [record.offset for record in found],
            [record.key for record in found],
            [record.value for record in found],
            [record.timestamp for record in found],
            all(record.timestamp_type == LOG_APPEND for record in found),
        )
    return drained


DRAINS: Final[dict[str, Drain]] = {"batches": drain_batches, "plain": drain_plain}


async def fetch(
    fetcher: Any,
    wanted: Collection[TopicPartition],
    *,
    drain: Drain,
    seconds: float,
    valid: Callable[[], bool] = lambda: True,
) -> dict[TopicPartition, Columns]:
    """What lies ready of these partitions; waits up to `seconds` for something to. Empty when nothing did.

    Nothing is taken of another assignment than the one it began with, nor once `valid` says no. To take moves the
    position on, and whoever asked under a former assignment drops what comes: where no record follows, none would ever
    show what is missing.
    """
    subscriptions = fetcher._subscriptions
    if subscriptions.reassignment_in_progress:
        # Records fetched before a rebalance may belong to another member by now.
        await asyncio.sleep(min(seconds, REASSIGNED_SECONDS))
        return {}
    assignment = subscriptions.subscription.assignment

    async def drained() -> dict[TopicPartition, Columns]:
        if subscriptions.reassignment_in_progress or subscriptions.subscription.assignment is not assignment:
            return {}
        held = [partition for partition in wanted if partition in assignment.tps]
        return await drain(fetcher, held) if held and valid() else {}

    found = await drained()
    if not found:
        waiter = fetcher._create_fetch_waiter()
        done, _ = await asyncio.wait([waiter], timeout=seconds)
        if not done:
            waiter.cancel()
        elif waiter.exception() is None and not fetcher._closed:  # else the group's error, which is the coordinator's
            found = await drained()
    return found
