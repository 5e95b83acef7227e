"""The deterministic merge: several inputs, one order, whatever the batching.

One partition number is fed by several topics (in replay: by several files), so their records are put into one order
before the engine sees them (DESIGN, time). An input's *effective time* is the running maximum of its records'
`occurred_at`; only records strictly below the *cut*, the smallest effective time over the inputs that hold the clock,
are taken, in the order (effective time, topic rank, input, offset). Nothing here depends on how records were batched
or when they arrived, so a restart that restores the running maxima rebuilds the same order.

All times are microseconds since the epoch. Pure: no I/O, no clock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import Any, Final

from schemas.partitioner import row_key

BEGINNING: Final = -(1 << 62)
"""The effective time of an input nothing has been read from."""

END: Final = 1 << 62
"""The cut when no input holds the clock."""

Merged = tuple[int, int, int, int, str, Any]
"""(effective time, topic rank, input index, offset, row key, event), as they are sorted. The key is empty where who
offered the event did not know it: `key_of`."""

_NO_KEYS: Final = repeat("")


def key_of(item: Merged) -> str:
    """The key of the row that a customer's event is about."""
    return item[4] or row_key(item[5].shop_id, item[5].customer_id)


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input: a topic's partition, or one topic's lines of a file. What Rewake writes never holds the clock."""

    name: str
    rank: int
    holds_clock: bool = True


class _Input:
    __slots__ = ("at_end", "buffered", "given", "running", "segments", "spec", "taken")

    def __init__(self, spec: InputSpec) -> None:
        self.spec = spec
        self.running = BEGINNING
        self.taken = BEGINNING
        self.at_end = False
        self.buffered = 0
        self.given = (0, -1)
        self.segments: deque[tuple[list[int], Sequence[int], Sequence[str] | None, Sequence[Any]]] = deque()


class Merge:
    """Buffers what each input delivers and hands it out in the one order. Indexes are positions in `specs`."""

    def __init__(self, specs: Sequence[InputSpec]) -> None:
        self._inputs = [_Input(spec) for spec in specs]

    def offer(
        self,
        index: int,
        times: Sequence[int],
        offsets: Sequence[int],
        events: Sequence[Any],
        keys: Sequence[str] | None = None,
    ) -> None:
        """Records of one input in its own order: `occurred_at`, offset, event and row key, sequences of one length."""
        if not times:
            return
        source = self._inputs[index]
        if not source.segments:
            source.taken = source.running  # markers since the last record taken are settled: their offset is passed
        effective = list(accumulate(times, max, initial=source.running))
        del effective[0]
        source.running = effective[-1]
        source.segments.append((effective, offsets, keys, events))
        source.buffered += len(effective)

    def advance(self, index: int, time: int) -> None:
        """The input has reached `time` without a record (a ClockAdvanced marker)."""
        source = self._inputs[index]
        source.running = max(source.running, time)

    def set_end(self, index: int, at_end: bool) -> None:
        """Whether the input is known to have nothing unread, and so no longer holds the others back."""
        self._inputs[index].at_end = at_end

    def cut(self) -> int:
        """The time below which every record that can still come is known to lie above."""
        return min((i.running for i in self._inputs if i.spec.holds_clock and not i.at_end), default=END)

    def take(self, below: int | None = None, limit: int | None = None) -> list[Merged]:
        """Take the records whose effective time is below both the cut and `below`, in order.

        At most about `limit` of them (all of one instant stay together), so that a worker's chunk is bounded.
        """
        cut = self.cut()
        if below is not None and below < cut:
            cut = below
        if limit is not None and self.buffered_total() > limit:
            cut = self._bounded(cut, limit)
        taken: list[Merged] = []
        for index, source in enumerate(self._inputs):
            segments = source.segments
            rank = repeat(source.spec.rank)
            before = len(taken)
            while segments:
                effective, offsets, keys, events = segments[0]
                if effective[-1] < cut:
                    taken += zip(effective, rank, repeat(index), offsets, keys or _NO_KEYS, events)
                    segments.popleft()
                    continue
                split = bisect_left(effective, cut)
                if split:
                    first = keys[:split] if keys else _NO_KEYS
                    taken += zip(effective[:split], rank, repeat(index), offsets[:split], first, events[:split])
                    segments[0] = (effective[split:], offsets[split:], keys and keys[split:], events[split:])
                break
            count = len(taken) - before
            if count:
                source.buffered -= count
                source.taken = taken[-1][0]
            source.given = (count, taken[-1][3] if count else -1)
        # (effective, rank, input, offset) is unique, so the comparison never reaches key and event. Each input's own
        # are in order already, and merging sorted runs is what this sort is best at.
        taken.sort()
        return taken

    def given(self, index: int) -> tuple[int, int]:
        """Of the last `take`: how many records of this input it took, and the offset of the last of them (else -1)."""
        return self._inputs[index].given

    def _bounded(self, cut: int, limit: int) -> int:
        """A cut, not above `cut`, below which about `limit` records lie: the smallest that some input's limit gives."""
        best = cut
        for source in self._inputs:
            seen = 0
            for effective, *_ in source.segments:
                if seen + len(effective) > limit:
                    best = min(best, effective[limit - seen] + 1)
                    break
                seen += len(effective)
        return best

    def first(self) -> int | None:
        """No record that is to be taken lies below this; None where that is not known."""
        cut = self.cut()
        if cut == BEGINNING:
            return None
        first = min((source.segments[0][0][0] for source in self._inputs if source.segments), default=cut)
        return None if (least := min(first, cut)) >= END else least

    def ready(self, below: int = END) -> int:
        """Records that `take` would give out now."""
        cut = min(self.cut(), below)
        ready = 0
        for source in self._inputs:
            for effective, *_ in source.segments:
                if effective[-1] >= cut:
                    ready += bisect_left(effective, cut)
                    break
                ready += len(effective)
        return ready

    def buffered(self, index: int) -> int:
        """Records of this input that wait."""
        return self._inputs[index].buffered

    def buffered_total(self) -> int:
        return sum(source.buffered for source in self._inputs)

    def running(self, index: int) -> int:
        """The input's effective time: what it has reached by records and markers, BEGINNING before the first."""
        return self._inputs[index].running

    def holds(self, index: int) -> bool:
        """Whether the others wait for this input: none that holds the clock has reached less."""
        source = self._inputs[index]
        return source.spec.holds_clock and not source.at_end and source.running == self.cut()

    def settled(self, index: int) -> int:
        """The running maximum to restart with, together with the offset after the last record taken.

        While records wait that is the effective time of the last one taken; with none waiting, all that the input
        has reached (markers included).
        """
        source = self._inputs[index]
        return source.taken if source.segments else source.running

    def restore(self, index: int, running: int) -> None:
        """Forget what waits and start over with this running maximum (after a restart or a seek back)."""
        source = self._inputs[index]
        source.segments.clear()
        source.buffered = 0
        source.running = source.taken = running
        source.at_end = False
