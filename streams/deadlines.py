"""The index of rows by deadline: a heap with one live entry a row, kept lazily.

A row's deadline moves far more often than it fires (each change of a cart pushes it back), so the index is not moved
with it: an entry may be early, never late. When it comes up the row is looked at, and noted again if its deadline has
moved on. Times are microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from triggers.engine import NEVER


class DeadlineIndex:
    """Rows by key. Rebuilt on restore from (key, deadline) pairs."""

    __slots__ = ("_entry", "_heap")

    def __init__(self, entries: Iterable[tuple[str, int]] = ()) -> None:
        # A million of them at once, while a partition waits to be accepted: no loop of ours.
        entry = dict(entries)
        if max(entry.values(), default=0) >= NEVER:
            entry = {key: at for key, at in entry.items() if at < NEVER}
        self._entry: dict[str, int] = entry
        self._heap: list[tuple[int, str]] = list(zip(entry.values(), entry, strict=True))
        heapify(self._heap)

    def note(self, key: str, at: int) -> None:
        """The row's deadline is now `at`. Kept only where it is earlier than what the index already waits for."""
        if at >= NEVER:
            return
        known = self._entry.get(key)
        if known is None or at < known:
            self._entry[key] = at
            heappush(self._heap, (at, key))

    def pop_below(self, reached: int) -> list[str]:
        """Keys whose entry lies strictly below `reached`, each once, in order of (entry, key); their entries are gone.

        The caller looks at the row's own deadline and notes it again.
        """
        due: list[str] = []
        heap, entry = self._heap, self._entry
        while heap and heap[0][0] < reached:
            at, key = heappop(heap)
            # An entry that a later `note` undercut is stale: only the one in `_entry` counts.
            if entry.get(key) == at:
                del entry[key]
                due.append(key)
        return due

    def next(self) -> int:
        """The earliest entry, NEVER when there is none. May be early."""
        while self._heap and self._entry.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def __len__(self) -> int:
        return len(self._entry)
