"""A worker that can't start says why and what to do; one that is told to stop stops, whenever that is."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import httpx
import pytest

from streams.stacks.process import free_port
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, Worker, until
from tests.topics import delete, recreate


async def test_without_a_broker_the_worker_says_where_it_looked(redis_server: Redis, tmp_path: Path) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with Shop(tmp_path, "nobody", nowhere, redis_server.url).worker() as worker:
        assert worker.process.wait(PATIENCE) == 1
    assert f"Kafka at {nowhere} can't be reached" in worker.said()
    assert "Traceback" not in worker.said()


async def test_missing_topics_are_named_with_the_command_that_makes_them(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix)
    await delete(kafka.bootstrap, {f"{prefix}-customers-changelog"})
    with Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url).worker() as worker:
        assert worker.process.wait(PATIENCE) == 1
    assert f"topics are missing: {prefix}-customers-changelog; run `rewake topics create`" in worker.said()


async def test_rules_with_mistakes_are_not_run(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    rule = tmp_path / "rules" / "abandoned-cart.yaml"
    rule.write_text(rule.read_text().replace("idle:", "idel:"))
    with shop.worker() as worker:
        assert worker.process.wait(PATIENCE) == 1
    assert "abandoned-cart.yaml:4" in worker.said() and "idle" in worker.said()


@pytest.mark.parametrize("inbound", ["on", "off"])
async def test_a_worker_that_its_group_will_never_take_says_why_and_ends(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path, inbound: str
) -> None:
    """Here a session shorter than a broker allows."""
    await recreate(kafka.bootstrap, app=prefix)
    shop = Shop(
        tmp_path, prefix, kafka.bootstrap, redis_server.url,
        session_timeout="2", heartbeat_interval="0.5", inbound=inbound,
    )  # fmt: skip
    with shop.worker() as worker:
        assert worker.process.wait(PATIENCE) == 1
    assert "does not take this worker" in worker.said() and "REWAKE_SESSION_TIMEOUT" in worker.said()


async def test_a_worker_that_is_stopped_while_it_starts_still_stops(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    for said in ("clock=", "partitions owned"):
        with shop.worker() as worker:
            await until(partial(worker.says, said))
            assert worker.stop() == 0
        worker.log.unlink()


async def test_a_static_member_that_restarts_keeps_its_partitions(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, session_timeout="30")
    with shop.worker("one", instance_id="a") as one:
        await until(lambda: "partitions owned" in one.said())
        assert one.stop() == 0
    with shop.worker("two", instance_id="a") as two:
        # Without its name it would wait out the session of its former self.
        await until(lambda: "partitions owned" in two.said())
        assert two.stop() == 0


async def test_of_two_workers_under_one_name_one_ends_and_the_other_goes_on(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, instance_id="a")
    with shop.worker("one") as one:
        await until(lambda: "partitions owned" in one.said())
        with shop.worker("two") as two:
            await until(lambda: None not in (one.process.poll(), two.process.poll()) or "gave up" in ended(one, two))
            assert ended(one, two).count("gave up") == 1
            assert "REWAKE_INSTANCE_ID" in ended(one, two)
            [other] = [worker for worker in (one, two) if worker.process.poll() is None]
            assert other.stop() == 0


def ended(*workers: Worker) -> str:
    """What those have said that have failed."""
    return "".join(worker.said() for worker in workers if worker.process.poll() == 1)


async def test_a_worker_says_when_it_is_ready_and_shows_its_metrics(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix)
    port = free_port()
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, http_port=str(port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        with shop.worker() as worker:
            await until(lambda: "partitions owned" in worker.said())
            ready = await http.get("/readyz")
            async with asyncio.timeout(PATIENCE):
                while ready.status_code != 200:
                    await asyncio.sleep(0.05)
                    ready = await http.get("/readyz")
            assert ready.json()["recovered"] == [0, 1, 2, 3]
            assert ready.json()["notes"]["delivery"] == "transactions"
            assert (await http.get("/healthz")).status_code == 200
            assert "rewake_partitions_owned 4.0" in (await http.get("/metrics")).text
            assert worker.stop() == 0
