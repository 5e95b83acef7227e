"""What a sync of a feed changed, in a partition: collected until it is over, then taken by its rows."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any

from schemas.instants import rfc3339
from schemas.topics import PRODUCTS
from streams.chunks import LogEnd
from tests.unit.streams.partition.driving import Bench, Broker, profile, some_turns, until
from tests.unit.streams.partition.test_syncing import Log, columns, over, snapshot
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY
from tests.unit.triggers.kinds.page import of
from triggers.kinds.price_dropped import PriceDropped

SYNC = MONDAY - HOUR
LOG: Log = [snapshot(SYNC, "sku-1", 90, 100), snapshot(SYNC, "sku-2", 90, 100), over(SYNC)]
RULE = of(PriceDropped(by=Decimal(10)))


def viewed(at: int) -> dict[str, Any]:
    return {
        "type": "ProductViewed", "event_id": f"v-{at}", "customer_id": "42", "occurred_at": rfc3339(at),
        "product_id": "sku-1", "price": "100",
    }  # fmt: skip


def bench(broker: Broker | None = None, stream: bool = False) -> Bench:
    return Bench(stream=stream, rules=(RULE,), broker=broker, feeds=True)


async def read(made: Bench, end: int) -> None:
    """The log of products from where the partition is up to this offset."""
    begin = made.partition.intake.inputs[PRODUCTS.name].next or 0
    await made.partition.offer(PRODUCTS.name, columns(LOG, begin, end))


async def sent(made: Bench) -> list[dict[str, Any]]:
    def met() -> int:
        made.all_at_their_ends()
        return len(made.broker.commands)

    await until(met)
    return made.broker.commands


async def known(made: Bench) -> None:
    await made.offer("customer-events", *profile())
    await made.offer("site-views", viewed(SYNC - MINUTE))


async def test_who_likes_what_a_sync_changed_is_written_to_when_it_is_over() -> None:
    async with bench() as made:
        await known(made)
        await read(made, 2)
        made.all_at_their_ends()
        await until(lambda: made.broker.offsets().get("site-views") == 1)
        assert not made.broker.commands
        await read(made, 3)
        assert [(one["customer_id"], one["due_at"]) for one in await sent(made)] == [("42", rfc3339(SYNC))]


async def test_a_sync_that_was_half_read_at_a_crash_is_read_again_from_its_first_snapshot() -> None:
    async with bench() as made:
        await known(made)
        await read(made, 2)
        made.all_at_their_ends()
        await until(lambda: made.broker.offsets().get("site-views") == 1)
        await until(lambda: made.broker.restored().record.positions.get(PRODUCTS.name) == 2)
    async with bench(made.broker) as again:
        assert again.partition.intake.inputs[PRODUCTS.name].next == 0
        await read(again, 3)
        assert len(await sent(again)) == 1
    async with bench(made.broker) as after:
        assert after.partition.intake.inputs[PRODUCTS.name].next == 3
    assert len(made.broker.commands) == 1


async def test_on_the_stream_clock_nothing_is_taken_before_all_of_the_topic_was_read() -> None:
    async with bench(stream=True) as made:
        await known(made)
        await made.markers(MONDAY)
        made.broker.ends[PRODUCTS.name] = LogEnd(3, time.monotonic())
        await read(made, 2)
        await some_turns(made)
        assert not made.broker.committed
        await read(made, 3)
        assert len(await sent(made)) == 1


async def test_on_the_stream_clock_an_end_of_the_topic_counts_that_was_heard_of_since_the_partition_came_here() -> None:
    async with bench(stream=True) as made:
        made.broker.ends[PRODUCTS.name] = LogEnd(0, 0.0)
        await known(made)
        await made.markers(MONDAY)
        await some_turns(made)
        assert not made.broker.committed
        await read(made, 3)
        assert len(await sent(made)) == 1


async def test_who_waits_for_the_topic_takes_no_turn_out_of_its_time_however_much_there_is_to_take() -> None:
    made = Bench(stream=True, rules=(RULE,), feeds=True, chunk_records=1)
    made.partition.interval = made.partition.least_pause = 3600.0
    turns: list[int] = []
    look = made.partition._clock.look
    made.partition._clock.look = lambda wall, now: (turns.append(wall), look(wall, now))[1]  # type: ignore[method-assign, func-returns-value]  # watched
    async with made:
        await known(made)
        await made.markers(MONDAY)
        made.broker.ends[PRODUCTS.name] = LogEnd(3, 0.0)
        for _ in range(200):
            await asyncio.sleep(0)
        assert made.partition.intake.ready >= 1
        assert len(turns) == 1
