"""Everything that comes into one partition number: its inputs in order, screened, merged, and how far each was applied.

Positions come as two numbers an input. `next` is the offset after what was offered; `applied` the first record that is
not yet applied, and so what a commit may say. Dead letters and clock markers lie beside the
merge and are handed out once `applied` passes them: each leaves in the commit that moves past it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import structlog

from schemas.topics import TopicSpec
from streams.chunks.chunk import Columns
from streams.letters import Letter
from streams.merge import BEGINNING, END, InputSpec, Merge, Merged
from streams.partition.screening import Screened
from streams.partition.standstill import InputState
from streams.partition.syncing import SyncScreen
from streams.table import PartitionRecord

log: Final = structlog.get_logger(__name__)


class Screening(Protocol):
    """Sorts a chunk's records (streams.partition.screening)."""

    def sort(self, columns: Columns, wall: int) -> Screened: ...


@dataclass(slots=True)
class Input:
    """One topic of the partition. `grouped`: assigned with the group, else by hand. Offsets None: nothing known yet."""

    spec: TopicSpec
    index: int
    screen: Screening
    grouped: bool
    next: int | None = None
    applied: int | None = None
    committed: int | None = None
    letters: deque[Letter] = field(default_factory=deque)
    markers: deque[int] = field(default_factory=deque)
    held: deque[Columns] = field(default_factory=deque)
    """What the records came as, until the turn that takes them is over: for those that turn out to be poison."""
    paused: bool = False
    gap_from: int | None = None
    lost: int = 0

    def begin(self, at: int | None, committed: int | None) -> None:
        """Start over from this offset; what was offered and not applied is forgotten, it is fetched again."""
        self.next = self.applied = at
        self.committed = committed
        self.letters.clear()
        self.markers.clear()
        self.held.clear()
        self.paused = False
        self.gap_from = None


@dataclass(slots=True)
class Taken:
    """What one turn takes: merged events, and what lay beside them. Counters are by topic."""

    items: list[Merged] = field(default_factory=list)
    letters: list[tuple[TopicSpec, Letter]] = field(default_factory=list)
    arrived: Counter[str] = field(default_factory=Counter)
    markers: Counter[str] = field(default_factory=Counter)
    shared: int = 0
    """Events of hand-assigned topics that count as applied here."""
    lost: Counter[str] = field(default_factory=Counter)
    """Offsets that were gone from the log before they were read."""
    moved: bool = False
    """Some input's applied position has changed."""


