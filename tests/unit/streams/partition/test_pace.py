"""When a partition takes a turn, how much it holds meanwhile, and what a turn that never ended leaves behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from schemas.instants import rfc3339
from streams.chunks import LogEnd
from streams.partition.loop import HELD_CHUNKS
from streams.partition.plan import INPUTS
from tests.unit.streams.partition.driving import Bench, Broker, added, ordered, profile, some_turns, until
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, rule
from triggers.asks import Ask, LedgerAnswer


async def test_between_two_turns_lies_the_interval_unless_a_chunk_is_full() -> None:
    bench = Bench(stream=True, chunk_records=10)
    bench.partition.interval = 3600.0
    async with bench:
        await some_turns(bench)  # the first turn is over
        await bench.offer("site-views", b"{")
        await bench.markers(MONDAY + HOUR)
        await some_turns(bench)
        assert bench.broker.offsets() == {}
        views = [{**added(MONDAY + n, f"v{n}"), "type": "ProductViewed"} for n in range(10)]
        await bench.offer("site-views", *views)
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.committed)


async def test_ends_that_were_known_before_the_partition_was_owned_do_not_move_time() -> None:
    broker = Broker()
    before = time.monotonic() - 1
    broker.ends = {spec.name: LogEnd(1000, time.monotonic()) for spec in INPUTS}
    bench = Bench(stream=False, broker=broker)
    for name in bench.partition.intake.inputs:  # from when this worker owned it before: nothing was in the logs then
        broker.ends[name] = LogEnd(0, before)
    async with bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.wall = MONDAY + 2 * HOUR
        await some_turns(bench)
        assert bench.partition.waiting_rows == 0 and bench.partition.reached < MONDAY + HOUR
        bench.all_at_their_ends()
        await until(lambda: bench.partition.waiting_rows)


async def test_a_turn_that_is_cancelled_gives_back_what_it_was_granted_and_what_it_had_asked() -> None:
    released: list[Ask] = []
    asked: list[Ask] = []

    async def release(asks: Sequence[Ask]) -> None:
        released.extend(asks)

    rules = [rule(idle=HOUR), rule(idle=2 * HOUR, name="second-try")]
    async with Bench(stream=True, rules=rules) as bench:
        granting = bench.ledger.reserve

        async def reserve(asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
            asked.extend(asks)
            if len(asked) == 2:
                await asyncio.Event().wait()  # Redis went away between the two
            return await granting(asks)

        bench.ledger.reserve = reserve  # type: ignore[method-assign]  # the bench's own, for this test
        bench.ledger.release = release  # type: ignore[method-assign]  # as above
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 3 * HOUR)
        await until(lambda: len(asked) == 2)
        assert released == []
    assert sorted(ask.at for ask in released) == [MONDAY + HOUR, MONDAY + 2 * HOUR]
    assert bench.broker.commands == []


def held(bench: Bench) -> int:
    """Records in any form."""
    intake = bench.partition.intake
    beside = sum(len(one.letters) + len(one.markers) for one in intake.inputs.values())
    return intake.waiting + beside


@pytest.mark.parametrize("kind", ["events", "markers", "dead letters"])
async def test_whatever_lies_ahead_of_a_silent_topic_only_some_chunks_are_held(kind: str) -> None:
    """60,000 records of one topic; the others come in small steps behind it."""
    size, chunks = 500, 120
    end = MONDAY + size * chunks

    def made(number: int) -> Any:
        at = MONDAY + number
        if kind == "events" or number % size == 0:  # time must move, or nothing is ahead of anything
            return {**added(at, f"v{number}"), "type": "ProductViewed"}
        marker = {"type": "ClockAdvanced", "event_id": "m", "occurred_at": rfc3339(at)}
        return b"{" if kind == "dead letters" else marker

    async with Bench(stream=True, chunk_records=size) as bench:
        most, waited, sent, behind = 0, 0, 0, MONDAY
        while sent < size * chunks:
            if "site-views" in bench.broker.paused:
                waited += 1
                behind = min(behind + 4 * size, end)
                for spec in INPUTS:
                    if spec.holds_clock and spec.name != "site-views":
                        marker = {"type": "ClockAdvanced", "event_id": "m", "occurred_at": rfc3339(behind)}
                        await bench.offer(spec.name, marker)
                await asyncio.sleep(0.002)
                continue
            await bench.offer("site-views", *(made(number) for number in range(sent, sent + size)))
            sent += size
            most = max(most, held(bench))
        await bench.markers(end + MINUTE)
        await until(lambda: bench.broker.offsets().get("site-views") == sent + 1)
        assert waited > 5 and most <= (HELD_CHUNKS + 4) * size
        assert sum(len(source.held) for source in bench.partition.intake.inputs.values()) < 3 * len(INPUTS)


@pytest.mark.parametrize("ordered_after", [30 * MINUTE, 90 * MINUTE], ids=["before it fell due", "after it fell due"])
async def test_workers_that_were_all_down_for_an_hour_remind_nobody_whose_order_lies_unread(ordered_after: int) -> None:
    broker = Broker()
    async with Bench(stream=False, broker=broker) as before:
        await before.offer("customer-events", *profile())
        await before.offer("cart-events", added(MONDAY))
        before.all_at_their_ends()
        await until(lambda: broker.offsets().get("cart-events") == 1)
    after = Bench(stream=False, broker=broker)
    after.wall = MONDAY + 2 * HOUR
    async with after:
        after.all_at_their_ends()
        broker.ends["order-events"] = LogEnd(1, time.monotonic())
        await some_turns(after)
        assert broker.values("decisions") == []  # however late it is
        await after.offer("order-events", ordered(MONDAY + ordered_after))
        for _ in range(5):
            after.all_at_their_ends()
            await some_turns(after)
        await until(lambda: broker.offsets().get("order-events") == 1)
        await until(lambda: len(broker.values("decisions")) == (ordered_after > HOUR))
        assert broker.commands == []
        assert [one["outcome"] for one in broker.values("decisions")] == (
            ["refused"] if ordered_after > HOUR else []
        )


async def test_workers_that_were_all_down_for_an_hour_remind_who_has_not_ordered_and_once() -> None:
    broker = Broker()
    async with Bench(stream=False, broker=broker) as before:
        await before.offer("customer-events", *profile())
        await before.offer("cart-events", added(MONDAY))
        before.all_at_their_ends()
        await until(lambda: broker.offsets().get("cart-events") == 1)
    for _ in range(2):
        after = Bench(stream=False, broker=broker)
        after.wall = MONDAY + 2 * HOUR
        async with after:
            after.all_at_their_ends()
            await until(lambda: after.partition.reached > MONDAY + 2 * HOUR - MINUTE)  # noqa: B023  # waited for within this round
            after.all_at_their_ends()
            await until(lambda: broker.commands)
            await some_turns(after)
        assert len(broker.commands) == 1
