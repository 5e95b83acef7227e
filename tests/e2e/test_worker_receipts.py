"""What a dispatcher tells of phones that messages can't be delivered to, in a real worker on the wall clock."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.instants import rfc3339
from streams.privacy import phone_hmac
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, until
from tests.e2e.test_worker_input import PARTITIONS, added, now, ordered, record
from tests.e2e.test_worker_suppressions import decided, leaves_a_cart, shopper, written_to
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET

SHARED, OWN, NEW = "+79990000001", "+79990000002", "+79990000003"


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    settings = {"clock": "wall", "grace": "200ms", "hmac_secret": SECRET.get_secret_value()}
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, **settings)


async def message_to(shop: Shop, customer: str) -> dict[str, Any]:
    """The customer's message, once it is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = [command for command in await shop.commands() if command["customer_id"] == customer]
        if found:
            return found[-1]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no message to {customer}")


async def becomes(shop: Shop, command: dict[str, Any], status: str) -> None:
    """The dispatcher's word on a command."""
    await shop.publish("delivery-receipts", [record({
        "type": "DeliveryReceipt", "event_id": f"{command['command_id']}-{status}", "shop_id": "main",
        "customer_id": command["customer_id"], "occurred_at": rfc3339(now()), "command_id": command["command_id"],
        "status": status, "error_code": None,
    })])  # fmt: skip


async def suppressions(shop: Shop, count: int) -> list[tuple[bytes, dict[str, Any] | None]]:
    """The topic's records, once there are so many."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = await shop.records("suppressions")
        if len(found) >= count or time.monotonic() > deadline:
            return [(one.key, None if one.value is None else orjson.loads(one.value)) for one in found]
        await asyncio.sleep(0.2)


async def leaves_another_cart(shop: Shop, customer: str) -> None:
    """After an order, so that it is another cart."""
    await shop.publish("order-events", [record(ordered(customer, 66))])
    await shop.publish("cart-events", [record(added(customer, 64))])


def key(phone: str, reason: str) -> bytes:
    return f"main:{phone_hmac(SECRET, phone)}:{reason}".encode()


async def test_a_phone_that_is_dead_gets_no_later_message_whoever_has_it(shop: Shop) -> None:
    for customer, phone in (("anna", SHARED), ("boris", SHARED), ("clara", OWN)):
        await shopper(shop, customer, phone)
    with shop.worker() as worker:
        await leaves_a_cart(shop, "anna")
        sent = await message_to(shop, "anna")
        await becomes(shop, sent, "accepted")
        await becomes(shop, sent, "unknown_subscriber")
        ((found, said),) = await suppressions(shop, 1)
        assert found == key(SHARED, "unknown_subscriber")
        assert said is not None and (said["source"], said["reason"]) == ("delivery-receipts", "unknown_subscriber")
        assert said["until"] > said["since"]
        for customer in ("boris", "clara"):
            await leaves_a_cart(shop, customer)
        await leaves_another_cart(shop, "anna")
        await decided(shop, 4)
        assert worker.stop() == 0
    decisions = [orjson.loads(one.value) for one in await shop.records("decisions")]
    refused = {
        decision["customer_id"]
        for decision in decisions
        for verdict in decision["verdicts"]
        if (verdict["gate"], verdict["reason"]) == ("suppression", "unknown_subscriber")
        and decision["outcome"] == "refused"
    }
    assert refused == {"anna", "boris"}
    assert await written_to(shop) == {"anna", "clara"}
    assert [command["command_id"] for command in await shop.commands() if command["phone"] == SHARED] == [
        sent["command_id"]
    ]
    assert "9990000001" not in worker.said()


async def test_a_failure_of_the_former_phone_does_not_follow_the_customer_to_the_new_one(shop: Shop) -> None:
    await shopper(shop, "anna", SHARED)
    with shop.worker() as worker:
        await leaves_a_cart(shop, "anna")
        sent = await message_to(shop, "anna")
        await shop.publish("customer-events", [record({
            "type": "CustomerUpdated", "event_id": "moved", "customer_id": "anna", "occurred_at": rfc3339(now()),
            "phone": NEW,
        })])  # fmt: skip
        await becomes(shop, sent, "blocked")
        ((found, said),) = await suppressions(shop, 1)
        assert (found, said and said["until"]) == (key(SHARED, "blocked"), None)
        await leaves_another_cart(shop, "anna")
        await decided(shop, 2)
        assert worker.stop() == 0
    assert [command["phone"] for command in await shop.commands()] == [SHARED, NEW]


async def test_a_message_that_arrives_after_all_lifts_what_its_failure_had_caused(shop: Shop) -> None:
    await shopper(shop, "anna", SHARED)
    with shop.worker() as worker:
        await leaves_a_cart(shop, "anna")
        sent = await message_to(shop, "anna")
        await becomes(shop, sent, "unknown_subscriber")
        await suppressions(shop, 1)
        await becomes(shop, sent, "delivered")
        records = await suppressions(shop, 2)
        assert worker.stop() == 0
    assert [(found, said is None) for found, said in records] == [
        (key(SHARED, "unknown_subscriber"), False), (key(SHARED, "unknown_subscriber"), True),
    ]


async def test_without_the_secret_the_worker_says_that_nobody_is_suppressed_and_goes_on(shop: Shop) -> None:
    await shopper(shop, "anna", SHARED)
    await shopper(shop, "boris", SHARED)
    with shop.worker(hmac_secret="") as worker:
        await leaves_a_cart(shop, "anna")
        await becomes(shop, await message_to(shop, "anna"), "blocked")
        await until(lambda: "are not suppressed: REWAKE_HMAC_SECRET is not set" in " ".join(worker.said().split()))
        await becomes(shop, {"command_id": "5f3b0d1c9a7e4b6288d1c0ffee42aa10", "customer_id": "anna"}, "blocked")
        await until(lambda: "which phone failed can't be told" in " ".join(worker.said().split()))
        await leaves_a_cart(shop, "boris")
        await message_to(shop, "boris")
        assert worker.stop() == 0
    assert await shop.records("suppressions") == []


async def test_a_phone_that_is_suppressed_by_hand_gets_no_later_message_until_it_is_lifted(shop: Shop) -> None:
    for customer in ("anna", "boris", "clara"):
        await shopper(shop, customer, SHARED)
    with shop.worker() as worker:
        await until(lambda: "partitions owned" in worker.said())
        await asyncio.to_thread(shop.command, "suppress", "add", SHARED, "--reason", "complaint")
        await leaves_a_cart(shop, "anna")
        assert (await decided(shop, 1))["anna"][1]["reason"] == "complaint"
        await asyncio.to_thread(shop.command, "suppress", "remove", SHARED)
        await leaves_a_cart(shop, "boris")
        assert (await decided(shop, 2))["boris"][0] == "emitted"
        (shop.folder / "list.csv").write_text(f"phone,reason\n{SHARED},opted_out\n")
        await asyncio.to_thread(shop.command, "suppress", "import", "list.csv")
        await leaves_a_cart(shop, "clara")
        assert (await decided(shop, 3))["clara"][1]["reason"] == "opted_out"
        assert worker.stop() == 0
    assert await written_to(shop) == {"boris"}
