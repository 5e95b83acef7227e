"""The records of a feed in its order, as its format takes them out of the bytes: drafts, and what gave none.

`feeds.judge` makes products of them. Reading and judging share nothing but them, so that they may be done side by side
(`streams.feeds.apart`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from feeds.draft import Draft
from feeds.formats import recognise, unknown
from feeds.problems import BadArchive, Limits, Rejected, Repaired, UnknownFormat
from feeds.source import Clock, Source

Record = Draft | Rejected | Repaired


class Records(Protocol):
    """Iterating may raise FeedError: the feed as a whole is refused."""

    @property
    def format(self) -> str:
        """The format's name."""

    @property
    def damaged(self) -> str | None:
        """Once all are read: why nothing more could be unpacked; None where the archive was whole."""

    def __iter__(self) -> Iterator[Record]: ...


class ParsedRecords:
    """The records of the feed in `stream`. Without `clock` reading may take as long as it likes.

    Raises FeedError when the format is unknown, or nothing can be unpacked.
    """

    def __init__(self, stream: BinaryIO, limits: Limits, clock: Clock | None = None) -> None:
        source = Source(stream, limits, clock)
        first = source.head
        known = recognise(first)
        while known is None and source.advance():
            known = recognise(source.head)
        if known is None:
            raise BadArchive(source.damaged) if source.damaged is not None else UnknownFormat(unknown(first))
        self.format = known.name
        self._source = source
        self._records = known.read(source, limits)

    @property
    def damaged(self) -> str | None:
        return self._source.damaged

    def __iter__(self) -> Iterator[Record]:
        return self._records
