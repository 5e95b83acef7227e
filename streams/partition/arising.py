"""When touches arise on the wall clock: once the wall, less its grace, has passed their planned time.

A turn finds them later, and by then may have read everything that was in the logs when they arose: then it judges them
itself. So the instant matters, and it is never said to be earlier than it was. A touch arises when it is found, where
the turn before would have found it had it known the row as it is now: what led to it came late, or lay unread; where
time does not move by the wall alone; where the row has changed in this very turn. And never before the end of the turn
by which all that its row consists of had come.

Instants in microseconds since the epoch, moments in monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

NEVER: Final = float("inf")


class Arising:
    """Of one partition, whose clock is `grace` microseconds behind the wall."""

    def __init__(self, grace: int) -> None:
        self._grace = grace
        self.begin()

    def begin(self) -> None:
        """Start over: what was read before counts for nothing."""
        self._ahead = self._ahead_before = 0
        """What the wall says beyond the monotonic clock, microseconds: in the last turn and in the one before."""
        self._heard = self._heard_before = NEVER
        self._over = self._over_before = NEVER
        self._changed: Collection[str] = ()

    def turn(self, now: float, wall: int, heard: float | None) -> None:
        """A turn has read the `wall` clock `now`. `heard`: the moment at which the logs were asked for the ends that it
        has read up to; None where time does not move by the wall alone."""
        self._ahead_before, self._ahead = self._ahead, wall - round(now * 1_000_000)
        self._heard_before, self._heard = self._heard, NEVER if heard is None else heard

    def over(self, now: float, changed: Collection[str]) -> None:
        """The turn has ended; it has `changed` these rows."""
        self._over_before, self._over = self._over, now
        self._changed = changed

    @property
    def known(self) -> bool:
        """Whether a touch that this turn finds can have arisen before."""
        return self._heard_before < NEVER

    def passes(self, planned: int) -> float:
        """The moment at which the wall, less the grace, passes this instant, as of the last turn; NEVER where time has
        not moved by the wall alone."""
        return (planned + self._grace - self._ahead) / 1_000_000 if self._heard < NEVER else NEVER

    def at(self, key: str, planned: int, now: float) -> float:
        """The moment, `now` at the latest, at which a row's touch arose that the wall has passed, less the grace. The
        row has not changed in this turn but by time."""
        # Where the wall was set meanwhile, it has passed by the later of the two reckonings.
        passed = (planned + self._grace - min(self._ahead, self._ahead_before)) / 1_000_000
        if passed < self._heard_before:
            return now
        return min(now, max(passed, self._over if key in self._changed else self._over_before))
