"""Where rows lie while a worker owns them makes no difference to what it sends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, Worker, by_id, replayed, until
from tests.topics import recreate

PARTITIONS = 4
UNTIL = ("--until", "2026-11-04T00:00:00Z")


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)


SLOWLY = {"chunk_records": "4", "commit_interval": "0.02"}


async def loaded(shop: Shop, customers: int) -> tuple[dict[str, dict[str, object]], int]:
    """Two days of the sample shop, published: the commands the engine alone makes of them, and how many records."""
    events = shop.folder / "events.jsonl"
    shop.command("simulate", "--customers", str(customers), "--days", "2", "--out", str(events))
    wanted = by_id(replayed(shop, events, *UNTIL))
    assert len(wanted) > customers // 8
    done = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
    return wanted, int(sum(done["events"].values())) + int(done["markers"])


def owned(worker: Worker) -> list[str]:
    """The partitions after each assignment, as its log says."""
    lines = [line for line in worker.said().splitlines() if "partitions owned" in line]
    return [line.split(" partitions=")[1].split("]")[0] for line in lines]


async def test_rows_in_rocksdb_with_few_of_them_decoded_send_what_the_engine_alone_decides(shop: Shop) -> None:
    wanted, total = await loaded(shop, 3000)
    rows = shop.folder / "rows"
    disk = {"rows": "rocksdb", "rows_dir": str(rows), "rows_decoded": "1000", "chunk_records": "50"}
    with shop.worker("one", **disk) as worker:
        await shop.until(lambda found: found["in"] > total // 3)
        worker.kill()
    assert len(list(rows.glob("worker-0/rows-*"))) == PARTITIONS
    with shop.worker("two", **disk) as worker:
        counters = await shop.until(lambda found: found["in"] >= total)
        assert worker.stop() == 0
    assert counters["in"] == total and list(rows.glob("worker-*/rows-*")) == []
    sent = await shop.commands()
    assert by_id(sent) == wanted and len(sent) == len(wanted)


@pytest.mark.parametrize("rows", ["memory", "rocksdb"])
async def test_a_standby_takes_over_what_it_has_followed_and_nothing_is_lost_or_doubled(shop: Shop, rows: str) -> None:
    wanted, total = await loaded(shop, 800)
    settings = {"standby": "all", "rows": rows, "rows_dir": str(shop.folder / "rows"), **SLOWLY}
    with shop.worker("one", **settings) as one:
        await shop.until(lambda found: found["in"] > total // 10)
        with shop.worker("two", **settings) as two:
            await until(lambda: two.said().count("standby has caught up") >= 2)
            one.kill()
            await until(lambda: "partitions were followed" in two.said())
            await shop.until(lambda found: found["in"] > total // 2)
            with shop.worker("three", **settings) as three:  # now two gives some back, and follows them again
                await until(lambda: len(owned(three)) > 0 and two.said().count("standby has caught up") >= 4)
                three.kill()
                counters = await shop.until(lambda found: found["in"] >= total)
                assert two.stop() == 0
    assert counters["in"] == total
    sent = await shop.commands()
    assert by_id(sent) == wanted and len(sent) == len(wanted)


async def test_a_planned_restart_of_a_static_member_moves_no_partition(shop: Shop) -> None:
    wanted, total = await loaded(shop, 800)
    patient = {**SLOWLY, "session_timeout": "45"}
    with (
        shop.worker("one", instance_id="one", **patient) as one,
        shop.worker("two", instance_id="two", **patient) as two,
    ):
        await until(lambda: bool(owned(one) and owned(two)) and owned(one)[-1] != "[" != owned(two)[-1])
        await shop.until(lambda found: found["in"] > total // 10)
        before = owned(one), owned(two)
        assert two.stop() == 0
        with shop.worker("again", instance_id="two", **patient) as again:
            await until(lambda: bool(owned(again)))
            counters = await shop.until(lambda found: found["in"] >= total)
            assert (owned(one), owned(again)) == (before[0], before[1][-1:])
            assert (one.stop(), again.stop()) == (0, 0)
    assert counters["in"] == total
    sent = await shop.commands()
    assert by_id(sent) == wanted and len(sent) == len(wanted)
