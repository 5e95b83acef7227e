"""Fetching is paused where an input runs ahead, and goes on again by itself."""

from __future__ import annotations

import asyncio

from schemas.instants import rfc3339
from streams.chunks import LogEnd
from streams.partition.plan import INPUTS
from tests.unit.streams.partition.driving import Bench, added, some_turns, until
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY


async def test_a_paused_input_is_resumed_when_turns_have_made_room_though_no_chunk_comes() -> None:
    async with Bench(stream=False, chunk_records=2) as bench:
        bench.wall = MONDAY + HOUR
        # Nobody knows yet whether the other inputs are at their ends, so what is ahead of them waits and is paused.
        await bench.offer("cart-events", *(added(MONDAY + number * MINUTE, f"a{number}") for number in range(30)))
        assert "cart-events" in bench.broker.paused
        # They are, and turns take what waited; nobody offers anything again.
        bench.all_at_their_ends()
        await until(lambda: not bench.partition.intake.waiting)
        await some_turns(bench)
        assert bench.broker.paused == set()


async def test_the_input_that_all_others_wait_for_is_not_paused_though_all_of_its_records_are_of_one_instant() -> None:
    async with Bench(stream=False, chunk_records=2) as bench:
        bench.wall = MONDAY + HOUR
        bench.all_at_their_ends()
        await some_turns(bench)
        bench.broker.ends["cart-events"] = LogEnd(31, bench.broker.ends["order-events"].asked)
        await bench.offer("cart-events", *(added(MONDAY, f"a{number}") for number in range(30)))
        # Nothing is taken while one more of that instant may come; the other topics are at their ends, below it.
        await some_turns(bench)
        assert bench.partition.intake.waiting == 30
        assert bench.broker.paused == set()
        await bench.offer("cart-events", added(MONDAY + MINUTE, "a30"))
        await until(lambda: bench.broker.offsets().get("cart-events") == 31)


async def test_offering_waits_for_no_turn_and_what_is_more_than_enough_pauses_its_partition() -> None:
    async with Bench(stream=True, chunk_records=2) as bench:
        bench.broker.gate.clear()  # commits hang, and so will turns
        for spec in INPUTS:
            if spec.holds_clock and spec.name != "cart-events":
                at = rfc3339(MONDAY + 9 * HOUR)
                await bench.offer(spec.name, {"type": "ClockAdvanced", "event_id": "m", "occurred_at": at})
        async with asyncio.timeout(20):
            for number in range(30):
                await bench.offer("cart-events", added(MONDAY + number * MINUTE, f"a{number}"))
        await some_turns(bench)
        assert "cart-events" in bench.broker.paused
        bench.broker.gate.set()
        await until(lambda: bench.broker.offsets().get("cart-events") == 29)
        await some_turns(bench)
        assert bench.broker.paused == set()
