"""One and two workers on Apache Kafka: what they make of the same events is what the engine alone makes of them."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from schemas.partitioner import customer_key, partition_of
from schemas.topics import topic_of
from streams import stacks
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop, by_id, replayed, until
from tests.topics import recreate

PARTITIONS = 4
UNTIL = ("--until", "2026-11-04T00:00:00Z")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of the sample shop."""
    folder = tmp_path_factory.mktemp("events")
    path = folder / "events.jsonl"
    Shop(folder, "none", "localhost:1", "redis://localhost:1").command(
        "simulate", "--customers", "800", "--days", "2", "--out", str(path)
    )
    return path


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)


def expected(shop: Shop, events: Path) -> dict[str, dict[str, object]]:
    commands = by_id(replayed(shop, events, *UNTIL))
    assert len(commands) > 100  # else nothing here would prove anything
    return commands


async def load(shop: Shop, events: Path) -> int:
    """Publish with markers, and answer how many records a worker has to count for all of them."""
    loaded = orjson.loads(await asyncio.to_thread(shop.command, "load", str(events), *UNTIL, "--json"))
    return int(sum(loaded["events"].values())) + int(loaded["markers"])


def at_least(count: int) -> Callable[[Counter[str]], bool]:
    """So many records are in."""
    return lambda found: found["in"] >= count


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def adds_up(counters: Counter[str]) -> bool:
    return counters["in"] == sum(counters[name] for name in ("applied", "repeated", "dead_lettered", "markers"))


@pytest.mark.parametrize("fetch", ["batches", "plain"])
async def test_a_worker_sends_what_the_engine_alone_decides(shop: Shop, events: Path, fetch: str) -> None:
    wanted = expected(shop, events)
    total = await load(shop, events)
    with shop.worker(fetch=fetch) as worker:
        counters = await shop.until(lambda found: found["in"] >= total)
        assert worker.stop() == 0
    assert counters["in"] == total and adds_up(counters)
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)


async def test_a_worker_killed_in_the_middle_loses_nothing_and_sends_nothing_twice(shop: Shop, events: Path) -> None:
    wanted = expected(shop, events)
    total = await load(shop, events)
    slowly = {"chunk_records": "4", "commit_interval": "0.02"}
    kills = 0
    for step in range(1, 5):
        with shop.worker(**slowly) as worker:
            part = total * step // 6
            found = await shop.until(at_least(part))
            kills += found["in"] < total
            worker.kill()
    assert kills >= 2
    with shop.worker(**slowly) as worker:
        counters = await shop.until(lambda found: found["in"] >= total)
        assert worker.stop() == 0
    assert counters["in"] == total and adds_up(counters)
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)


async def test_two_workers_share_the_partitions_and_make_the_same_of_them(shop: Shop, events: Path) -> None:
    wanted = expected(shop, events)
    with shop.worker("one") as one:
        await until(lambda: "partitions owned" in one.said())
        with shop.worker("two") as two:
            await until(lambda: "partitions owned" in two.said())
            total = await load(shop, events)
            counters = await shop.until(lambda found: found["in"] >= total)
            assert (one.stop(), two.stop()) == (0, 0)
    owned = {line.split("partitions=")[1].split("]")[0] for line in two.said().splitlines() if "partitions=[" in line}
    assert owned - {"["}  # the second one had its share
    assert counters["in"] == total and adds_up(counters)
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)


async def test_a_worker_that_leaves_in_the_middle_hands_over_exactly(shop: Shop, events: Path) -> None:
    wanted = expected(shop, events)
    total = await load(shop, events)
    slowly = {"chunk_records": "4", "commit_interval": "0.02"}
    with shop.worker("one", **slowly) as one:
        await shop.until(lambda found: found["in"] > total // 10)
        with shop.worker("two", **slowly) as two:
            await until(lambda: "partitions owned" in two.said())
            assert one.stop() == 0
            counters = await shop.until(lambda found: found["in"] >= total)
            assert two.stop() == 0
    assert counters["in"] == total and adds_up(counters)
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)


