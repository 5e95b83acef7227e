"""What a touch waits for before it is judged: the logs, the wall, the ledger."""

from __future__ import annotations

import time

import pytest

from streams.chunks import LogEnd
from tests.unit.streams.partition.driving import (
    HERE,
    Bench,
    added,
    ordered,
    profile,
    some_turns,
    until,
)
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, rule
from triggers.customer import decode_row


async def test_a_touch_waits_for_what_was_in_the_log_when_it_fell_due() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        # The log has gone on: an order that nobody has read yet.
        bench.broker.ends["order-events"] = LogEnd(1, time.monotonic())
        for name in ("cart-events", "customer-events", "site-views", "delivery-receipts", "marketing-events"):
            source = bench.partition.intake.inputs[name]
            bench.broker.ends[name] = LogEnd(source.next or 0, time.monotonic())
        await some_turns(bench)
        assert bench.broker.values("decisions") == []
        await bench.offer("order-events", ordered(MONDAY + 30 * MINUTE))
        bench.all_at_their_ends()
        await until(lambda: bench.partition.waiting_rows == 0)
        await until(lambda: bench.broker.offsets().get("order-events") == 1)
        await some_turns(bench)
        assert bench.broker.commands == []


async def test_a_touch_that_arises_by_an_event_ahead_of_the_wall_waits_for_the_wall() -> None:
    """A storefront's clock that runs fast, or a view within the grace, must not hasten a message."""
    viewed = {**added(MONDAY + HOUR + MINUTE, "v"), "type": "ProductViewed"}
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.wall = MONDAY + HOUR - 5 * MINUTE
        await bench.offer("site-views", viewed)
        bench.all_at_their_ends()
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        await some_turns(bench)
        assert bench.broker.values("decisions") == []
        bench.wall = MONDAY + HOUR + 1
        await some_turns(bench)
        assert bench.broker.values("decisions") == []  # what came in the log meanwhile is to be read first
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)


async def test_a_touch_is_judged_as_soon_as_the_logs_are_read_however_slow_the_pace_of_turns() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        bench.partition.interval = 1e6
        await some_turns(bench)
        assert bench.broker.values("decisions") == []
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)


async def flowing(bench: Bench) -> None:
    """From now on the wall goes with the monotonic clock, and the logs are at their ends whenever they are asked."""
    began = time.monotonic()
    wall = bench.wall

    def log_end(topic: str, partition: int | None = None) -> LogEnd | None:
        source = bench.partition.intake.inputs.get(topic)
        return LogEnd(0 if source is None else source.next or 0, time.monotonic())

    bench.broker.log_end = log_end  # type: ignore[method-assign]  # this bench's own
    bench.clock = lambda: wall + round((time.monotonic() - began) * 1_000_000)
    await some_turns(bench)


async def test_the_turn_that_finds_a_touch_judges_it_when_it_has_read_what_was_in_the_logs_when_it_arose() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.wall = MONDAY + HOUR - MINUTE // 600
        await flowing(bench)
        bench.partition.interval = 1e6  # nor does it wait for a turn in its time
        await until(lambda: bench.broker.commands)
        (sent,) = [outgoing for outgoing in bench.broker.committed if ("sms-commands", HERE) in outgoing.published]
        before = bench.broker.committed[: bench.broker.committed.index(sent)]
    rows = [decode_row((record.value or b"")[8:]) for out in before for record in out.rows if record.key == b"main:42"]
    assert rows and not any(row.outbox for row in rows)  # it never waited in its row


async def test_a_touch_of_a_row_that_has_just_changed_waits_for_the_logs_once_more() -> None:
    """What changed it may have come after the ends were asked for, and something else before it."""
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        bench.wall = MONDAY + 2 * HOUR
        await flowing(bench)
        await bench.offer("cart-events", added(MONDAY))  # an hour late, and due at once
        await until(lambda: bench.broker.commands)
        committed = [record for outgoing in bench.broker.committed for record in outgoing.rows]
        stored = [decode_row((record.value or b"")[8:]) for record in committed if record.key == b"main:42"]
        assert any(row.outbox for row in stored)


async def test_a_touch_waits_for_the_suppressions_that_were_published_when_it_fell_due() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        bench.broker.ends["suppressions"] = LogEnd(7, time.monotonic())
        bench.broker.read["suppressions"] = 6
        await some_turns(bench)
        assert bench.broker.values("decisions") == []
        bench.broker.read["suppressions"] = 7
        await until(lambda: bench.broker.commands)


async def test_a_touch_that_arises_beside_one_that_may_go_waits_for_its_own_end_of_the_log() -> None:
    rules = [rule(idle=HOUR), rule(idle=2 * HOUR, name="second-try")]
    async with Bench(stream=False, rules=rules) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + HOUR + MINUTE
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR + MINUTE  # the next turn lets the first go, and the second arises
        await some_turns(bench)
        assert bench.broker.values("decisions") == []
        bench.all_at_their_ends()
        await until(lambda: len(bench.broker.values("decisions")) == 2)


async def test_what_is_counted_tells_topics_rules_and_waiting_apart() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY), b"{", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)
        cart, profiles = {"topic": "cart-events"}, {"topic": "customer-events"}
        assert bench.counted("rewake_events_in_total", cart) == 3
        assert bench.counted("rewake_events_applied_total", cart) == 1
        assert bench.counted("rewake_events_repeated_total", cart) == 1
        assert bench.counted("rewake_dead_letters_total", {**cart, "reason": "not-json"}) == 1
        assert bench.counted("rewake_events_applied_total", profiles) == 2
        assert bench.counted("rewake_events_repeated_total", profiles) is None
        assert bench.counted("rewake_proposals_total", {"rule": "abandoned-cart"}) == 1
        assert bench.counted("rewake_emission_wait_seconds_count") == 1


async def test_an_end_that_was_known_before_a_touch_fell_due_does_not_release_it() -> None:
    async with Bench(stream=False) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.all_at_their_ends()
        bench.wall = MONDAY + 2 * HOUR
        await until(lambda: bench.partition.waiting_rows)
        await some_turns(bench)
        assert bench.broker.commands == []
        bench.all_at_their_ends()
        await until(lambda: bench.broker.commands)


async def test_with_the_ledger_away_consuming_goes_on_and_the_touch_goes_out_once_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.partition.outbox.LEDGER_RETRY", 0.002)
    async with Bench(stream=True) as bench:
        bench.ledger.away = True
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.offsets().get("cart-events") == 2)
        await bench.offer("site-views", b"{")
        await until(lambda: bench.broker.offsets().get("site-views") == 2)
        assert bench.broker.commands == [] and bench.partition.waiting_rows == 1
        bench.ledger.away = False
        await until(lambda: bench.broker.commands)
        await some_turns(bench)
        assert len(bench.broker.commands) == 1


async def test_a_full_outbox_is_found_again_after_a_restart() -> None:
    async with Bench(stream=True) as bench:
        bench.ledger.away = True
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.offsets().get("cart-events") == 2)
    async with Bench(stream=True, broker=bench.broker) as again:
        await until(lambda: again.broker.commands)
