"""Whether the wall clock can be believed: time that passes is told from a clock that was set.

The wall clock may be set by hours (NTP, a laptop that was suspended); the monotonic clock never is. While the two go on
together the wall is believed, however slowly they drift apart. When one leaves the other behind by more than JUMP
between two readings nobody here knows which is right, so the wall is no longer believed, until a record that the
broker has stamped shows that the broker reads the same time. Pure: readings are passed in, microseconds all of them.
"""

from __future__ import annotations

from typing import Final

JUMP: Final = 60_000_000
"""Microseconds by which the wall may leave the monotonic clock between two readings, or differ from the broker's."""


UNASKED: Final = "the broker's clock has not answered yet"


class WallGuard:
    """Of one worker's clocks. Believes the wall once the broker's clock agrees, until it jumps."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        # A wall that jumped before its first reading, or was never right, is told by nobody but the broker.
        self._doubt: str | None = UNASKED

    @property
    def trusted(self) -> bool:
        """Whether the wall may be believed, as far as the last reading tells."""
        return self._doubt is None

    @property
    def doubt(self) -> str | None:
        """Why the wall is not believed, for people; None while it is."""
        return self._doubt

    def note(self, wall: int, monotonic: int) -> bool:
        """One reading of both clocks, the wall first. Whether this reading of the wall may be believed."""
        if self._last is not None:
            jumped = (wall - self._last[0]) - (monotonic - self._last[1])
            if abs(jumped) > JUMP:
                self._doubt = f"the wall clock jumped by {_seconds(jumped)} s"
        self._last = wall, monotonic
        return self._doubt is None

    def believe_first(self) -> None:
        """The broker can't tell the time, so a wall that nothing speaks against is believed; one that jumped is not."""
        if self._doubt == UNASKED:
            self._doubt = None

    def agrees(self, log_append_time: int, wall: int) -> bool:
        """The broker has just stamped a record: whether that is what the wall says too. Trust follows from it."""
        apart = wall - log_append_time
        self._doubt = None
        if abs(apart) > JUMP:
            self._doubt = f"the wall clock differs from the broker's by {_seconds(apart)} s"
        return self._doubt is None


def _seconds(span: int) -> str:
    return f"{span / 1_000_000:+.0f}"
