"""Rows in memory: a dictionary, as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter

from streams.rows.interface import Loaded


class MemoryRowStore(dict[str, bytes]):
    """See `RowStore`. `get`, `update` and the rest are the dictionary's own: they run for every event."""

    def keys(self) -> Iterator[str]:  # type: ignore[override]  # a view breaks when the dictionary grows meanwhile
        return iter(tuple(self))

    def about(self) -> int:
        return len(self)

    def load(self, rows: Iterable[Loaded]) -> None:
        for key, value in rows:
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def heads(self, length: int) -> Iterator[tuple[str, bytes]]:
        return zip(self, map(itemgetter(slice(length)), self.values()), strict=True)

    def close(self) -> None:
        self.clear()
