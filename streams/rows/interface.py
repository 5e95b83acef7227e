"""What the table needs of a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

Loaded = tuple[str, bytes | None]
"""A row's key and its value as it lies in the changelog; None: the row has ended."""


class RowStore(Protocol):
    """Values by key, one per row, as they lie in the changelog. One partition's, used by one thread."""

    def __len__(self) -> int: ...
    def __contains__(self, key: object) -> bool: ...

    def about(self) -> int:
        """How many rows there are, near enough: for people, and at once while `load` goes on."""

    def get(self, key: str, /) -> bytes | None:
        """The row's value, None where there is none."""

    def update(self, rows: Iterable[tuple[str, bytes]], /) -> None:
        """Keep these instead of what there was."""

    def load(self, rows: Iterable[Loaded]) -> None:
        """The same for a stretch of the changelog, in its order, when nothing was asked yet."""

    def heads(self, length: int) -> Iterator[tuple[str, bytes]]:
        """Every key, with the first `length` bytes of its value. Nothing may be changed meanwhile."""

    def keys(self) -> Iterator[str]:
        """Every key there is now. What comes or goes meanwhile may be named, or not."""

    def close(self) -> None:
        """Let go of memory and files. Of no more use afterwards."""
