"""What lies between one process and its servers: delays, breaks, and answers that are lost after the deed.

The broker's own seam (`tests.simulation.broker.interface.Network`): `request` before it acts, `answer` after it did.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.broker.interface import Lost
from tests.simulation.trace import Trace

BREAK_SECONDS = 0.2
"""A client notices a broken connection after this long."""


@dataclass(slots=True)
class Weather:
    """How servers and lines are now; faults change it. Probabilities a call, delays in seconds."""

    slow: float = 0.0
    """Mean delay of an answer on top of the usual."""
    lossy: float = 0.0
    """Of requests that never arrive, and as many answers."""
    away_until: float = 0.0
    """The broker can't be reached before this time."""
    unknown: Counter[str] = field(default_factory=Counter)
    """By request: how many of the next answers are lost after the deed."""


class Line:
    """One process's way to the broker."""

    def __init__(self, weather: Weather, rng: random.Random, trace: Trace, hit: Callable[[str], None]) -> None:
        self._weather = weather
        self._random = rng.random
        self._trace = trace
        self._hit = hit
        self.silent_until = 0.0
        """Nothing reaches the group's coordinator before this time, everything else goes on: a zombie at work."""

    async def request(self, name: str) -> None:
        weather = self._weather
        now = asyncio.get_running_loop().time()
        if now < self.silent_until and name == "heartbeat":
            await asyncio.sleep(BREAK_SECONDS)
            raise Lost(f"{name}: the coordinator is out of reach")
        if now < weather.away_until:
            await asyncio.sleep(BREAK_SECONDS)
            raise Lost(f"{name}: the broker is away")
        if weather.lossy and self._random() < weather.lossy:
            self._hit("request lost")
            self._trace.note("lost", f"request {name}")
            await asyncio.sleep(BREAK_SECONDS)
            raise Lost(f"{name}: the request was lost")
        if self._random() < 0.3:
            await asyncio.sleep(self._random() * 0.01)

    async def answer(self, name: str) -> None:
        weather = self._weather
        if weather.unknown[name] > 0:
            weather.unknown[name] -= 1
            self._hit("answer lost")
            self._trace.note("lost", f"answer to {name}: it was done, and nobody knows")
            await asyncio.sleep(BREAK_SECONDS)
            raise Lost(f"{name}: the answer was lost")
        if weather.lossy and self._random() < weather.lossy:
            self._hit("answer lost")
            self._trace.note("lost", f"answer to {name}")
            await asyncio.sleep(BREAK_SECONDS)
            raise Lost(f"{name}: the answer was lost")
        delay = self._random() * 0.006
        if weather.slow:
            delay += self._random() * 2 * weather.slow
        await asyncio.sleep(delay)