@pytest.mark.parametrize("fetch", ["batches", "plain"])
async def test_events_of_aborted_transactions_are_never_seen(shop: Shop, events: Path, fetch: str) -> None:
    wanted = expected(shop, events)
    lines = lines_of(events)
    committed = 0
    async with AIOKafkaProducer(
        bootstrap_servers=shop.bootstrap, transactional_id=f"{shop.app}-storefront"
    ) as storefront:
        for begin in range(0, len(lines), 2000):
            for abort in (True, False):
                await storefront.begin_transaction()
                for line in lines[begin : begin + 2000]:
                    event = orjson.loads(line)
                    if abort:  # the same shoppers order what they never ordered
                        event["event_id"] += "-aborted"
                    key = customer_key(event.get("shop_id", "main"), event["customer_id"])
                    topic = topic_of(event["type"]).name
                    await storefront.send(
                        topic, key=key, value=orjson.dumps(event), partition=partition_of(key, PARTITIONS)
                    )
                if abort:
                    await storefront.abort_transaction()
                else:
                    await storefront.commit_transaction()
                    committed += len(lines[begin : begin + 2000])
    marker = {"type": "ClockAdvanced", "event_id": "clock", "occurred_at": "2026-11-04T00:00:00.000001Z"}
    for topic in ("site-views", "cart-events", "order-events", "customer-events"):
        await shop.publish(topic, [(None, orjson.dumps(marker), number) for number in range(PARTITIONS)])
    await shop.publish("marketing-events", [(None, orjson.dumps(marker), 0)])
    total = committed + 4 * PARTITIONS + 1
    with shop.worker(fetch=fetch) as worker:
        counters = await shop.until(lambda found: found["in"] >= total)
        assert worker.stop() == 0
    assert counters["in"] == total and adds_up(counters)
    assert by_id(await shop.commands()) == wanted


async def test_a_frozen_worker_that_wakes_after_a_takeover_changes_nothing(shop: Shop, events: Path) -> None:
    wanted = expected(shop, events)
    total = await load(shop, events)
    slowly = {"chunk_records": "4", "commit_interval": "0.02"}
    with shop.worker("one", **slowly) as one:
        await shop.until(lambda found: found["in"] > total // 10)
        one.process.send_signal(signal.SIGSTOP)
        with shop.worker("two", **slowly) as two:
            await until(lambda: "partitions owned" in two.said())
            await shop.until(lambda found: found["in"] > total // 3)
            one.process.send_signal(signal.SIGCONT)
            counters = await shop.until(lambda found: found["in"] >= total)
            await until(lambda: one.said().count("partitions owned") >= 2)  # it is a member again
            assert (one.stop(), two.stop()) == (0, 0)
    assert counters["in"] == total and adds_up(counters)
    sent = await shop.commands()
    assert by_id(sent) == wanted
    assert len(sent) == len(wanted)


async def test_without_transactions_a_killed_worker_repeats_ids_at_most(
    embedded_stack: stacks.Stack, prefix: str, tmp_path: Path, events: Path
) -> None:
    await recreate(embedded_stack.bootstrap, app=prefix, partitions=PARTITIONS)
    shop = Shop(tmp_path, prefix, embedded_stack.bootstrap, embedded_stack.redis_url)
    wanted = expected(shop, events)
    total = await load(shop, events)
    slowly = {"chunk_records": "4", "commit_interval": "0.02"}
    for step in (1, 2, 3):
        with shop.worker(**slowly) as worker:
            await shop.until(at_least(total * step // 5))
            worker.kill()
    with shop.worker(**slowly) as worker:
        # What was counted before a crash and not committed is read again, and counted as repeated.
        counters = await shop.until(lambda found: found["applied"] + found["markers"] >= total)
        assert worker.stop() == 0
    assert adds_up(counters) and counters["applied"] + counters["markers"] >= total
    assert by_id(await shop.commands()) == wanted
