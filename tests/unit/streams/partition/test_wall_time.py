"""How a partition's time moves by the wall, and what a wall that jumps does."""

from __future__ import annotations

from schemas.instants import rfc3339
from tests.unit.streams.partition.driving import (
    Bench,
    added,
    profile,
    some_turns,
    until,
)
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY


async def test_a_quiet_partition_fires_when_the_wall_clock_gets_there() -> None:
    async with Bench(stream=False) as bench:
        bench.all_at_their_ends()
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        await until(lambda: bench.broker.offsets().get("cart-events") == 1)
        bench.wall = MONDAY + HOUR
        await some_turns(bench)
        assert bench.broker.commands == []  # an hour to the microsecond is not yet more
        bench.wall = MONDAY + HOUR + MINUTE
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)


async def test_time_by_the_wall_stops_where_the_logs_were_last_asked_for_their_ends() -> None:
    # A worker that was frozen wakes with ends from before: what came meanwhile would be applied too late.
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + HOUR + 1
        await some_turns(bench)
        assert MONDAY < bench.partition.reached <= MONDAY + HOUR
        assert not bench.partition.waiting_rows


async def test_a_wall_clock_set_forward_emits_nothing_early_and_set_back_nothing_twice() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        await until(lambda: bench.broker.offsets().get("cart-events") == 1)
        bench.wall, bench.stepped = MONDAY + 5 * HOUR, 5 * HOUR
        await some_turns(bench)
        bench.all_at_their_ends()
        await some_turns(bench)
        assert not bench.guard.trusted
        assert bench.partition.reached <= MONDAY and not bench.partition.waiting_rows
        bench.wall, bench.stepped = MONDAY, 0
        await some_turns(bench)
        assert not bench.guard.trusted  # which of the two was right, only the broker can tell
        bench.guard.agrees(MONDAY, bench.wall)
        bench.wall = MONDAY + HOUR + MINUTE
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)
        bench.wall, bench.stepped = MONDAY, -HOUR - MINUTE
        await some_turns(bench)
        bench.guard.agrees(MONDAY, bench.wall)
        bench.wall = MONDAY + 3 * HOUR
        bench.all_at_their_ends()
        await some_turns(bench)
        assert len(bench.broker.commands) == len(bench.broker.values("decisions")) == 1


async def test_a_touch_that_waits_when_the_wall_clock_jumps_goes_out_when_the_broker_agrees() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        bench.stepped = 5 * HOUR  # a laptop that was suspended: the wall went on alone
        bench.wall += 5 * HOUR
        await until(lambda: not bench.guard.trusted)
        bench.all_at_their_ends()
        await bench.offer("site-views", b"{")  # reading and committing go on
        await until(lambda: bench.broker.offsets().get("site-views") == 1)
        assert (bench.broker.values("decisions"), bench.partition.waiting_rows) == ([], 1)
        bench.guard.agrees(MONDAY + 7 * HOUR, bench.wall)
        await until(lambda: bench.broker.commands)
        (decision,) = bench.broker.values("decisions")
        assert decision["wall_at"] == rfc3339(MONDAY + 7 * HOUR)


async def test_on_the_stream_clock_a_jump_of_the_wall_changes_nothing() -> None:
    async with Bench(stream=True) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await until(lambda: bench.partition.intake.inputs["cart-events"].next == 1)
        bench.stepped = 5 * HOUR
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.commands)
