"""Twenty faults against real workers on Apache Kafka and Redis, as `make chaos` does it with a thousand."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.stacks import StackFailed
from tests.chaos.faults import KINDS, plan
from tests.chaos.rounds import SPARE, WORKERS
from tests.chaos.run import CLOCKS, Wish, failure, line
from tests.chaos.servers import Servers
from tests.conftest import unavailable
from tests.e2e.running import until

SEED = 1
EVERY = 1.6


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """Of this test alone: they are going to be killed."""
    try:
        servers = Servers(tmp_path / "servers", [*WORKERS, SPARE])
    except StackFailed as error:
        unavailable(str(error))
        raise
    try:
        await servers.start()
        yield servers
    finally:
        await servers.stop()
        shutil.rmtree(tmp_path / "servers", ignore_errors=True)


@pytest.mark.parametrize(("number", "clock"), [(1, "stream"), (2, "wall")])
async def test_ten_faults_lose_nothing_double_nothing_and_hasten_nothing(
    servers: Servers, tmp_path: Path, number: int, clock: str
) -> None:
    round_ = CLOCKS[clock](number, f"{SEED}-{number}", servers, tmp_path / clock, 10, EVERY)
    report = await round_.run()
    assert report.passed, failure(report, Wish(20, SEED, 10, EVERY))
    assert len(report.kinds) == 10 and report.commands >= 10, line(report)


async def test_workers_asked_to_end_while_the_broker_does_not_answer_end(servers: Servers, tmp_path: Path) -> None:
    """Refused connections for one, silence for the other: a worker that waits for the broker would be killed."""
    round_ = CLOCKS["wall"](1, "ending", servers, tmp_path / "ending", 1, EVERY)
    await round_.fresh_topics()
    one, two = round_.posts["one"], round_.posts["two"]
    try:
        one.begin()
        two.begin()
        await until(lambda: "partitions owned" in one.said() and "partitions owned" in two.said())
        servers.lines["one"].kafka.refuse()
        servers.lines["two"].kafka.stall()
        await until(lambda: "NodeNotReadyError" in one.said())
        assert list(await asyncio.gather(one.leave(), two.leave())) == [0, 0], one.said()[-2000:] + two.said()[-2000:]
    finally:
        for lines in servers.lines.values():
            lines.heal()
        await asyncio.gather(one.close(), two.close())


def test_the_same_seed_plans_the_same_faults_and_another_one_others() -> None:
    assert plan("1-1", 50, WORKERS, EVERY) == plan("1-1", 50, WORKERS, EVERY)
    assert plan("1-1", 50, WORKERS, EVERY) != plan("1-2", 50, WORKERS, EVERY)


def test_every_kind_of_fault_comes_before_any_comes_often() -> None:
    planned = plan("1-1", 50, WORKERS, EVERY)
    assert {one.fault.kind for one in planned[: len(KINDS)]} == set(KINDS)
    assert [one.at for one in planned] == sorted(one.at for one in planned)
    for one in planned:
        kind = KINDS[one.fault.kind]
        assert kind.least <= one.fault.seconds <= kind.most
