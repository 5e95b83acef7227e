"""The broker's own time as a worker learns it, and what a worker makes of a wall clock that has jumped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from schemas.topics import heartbeat
from streams import stacks
from streams.health import Readiness
from streams.heartbeat import ClockWatch, Unstamped, log_append_time
from streams.metrics import Metrics
from streams.wall import JUMP, WallGuard
from tests.topics import recreate

HOUR = 3600 * 1_000_000


class Clocks:
    """What a worker has to do with its clocks, on one broker."""

    def __init__(self, bootstrap: str, app: str) -> None:
        self.guard = WallGuard()
        self.metrics = Metrics()
        self.readiness = Readiness()
        options = {"bootstrap_servers": bootstrap}
        self.watch = ClockWatch(self.guard, options, heartbeat(app).name, self.metrics, self.readiness)

    def jump(self) -> None:
        """As the next turn of a partition would read it: an hour that only the wall saw."""
        self.watch.trusts(time.time_ns() // 1000 + HOUR)

    @property
    def held(self) -> bool:
        return b'rewake_emission_held{reason="wall-clock"} 1.0' in self.metrics.exposition()


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not met():  # noqa: ASYNC110  # what is waited for is not the test's to signal
            await asyncio.sleep(0.01)


@pytest.mark.real_only("the embedded broker ignores LogAppendTime")
async def test_the_broker_stamps_heartbeats_with_its_own_time(real_stack: stacks.Stack, prefix: str) -> None:
    await recreate(real_stack.bootstrap, app=prefix)
    stamped = await log_append_time({"bootstrap_servers": real_stack.bootstrap}, heartbeat(prefix).name)
    assert abs(stamped - time.time_ns() // 1000) < JUMP


@pytest.mark.real_only("the embedded broker ignores LogAppendTime")
async def test_after_a_jump_emission_goes_on_once_the_broker_agrees(real_stack: stacks.Stack, prefix: str) -> None:
    await recreate(real_stack.bootstrap, app=prefix)
    clocks = Clocks(real_stack.bootstrap, prefix)
    clocks.watch.trusts(time.time_ns() // 1000)
    clocks.jump()
    assert not clocks.guard.trusted
    async with clocks.watch.running():
        assert clocks.guard.trusted and not clocks.held
        clocks.jump()
        assert not clocks.guard.trusted
        await until(lambda: clocks.guard.trusted and not clocks.held and "emission" not in clocks.readiness.notes)


async def test_a_broker_that_stamps_nothing_leaves_emission_held_and_says_so(
    embedded_stack: stacks.Stack, prefix: str
) -> None:
    await recreate(embedded_stack.bootstrap, app=prefix)
    with pytest.raises(Unstamped):
        await log_append_time({"bootstrap_servers": embedded_stack.bootstrap}, heartbeat(prefix).name)
    clocks = Clocks(embedded_stack.bootstrap, prefix)
    async with clocks.watch.running():
        assert clocks.guard.trusted and not clocks.held
        clocks.jump()
        await until(lambda: clocks.held and "restart the worker" in clocks.readiness.notes["emission"])
        assert clocks.readiness.notes["emission"].startswith("held: the wall clock jumped by ")
        assert clocks.readiness.reasons() == Readiness().reasons()
