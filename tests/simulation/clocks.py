"""Clocks: the broker's is right, a worker's wall clock may be set by hours while it runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from aiokafka.errors import KafkaError

from streams.heartbeat import ANSWER_SECONDS, LOOK_SECONDS
from streams.wall import WallGuard
from tests.simulation.broker.interface import Network, call
from tests.simulation.loop import SimLoop

SECOND: Final = 1_000_000
EVENING: Final = int(datetime(2026, 3, 2, 21, 0, 40, tzinfo=UTC).timestamp()) * SECOND
"""When the simulation begins: twenty seconds before the quiet minute of the wall clock's shop ends."""


class TrueTime:
    """The broker's clock."""

    def __init__(self, loop: SimLoop) -> None:
        self._loop = loop

    def __call__(self) -> int:
        return EVENING + self.since_start()

    def since_start(self) -> int:
        return round(self._loop.time() * SECOND)


class WorkerClocks:
    """One worker's: `ahead` is by how much its wall clock was set off, microseconds. The product's own guard judges it,
    and asks the broker as `streams.heartbeat.ClockWatch` does."""

    def __init__(self, true: TrueTime, line: Network) -> None:
        self.ahead = 0
        self._true = true
        self._line = line
        self._guard = WallGuard()

    def wall(self) -> int:
        return self._true() + self.ahead

    def trusts(self, wall: int) -> bool:
        return self._guard.note(wall, self._true.since_start())

    async def start(self) -> None:
        """Before anything is judged."""
        await self._ask()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self.trusts(self.wall()):
                await self._ask()

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                stamped = await call(self._line, "heartbeat_record", lambda: self._true() // 1000 * 1000)
        except (KafkaError, TimeoutError):
            return
        wall = self.wall()
        self.trusts(wall)
        self._guard.agrees(stamped, wall)
