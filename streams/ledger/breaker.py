"""When to try a server again that did not answer. Pure: the caller brings the time."""

from __future__ import annotations

from typing import Final

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0


class Breaker:
    """Closed while the server answers; after a failure open for a pause that doubles up to five seconds."""

    def __init__(self) -> None:
        self._pause = 0.0
        self._until = 0.0

    @property
    def is_closed(self) -> bool:
        """The last thing heard of the server was an answer (or nothing was tried yet)."""
        return self._pause == 0.0

    def may_try(self, now: float) -> bool:
        """`now` in seconds of any monotonic clock."""
        return now >= self._until or self.is_closed

    def failed(self, now: float) -> bool:
        """No answer. True when this is the first failure since it answered."""
        first = self.is_closed
        self._pause = FIRST_PAUSE if first else min(self._pause * 2, LONGEST_PAUSE)
        self._until = now + self._pause
        return first

    def answered(self) -> bool:
        """An answer. True when it is the first one after failures."""
        back = not self.is_closed
        self._pause = 0.0
        return back