class Intake:
    """The inputs of one partition. `screens` in the order of the merge; hand-assigned ones are named in `by_hand`."""

    def __init__(self, partition: int, screens: Sequence[tuple[TopicSpec, Screening]], by_hand: Container[str]) -> None:
        self._partition = partition
        self.below = END
        """Nothing from there on is taken for now."""
        self._merge = Merge([InputSpec(spec.name, spec.rank or 0, spec.holds_clock) for spec, _ in screens])
        self.inputs = {
            spec.name: Input(spec, index, screen, grouped=spec.name not in by_hand)
            for index, (spec, screen) in enumerate(screens)
        }

    def begin(self, committed: Mapping[str, int], record: PartitionRecord) -> None:
        """Start, or start over, where the group's offsets (of hand-assigned topics: their logs' beginnings) or the
        partition's own record say, whichever is further. The record is as durable as the rows; offsets of a group that
        was away for long expire."""
        for name, source in self.inputs.items():
            at, applied = committed.get(name), record.positions.get(name)
            source.begin(at if applied is None else applied, at)
            if isinstance(source.screen, SyncScreen):
                source.screen.begin(source.applied or 0)
                source.next = record.since.get(name, source.next)
            if at is not None and applied is not None and at > applied:
                self._skip(source, at)
            self._merge.restore(source.index, record.maxima.get(name, BEGINNING))

    # -- in

    def offer(self, topic: str, columns: Columns, wall: int, begins: int = -1) -> None:
        """The next records of an input. What was seen before is left out; what comes from beyond a gap is not taken.
        `begins`: the first offset that the log still has, -1 where that is not known."""
        source = self.inputs[topic]
        if not self._continues(source, columns, begins):
            return
        columns = columns.after(source.next or 0)
        source.next = columns.next
        if not columns.offsets:
            return
        source.held.append(columns)
        screened = source.screen.sort(columns, wall)
        source.letters += screened.letters
        source.markers += screened.markers
        for stretch in screened.stretches:
            self._merge.offer(source.index, stretch.times, stretch.offsets, stretch.events, stretch.keys)
            if stretch.marker is not None:
                self._merge.advance(source.index, stretch.marker)

    def _continues(self, source: Input, columns: Columns, begins: int) -> bool:
        """A chunk from beyond what was offered was fetched before a seek back, or one was lost on its way: it comes
        again. When the same place comes twice, the records between are gone from the log, unless that is known to have
        them."""
        if source.next is None:
            source.next = source.applied = columns.start
        if columns.start <= source.next:
            source.gap_from = None
            return columns.next > source.next
        if source.gap_from != columns.start or 0 <= begins <= source.next:
            source.gap_from = columns.start
            return False
        self._skip(source, columns.start)
        return True

    def begins(self, topic: str, offset: int) -> None:
        """The log now begins at this offset: what was not read before is gone. Without this, an input to which nothing
        comes would never be at its end."""
        source = self.inputs[topic]
        if source.next is None:
            source.next = source.applied = offset
        elif source.next < offset:
            self._skip(source, offset)

    def _skip(self, source: Input, to: int) -> None:
        gone = to - (source.next or 0)
        log.error(
            "records were passed over unread: they are gone from the log, or the group's offset was moved past them",
            topic=source.spec.name,
            partition=self._partition,
            offsets=gone,
            going_on_from=to,
        )
        source.lost += gone
        source.next, source.gap_from = to, None

    def gaps(self) -> dict[tuple[str, int], int | None]:
        """Inputs of the group whose last chunk came from beyond a gap: where they are to be fetched from."""
        return {
            (name, self._partition): source.next
            for name, source in self.inputs.items()
            if source.grouped and source.gap_from is not None
        }

    # -- out

    @property
    def waiting(self) -> int:
        """Records that the merge holds."""
        return self._merge.buffered_total()

    @property
    def ready(self) -> int:
        """Of those, what `take` would give out now: no input holds them back."""
        return self._merge.ready(self.below)

    def first(self) -> int | None:
        """No record that is to be taken lies below this; None where that is not known."""
        return self._merge.first()

    def cut(self) -> int:
        return self._merge.cut()

    def set_end(self, topic: str, at_end: bool) -> None:
        self._merge.set_end(self.inputs[topic].index, at_end)

    def take(self, limit: int) -> Taken:
        """What the merge gives out now, about `limit` records of it, and everything beside it that this passes."""
        taken = Taken(self._merge.take(None if self.below >= END else self.below, limit))
        for name, source in self.inputs.items():
            before = source.applied
            while source.held and before is not None and source.held[0].next <= before:
                source.held.popleft()
            count, last = self._merge.given(source.index)
            if self._merge.buffered(source.index) == 0:
                if source.applied is None or source.applied < (source.next or 0):  # else it is read again
                    source.applied = source.next  # past control and aborted records too
            elif count:
                source.applied = last + 1
            taken.moved |= source.applied != before
            if source.lost:
                taken.lost[name], source.lost = source.lost, 0
            if source.applied is None:
                continue
            taken.letters += ((source.spec, found) for found in _passed_letters(source.letters, source.applied))
            markers = _passed(source.markers, source.applied)
            if not source.grouped:  # read by all partitions, counted by one
                count = count if self._partition == 0 else 0
                taken.shared += count
            if markers:
                taken.markers[name] += markers
            taken.arrived[name] += count + markers
        for spec, _ in taken.letters:
            taken.arrived[spec.name] += 1
        return taken

    def original(self, index: int, offset: int) -> tuple[TopicSpec, Columns, int]:
        """What a record of the last `take` came as: its topic, columns, and place in them. `index` is the merge's."""
        source = next(source for source in self.inputs.values() if source.index == index)
        for columns in source.held:
            if columns.start <= offset < columns.next:
                return source.spec, columns, bisect_left(columns.offsets, offset)
        raise LookupError(f"offset {offset} of {source.spec.name} is not held")

    def describe(self, record: PartitionRecord) -> None:
        """Write into the partition's record what `begin` needs to go on from here."""
        for name, source in self.inputs.items():
            settled = self._merge.settled(source.index)
            if settled != BEGINNING:
                record.maxima[name] = settled
            if source.applied is not None:
                record.positions[name] = source.applied
                if isinstance(source.screen, SyncScreen):
                    record.since[name] = source.screen.since(source.applied)

    def offsets(self) -> dict[str, int]:
        """The group's offsets to commit, by topic."""
        return {
            name: source.applied
            for name, source in self.inputs.items()
            if source.grouped and source.applied is not None and source.applied != source.committed
        }

    def note_committed(self, offsets: Mapping[str, int]) -> None:
        for name, offset in offsets.items():
            self.inputs[name].committed = offset

    # -- what can be seen of it

    def states(self, unread: Callable[[Input], int]) -> tuple[InputState, ...]:
        """How each input stands. `unread`: how many offsets are known to lie in its log beyond what was fetched."""
        return tuple(
            InputState(
                topic=name,
                next=source.next or 0,
                applied=source.applied or 0,
                held=self._merge.buffered(source.index),
                unread=unread(source),
                reached=self._merge.running(source.index),
                paused=source.paused,
                holds=self._merge.holds(source.index),
            )
            for name, source in self.inputs.items()
        )

    # -- how fast

    def to_pause(self, limit: int) -> Iterator[tuple[str, bool]]:
        """(topic, whether it is to be paused) for the inputs whose state changes.

        All are while more than `limit` records wait for nothing but a turn. Else only a topic that is ahead of the
        slowest is ever paused: the merge waits for the slowest, and would for ever. A topic at its end is no slowest:
        nobody waits for it, but perhaps for the next one, whose records may all be of one instant.
        """
        plenty = self._merge.ready() > limit
        slowest = self._merge.cut()
        for name, source in self.inputs.items():
            beside = len(source.letters) + len(source.markers)
            held = self._merge.buffered(source.index) + beside
            ahead = held > limit and self._merge.running(source.index) > slowest
            full = source.grouped and (plenty or ahead)
            if full != source.paused:
                source.paused = full
                yield name, full


def _passed_letters(letters: deque[Letter], applied: int) -> Iterator[Letter]:
    while letters and letters[0].offset < applied:
        yield letters.popleft()


def _passed(offsets: deque[int], applied: int) -> int:
    passed = 0
    while offsets and offsets[0] < applied:
        offsets.popleft()
        passed += 1
    return passed
