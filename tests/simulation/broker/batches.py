"""Record batches of format v2, as bytes: made by aiokafka's builder, stamped as a broker does."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.record.control_record import ABORT_MARKER, COMMIT_MARKER
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

NO_PRODUCER: Final = -1
CONTROL: Final = DefaultRecordBase.CONTROL_MASK
TRANSACTIONAL: Final = DefaultRecordBase.TRANSACTIONAL_MASK
LOG_APPEND: Final = DefaultRecordBase.TIMESTAMP_TYPE_MASK
HEADER: Final = DefaultRecordBase.HEADER_STRUCT

_CRC_AT: Final = DefaultRecordBase.CRC_OFFSET
_ATTRIBUTES_AT: Final = DefaultRecordBase.ATTRIBUTES_OFFSET
_LAST_DELTA_AT: Final = _ATTRIBUTES_AT + 2
_MAX_TIMESTAMP_AT: Final = _LAST_DELTA_AT + 4 + 8
_KIND: Final = struct.Struct(">HH")  # a control record's key: version and kind
_NO_END: Final = struct.pack(">HI", 0, 0)  # a marker's value: version and coordinator epoch

Item = tuple[int, int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
"""A record: offset within its batch, milliseconds, key, value, headers."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, wherever it lies. `last`: the last offset it stands for, whether that record is still there or not."""

    data: bytes
    base: int
    last: int
    producer: int
    epoch: int
    sequence: int
    attributes: int
    count: int
    max_timestamp: int

    @property
    def transactional(self) -> bool:
        return bool(self.attributes & TRANSACTIONAL)

    @property
    def control(self) -> bool:
        return bool(self.attributes & CONTROL)

    @property
    def last_sequence(self) -> int:
        return self.sequence + self.last - self.base

    @property
    def aborts(self) -> bool:
        """Of a marker: whether it ends its transaction in vain."""
        return bool(_KIND.unpack(self.items()[0][2] or b"")[1] == ABORT_MARKER.type_)

    def items(self) -> list[Item]:
        found: Any = DefaultRecordBatch(self.data)
        return [(r.offset - self.base, r.timestamp, r.key, r.value, list(r.headers)) for r in found]


def read(data: bytes | bytearray) -> Batch:
    """What a batch's header says. The bytes are one whole batch."""
    base, _, _, _, _, attributes, delta, _, most, producer, epoch, sequence, count = HEADER.unpack_from(data)
    return Batch(bytes(data), base, base + delta, producer, epoch, sequence, attributes, count, most)


def builder(*, transactional: bool, producer: int = NO_PRODUCER, epoch: int = -1, sequence: int = 0, size: int) -> Any:
    """aiokafka's builder. `append(index, milliseconds, key, value, headers)` gives None when `size` bytes are full."""
    return DefaultRecordBatchBuilder(
        2,
        0,
        is_transactional=int(transactional),
        producer_id=producer,
        producer_epoch=epoch,
        base_sequence=sequence,
        batch_size=size,
    )


def marker(producer: int, epoch: int, *, commit: bool, milliseconds: int) -> Batch:
    """What ends a transaction in one partition, not yet at its offset."""
    made = builder(transactional=True, producer=producer, epoch=epoch, sequence=-1, size=1 << 20)
    kind = COMMIT_MARKER if commit else ABORT_MARKER
    made.append(0, milliseconds, _KIND.pack(kind.version, kind.type_), _NO_END, [])
    data = made.build()
    _set_attributes(data, read(data).attributes | CONTROL)
    return read(data)


def placed(batch: Batch, base: int, log_append: int | None) -> Batch:
    """The batch at its offset in a log, and stamped with `log_append` milliseconds when the broker's time counts."""
    data = bytearray(batch.data)
    struct.pack_into(">q", data, 0, base)
    if log_append is not None:
        struct.pack_into(">q", data, _MAX_TIMESTAMP_AT, log_append)
        _set_attributes(data, batch.attributes | LOG_APPEND)
    return read(data)


def thinned(batch: Batch, kept: Iterable[Item]) -> Batch:
    """The batch with these of its records only: it stands for the same offsets, and may hold nothing any more."""
    made = builder(
        transactional=batch.transactional,
        producer=batch.producer,
        epoch=batch.epoch,
        sequence=batch.sequence,
        size=len(batch.data) + HEADER.size,
    )
    for item in kept:
        made.append(*item)
    data = made.build()
    struct.pack_into(">q", data, 0, batch.base)
    struct.pack_into(">i", data, _LAST_DELTA_AT, batch.last - batch.base)
    struct.pack_into(">q", data, _MAX_TIMESTAMP_AT, batch.max_timestamp)
    _set_attributes(data, batch.attributes)
    return read(data)


def _set_attributes(data: bytearray, attributes: int) -> None:
    struct.pack_into(">h", data, _ATTRIBUTES_AT, attributes)
    struct.pack_into(">I", data, _CRC_AT, calc_crc32c(bytes(data[_ATTRIBUTES_AT:])))
