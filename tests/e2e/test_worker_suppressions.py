"""Phones that must not be written to, in a real worker on the wall clock."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, until
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET, Sent, lifted, suppressed


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    settings = {"clock": "wall", "grace": "200ms", "hmac_secret": SECRET.get_secret_value()}
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, **settings)


async def suppress(shop: Shop, *records: Sent) -> None:
    await shop.publish("suppressions", [(key, value, 0) for key, value in records])


async def shopper(shop: Shop, customer: str, phone: str) -> None:
    """Somebody who may be written to, but for the phone."""
    events = [event | {"phone": phone} if "phone" in event else event for event in consent(customer)]
    await shop.publish("customer-events", [record(event) for event in events])


async def leaves_a_cart(shop: Shop, customer: str) -> None:
    """Long enough ago that a reminder is due at once."""
    await shop.publish("cart-events", [record(added(customer, 70))])


async def decided(shop: Shop, count: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """By customer: the outcome and what the suppression gate said, once there are `count` decisions."""
    deadline = time.monotonic() + PATIENCE
    while True:
        decisions = [orjson.loads(found.value) for found in await shop.records("decisions")]
        if len(decisions) >= count or time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    return {
        decision["customer_id"]: (decision["outcome"], verdict)
        for decision in decisions
        for verdict in decision["verdicts"]
        if verdict["gate"] == "suppression"
    }


async def written_to(shop: Shop) -> set[str]:
    return {command["customer_id"] for command in await shop.commands()}


async def test_a_suppressed_phone_gets_no_message_and_a_lifted_one_does(shop: Shop) -> None:
    phones = {"out": "+79990000001", "lifted": "+79990000002", "elsewhere": "+79990000003", "free": "+79990000004"}
    await suppress(shop, suppressed(phones["out"]), suppressed(phones["lifted"]), lifted(phones["lifted"]))
    await suppress(shop, suppressed(phones["elsewhere"], shop="tea"), (b"nonsense", b"{"))
    for customer, phone in phones.items():
        await shopper(shop, customer, phone)
        await leaves_a_cart(shop, customer)
    with shop.worker() as worker:
        found = await decided(shop, 4)
        assert worker.stop() == 0
    outcome, verdict = found["out"]
    assert (outcome, verdict["verdict"], verdict["reason"]) == ("refused", "refuse", "opted_out")
    assert {customer for customer, (outcome, _) in found.items() if outcome == "emitted"} == phones.keys() - {"out"}
    assert await written_to(shop) == phones.keys() - {"out"}


async def test_a_suppression_published_while_the_worker_runs_holds_from_the_next_touch_on(shop: Shop) -> None:
    """Each falls due as soon as its cart is read, which is after the suppression was acknowledged and not before."""
    phones = [f"+7999000{number:04}" for number in range(12)]
    for number, phone in enumerate(phones):
        await shopper(shop, f"before-{number}", phone)
        await shopper(shop, f"after-{number}", phone)
    with shop.worker() as worker:
        await until(lambda: "partitions owned" in worker.said())
        await shop.until(lambda found: found["in"] >= 4 * len(phones))
        for number, phone in enumerate(phones):
            await suppress(shop, suppressed(phone))
            await leaves_a_cart(shop, f"before-{number}")
        await decided(shop, len(phones))
        for number, phone in enumerate(phones):
            await suppress(shop, lifted(phone))
            await leaves_a_cart(shop, f"after-{number}")
        found = await decided(shop, 2 * len(phones))
        assert worker.stop() == 0
    assert {customer: said["reason"] for customer, (_, said) in found.items()} == {
        f"{when}-{number}": reason
        for when, reason in (("before", "opted_out"), ("after", "not-suppressed"))
        for number in range(len(phones))
    }
    assert await written_to(shop) == {f"after-{number}" for number in range(len(phones))}


async def test_a_worker_without_the_secret_does_not_run_beside_suppressions(shop: Shop) -> None:
    without = {"hmac_secret": ""}
    with shop.worker("ends", **without) as worker:
        await until(lambda: "partitions owned" in worker.said())
        await shopper(shop, "out", "+79990000001")
        await suppress(shop, suppressed("+79990000001"))
        await leaves_a_cart(shop, "out")
        assert await asyncio.to_thread(worker.process.wait, PATIENCE) == 1
        assert "set it to the secret" in " ".join(worker.said().split())
    with shop.worker("refuses", **without) as worker:
        assert await asyncio.to_thread(worker.process.wait, PATIENCE) == 1
        assert "set it to the secret" in " ".join(worker.said().split())
        assert "partitions owned" not in worker.said()
    assert await shop.commands() == []
    with shop.worker("with") as worker:
        assert (await decided(shop, 1))["out"][0] == "refused"
        assert worker.stop() == 0
    assert await shop.commands() == []


async def test_a_suppression_behind_somebody_elses_open_transaction_holds_as_well(shop: Shop) -> None:
    """A worker that dies in the middle of a transaction hides what others commit after it until that is timed out."""
    phone = "+79990000001"
    await shopper(shop, "anna", phone)
    async with AIOKafkaProducer(bootstrap_servers=shop.bootstrap, transactional_id=f"{shop.app}-dead") as dying:
        with shop.worker() as worker:
            await until(lambda: "partitions owned" in worker.said())
            await dying.begin_transaction()
            key, value = suppressed("+79990000002")
            await (await dying.send("suppressions", key=key, value=value, partition=0))
            await suppress(shop, suppressed(phone))
            await leaves_a_cart(shop, "anna")
            await shop.until(lambda found: found["in"] >= 3)
            await asyncio.sleep(2)  # long enough for the touch to be judged, if it wrongly is
            assert await shop.records("decisions") == []
            await dying.abort_transaction()
            assert (await decided(shop, 1))["anna"][1]["reason"] == "opted_out"
            assert worker.stop() == 0
    assert await shop.commands() == []
