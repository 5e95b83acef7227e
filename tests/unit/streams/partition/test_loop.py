"""The loop that owns a partition: turns, and the commits they end in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from schemas.instants import rfc3339
from streams.chunks import LogEnd
from streams.table import PARTITION_KEY
from tests.unit.streams.partition.driving import (
    HERE,
    Bench,
    Broker,
    added,
    ordered,
    profile,
    some_turns,
    until,
)
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, engine, rule
from triggers.asks import Ask, LedgerAnswer
from triggers.customer import CustomerRow
from triggers.engine import Engine


async def test_one_commit_holds_rows_commands_decisions_and_offsets() -> None:
    async with Bench(stream=True) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.commands)
        (sent,) = [outgoing for outgoing in bench.broker.committed if ("sms-commands", HERE) in outgoing.published]
        assert set(sent.published) == {("sms-commands", HERE), ("decisions", HERE)}
        assert [record.key for record in sent.rows] == [b"main:42", PARTITION_KEY]
        await until(lambda: bench.broker.offsets().get("cart-events") == 2)
        assert bench.broker.commands[0]["customer_id"] == "42"
        assert len(bench.broker.values("decisions")) == 1


async def test_time_stands_still_until_every_input_has_reached_it() -> None:
    async with Bench(stream=True) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY), added(MONDAY + 5 * HOUR, "later"))
        await some_turns(bench)
        assert bench.broker.commands == []
        await bench.markers(MONDAY + 5 * HOUR)
        await until(lambda: bench.broker.commands)


async def test_dead_letters_keep_their_bytes_and_the_counters_add_up() -> None:
    async with Bench(stream=True) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY), b"{", added(MONDAY + MINUTE), b"nonsense")
        await bench.markers(MONDAY + 2 * MINUTE)
        await until(lambda: bench.broker.offsets().get("cart-events") == 5)
        letters = [record for out in bench.broker.committed for record in out.published.get(("dead-letters", 0), [])]
        assert [letter.value for letter in letters] == [b"{", b"nonsense"]
        await until(lambda: bench.broker.restored().record.counters["markers"] == 4)
        assert bench.broker.restored().record.counters == {
            "in": 10, "applied": 3, "repeated": 1, "dead_lettered": 2, "markers": 4
        }  # fmt: skip


async def test_a_partition_that_crashes_after_any_commit_goes_on_from_its_changelog_and_sends_the_same() -> None:
    logs = {
        "customer-events": profile(),
        "order-events": [ordered(MONDAY + 5 * HOUR)],
        "cart-events": [added(MONDAY + hours * 2 * HOUR, f"a{hours}") for hours in range(6)],
    }

    async def run(bench: Bench) -> Broker:
        async with bench:
            at = {name: bench.partition.intake.inputs[name].next or 0 for name in logs}
            for topic, log in logs.items():
                await bench.offer(topic, *log[at[topic] :])
            await bench.markers(MONDAY + 20 * HOUR)
            await until(lambda: len(bench.broker.commands) >= 2)
        return bench.broker

    straight = await run(Bench(stream=True, chunk_records=1))
    assert len(straight.committed) > 2 and len(straight.commands) == 2
    for survived in range(len(straight.committed)):
        crashed = Broker()
        crashed.committed = straight.committed[:survived]
        again = await run(Bench(stream=True, chunk_records=1, broker=crashed))
        assert again.commands == straight.commands


async def test_a_partition_far_behind_waits_for_a_full_chunk_and_at_the_end_of_its_logs_for_none() -> None:
    async with Bench(stream=True, chunk_records=3) as bench:
        bench.broker.ends = {"cart-events": LogEnd(1000, time.monotonic())}
        await some_turns(bench)  # the one that began before the end was known is over
        await bench.offer("customer-events", *profile())
        await bench.markers(MONDAY)
        await some_turns(bench)
        assert bench.broker.committed == []
        await bench.offer("customer-events", {"type": "ClockAdvanced", "event_id": "m", "occurred_at": rfc3339(MONDAY)})
        bench.all_at_their_ends()
        await until(lambda: bench.broker.offsets().get("customer-events") == 4)


async def test_a_failed_commit_is_reported_once_and_nothing_follows_it() -> None:
    async with Bench(stream=True, chunk_records=1) as bench:
        bench.broker.fails = ConnectionError("gone")
        await bench.offer("customer-events", *profile())
        await bench.markers(MONDAY)
        await until(lambda: bench.failures)
        await bench.offer("cart-events", added(MONDAY))
        await some_turns(bench)
        assert (len(bench.failures), bench.broker.committed, bench.partition.sound) == (1, [], False)
    assert bench.broker.closed


async def test_no_more_than_one_commit_is_computed_ahead() -> None:
    async with Bench(stream=True, chunk_records=1) as bench:
        bench.broker.gate.clear()
        await bench.markers(MONDAY + 9 * HOUR)
        offering = asyncio.create_task(
            bench.offer("cart-events", *(added(MONDAY + n * MINUTE, f"a{n}") for n in range(10)))
        )
        await until(lambda: bench.broker.under_way)
        await some_turns(bench)
        computed = bench.partition.table.record.counters["in"]
        await some_turns(bench)
        assert bench.partition.table.record.counters["in"] == computed
        bench.broker.gate.set()
        await offering


async def test_a_chunk_that_never_went_out_gives_its_reservations_back_and_one_under_way_keeps_them() -> None:
    released: list[Ask] = []

    async def release(asks: Sequence[Ask]) -> None:
        released.extend(asks)

    rules = [rule(idle=HOUR), rule(idle=2 * HOUR, name="second-try")]
    async with Bench(stream=True, rules=rules) as bench:
        bench.ledger.release = release  # type: ignore[method-assign]  # only to hear of the call
        bench.broker.gate.clear()
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + HOUR + MINUTE)
        await until(lambda: bench.broker.under_way)
        await bench.markers(MONDAY + 2 * HOUR + MINUTE)
        await until(lambda: bench.partition.reached == MONDAY + 2 * HOUR + MINUTE)
        assert released == []
    assert [ask.at for ask in released] == [MONDAY + 2 * HOUR]


async def test_the_loops_other_work_goes_on_while_a_turn_of_many_events_is_computed() -> None:
    passes = 0

    async def commits_and_heartbeats() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    seen: list[int] = []

    class Watched(Engine):
        def on_event(self, row: CustomerRow, event: Any, effective: int) -> bool:
            seen.append(passes)
            return super().on_event(row, event, effective)

    watched = engine(rule(idle=HOUR))
    watched.__class__ = Watched
    async with Bench(stream=True, chunk_records=5000, bugs=watched, stretch=100) as bench:
        await bench.offer("cart-events", *(added(MONDAY + index) for index in range(1000)))
        other = asyncio.create_task(commits_and_heartbeats())
        await bench.markers(MONDAY + MINUTE)
        await until(lambda: len(seen) == 1000)
        other.cancel()
    # one turn of 1,000 events, and the other task had its turn between any hundred of them and the next
    assert max(seen.count(number) for number in set(seen)) == 100
    assert bench.counted("rewake_chunk_records_count") == 1.0


async def test_draining_makes_durable_what_was_computed_and_takes_nothing_more() -> None:
    async with Bench(stream=True) as bench:
        bench.broker.gate.clear()
        await bench.offer("site-views", b"{")
        await until(lambda: bench.broker.under_way)
        draining = asyncio.create_task(bench.partition.drain(20))
        await asyncio.sleep(0)
        await bench.offer("site-views", b"{")
        bench.broker.gate.set()
        await draining
        assert bench.partition.sound
        assert bench.broker.offsets() == {"site-views": 1}


async def test_a_drain_that_takes_too_long_leaves_the_partition_unsound() -> None:
    async with Bench(stream=True) as bench:
        bench.broker.gate.clear()
        await bench.offer("site-views", b"{")
        await until(lambda: bench.broker.under_way)
        await bench.partition.drain(0.01)
        assert not bench.partition.sound


async def test_a_fault_of_ours_stops_the_partition_and_is_reported() -> None:
    async def reserve(asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        raise ZeroDivisionError

    async with Bench(stream=True) as bench:
        bench.ledger.reserve = reserve  # type: ignore[method-assign]  # a ledger that breaks its promise not to raise
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.failures)
        assert isinstance(bench.failures[0].__cause__, ZeroDivisionError)
        assert not bench.partition.sound
