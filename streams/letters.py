"""Dead letters: a record that nobody can act on, on its way to `dead-letters` with its reason.

One that is larger than the topic takes goes without its value, which stays where it was read for as long as that topic
keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.dead_letters import Reason
from streams.careful import FRAME
from streams.chunks.chunk import Columns
from streams.delivery import Record


@dataclass(frozen=True, slots=True)
class Letter:
    """One record on its way to `dead-letters`."""

    offset: int
    reason: Reason
    record: Record


def letter(topic: str, partition: int, columns: Columns, index: int, reason: Reason, detail: str) -> Letter:
    """The original bytes and key; origin and reason in headers (schemas.dead_letters)."""
    offset = columns.offsets[index]
    headers = (
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("origin_topic", topic.encode()),
        ("origin_partition", str(partition).encode()),
        ("origin_offset", str(offset).encode()),
        ("origin_timestamp", str(columns.timestamps[index]).encode()),
    )
    return Letter(offset, reason, Record(columns.keys[index], columns.values[index], headers))


def fitting(record: Record, most: int | None) -> Record:
    """The letter, without its value where that is too much for the topic (`most` bytes)."""
    if most is None or record.value is None or len(record.value) < most // 2:
        return record
    headers = sum(len(name) + len(value) + 8 for name, value in record.headers)
    if len(record.key or b"") + len(record.value) + headers + FRAME <= most:
        return record
    left_out = ("value_bytes", str(len(record.value)).encode())
    return Record(record.key, None, (*record.headers, left_out))
