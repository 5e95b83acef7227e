"""Event files (JSON Lines, plain or gzip, `-` for standard input) as one merged stream of events.

Each line goes to its topic by its type, and each (file, topic) is one input of the merge (SEMANTICS, replay). A file
whose lines are in order of time needs little memory: what has been read tells how far every topic of it has come. Where
lines are out of order that cannot be known before the end of the file, so such a file is read whole before anything of
it is taken; a first pass over each file finds out which it is, and counts the lines for the progress bar.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from schemas.topics import CO_PARTITIONED, MARKETING_EVENTS, PRODUCTS, topic_of
from schemas.wire import ClockAdvanced, Malformed
from streams.feeds.lines import decode_lines
from streams.merge import END, InputSpec, Merge, Merged

INPUTS = (*CO_PARTITIONED, MARKETING_EVENTS, PRODUCTS)
"""The topics that lines of a file may belong to."""

BLOCK_LINES = 8192
"""Lines read and decoded at once."""


@dataclass(frozen=True, slots=True)
class Line:
    """An event with the bytes it came as, for who passes it on, and where it stood."""

    event: object
    raw: bytes
    file: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no event: which one, its bytes, and why."""

    file: str
    number: int
    raw: bytes
    why: Malformed


@dataclass(frozen=True, slots=True)
class Scan:
    """What the first pass found: lines in all, whether they are in order of time, and the last time (microseconds)."""

    lines: int
    ordered: bool
    last: int | None


@dataclass(slots=True)
class Position:
    """How far one (file, topic) has been taken: records of that topic, and the running maximum after them."""

    taken: int = 0
    running: int = -(1 << 62)


@dataclass(slots=True)
class _Cursor:
    name: str
    path: Path
    scan: Scan
    blocks: Iterator[list[tuple[int, bytes]]]
    first_input: int
    counts: list[int]
    time: int = -(1 << 62)
    done: bool = False


def open_lines(path: Path) -> BinaryIO:
    """The file's bytes, unpacked when they begin as gzip does (whatever the name)."""
    handle = path.open("rb")
    if handle.peek(2)[:2] == b"\x1f\x8b":
        return cast(BinaryIO, gzip.open(handle))
    return handle


def blocks(path: Path) -> Iterator[list[tuple[int, bytes]]]:
    """Blocks of (line number from 1, line without its end); empty lines are passed over."""
    with open_lines(path) as handle:
        block: list[tuple[int, bytes]] = []
        for number, line in enumerate(handle, 1):
            line = line.strip(b"\r\n")
            if line.strip():
                block.append((number, line))
            if len(block) >= BLOCK_LINES:
                yield block
                block = []
        if block:
            yield block


def scan(path: Path, seen: Callable[[int], None] = lambda lines: None) -> Scan:
    """The first pass. `seen` is told of every block's lines."""
    lines = 0
    last: int | None = None
    ordered = True
    for block in blocks(path):
        for event in decode_lines([raw for _, raw in block]):
            if isinstance(event, Malformed):
                continue
            if last is not None and event.at < last:
                ordered = False
            last = event.at if last is None else max(last, event.at)
        lines += len(block)
        seen(len(block))
    return Scan(lines, ordered, last)


