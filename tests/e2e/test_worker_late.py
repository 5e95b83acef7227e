"""What was late is judged as it is now: workers that were down, first loads of history, a Redis that went away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conftest import Kafka, Redis
from tests.contract.redis_process import RedisProcess
from tests.e2e.running import PATIENCE, Shop, until
from tests.e2e.test_worker_input import PARTITIONS, added, consent, ordered, record
from tests.topics import recreate


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, clock="wall", grace="200ms")


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    yield process
    process.stop()


async def sent_to(shop: Shop, count: int) -> list[str]:
    """Customers that were written to, once there are `count` messages; all that there are when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        customers = [command["customer_id"] for command in await shop.commands()]
        if len(customers) >= count or time.monotonic() > deadline:
            return customers
        await asyncio.sleep(0.2)


async def test_a_worker_that_was_down_when_a_cart_fell_due_reminds_nobody_who_has_ordered_since(shop: Shop) -> None:
    """It had read the cart before it went down; the order came while it was away, and lies unread when it starts."""
    for customer in ("buyer", "leaver"):
        await shop.publish("customer-events", [record(event) for event in consent(customer)])
        await shop.publish("cart-events", [record(added(customer, 59.9))])  # due in six seconds
    with shop.worker("before") as worker:
        await shop.until(lambda found: found["in"] >= 6)
        assert worker.stop() == 0
    assert await shop.commands() == []
    await asyncio.sleep(7)  # nobody is there when it falls due
    await shop.publish("order-events", [record(ordered("buyer", 0))])
    with shop.worker("after") as worker:
        assert await sent_to(shop, 1) == ["leaver"], worker.said()
        await shop.until(lambda found: found["in"] >= 7)
        assert worker.stop() == 0
    assert await sent_to(shop, 1) == ["leaver"]


async def test_a_first_load_of_history_writes_to_nobody_about_the_past(shop: Shop, tmp_path: Path) -> None:
    events, out = tmp_path / "history.jsonl", tmp_path / "out"
    shop.command(
        "simulate", "--customers", "400", "--days", "5", "--start", "2024-03-01T00:00:00Z", "--out", str(events)
    )
    rules = shop.settings["rules"]
    shop.command("replay", "--rules", rules, "--out", str(out), str(events))
    touches = len((out / "decisions.jsonl").read_bytes().splitlines())
    assert touches > 50
    loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), "--json"))
    for event in consent("today"):
        await shop.publish("customer-events", [record(event)])
    await shop.publish("cart-events", [record(added("today", 70))])
    total = sum(loaded["events"].values()) + loaded["markers"] + 3
    with shop.worker() as worker:
        await shop.until(lambda found: found["in"] >= total)
        assert await sent_to(shop, 1) == ["today"], worker.said()
        deadline = time.monotonic() + PATIENCE
        decisions: list[dict[str, Any]] = []
        while len(decisions) < touches + 1 and time.monotonic() < deadline:
            decisions = [orjson.loads(found.value) for found in await shop.records("decisions")]
        assert worker.stop() == 0
    assert len(decisions) == touches + 1
    past = [decision for decision in decisions if decision["customer_id"] != "today"]
    stale = [d for d in past if any(v["gate"] == "stale" and v["verdict"] == "refuse" for v in d["verdicts"])]
    assert len(stale) == len(past)
    assert await sent_to(shop, 1) == ["today"]


async def test_while_redis_is_stopped_consuming_goes_on_and_what_fell_due_leaves_once_afterwards(
    shop: Shop, redis: RedisProcess
) -> None:
    customers = [f"r{number}" for number in range(30)]
    for customer in customers:
        await shop.publish("customer-events", [record(event) for event in consent(customer)])
    with shop.worker("one", redis_url=redis.url) as worker:
        await until(lambda: "partitions owned" in worker.said())
        await shop.publish("cart-events", [record(added(customer, 70)) for customer in customers[:10]])
        assert sorted(await sent_to(shop, 10)) == sorted(customers[:10])
        redis.stop()
        await shop.publish("cart-events", [record(added(customer, 70)) for customer in customers[10:]])
        await shop.until(lambda found: found["in"] >= 90)
        await shop.publish("order-events", [record(ordered(customer, 0)) for customer in customers[20:]])
        await shop.until(lambda found: found["in"] >= 100)
        assert len(await shop.commands()) == 10
        redis.start()
        assert sorted(await sent_to(shop, 20)) == sorted(customers[:20]), worker.said()
        assert worker.stop() == 0
    assert sorted(await sent_to(shop, 20)) == sorted(customers[:20])
