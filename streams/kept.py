"""The last records of a log that is read once for many readers, each of which goes its own way through it.

A bounded number is kept. A reader that is further back finds nothing and is remembered: what it needs is to be read
from the log again, and is then kept for it until it has had it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from streams.chunks.chunk import Columns

MOST_RECORDS: Final = 100_000
MOST_PRODUCTS: Final = 20_000
"""Of snapshots of products, which are some ten times as long as what marketing says."""

PIN_SECONDS: Final = 30.0
"""A reader that was waited for this long is gone: its partition was given away."""


class Kept:
    """From `begins`, the log's first offset. Times are monotonic seconds."""

    def __init__(self, begins: int, most: int | None = None) -> None:
        self.first = self.next = begins
        """Everything from `first` up to `next` is here, as far as the log still has it."""
        self._most = MOST_RECORDS if most is None else most
        self._columns: deque[Columns] = deque()
        self._records = 0
        self._wanted: int | None = None
        self._pinned: int | None = None
        self._pinned_at = 0.0

    def __len__(self) -> int:
        return self._records

    def add(self, columns: Columns, now: float) -> None:
        """The next records; what is here already is left out."""
        if columns.next <= self.next:
            return
        columns = columns.after(self.next)
        self._columns.append(columns)
        self._records += len(columns.offsets)
        self.next = columns.next
        self._unpin(now)
        while self._records > self._most and len(self._columns) > 1 and self._pinned is None:
            dropped = self._columns.popleft()
            self._records -= len(dropped.offsets)
            self.first = dropped.next

    def since(self, position: int) -> list[Columns]:
        """What is kept from `position` on; nothing while records between are to be read again."""
        if position < self.first:
            if self._wanted is None or position < self._wanted:
                self._wanted = position
            return []
        if self._pinned is not None and position <= self._pinned and self.next > position:
            self._pinned = None
        found: list[Columns] = []
        for columns in reversed(self._columns):
            if columns.next <= position:
                break
            found.append(columns)
        found.reverse()
        return found

    def full(self, now: float) -> bool:
        """More may not be read before somebody has had what is there."""
        self._unpin(now)
        return self._pinned is not None and self._records > self._most

    def back(self, now: float) -> int | None:
        """Where to read from again, None to go on. What is kept is forgotten then, and nothing of what follows is until
        that reader has had it."""
        wanted, self._wanted = self._wanted, None
        if wanted is None or wanted >= self.first:
            return None
        self._columns.clear()
        self._records = 0
        self.first = self.next = self._pinned = wanted
        self._pinned_at = now
        return wanted

    def _unpin(self, now: float) -> None:
        if self._pinned is not None and now - self._pinned_at > PIN_SECONDS:
            self._pinned = None
