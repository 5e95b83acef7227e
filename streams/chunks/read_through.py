"""How far logs have been read, for the two questions that the wall clock asks.

Is an input at its end, so that it no longer holds the others back? And: has everything been applied that was in the
logs when a touch fell due, so that it may be emitted? The second is exact, whatever arrives meanwhile: an end that the
broker named in answer to a fetch sent at `asked` bounds all that was there at `asked`. Times are monotonic seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from streams.chunks.log_ends import LogEnd

UNREAD: Final = float("-inf")
"""Nothing is known to have been read through."""

AWAITED: Final = 16
"""Ends of one input that are kept until they are reached, at most."""


class ReadThrough:
    """Of several inputs: since when everything is known to be applied."""

    def __init__(self, inputs: int) -> None:
        self._through = [UNREAD] * inputs
        self._awaited: list[deque[LogEnd]] = [deque() for _ in range(inputs)]

    def note(self, index: int, end: LogEnd | None, applied: int) -> None:
        """The newest known end of an input, and the offset below which all its records are applied.

        Ends not yet reached are kept until they are: on a busy topic the newest is never reached.
        """
        awaited = self._awaited[index]
        while awaited and applied >= awaited[0].offset:
            self._through[index] = awaited.popleft().asked
        if end is None or end.asked <= (awaited[-1].asked if awaited else self._through[index]):
            return
        if not awaited and applied >= end.offset:
            self._through[index] = end.asked
        elif len(awaited) < AWAITED:
            awaited.append(end)
        else:
            awaited[-1] = end

    def since(self, among: Sequence[int] | None = None) -> float:
        """Every record that was in the logs at this moment has been applied."""
        return min((self._through[i] for i in (range(len(self._through)) if among is None else among)), default=UNREAD)
