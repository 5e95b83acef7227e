"""The outbox of a partition: rows with touches that fell due and are not judged yet.

On the stream clock a touch is judged as it falls due, and only what the ledger could not judge is found here. On the
wall clock every touch waits here until everything has been applied that was in the logs when it arose (for which the
turn that finds it may be late enough: streams.partition.arising); one whose planned time events ran ahead to waits for
the wall first. What the ledger could not judge is tried again after a pause; nothing waits for it.

A row is judged as a whole, so the touch that arose last decides. Rows are kept by when that was, and those ahead of the
wall by the wall's time: a turn looks at those that are ready, however many wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from heapq import heappop, heappush
from itertools import count
from typing import Final, NamedTuple

from streams.effects import Asked, Effects, Rows, items_of
from streams.faults import NOT_A_CUSTOMERS
from streams.metrics import Metrics
from streams.partition.arising import Arising
from streams.partition.reading import Reading
from streams.timeline import Timeline

LEDGER_RETRY: Final = 1.0
"""Seconds until touches that the ledger could not judge are tried again."""

NOTHING: Final = float("inf")


class Waiting(NamedTuple):
    """A row with touches that are not judged yet. Monotonic seconds: since when, and when the last of them arose:
    what was in the logs by then must be applied before any is judged. `early`: microseconds, where one of them arose
    because events ran ahead of the wall: what the wall less its grace must pass first. 0: nothing. Rows are judged in
    the order of `place`, in which they came."""

    since: float
    arose: float
    early: int
    place: int


class Outbox:
    """What waits in one partition, from the rows' `keys` that were found waiting on. `now`: monotonic seconds."""

    def __init__(
        self,
        keys: Iterable[str],
        *,
        rows: Rows,
        timeline: Timeline,
        reading: Reading,
        arising: Arising,
        metrics: Metrics,
        stream_clock: bool,
        now: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._timeline = timeline
        self._reading = reading
        self._arising = arising
        self._metrics = metrics
        self._stream = stream_clock
        self._now = now
        self._waiting: dict[str, Waiting] = {}
        self._in_time: list[tuple[float, int, str, Waiting]] = []
        """A heap of those that wait for the logs alone, by when they arose. Kept lazily: what a row no longer waits for
        is passed over."""
        self._ahead: list[tuple[int, int, str, Waiting]] = []
        """A heap of those that are early, as lazily."""
        self._places = count()
        self._retry_at = 0.0
        self._asks_for = NOTHING
        self._held = False
        began = now()
        for key in keys:
            self._wait(key, began, began, self._planned(key))

    def __len__(self) -> int:
        return len(self._waiting)

    def keys(self) -> Collection[str]:
        """Of the rows that wait."""
        return self._waiting

    @property
    def waits_for_logs(self) -> bool:
        """Whether some row waits for no more than that its logs are read. As of the last turn."""
        return self._asks_for < NOTHING

    def due(self, next_one: float) -> bool:
        """Whether everything has arrived that some row waits for, or what a touch that arises at `next_one`, monotonic
        seconds, will wait for: a turn would judge it."""
        if self._held or self._now() < self._retry_at:
            return False
        first = min(self._asks_for, next_one)
        return first < NOTHING and self._reading.arrived(first)

    def hold(self, key: str) -> None:
        """A row's touches were put back into its outbox."""
        if key not in self._waiting:
            now = self._now()
            self._wait(key, now, now, self._planned(key))

    async def emit(self, effects: Effects, wall: int, passed: int, *, held: bool) -> None:
        """Judge, at `wall`, what may be judged now: nothing while it is `held`. What fell due in `effects` waits from
        when it arose. `passed`: the wall as it was believed last, less its grace."""
        self._held = held
        if not self._waiting and not effects.arisen:
            return
        through = NOTHING if self._stream else self._reading.through()
        now = self._now()
        fell_due, effects.arisen = effects.arisen, []
        if not self._stream:
            self._take_in(fell_due, passed, effects)
        if not held and now >= self._retry_at:
            # On the stream clock what is new was not judged because the ledger is away.
            ready = self._ready(through, set(fell_due) if self._stream else ())
            await self._judge(ready, None if self._stream else wall, effects)
        if self._stream:
            now = self._now()
            for key in fell_due:
                self._wait(key, now, now, 0)
        else:
            first = self._first()
            self._asks_for = NOTHING if first is None else first.arose

    def _take_in(self, fell_due: Sequence[str], passed: int, effects: Effects) -> None:
        """What the wall has passed meanwhile, and what has just been found."""
        now, arising, found = self._now(), self._arising, dict.fromkeys(fell_due)
        arose: list[tuple[float, str]] = []
        while self._ahead and self._ahead[0][0] < passed:
            planned, _, key, waiting = heappop(self._ahead)
            if self._waiting.get(key) is waiting and key not in found:
                arose.append((arising.at(key, planned, now), key))
        # Of a row that has changed in this turn nobody knows when the change came.
        changed: AbstractSet[str] = found.keys()
        if found and arising.known:
            changed = {key for _, key, _ in items_of(found, effects.passed)}
            for stretch in effects.passed:
                if isinstance(stretch, Asked):
                    changed |= found.keys() & stretch.keys
        for key in found:
            planned = self._planned(key)
            if planned >= passed:
                self._wait(key, now, now, planned)
            else:
                arose.append((now if key in changed else arising.at(key, planned, now), key))
        for at, key in sorted(arose):
            self._wait(key, now, at, 0)

    def _wait(self, key: str, since: float, arose: float, early: int) -> None:
        """From now on the row waits for this, since `since` unless it has been waiting."""
        known = self._waiting.get(key)
        if known is not None:
            since, place = known.since, known.place
        else:
            place = next(self._places)
        waiting = Waiting(since, arose, early, place)
        self._waiting[key] = waiting
        if early:
            heappush(self._ahead, (early, place, key, waiting))
        else:
            heappush(self._in_time, (arose, place, key, waiting))

    def _first(self) -> Waiting | None:
        """The row in time whose touches arose first."""
        while self._in_time:
            _, _, key, waiting = self._in_time[0]
            if self._waiting.get(key) is waiting:
                return waiting
            heappop(self._in_time)
        return None

    def _ready(self, through: float, new: Collection[str]) -> Sequence[str]:
        """Rows whose touches all arose before `through`, but not those that are `new`. They no longer wait in time."""
        ready: list[tuple[int, str]] = []
        kept: list[tuple[float, int, str, Waiting]] = []
        while (first := self._first()) is not None and first.arose < through:
            entry = heappop(self._in_time)
            if entry[2] in new:
                kept.append(entry)
            else:
                ready.append((first.place, entry[2]))
        for entry in kept:
            heappush(self._in_time, entry)
        return [key for _, key in sorted(ready)]

    async def _judge(self, keys: Sequence[str], wall: int | None, effects: Effects) -> None:
        judged = {key: self._waiting.pop(key) for key in keys}
        await self._timeline.emit(keys, wall, effects)
        now = self._now()
        for key in dict.fromkeys(effects.arisen):  # the ledger was away
            self._retry_at = now + LEDGER_RETRY
            self._wait(key, judged.pop(key).since, now, 0)
        if wall is not None:
            for waiting in judged.values():
                self._metrics.emission_wait_seconds.observe(now - waiting.since)

    def _planned(self, key: str) -> int:
        """Microseconds: when the last of a row's waiting touches is to be judged; 0 on the stream clock."""
        try:
            row = None if self._stream else self._rows.get(key)
        except NOT_A_CUSTOMERS:
            raise
        except Exception:  # noqa: BLE001  # a row that can't be read: told when its touches are judged
            return 0
        return max((proposal.planned for proposal in row.outbox), default=0) if row is not None else 0
