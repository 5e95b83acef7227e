"""What a worker does with records that are no good, and with time that is the wall's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from schemas.dead_letters import REASONS
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from streams import stacks
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, until
from tests.topics import recreate

PARTITIONS = 4


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, clock="wall", grace="200ms")


def now() -> int:
    return time.time_ns() // 1000


def minutes_ago(minutes: float) -> str:
    return rfc3339(now() - int(minutes * 60_000_000))


def record(event: Mapping[str, object]) -> tuple[bytes, bytes, int]:
    key = customer_key(str(event.get("shop_id", "main")), str(event["customer_id"]))
    return key, orjson.dumps(event), partition_of(key, PARTITIONS)


def consent(customer: str) -> list[dict[str, object]]:
    who = {"customer_id": customer, "occurred_at": minutes_ago(90)}
    granted = {"channel": "sms", "purpose": "marketing", "granted": True}
    return [
        {"type": "ConsentChanged", "event_id": f"c-{customer}", **who, **granted},
        {"type": "CustomerUpdated", "event_id": f"u-{customer}", **who, "phone": "+79990000042"},
    ]  # fmt: skip


def added(customer: str, minutes: float) -> dict[str, object]:
    return {
        "type": "CartItemAdded", "event_id": f"a-{customer}-{minutes}", "customer_id": customer,
        "occurred_at": minutes_ago(minutes), "product_id": "sku-7", "price": "1990.00", "currency": "RUB",
    }  # fmt: skip


def ordered(customer: str, minutes: float) -> dict[str, object]:
    return {
        "type": "OrderPlaced", "event_id": f"o-{customer}", "customer_id": customer,
        "occurred_at": minutes_ago(minutes), "order_id": f"A-{customer}",
    }  # fmt: skip


async def test_bad_records_go_to_dead_letters_as_they_came_and_the_counts_add_up(shop: Shop) -> None:
    right = record(added("42", 5))
    key, value, partition = right
    elsewhere = (partition + 1) % PARTITIONS
    big = orjson.loads(value) | {"event_id": "big", "note": "x" * 1_000_000}
    sent: list[tuple[str, tuple[bytes | None, bytes | None, int], str | None]] = [
        ("cart-events", right, None),
        ("cart-events", right, None),  # the same event id again: no effect, and no dead letter
        ("cart-events", (key, b"{", partition), "not-json"),
        ("cart-events", (key, b"\xff\xfe{}", partition), "not-utf8"),
        ("cart-events", (key, b"[]", partition), "not-an-object"),
        ("cart-events", (key, b"", partition), "not-json"),
        ("cart-events", (key, None, partition), "not-json"),
        ("cart-events", (key, b'{"type":"Nonsense"}', partition), "unknown-type"),
        ("cart-events", (key, b'{"type":"CartItemAdded","event_id":"1"}', partition), "missing-field"),
        ("cart-events", (key, value.replace(b'"1990.00"', b'"1e9"'), partition), "invalid-value"),
        ("cart-events", (key, orjson.dumps(big), partition), "too-large"),
        ("cart-events", (key, value.replace(b"sku-7", b"x" * 1_000_000), partition), "invalid-value"),
        ("cart-events", (key, orjson.dumps(ordered("42", 4)), partition), "wrong-topic"),
        ("cart-events", (key, orjson.dumps(added("42", -600)), partition), "from-the-future"),
        ("cart-events", (key, orjson.dumps(added("42", 3)), elsewhere), "wrong-partition"),
        ("cart-events", (b"main:43", orjson.dumps(added("42", 2)), partition), "wrong-partition"),
        ("cart-events", (None, orjson.dumps(added("42", 1)), partition), "wrong-partition"),
        ("marketing-events", (b"main", b"nonsense", 0), "not-json"),
        ("order-events", record(ordered("42", 1)), None),
    ]
    for topic, message, _ in sent:
        await shop.publish(topic, [message])
    with shop.worker() as worker:
        counters = await shop.until(lambda found: found["in"] >= len(sent))
        assert worker.process.poll() is None  # it goes on
        assert worker.stop() == 0
    bad = [(topic, message, reason) for topic, message, reason in sent if reason is not None]
    letters = await shop.records("dead-letters")
    found = Counter(
        (headers["origin_topic"], letter.key, letter.value, headers["reason"])
        for letter in letters
        for headers in [{name: text.decode() for name, text in letter.headers}]
    )
    wanted = Counter((topic, message[0], message[1], reason) for topic, message, reason in bad)
    assert [(topic, key, (value or b"")[:80], why) for topic, key, value, why in (found - wanted)] == []
    assert found == wanted
    assert {reason for _, _, reason in bad} <= set(REASONS)
    assert counters == {
        "in": len(sent), "applied": 2, "repeated": 1, "dead_lettered": len(bad), "markers": 0
    }  # fmt: skip


async def test_a_quiet_partition_fires_by_the_wall_clock(shop: Shop) -> None:
    with shop.worker() as worker:
        await until(lambda: "partitions owned" in worker.said())
        for event in consent("quiet"):
            await shop.publish("customer-events", [record(event)])
        await shop.publish("cart-events", [record(added("quiet", 59.95))])  # an hour old in three seconds
        await shop.until(lambda found: found["in"] >= 3)
        assert await shop.commands() == []
        commands: list[dict[str, object]] = []
        deadline = time.monotonic() + 30
        while not commands and time.monotonic() < deadline:
            commands = await shop.commands()
        assert [command["customer_id"] for command in commands] == ["quiet"], worker.said()
        assert worker.stop() == 0


async def test_a_backlog_that_holds_the_order_sends_no_reminder_for_it(shop: Shop) -> None:
    customers = [f"b{number}" for number in range(200)]
    buyers = set(customers[::2])
    for customer in customers:
        await shop.publish("customer-events", [record(event) for event in consent(customer)])
    await shop.publish("cart-events", [record(added(customer, 80)) for customer in customers])
    # Ordered long after the reminder fell due, and last in the log: only who has read all of it knows.
    await shop.publish("order-events", [record(ordered(customer, 1)) for customer in sorted(buyers)])
    with shop.worker(chunk_records="10") as worker:
        await shop.until(lambda found: found["in"] >= 3 * len(customers) + len(buyers))
        deadline = time.monotonic() + 30
        reminded: set[str] = set()
        while len(reminded) < len(customers) - len(buyers) and time.monotonic() < deadline:
            reminded = {command["customer_id"] for command in await shop.commands()}
        assert worker.stop() == 0
    assert {command["customer_id"] for command in await shop.commands()} == set(customers) - buyers


async def test_what_redis_could_not_judge_waits_in_its_row_and_is_sent_once_when_redis_is_back(shop: Shop) -> None:
    for event in consent("waits"):
        await shop.publish("customer-events", [record(event)])
    await shop.publish("cart-events", [record(added("waits", 70))])
    with shop.worker("without", redis_url="redis://127.0.0.1:1/0") as worker:
        await shop.until(lambda found: found["in"] >= 3)
        await shop.publish("cart-events", [record(added("other", 1))])
        await shop.until(lambda found: found["in"] >= 4)  # consuming goes on
        assert await shop.commands() == []
        worker.kill()
    with shop.worker("with") as worker:
        await until(lambda: "partitions owned" in worker.said())
        deadline = time.monotonic() + 30
        while not await shop.commands() and time.monotonic() < deadline:
            pass
        assert worker.stop() == 0
    assert [command["customer_id"] for command in await shop.commands()] == ["waits"]


async def test_the_embedded_broker_gets_the_same_at_least_once(
    embedded_stack: stacks.Stack, prefix: str, tmp_path: Path
) -> None:
    await recreate(embedded_stack.bootstrap, app=prefix, partitions=PARTITIONS)
    shop = Shop(
        tmp_path, prefix, embedded_stack.bootstrap, embedded_stack.redis_url, clock="wall", grace="200ms"
    )
    customers = [f"e{number}" for number in range(20)]
    for customer in customers:
        await shop.publish("customer-events", [record(event) for event in consent(customer)])
        await shop.publish("cart-events", [record(added(customer, 80))])
    await shop.publish("order-events", [record(ordered(customer, 1)) for customer in customers[::2]])
    with shop.worker() as worker:
        await shop.until(lambda found: found["in"] >= 70)
        deadline = time.monotonic() + 30
        while len(await shop.commands()) < 10 and time.monotonic() < deadline:
            pass
        assert worker.stop() == 0
        assert "at-least-once" in worker.said()
    assert {command["customer_id"] for command in await shop.commands()} == set(customers[1::2])
