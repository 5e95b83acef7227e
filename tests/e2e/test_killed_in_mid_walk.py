"""A worker that dies while it asks all customers about a broadcast: another one takes over, and everybody is written to
once, as a replay of the same events says."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson

from schemas.partitioner import customer_key, partition_of
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, Worker, by_id, replayed, until
from tests.e2e.test_worker_rows import owned
from tests.topics import recreate

PARTITIONS = 2
CUSTOMERS = 10_000
EVE, END = "2026-11-01T13:00:00Z", "2026-11-02T13:00:00Z"
BROADCAST = """\
rule: letter
trigger:
  broadcast: {}
audience: orders.count >= 1
steps:
  - sms: "The winter teas are here"
"""


def base() -> Iterator[dict[str, object]]:
    """The shop's customers and their history."""
    for number in range(CUSTOMERS):
        first = "2026-01-10T12:00:00Z"
        granted = {"channel": "sms", "purpose": "marketing", "granted": number % 50 > 0, "occurred_at": first}
        older = {"count": number % 4, "total": "1990.00", "currency": "RUB", "first_at": first}
        yield {
            "type": "CustomerImported", "event_id": f"i-{number}", "customer_id": f"c{number}",
            "occurred_at": "2026-11-01T12:00:00Z", "phone": f"+7999{number:07}", "time_zone": "UTC",
            "consents": [granted], **({"older": older} if number % 4 else {}),
        }  # fmt: skip


def broadcast() -> Iterator[dict[str, object]]:
    """It is asked for, and some leave their carts, or order, after it."""
    asked = {"type": "BroadcastRequested", "broadcast_id": "winter", "rule": "letter"}
    yield {**asked, "event_id": "m-1", "occurred_at": "2026-11-02T10:00:00Z"}
    yield {**asked, "event_id": "m-2", "occurred_at": "2026-11-02T10:05:00Z"}  # by mistake, once more
    for number in range(0, CUSTOMERS, 16):
        who = {"customer_id": f"c{number + 3}", "occurred_at": f"2026-11-02T10:{number // 16 % 50 + 10}:00Z"}
        yield {"type": "CartItemAdded", "event_id": f"a-{number}", **who, "product_id": "sku-7"}
        if number % 32:
            yield {"type": "OrderPlaced", "event_id": f"o-{number}", **who, "order_id": f"A-{number}"}


def numbers(worker: Worker) -> list[int]:
    """The partitions it owns, as it said last."""
    said = owned(worker)
    return [int(number) for number in re.findall(r"\d+", said[-1])] if said else []


async def load(shop: Shop, events: Path, until: str) -> int:
    """How many records that makes."""
    loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), "--until", until, "--json"))
    return int(sum(loaded["events"].values())) + int(loaded["markers"])


async def sent_in(shop: Shop) -> Counter[int]:
    """How many were written to by the broadcast, by partition."""
    commands = [one for one in await shop.commands() if one["rule"] == "letter"]
    return Counter(partition_of(customer_key("main", one["customer_id"]), PARTITIONS) for one in commands)


async def test_a_worker_killed_while_it_asks_all_customers_leaves_nobody_out_and_writes_to_nobody_twice(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    (tmp_path / "rules" / "letter.yaml").write_text(BROADCAST)
    known, asked, events = (tmp_path / name for name in ("known.jsonl", "asked.jsonl", "events.jsonl"))
    known.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in base()))
    asked.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in broadcast()))
    events.write_bytes(known.read_bytes() + asked.read_bytes())
    wanted = by_id(replayed(shop, events, "--until", END))
    letters = Counter(
        partition_of(customer_key("main", str(one["customer_id"])), PARTITIONS)
        for one in wanted.values()
        if one["rule"] == "letter"
    )
    assert all(letters[number] > 3_500 for number in range(PARTITIONS))
    assert len(wanted) > letters.total()  # carts as well

    # each turn asks a slice of the customers: turns far from one another leave time to kill it between them
    with shop.worker("one", commit_interval="3") as one, shop.worker("two") as two:
        await until(lambda: len(numbers(one)) == len(numbers(two)) == 1)
        (mine,) = numbers(one)
        total = await load(shop, known, EVE)
        await shop.until(lambda found: found["in"] >= total)
        total += await load(shop, asked, END)
        deadline = time.monotonic() + PATIENCE
        while not (await sent_in(shop))[mine]:
            assert time.monotonic() < deadline, one.said()[-3000:]
        one.kill()
        assert 0 < (await sent_in(shop))[mine] < letters[mine]
        await until(lambda: len(numbers(two)) == PARTITIONS)
        await shop.until(lambda found: found["in"] >= total)
        deadline = time.monotonic() + PATIENCE
        while await sent_in(shop) != letters:
            assert time.monotonic() < deadline, two.said()[-3000:]
            await asyncio.sleep(0.5)
        assert two.stop() == 0
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)
