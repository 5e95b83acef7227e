"""The sample shop's days, played at a pace: publish up to a time, tell everybody that it has come, wait, go on."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from schemas.partitioner import partition_of
from streams.demo.sample import Sample
from streams.load import Loader

TICK: Final = 0.15
"""Seconds between two rounds of markers: three days in 45 s come in steps of a quarter of an hour."""


@dataclass(slots=True)
class Player:
    """`reached`: the time that was last told, microseconds. `published`: records in all, markers included."""

    loader: Loader
    sample: Sample
    partitions: int
    reached: int = 0
    published: int = 0
    _next: int = 0
    _broken: int = 0

    async def play(self, seconds: float) -> None:
        """All of the sample in about `seconds`."""
        sample, length = self.sample, self.sample.end - self.sample.begin
        began = time.monotonic()
        share = 0.0
        while share < 1:
            share = min(1.0, (time.monotonic() - began) / seconds)
            await self._up_to(sample.begin + round(share * length), share)
            await asyncio.sleep(TICK)

    async def _up_to(self, at: int, share: float) -> None:
        sample, loader = self.sample, self.loader
        while self._next < len(sample.lines) and getattr(sample.lines[self._next].event, "at", 0) < at:
            for _ in range(1 + (self._next in sample.repeated)):
                await loader.publish(sample.lines[self._next])
                self.published += 1
            self._next += 1
        while self._broken < len(sample.broken) and sample.broken[self._broken].share <= share:
            broken = sample.broken[self._broken]
            right = partition_of(broken.key, self.partitions)
            partition = right if broken.partition is None else broken.partition
            await loader.put(broken.topic, partition, broken.key, broken.value)
            self.published += 1
            self._broken += 1
        await self.advance(at)

    async def advance(self, at: int) -> None:
        """Nothing happens in the shop until `at`, and then it is `at`."""
        before = self.loader.loaded.markers
        await self.loader.mark(at)
        self.published += self.loader.loaded.markers - before
        self.reached = at
