"""Record batches as a broker sends them, for tests that read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.chunks.chunk import Columns

TP = TopicPartition("cart-events", 0)
_CONTROL = 0x20
_LOG_APPEND = 0x08
_ATTRIBUTES_AT = 21
_MAX_TIMESTAMP_AT = 35
_CRC_AT = 17


def batch(
    base: int,
    values: Sequence[bytes],
    *,
    producer: int = -1,
    transactional: bool = False,
    control: bytes | None = None,
    stamped: int | None = None,
    every: int = 1,
) -> bytes:
    """One batch of format 2 at offset `base`. `control`: the key of a control batch; `stamped`: the broker's time,
    milliseconds; `every`: each how many offsets a record lies, as compaction may leave them."""
    builder = DefaultRecordBatchBuilder(2, 0, 1 if transactional else 0, producer, 0, 0, 1 << 20)
    for index, value in enumerate(values):
        builder.append(every * index, 1_000 + index, control or b"key", value, [])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    flags = (_CONTROL if control is not None else 0) | (_LOG_APPEND if stamped is not None else 0)
    if flags:
        from aiokafka.record.util import calc_crc32c_py

        attributes = int.from_bytes(data[_ATTRIBUTES_AT : _ATTRIBUTES_AT + 2], "big") | flags
        data[_ATTRIBUTES_AT : _ATTRIBUTES_AT + 2] = attributes.to_bytes(2, "big")
        if stamped is not None:
            data[_MAX_TIMESTAMP_AT : _MAX_TIMESTAMP_AT + 8] = stamped.to_bytes(8, "big")
        data[_CRC_AT : _CRC_AT + 4] = calc_crc32c_py(bytes(data[_ATTRIBUTES_AT:])).to_bytes(4, "big")
    return bytes(data)


def commit(base: int, producer: int) -> bytes:
    """The marker that a transaction was committed."""
    return batch(base, [b"\0\0\0\0\0\0"], producer=producer, transactional=True, control=b"\0\0\0\1")


def abort(base: int, producer: int) -> bytes:
    return batch(base, [b"\0\0\0\0\0\0"], producer=producer, transactional=True, control=b"\0\0\0\0")


def fetched(data: bytes, position: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> Any:
    """An answer to a read_committed fetch from `position`; `aborted` are (producer id, first offset)."""
    return PartitionRecords(TP, MemoryRecords(data), list(aborted), position, None, None, True, 1)


def columns(values: Sequence[bytes | None], start: int = 0, key: bytes | None = b"main:1") -> Columns:
    """Consecutive records, stamped by their producer at 0."""
    count = len(values)
    return Columns(
        start, start + count, list(range(start, start + count)), [key] * count, list(values), [0] * count, False
    )
