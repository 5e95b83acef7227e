"""What is delivered: consecutive records of one topic's partition, as columns; small ones of several together."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

PARCEL_RECORDS: Final = 2_000
"""Live, a fetch brings a few records of each partition, and what a delivery costs is the same for one as for thousands.
More are delivered by themselves, so that what waits to be taken stays bounded."""


@dataclass(slots=True)
class Columns:
    """Records taken from one partition, in log order; all lists have one length, which may be 0.

    `start` is the fetch position before, `next` the one after them: past control records, aborted batches and records
    that compaction removed, so `next - start` may be more than the number of records.
    `timestamps` in milliseconds since the epoch: log-append times when the broker stamped all of them (`stamped`), else
    the producers' own.
    """

    start: int
    next: int
    offsets: list[int]
    keys: list[bytes | None]
    values: list[bytes | None]
    timestamps: list[int]
    stamped: bool

    def after(self, position: int) -> Columns:
        """The part from `position` on: what was already seen is left out."""
        if position <= self.start:
            return self
        cut = bisect_left(self.offsets, position)
        return Columns(
            position,
            max(self.next, position),
            self.offsets[cut:],
            self.keys[cut:],
            self.values[cut:],
            self.timestamps[cut:],
            self.stamped,
        )


@dataclass(slots=True)
class Chunk:
    """Columns with where they come from. `generation` is the group's when they were fetched."""

    topic: str
    partition: int
    generation: int
    columns: Columns


def parcels(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """The same in order, none left out: as many together as have PARCEL_RECORDS records, and always one."""
    parcel: list[Chunk] = []
    records = 0
    for chunk in chunks:
        size = len(chunk.columns.offsets)
        if parcel and records + size > PARCEL_RECORDS:
            yield parcel
            parcel, records = [], 0
        parcel.append(chunk)
        records += size
    if parcel:
        yield parcel
