"""Where rows lie while a worker owns them makes no difference to what it sends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, by_id, replayed
from tests.topics import recreate

PARTITIONS = 4
UNTIL = ("--until", "2026-11-04T00:00:00Z")


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)


async def test_rows_in_rocksdb_with_few_of_them_decoded_send_what_the_engine_alone_decides(shop: Shop) -> None:
    events = shop.folder / "events.jsonl"
    shop.command("simulate", "--customers", "3000", "--days", "2", "--out", str(events))
    wanted = by_id(replayed(shop, events, *UNTIL))
    assert len(wanted) > 400
    loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
    total = int(sum(loaded["events"].values())) + int(loaded["markers"])
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
