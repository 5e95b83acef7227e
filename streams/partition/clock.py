"""How far time has come in one partition.

On the stream clock it is what the inputs have reached; on the wall clock also the wall's less a grace, once every input
is at its end. Instants in microseconds since the epoch, moments in monotonic seconds, as `LogEnd.asked` has them.
"""

from __future__ import annotations

from streams.merge import BEGINNING
from streams.partition.arising import Arising
from streams.partition.intake import Intake, Taken
from streams.partition.plan import PartitionPlan
from streams.partition.ports import SharedLogs
from streams.partition.reading import Reading


class Clock:
    """Of one partition, which had `reached` this instant when it was last committed. A turn looks, takes from the
    intake, and asks then how far time may go."""

    def __init__(
        self, plan: PartitionPlan, intake: Intake, reading: Reading, shared: SharedLogs, arising: Arising, reached: int
    ) -> None:
        self._plan = plan
        self._intake = intake
        self._reading = reading
        self._shared = shared
        self._arising = arising
        self._began = 0.0
        self._believed = BEGINNING
        """The last reading of the wall that could be believed: while it can't, time does not move by it."""
        self._heard = 0.0
        """When the log was asked for its end that was asked the longest ago: what came after that nobody has seen, so
        time by the wall stops there. (A worker that was frozen wakes with ends from before.)"""
        self.reached = reached
        self.held = False
        """Whether the wall can't be believed, as of the last look."""
        self._whole: set[str] = set()
        """Of what moves no time: what has been read to an end that its log had since `begin`."""

    def begin(self, now: float) -> None:
        """Start, or start over: what was heard of the logs before counts for nothing."""
        self._began = now
        self._whole.clear()

    @property
    def waits(self) -> bool:
        """Whether nothing is to be taken yet: on the stream clock what nothing else waits for is read whole first, so
        that it does not matter how fast it comes."""
        if not self._plan.stream_clock:
            return False
        beside = (name for name, one in self._intake.inputs.items() if not one.grouped and not one.spec.holds_clock)
        return not self._whole.issuperset(beside)

    @property
    def passed(self) -> int:
        """What the wall less its grace had passed at the last look, if it could be believed, else before."""
        return self._believed - self._plan.grace_us

    def look(self, wall: int, now: float) -> None:
        """At the wall, and at how far the logs reach; what was read of the shared ones goes into the intake."""
        self.held = not self._plan.stream_clock and not self._plan.trusts(wall)
        if not self.held:
            self._believed = wall
        self._heard = now
        for name, source in self._intake.inputs.items():
            if not source.grouped:
                for columns in self._shared.since(name, source.next or 0):
                    self._intake.offer(name, columns, wall)
            end = self._reading.end(source)
            if end is not None and source.grouped and end.asked < self._began:
                end = None  # from when this worker owned the partition before: the log has grown since
            if end is not None and end.begins > (source.next or 0):
                self._intake.begins(name, end.begins)
            if end is not None and end.asked >= self._began and (source.next or 0) >= end.offset:
                self._whole.add(name)  # a former owner may have read further than this worker knew of before
            if not self._plan.stream_clock:
                at_end = end is not None and (source.next or 0) >= end.offset
                self._intake.set_end(name, at_end)
                if end is not None and at_end and source.spec.holds_clock:
                    self._heard = min(self._heard, end.asked)

    def may_reach(self, taken: Taken, wall: int, now: float) -> int:
        """The time that this turn may reach, having looked at this `wall` and taken this: deadlines strictly below it
        fire."""
        # Of a bounded chunk the rest lies above its last record; deadlines at that instant wait for the next one.
        cut = self._intake.cut() if self._intake.waiting == 0 or not taken.items else taken.items[-1][0]
        by_wall = self.passed - round((now - self._heard) * 1_000_000)
        self._arising.turn(now, wall, self._heard if by_wall <= cut and not self.held else None)
        return cut if self._plan.stream_clock else min(cut, by_wall)

    def goes_on(self, reached: int) -> None:
        """All that was due below this instant is done."""
        self.reached = max(self.reached, reached)
