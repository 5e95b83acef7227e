"""Fetching is paused where an input runs ahead, and goes on again by itself."""

from __future__ import annotations

from tests.unit.streams.partition.test_loop import Bench, added, some_turns, until
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
