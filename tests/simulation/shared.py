"""The hand-assigned topics as one worker reads them, in place of `streams.shared_log`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from streams.kept import Kept
from tests.simulation.broker import FetchAnswer, Lost, Reader, columns
from tests.simulation.broker.broker import FETCH_BYTES

AGAIN_SECONDS: Final = 0.1
MANY: Final = 1 << 30


class SimShared:
    """See `streams.partition.ports.SharedLogs`. Of `kept` so many records stay here (None: all), `taken` go to their
    takers. `wait`: seconds between two looks; what is taken may be looked at more rarely (`taken_wait`). `together`:
    of those that are kept nothing is seen before all of them were looked at, in their order: whoever sees what one of
    them holds sees what the ones after it held by then. `fetch_bytes`: at most from what is kept in part."""

    def __init__(
        self,
        reader: Reader,
        kept: Mapping[str, int | None],
        taken: Mapping[str, Callable[[Columns], None]],
        wait: float,
        taken_wait: float = 0.0,
        *,
        together: bool = False,
        fetch_bytes: int = FETCH_BYTES,
    ) -> None:
        self._reader = reader
        self._kept = {topic: Kept(0, MANY if most is None else most) for topic, most in kept.items()}
        self._partly = {topic for topic, most in kept.items() if most is not None}
        self._taken = taken
        self._wait = wait
        self._taken_wait = taken_wait
        self._together = together
        self._fetch_bytes = fetch_bytes
        self._next = dict.fromkeys((*kept, *taken), 0)
        self._seen = dict(self._next)
        self._unseen: list[tuple[str, LogEnd, Columns | None]] = []
        self._ends: dict[str, LogEnd] = {}

    async def run(self) -> None:
        """Read on, until cancelled."""
        time = asyncio.get_running_loop().time
        rarely = 0.0
        while True:
            if time() >= rarely:
                rarely = time() + self._taken_wait
                await self.look()
            else:
                await self.look(among=set(self._kept))
            await asyncio.sleep(self._wait)

    async def look(self, among: Collection[str] | None = None) -> None:
        """Everything that is there now, in these topics or in all."""
        for topic in self._next:
            while (among is None or topic in among) and not await self._one(topic):
                pass
        self._show()

    async def _one(self, topic: str) -> bool:
        """One fetch; whether it led to the end, or no more can be kept for now."""
        asked = asyncio.get_running_loop().time()
        if topic in self._partly and self._steer(self._kept[topic], topic, asked):
            return True
        try:
            most = self._fetch_bytes if topic in self._partly else FETCH_BYTES
            answer = await self._reader.fetch(topic, 0, self._next[topic], max_bytes=most)
        except Lost:
            await asyncio.sleep(AGAIN_SECONDS)
            return False
        self._found(topic, LogEnd(answer.last_stable, asked, answer.begins), answer)
        if not self._together:
            self._show()
        return self._next[topic] >= answer.last_stable

    def _steer(self, kept: Kept, topic: str, now: float) -> bool:
        """Back to where a partition needs records that are kept no more; whether it is to have had some first."""
        back = kept.back(now)
        if back is not None:
            self._next[topic] = back
        return kept.full(now)

    def _found(self, topic: str, end: LogEnd, answer: FetchAnswer) -> None:
        found = columns(answer) if answer.records else None
        if found is not None:
            self._next[topic] = found.next
        if topic in self._kept:
            self._unseen.append((topic, end, found))
            return
        self._ends[topic] = end
        if found is not None:
            self._taken[topic](found)
            self._seen[topic] = found.next

    def _show(self) -> None:
        """What was read of those that are kept."""
        for topic, end, found in self._unseen:
            self._ends[topic] = end
            if found is not None:
                self._kept[topic].add(found, asyncio.get_running_loop().time())
                self._seen[topic] = found.next
        self._unseen.clear()

    # -- SharedLogs

    def beginnings(self) -> dict[str, int]:
        return dict.fromkeys(self._kept, 0)

    def position(self, topic: str) -> int:
        return self._seen[topic]

    def since(self, topic: str, position: int) -> list[Columns]:
        return self._kept[topic].since(position)

    def log_end(self, topic: str) -> LogEnd | None:
        return self._ends.get(topic)
