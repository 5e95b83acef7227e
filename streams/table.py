"""The customer rows of one partition, and how they lie in the changelog.

A row is kept as it came from the changelog, as bytes, until something first touches it: a restore decodes nothing, and
a customer who never comes back costs only its bytes. The changelog's key is the row's key (`shop_id:customer_id`), its
value 8 bytes with the row's next time, big-endian microseconds since the epoch, and then the row as msgpack. The time
in front is what the deadline index is rebuilt from; ATTENTION stands there for a row with touches in its outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from streams.delivery import Record
from triggers.engine import NEVER

PARTITION_KEY: Final = b"\x00partition"
"""The reserved key of the partition's own record. No row has it: a shop's id holds no NUL."""

ATTENTION: Final = 0
"""In place of a next time: look at the row as soon as it is restored."""

_TIME_BYTES: Final = 8


class Keepable(Protocol):
    """What the table needs of a row."""

    deadline: int

    @property
    def outbox(self) -> Sequence[object]: ...


Row = TypeVar("Row", bound=Keepable)


class PartitionRecord(msgspec.Struct, omit_defaults=True):
    """What a partition remembers beside its rows. By topic name, so that inputs may come and go.

    `maxima`: running maximum of `occurred_at` of what was applied; `positions`: next offset in hand-assigned topics;
    `counters`: since the partition's first record; `reached`: the time its clock has reached. Instants in microseconds.
    """

    maxima: dict[str, int] = {}
    positions: dict[str, int] = {}
    counters: dict[str, int] = {}
    reached: int = 0


class Table(Generic[Row]):
    """Rows by key. `encode` and `decode` are the row's own."""

    def __init__(self, encode: Callable[[Row], bytes], decode: Callable[[bytes], Row]) -> None:
        self._encode = encode
        self._decode = decode
        self._rows: dict[str, bytes | Row] = {}
        self.record = PartitionRecord()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def get(self, key: str) -> Row | None:
        row = self._rows.get(key)
        if isinstance(row, bytes):
            row = self._rows[key] = self._decode(row[_TIME_BYTES:])
        return row

    def put(self, key: str, row: Row) -> None:
        self._rows[key] = row

    def records(self, touched: Mapping[str, Row]) -> list[Record]:
        """The changelog's records for these rows as they are now, and the partition's own as the last."""
        encode = self._encode
        records = [
            Record(
                key.encode(), (ATTENTION if row.outbox else row.deadline).to_bytes(_TIME_BYTES, "big") + encode(row)
            )
            for key, row in touched.items()
        ]
        records.append(Record(PARTITION_KEY, NEVER.to_bytes(_TIME_BYTES, "big") + msgspec.msgpack.encode(self.record)))
        return records

    # -- restoring

    def restore(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """A stretch of the changelog, in its order. A record without a value ends a row."""
        rows = self._rows
        for key, value in zip(keys, values, strict=True):
            if key is None:
                continue
            if key == PARTITION_KEY:
                if value is not None:
                    self.record = msgspec.msgpack.decode(value[_TIME_BYTES:], type=PartitionRecord)
            elif value is None:
                rows.pop(key.decode(), None)
            else:
                rows[key.decode()] = value

    def restored(self) -> tuple[list[tuple[str, int]], list[str]]:
        """After a restore: (key, next time) of the rows that wait for a time, and keys of those with a full outbox."""
        waiting: list[tuple[str, int]] = []
        attention: list[str] = []
        never = NEVER.to_bytes(_TIME_BYTES, "big")
        now = ATTENTION.to_bytes(_TIME_BYTES, "big")
        for key, row in self._rows.items():
            if not isinstance(row, bytes):
                continue
            first = row[:_TIME_BYTES]
            if first == now:
                attention.append(key)
            elif first != never:
                waiting.append((key, int.from_bytes(first, "big")))
        for key in attention:
            loaded = self.get(key)
            if loaded is not None and loaded.deadline < NEVER:
                waiting.append((key, loaded.deadline))
        return waiting, attention
