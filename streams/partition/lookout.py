"""Looks now and then whether a partition goes on, says what it waits for where it does not, and what is to be fetched
again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from streams.partition.commits import Commits
from streams.partition.intake import Intake
from streams.partition.reading import Reading
from streams.partition.standstill import PartitionState, Standstill, places, waits_for

log: Final = structlog.get_logger(__name__)


class Lookout:
    """Of partition `number`. `figures`: the figures of whole shops that it waits for, None for none."""

    def __init__(
        self,
        number: int,
        intake: Intake,
        reading: Reading,
        commits: Commits,
        figures: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._number = number
        self._intake = intake
        self._reading = reading
        self._commits = commits
        self._figures = figures
        self._standstill = Standstill()

    def begin(self) -> None:
        """Start, or start over: what was seen before counts for nothing."""
        self._standstill.begin()

    def look(self, now: float, turning: bool) -> tuple[float, Mapping[tuple[str, int], int | None]]:
        """Seconds for which the partition has made no progress though something is to be done; and where its topics
        are to be fetched from again, as `Broker.move` takes it. `now`: monotonic seconds; `turning`: a turn is under
        way."""
        inputs = self._intake.states(self._reading.unread_of)
        state = PartitionState(inputs, turning, self._commits.unfinished, self._commits.made, self._figures())
        found = self._standstill.look(state, now)
        if found.say:
            log.warning(
                "partition stands still",
                partition=self._number,
                seconds=round(found.still),
                waits_for=waits_for(state),
                inputs=places(inputs),
            )
        again = [one for one in inputs if one.topic in found.fetch]
        if again:
            log.warning(
                "records lie unread and none comes: fetching them again",
                partition=self._number,
                inputs=places(again),
            )
        return found.still, {(one.topic, self._number): one.next for one in again}
