"""Releases side by side on Apache Kafka: rows that were written in another layout."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path

import msgspec
import orjson
import pytest

from schemas.instants import rfc3339
from schemas.partitioner import partition_of
from streams.table import PARTITION_KEY, RESERVED
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, by_id, replayed, until
from tests.topics import recreate
from triggers.engine import NEVER
from triggers.layouts import LAYOUT, layout_of

PARTITIONS = 4
UNTIL = ("--until", "2026-11-04T00:00:00Z")
CLOCKS = ("site-views", "cart-events", "order-events", "customer-events")
NEXT = (sys.executable, str(Path(__file__).with_name("next_release.py")))
STORED = Path(__file__).parents[1] / "unit/triggers/rows"
SLOWLY = {"chunk_records": "4", "commit_interval": "0.02"}


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)


async def row_layouts(shop: Shop) -> set[int]:
    """Of all rows as they lie in the changelog last."""
    last = {record.key: record.value for record in await shop.records(f"{shop.app}-customers-changelog")}
    return {layout_of(value[8:]) for key, value in last.items() if not key.startswith(RESERVED)}


async def test_a_row_that_layout_1_has_stored_is_reminded_by_todays_worker(shop: Shop) -> None:
    row = base64.b64decode(json.loads((STORED / "layout-1.json").read_text())["cart-with-ops"])
    key = b"main:42"
    deadline = 1795396920000000
    number = partition_of(key, PARTITIONS)
    await shop.publish(f"{shop.app}-customers-changelog", [(key, deadline.to_bytes(8, "big") + row, number)])
    marker = orjson.dumps(
        {"type": "ClockAdvanced", "event_id": "clock", "occurred_at": rfc3339(deadline + 3_600_000_000)}
    )
    for topic in CLOCKS:
        await shop.publish(topic, [(None, marker, partition) for partition in range(PARTITIONS)])
    await shop.publish("marketing-events", [(None, marker, 0)])
    with shop.worker() as worker:
        await shop.until(lambda found: found["in"] >= len(CLOCKS) * PARTITIONS + 1)
        assert worker.stop() == 0
    sent = await shop.commands()
    assert [(command["customer_id"], command["phone"]) for command in sent] == [("42", "+79990000042")]
    assert await row_layouts(shop) == {LAYOUT}


async def test_a_rolling_restart_across_layouts_loses_nothing_and_an_older_worker_gives_newer_rows_up(
    shop: Shop,
) -> None:
    events = shop.folder / "events.jsonl"
    shop.command("simulate", "--customers", "800", "--days", "2", "--out", str(events))
    wanted = by_id(replayed(shop, events, *UNTIL))
    assert len(wanted) > 100
    with shop.worker("old", **SLOWLY) as old:
        await until(lambda: "partitions owned" in old.said())
        with shop.worker("new", program=NEXT, **SLOWLY) as new:
            await until(lambda: "partitions owned" in new.said())
            loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
            total = int(sum(loaded["events"].values())) + int(loaded["markers"])
            async with asyncio.timeout(PATIENCE):  # side by side, each with partitions of its own
                while await row_layouts(shop) != {LAYOUT, LAYOUT + 1}:  # noqa: ASYNC110  # nobody signals it
                    await asyncio.sleep(0.1)
            new.kill()
        # The group gives the old one what the new one had, and it can't read that.
        assert await asyncio.to_thread(old.process.wait, PATIENCE) == 1
    assert f"row layout {LAYOUT + 1}, this release reads layout" in old.said()
    assert old.said().count("partition given up") == 1
    assert "start the newer release in its place" in old.said()

    with shop.worker("old-again", **SLOWLY) as again:  # as whatever watches over workers would
        assert await asyncio.to_thread(again.process.wait, PATIENCE) == 1
    assert f"row layout {LAYOUT + 1}" in again.said() and "partitions owned" not in again.said()

    with shop.worker("new-again", program=NEXT) as new:
        counters = await shop.until(lambda found: found["in"] >= total)
        assert new.stop() == 0
    assert counters["in"] == total
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)
    assert LAYOUT + 1 in await row_layouts(shop)


async def test_a_worker_finds_newer_rows_beneath_a_long_tail_of_others_before_it_joins(shop: Shop) -> None:
    record = NEVER.to_bytes(8, "big") + msgspec.msgpack.encode({"row_layout": LAYOUT + 1})
    changelog = f"{shop.app}-customers-changelog"
    await shop.publish(changelog, [(PARTITION_KEY, record, 2)])
    await shop.publish(changelog, [(f"main:{number}".encode(), None, 2) for number in range(1000)])
    with shop.worker() as worker:
        assert await asyncio.to_thread(worker.process.wait, PATIENCE) == 1
    assert f"partition 2 holds rows of a newer release (row layout {LAYOUT + 1}" in worker.said()
    assert "partitions owned" not in worker.said()
