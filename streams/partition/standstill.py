"""Whether a partition stands still though there is something to do, and what it waits for.

From outside a partition that waits for nobody looks like one that waits for ever: no error, no commit. What it waits
for can be told from where its records lie: in the log, though fetching goes on and brings none; behind an input that
has come less far; in a turn, or in a commit, that does not end.

Moments and lengths of time in seconds; instants in microseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schemas.instants import rfc3339
from streams.merge import BEGINNING

STILL_SECONDS: Final = 60.0
"""Without any progress before it is said; later after twice as long each time."""

SAID_MOST: Final = 3600.0
"""Seconds that are added at most before it is said again."""

FETCH_AGAIN_SECONDS: Final = 15.0
"""For which records lie in a log and none comes, before they are fetched again from where fetching should have gone
on. A broker that is slow, or away, has what is asked for asked once more."""


@dataclass(frozen=True, slots=True)
class InputState:
    """One input of a partition. `next`: the offset up to which it was fetched; `applied`: up to which it was taken;
    `held`: records between the two; `unread`: offsets known to lie in the log from `next` on; `reached`: its effective
    time; `holds`: no other input has reached less, and so all the others wait for it."""

    topic: str
    next: int
    applied: int
    held: int
    unread: int
    reached: int
    paused: bool
    holds: bool


@dataclass(frozen=True, slots=True)
class PartitionState:
    """`commits`: computed and not durable yet; `made`: durable ones; `turning`: a turn is under way. `figures`: those
    of whole shops that it waits for, None for none."""

    inputs: tuple[InputState, ...]
    turning: bool
    commits: int
    made: int
    figures: str | None = None

    @property
    def pending(self) -> bool:
        """Something is to be done."""
        return self.turning or self.commits > 0 or any(one.unread or one.held for one in self.inputs)


@dataclass(frozen=True, slots=True)
class Finding:
    """`still`: how long it has made no progress though something is to be done. `say`: it is time to say so.
    `fetch`: topics to be fetched again from their `next`."""

    still: float
    say: bool
    fetch: tuple[str, ...]


class Standstill:
    """Of one partition that takes chunks, looked at now and then."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Start over: what was seen before counts for nothing."""
        self._progress: object = None
        self._since: float | None = None
        self._say_after = STILL_SECONDS
        self._silent: dict[str, tuple[int, float]] = {}
        """By topic of which records lie unread and none comes: the offset it has stopped at, and since when."""

    def look(self, state: PartitionState, now: float) -> Finding:
        """At how the partition stands now."""
        progress = (state.made, *(one.applied for one in state.inputs))
        if not state.pending:
            self._since = None
        elif self._since is None or progress != self._progress:
            self._since, self._say_after = now, STILL_SECONDS
        self._progress = progress
        still = 0.0 if self._since is None else now - self._since
        say = still >= self._say_after
        if say:
            self._say_after = still + min(2 * self._say_after, SAID_MOST)
        return Finding(still, say, tuple(one.topic for one in state.inputs if self._is_silent(one, now)))

    def _is_silent(self, one: InputState, now: float) -> bool:
        if not one.unread or one.paused:
            self._silent.pop(one.topic, None)
            return False
        at, since = self._silent.get(one.topic, (-1, now))
        if at != one.next:
            since = now
        too_long = now - since >= FETCH_AGAIN_SECONDS
        self._silent[one.topic] = one.next, now if too_long else since
        return too_long


def waits_for(state: PartitionState) -> list[str]:
    """What has to happen for the partition to go on, for people to read."""
    found = []
    if state.commits:
        found.append(f"the broker: {state.commits} computed and not committed")
    if state.turning:
        found.append("a turn that is under way: the ledger's answer, or the processor")
    if state.figures is not None:
        found.append(state.figures)
    waiting = [one for one in state.inputs if one.held]
    for one in state.inputs:
        if one.unread and not one.paused:
            found.append(f"{one.topic}: {one.unread} in its log from offset {one.next} on, and none is fetched")
        elif one.paused:
            found.append(f"{one.topic}: paused, with {one.held} fetched")
        elif one.holds and any(other.topic != one.topic for other in waiting):
            beyond = "to begin" if one.reached == BEGINNING else f"to go beyond {rfc3339(one.reached)}"
            found.append(f"{one.topic}: nothing is unread, and the others wait for it {beyond}")
    return found


def places(inputs: Sequence[InputState]) -> dict[str, str]:
    """Where each input stands, for the log."""
    return {one.topic: f"applied {one.applied}, fetched {one.next}, unread {one.unread}" for one in inputs}