class EventFiles:
    """All files as one stream. `keep_raw` hands out `Line`s instead of events."""

    def __init__(
        self,
        files: Sequence[str],
        *,
        keep_raw: bool = False,
        positions: dict[tuple[str, str], Position] | None = None,
        seen: Callable[[int], None] = lambda lines: None,
    ) -> None:
        """Scans every file (`-` is spooled to a temporary file first). Raises OSError for what can't be read."""
        self._keep_raw = keep_raw
        self._topics = [spec.name for spec in INPUTS]
        self._index = {name: i for i, name in enumerate(self._topics)}
        self._spool: tempfile.TemporaryDirectory[str] | None = None
        self._before = positions or {}
        found = []
        for name in files:
            path = self._spooled() if name == "-" else Path(name)
            found.append((name, path, scan(path, seen)))
        self._begin(found)

    def _begin(self, files: Sequence[tuple[str, Path, Scan]]) -> None:
        """At the beginning of all of them, or where they were left."""
        self.read = 0
        self.markers = 0
        self.bad: list[BadLine] = []
        self._cursors: list[_Cursor] = []
        specs: list[InputSpec] = []
        for name, path, found in files:
            self._cursors.append(_Cursor(name, path, found, blocks(path), len(specs), [0] * len(self._topics)))
            specs += [InputSpec(f"{name}:{spec.name}", spec.rank or 0, spec.holds_clock) for spec in INPUTS]
        self._merge = Merge(specs)
        for cursor in self._cursors:
            for i, topic in enumerate(self._topics):
                position = self._before.get((cursor.name, topic))
                if position is not None:
                    self._merge.restore(cursor.first_input + i, position.running)

    @property
    def lines(self) -> int:
        """Lines in all files."""
        return sum(cursor.scan.lines for cursor in self._cursors)

    @property
    def last(self) -> int | None:
        """The last time of all events, microseconds."""
        return max((c.scan.last for c in self._cursors if c.scan.last is not None), default=None)

    def close(self) -> None:
        if self._spool is not None:
            self._spool.cleanup()

    def stream(self, below: int | None = None) -> Iterator[tuple[list[Merged], int]]:
        """(records in order, the time reached): everything of effective time below `below` (all of it for None).

        The time reached is END after the last batch when there is no bound: nothing can come any more.
        """
        while True:
            behind = min((c for c in self._cursors if not c.done), key=lambda c: c.time, default=None)
            if behind is not None:
                self._pull(behind)
            taken = self._merge.take(below)
            cut = self._merge.cut()
            reached = cut if below is None else min(cut, below)
            finished = behind is None or (below is not None and cut >= below)
            if taken or finished:
                yield taken, reached
            if finished:
                return

    def again(self, *, keep_raw: bool) -> EventFiles:
        """The same files from their beginning, standard input too."""
        other = copy(self)
        other._keep_raw = keep_raw
        other._begin([(cursor.name, cursor.path, cursor.scan) for cursor in self._cursors])
        return other

    def positions(self) -> dict[tuple[str, str], Position]:
        """How far each (file, topic) has been taken, to go on from later."""
        result = dict(self._before)
        for cursor in self._cursors:
            for i, topic in enumerate(self._topics):
                index = cursor.first_input + i
                taken = cursor.counts[i] - self._merge.buffered(index)
                former = self._before.get((cursor.name, topic))
                if taken > (former.taken if former else 0):
                    result[cursor.name, topic] = Position(taken, self._merge.settled(index))
        return result

    def _spooled(self) -> Path:
        self._spool = self._spool or tempfile.TemporaryDirectory(prefix="rewake-")
        path = Path(self._spool.name) / "stdin"
        with path.open("wb") as out:
            shutil.copyfileobj(sys.stdin.buffer, out)
        return path

    def _pull(self, cursor: _Cursor) -> None:
        """Read one more block of a file and offer it to the merge, topic by topic."""
        block = next(cursor.blocks, None)
        if block is None:
            cursor.done = True
            cursor.time = END
            for i in range(len(self._topics)):
                self._merge.set_end(cursor.first_input + i, True)
            return
        parted: list[tuple[list[int], list[int], list[object]]] = [([], [], []) for _ in self._topics]
        for (number, raw), event in zip(block, decode_lines([raw for _, raw in block]), strict=True):
            self.read += 1
            if isinstance(event, Malformed):
                self.bad.append(BadLine(cursor.name, number, raw, event))
                continue
            cursor.time = max(cursor.time, event.at)
            if isinstance(event, ClockAdvanced):
                self.markers += 1
                if not cursor.scan.ordered:
                    for i in range(len(self._topics)):
                        self._merge.advance(cursor.first_input + i, event.at)
                continue
            topic = self._index[topic_of(type(event).__name__).name]
            offset = cursor.counts[topic]
            cursor.counts[topic] += 1
            before = self._before.get((cursor.name, self._topics[topic]))
            if before is not None and offset < before.taken:
                continue
            times, offsets, events = parted[topic]
            times.append(event.at)
            offsets.append(offset)
            events.append(Line(event, raw, cursor.name, number) if self._keep_raw else event)
        for i, (times, offsets, events) in enumerate(parted):
            self._merge.offer(cursor.first_input + i, times, offsets, events)
            if cursor.scan.ordered:
                self._merge.advance(cursor.first_input + i, cursor.time)
