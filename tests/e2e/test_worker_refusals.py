"""What the broker does not take: records larger than their topic allows, topics that can't be written for a while."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import ClientSession
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.provision import provide
from streams.stacks.process import free_port
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, Worker
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.topics import delete, recreate

RULE = """\
rule: abandoned-cart
description: Remind of the goods left in the cart
trigger:
  cart_abandoned: {idle: 60m}
steps:
  - sms: "Your cart waits, {{ customer.first_name | default('friend') }}"
"""


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    made = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, clock="wall", grace="200ms")
    (tmp_path / "rules" / "abandoned-cart.yaml").write_text(RULE)
    return made


async def configure(shop: Shop, topic: str, **settings: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.bootstrap)
    await admin.start()
    try:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
    finally:
        await admin.close()


async def publish(shop: Shop, customers: list[str], names: dict[str, str] | None = None) -> None:
    for customer in customers:
        events = consent(customer)
        events[1]["first_name"] = (names or {}).get(customer, "Anna")
        await shop.publish("customer-events", [record(event) for event in events])
        await shop.publish("cart-events", [record(added(customer, 80))])


async def reached(shop: Shop, worker: Worker, count: int) -> list[str]:
    """The customers written to, once that many were."""
    for _ in range(int(PATIENCE / 0.3)):
        found = [command["customer_id"] for command in await shop.commands()]
        if len(found) >= count:
            return sorted(found)
        await asyncio.sleep(0.3)
    raise AssertionError(worker.said()[-5000:])


async def until_records(shop: Shop, topic: str, count: int) -> list[Any]:
    for _ in range(int(PATIENCE / 0.3)):
        found = await shop.records(topic)
        if len(found) >= count:
            return found
        await asyncio.sleep(0.3)
    raise AssertionError(f"{topic} has not {count} records")


async def test_a_message_too_large_for_its_topic_is_refused_and_all_others_go_out(shop: Shop) -> None:
    await configure(shop, "sms-commands", max_message_bytes="1300")
    crowd = [str(n) for n in range(40)]  # several a transaction: together far more than one batch may hold
    with shop.worker() as worker:
        await publish(shop, [*crowd, "long"], {"long": "A" * 190})
        assert await reached(shop, worker, 41) == sorted([*crowd, "long"])
        short = max(len(entry.value) for entry in await shop.records("sms-commands") if b'"long"' not in entry.value)
        await configure(shop, "sms-commands", max_message_bytes=str(short + 150))  # nobody has told the worker
        await publish(shop, ["long-2", "short-2"], {"long-2": "A" * 190})
        await reached(shop, worker, 42)
        await shop.until(lambda counters: counters["in"] == 3 * 43)
        refused = await until_records(shop, "dead-letters", 1)
        assert worker.process.poll() is None
        assert worker.stop() == 0
    said = dict(refused[0].headers)
    assert said["reason"] == b"engine-error" and said["detail"].startswith(b"TooLarge")
    assert orjson.loads(refused[0].value)["customer_id"] == "long-2"
    outcomes = {}
    for entry in await shop.records("decisions"):
        decision = orjson.loads(entry.value)
        outcomes[decision["customer_id"]] = decision["outcome"]
    assert outcomes == dict.fromkeys((*crowd, "long", "short-2"), "emitted") | {"long-2": "skipped"}


async def ready(port: int) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        return answer.status, orjson.loads(await answer.read())


async def test_a_topic_that_cannot_be_written_stops_the_offsets_and_not_the_process(shop: Shop) -> None:
    """Of the partitions where something is to be written; when it can be again, everything is, once."""
    port = free_port()
    here = [str(n) for n in range(100) if record({"customer_id": str(n)})[2] == 0][:5]
    elsewhere = next(str(n) for n in range(100) if record({"customer_id": str(n)})[2] == 1)
    with shop.worker(http_port=str(port)) as worker:
        await publish(shop, here[:1])
        assert await reached(shop, worker, 1) == here[:1]
        before = await shop.commands()
        await delete(shop.bootstrap, {"sms-commands"})
        await publish(shop, here[1:])
        status = 200
        said: dict[str, Any] = {}
        async with asyncio.timeout(PATIENCE):
            while status == 200 or "in_a_row" not in worker.said():
                status, said = await ready(port)
                assert worker.process.poll() is None, worker.said()[-5000:]
                await asyncio.sleep(0.3)
        assert status == 503 and "offsets stand still" in said["notes"]["partition 0"]
        counted = (await shop.counters())["in"]
        await shop.publish("customer-events", [record(event) for event in consent(elsewhere)])
        await shop.until(lambda counters: counters["in"] == counted + 2)
        options = {"bootstrap_servers": shop.bootstrap}
        await provide(options, app=shop.app, partitions=PARTITIONS, default_partitions=PARTITIONS, history=True)
        await reached(shop, worker, len(here) - len(before))
        async with asyncio.timeout(PATIENCE):
            while status != 200:
                status, said = await ready(port)
                await asyncio.sleep(0.3)
        assert "partition 0" not in said["notes"]
        await shop.until(lambda counters: counters["in"] == 3 * len(here) + 2)
        assert worker.stop() == 0
        assert worker.said().count("commit failed") < 12
    sent = [command["customer_id"] for command in [*before, *await shop.commands()]]
    assert sorted(sent) == sorted(here)
