"""Chunks that are lost between fetching and their partition, one in five: whatever may lose them, nothing is missing
and no partition stands still, for each is looked at now and then."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.simulation.member import Member
from tests.simulation.run import run
from tests.simulation.worker import Seams

SEEDS: Final = range(8)
LOOK_SECONDS: Final = 2.0


class Unseen(Member):
    """Whose partitions nobody looks at."""

    async def _ingest(self) -> None:
        while True:
            chunk = await self._queue.get()
            if self.rng.random() >= 0.2:
                await self.owner.offer(chunk)


class Seen(Unseen):
    async def run(self) -> None:
        looking = asyncio.create_task(self._looking(), name="looking")
        try:
            await super().run()
        finally:
            looking.cancel()

    async def _looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.owner.observe()


def test_what_is_lost_on_its_way_to_a_partition_is_fetched_again_and_has_its_effects_once() -> None:
    wrong = [(seed, *found) for seed in SEEDS for found in run(seed, seams=Seams(member=Seen)).wrong]
    assert wrong == []


def test_partitions_that_nobody_looks_at_stand_still_for_it() -> None:
    assert any(name == "stuck" for seed in SEEDS for name, _ in run(seed, seams=Seams(member=Unseen)).wrong)
