"""The ledger behind a network: it may be away, answer late, answer into the void, or lose everything."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.instants import rfc3339
from streams.ledger import Ledger, MemoryLedger
from tests.simulation.trace import Trace
from triggers.asks import Ask, LedgerAnswer


@dataclass(slots=True)
class LedgerWeather:
    away: bool = False
    lossy: float = 0.0
    """Of answers, after the deed."""


class DistantLedger:
    """One worker's way to the one ledger (any `Ledger`)."""

    def __init__(
        self, store: Ledger, weather: LedgerWeather, rng: random.Random, hit: Callable[[str], None], trace: Trace
    ) -> None:
        self._store = store
        self._weather = weather
        self._random = rng.random
        self._hit = hit
        self._trace = trace

    async def _there(self) -> bool:
        if self._random() < 0.5:
            await asyncio.sleep(self._random() * 0.004)
        return not self._weather.away

    def _unheard(self) -> bool:
        if self._weather.lossy and self._random() < self._weather.lossy:
            self._hit("ledger answer lost")
            return True
        return False

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        if not await self._there():
            return [None] * len(asks)
        answers = await self._store.reserve(asks)
        for ask, answer in zip(asks, answers, strict=True):
            self._trace.note("reserve", f"{_shown(ask)}: {answer}")
        await asyncio.sleep(self._random() * 0.004)
        return [None] * len(asks) if self._unheard() else answers

    async def confirm(self, asks: Sequence[Ask]) -> None:
        if await self._there() and not self._unheard():
            await self._store.confirm(asks)
            self._trace.note("confirm", ", ".join(map(_shown, asks)))

    async def release(self, asks: Sequence[Ask]) -> None:
        if await self._there() and not self._unheard():
            await self._store.release(asks)
            self._trace.note("release", ", ".join(map(_shown, asks)))

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        if await self._there():
            await self._store.forget(customers)
            self._trace.note("forget", ", ".join(map(":".join, customers)))

    async def close(self) -> None:
        """Nothing is open."""


def one_ledger(clock: Callable[[], int]) -> MemoryLedger:
    return MemoryLedger(clock=clock)


def _shown(ask: Ask) -> str:
    return f"{ask.touch_id[:6]} of customer {ask.customer_id} at {rfc3339(ask.at)}"
