"""The hand-assigned topics as one worker reads them, in place of `streams.shared_log`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from tests.simulation.broker import Lost, Reader, columns

AGAIN_SECONDS: Final = 0.1


class SimShared:
    """See `streams.partition.ports.SharedLogs`. `kept` stay here, `taken` go to their takers. `wait`: seconds between
    two looks; what is taken may be looked at more rarely (`taken_wait`)."""

    def __init__(
        self,
        reader: Reader,
        kept: Sequence[str],
        taken: Mapping[str, Callable[[Columns], None]],
        wait: float,
        taken_wait: float = 0.0,
    ) -> None:
        self._reader = reader
        self._read: dict[str, list[Columns]] = {topic: [] for topic in kept}
        self._taken = taken
        self._wait = wait
        self._taken_wait = taken_wait
        self._next = dict.fromkeys((*kept, *taken), 0)
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
                await self.look(among=set(self._read))
            await asyncio.sleep(self._wait)

    async def look(self, among: Collection[str] | None = None) -> None:
        """Everything that is there now, in these topics or in all."""
        for topic in self._next:
            while (among is None or topic in among) and not await self._one(topic):
                pass

    async def _one(self, topic: str) -> bool:
        """One fetch; whether it led to the end."""
        asked = asyncio.get_running_loop().time()
        try:
            answer = await self._reader.fetch(topic, 0, self._next[topic])
        except Lost:
            await asyncio.sleep(AGAIN_SECONDS)
            return False
        self._ends[topic] = LogEnd(answer.last_stable, asked, answer.begins)
        if answer.records:
            found = columns(answer)
            if topic in self._taken:
                self._taken[topic](found)
            else:
                self._read[topic].append(found)
            self._next[topic] = found.next
        return self._next[topic] >= answer.last_stable

    # -- SharedLogs

    def beginnings(self) -> dict[str, int]:
        return {topic: (read[0].start if read else self._next[topic]) for topic, read in self._read.items()}

    def position(self, topic: str) -> int:
        return self._next[topic]

    def since(self, topic: str, position: int) -> list[Columns]:
        return [columns for columns in self._read[topic] if columns.next > position]

    def log_end(self, topic: str) -> LogEnd | None:
        return self._ends.get(topic)
