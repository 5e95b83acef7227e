"""What is delivered: consecutive records of one topic's partition, as columns."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass


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
