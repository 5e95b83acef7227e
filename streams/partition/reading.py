"""The logs that one partition takes or waits for: their ends as far as they are known, and how far each has been read.

Topics of the group are fetched for the partition alone, the hand-assigned ones once for all partitions of a worker;
those `beside` fill what gates look at. Times are monotonic seconds, as `LogEnd.asked` has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schemas.topics import TopicSpec
from streams.chunks import LogEnd
from streams.chunks.read_through import ReadThrough
from streams.partition.intake import Input
from streams.partition.ports import Flow, SharedLogs


class Reading:
    """Of partition `number` with these inputs (streams.partition.intake), by topic name."""

    def __init__(
        self,
        number: int,
        inputs: Mapping[str, Input],
        beside: Sequence[TopicSpec],
        flow: Flow,
        shared: SharedLogs,
    ) -> None:
        self._number = number
        self._inputs = inputs
        self._beside = beside
        self._flow = flow
        self._shared = shared
        self.begin()

    def begin(self) -> None:
        """Start, or start over: nothing is known to have been read."""
        self._read = ReadThrough(len(self._inputs) + len(self._beside))

    def end(self, source: Input) -> LogEnd | None:
        """The newest known end of an input's log."""
        name = source.spec.name
        return self._flow.log_end(name, self._number) if source.grouped else self._shared.log_end(name)

    def note(self, source: Input) -> None:
        """How far this input has been applied: every end counts, not the last one before somebody asks."""
        self._read.note(source.index, self.end(source), source.applied or 0)

    def through(self) -> float:
        """Everything that was in the logs at this moment has been applied."""
        for source in self._inputs.values():
            self.note(source)
        for index, spec in enumerate(self._beside, len(self._inputs)):
            self._read.note(index, self._shared.log_end(spec.name), self._shared.position(spec.name))
        return self._read.since()

    def arrived(self, asked: float) -> bool:
        """Whether everything has been fetched that was in the logs at `asked`: applied, it is the next turn's."""
        for name, source in self._inputs.items():
            read = (source.next or 0) if source.grouped else self._shared.position(name)
            if not _covers(self.end(source), asked, read):
                return False
        return all(
            _covers(self._shared.log_end(spec.name), asked, self._shared.position(spec.name)) for spec in self._beside
        )

    def unread(self) -> int:
        """Records known to lie unread in the group's topics, where fetching goes on."""
        return sum(self.unread_of(source) for source in self._inputs.values() if not source.paused)

    def unread_of(self, source: Input) -> int:
        """Records known to lie unread in one of the group's topics; 0 of the others, which are no partition's own."""
        end = self.end(source) if source.grouped else None
        return 0 if end is None else max(0, end.offset - (source.next or 0))

    def lag(self) -> dict[str, int]:
        """Records of the group's topics that are known to be in the log and not applied."""
        ends = {name: self.end(source) for name, source in self._inputs.items() if source.grouped}
        return {
            name: max(0, end.offset - (self._inputs[name].applied or 0))
            for name, end in ends.items()
            if end is not None
        }


def _covers(end: LogEnd | None, asked: float, read: int) -> bool:
    """Whether reading up to here has read all that was there at `asked`, as this end of the log tells."""
    return end is not None and end.asked > asked and read >= end.offset
