"""What a partition does with faults of ours: dead letters as the records came, and a log that is not flooded."""

from __future__ import annotations

import orjson
import pytest
import structlog

from streams.careful import RecordLimits
from streams.delivery import Outgoing, Record
from streams.faults import Fault
from streams.letters import fitting
from streams.partition.parking import QUIET_SECONDS, FaultLog
from tests.unit.streams.flawed import Flawed
from tests.unit.streams.partition.driving import Bench, Broker, added, ordered, profile, some_turns, until
from tests.unit.triggers.driving import HOUR, MONDAY, rule
from triggers.customer import encode_row, new_row


def letters(bench: Bench) -> list[Record]:
    return [
        record
        for outgoing in bench.broker.committed
        for (topic, _), records in outgoing.published.items()
        if topic == "dead-letters"
        for record in records
    ]


def counters(bench: Bench) -> dict[str, int]:
    return bench.broker.restored().record.counters


async def test_a_poisoned_record_is_parked_as_it_came_and_the_partition_goes_on() -> None:
    poison = orjson.dumps(ordered(MONDAY + 1)) + b"  "
    async with Bench(stream=True, bugs=Flawed(rule(), event=lambda event: event.event_id == "o")) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", b"{", added(MONDAY))
        await bench.offer("order-events", poison)
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.commands)
        await until(lambda: bench.broker.offsets().get("order-events") == 2)
        found = next(letter for letter in letters(bench) if dict(letter.headers)["reason"] == b"engine-error")
        headers = dict(found.headers)
        assert (found.key, found.value) == (b"main:42", poison)
        assert (headers["origin_topic"], headers["origin_offset"]) == (b"order-events", b"0")
        assert headers["detail"].startswith(b"Bug: it said") and b"on_event" in headers["trace"]
        assert b"Anna" not in headers["detail"] and b"42" not in headers["detail"]
        counted = counters(bench)
        assert counted["in"] == sum(counted[name] for name in ("applied", "repeated", "dead_lettered", "markers"))
        assert (counted["applied"], counted["dead_lettered"]) == (3, 2)
        assert bench.counted("rewake_engine_faults_total", {"at": "event"}) == 1
        reasons = {"topic": "order-events", "reason": "engine-error"}
        assert bench.counted("rewake_dead_letters_total", reasons) == 1
        assert bench.counted("rewake_events_applied_total", {"topic": "order-events"}) in (0, None)
        assert not bench.failures


async def test_a_record_is_found_again_among_those_that_wait_for_other_inputs() -> None:
    events = [added(MONDAY + n, f"a{n}") for n in range(20)]
    async with Bench(
        stream=True, chunk_records=3, bugs=Flawed(rule(), event=lambda event: event.event_id in ("a4", "a17"))
    ) as bench:
        for event in events:
            await bench.offer("cart-events", event)
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: bench.broker.offsets().get("cart-events") == 21)
        assert [orjson.loads(letter.value or b"")["event_id"] for letter in letters(bench)] == ["a4", "a17"]
        await some_turns(bench)
        await bench.markers(MONDAY + 3 * HOUR)
        await until(lambda: bench.broker.offsets().get("cart-events") == 22)
        assert sum(len(source.held) for source in bench.partition.intake.inputs.values()) <= 2 * 4


async def test_a_touch_that_fails_is_reported_by_its_identity() -> None:
    bugs = Flawed(rule(), emission=lambda row, proposal: True)
    async with Bench(stream=True, bugs=bugs) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: letters(bench))
        (found,) = letters(bench)
        said = orjson.loads(found.value or b"")
        assert found.key == b"main:42"
        assert (said["place"], said["rule"], said["step"]) == ("emission", "abandoned-cart", "1")
        assert "origin_topic" not in dict(found.headers)
        (decision,) = bench.broker.values("decisions")
        assert decision["outcome"] == "skipped" and bench.broker.commands == []


async def test_on_the_wall_clock_a_touch_that_fails_is_not_tried_at_every_turn() -> None:
    tried = []

    def emission(row: object, proposal: object) -> bool:
        tried.append(proposal)
        return True

    async with Bench(stream=False, bugs=Flawed(rule(), emission=emission)) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        bench.wall = MONDAY + 2 * HOUR
        bench.all_at_their_ends()
        await some_turns(bench)
        bench.all_at_their_ends()
        await until(lambda: bench.broker.values("decisions"))
        before = len(tried)
        bench.all_at_their_ends()
        await some_turns(bench)
        assert len(tried) == before and bench.partition.waiting_rows == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_row_with_a_full_outbox_that_cannot_be_read_holds_up_nobody_else(stream: bool) -> None:
    broker = Broker()
    broken = bytes(8) + encode_row(new_row("main", "broken"))[:40]
    broker.committed.append(Outgoing(rows=[Record(b"main:broken", broken)]))
    async with Bench(stream=stream, broker=broker) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        if stream:
            await bench.markers(MONDAY + 2 * HOUR)
        else:
            bench.wall = MONDAY + 2 * HOUR
        bench.all_at_their_ends()
        await until(lambda: letters(bench) and bench.broker.commands, bench.all_at_their_ends)
        assert {(one.key, dict(one.headers)["reason"]) for one in letters(bench)} == {(b"main:broken", b"engine-error")}
        assert not bench.failures and bench.partition.table.stored("main:broken") == broken


async def test_a_message_too_large_is_refused_before_it_blocks_a_transaction() -> None:
    async with Bench(stream=True, limits=RecordLimits(topics={"sms-commands": 400})) as bench:
        await bench.offer("customer-events", *profile())
        await bench.offer("cart-events", added(MONDAY))
        await bench.markers(MONDAY + 2 * HOUR)
        await until(lambda: letters(bench))
        (decision,) = bench.broker.values("decisions")
        assert decision["outcome"] == "skipped" and bench.broker.commands == []
        assert b"TooLarge" in dict(letters(bench)[0].headers)["detail"]
        assert not bench.failures


async def test_a_row_too_large_parks_the_records_that_made_it_so() -> None:
    async with Bench(stream=True, limits=RecordLimits({"rows": 1500}, "rows")) as bench:
        await bench.offer("customer-events", *profile())
        views = [
            {**added(MONDAY + n, f"v{n}"), "type": "CartItemAdded", "product_id": f"{n:0>60}"} for n in range(30)
        ]
        await bench.offer("cart-events", *views)
        await bench.markers(MONDAY + 1000)
        await until(lambda: bench.broker.offsets().get("cart-events") == 31)
        assert letters(bench) and {dict(one.headers)["detail"][:8] for one in letters(bench)} == {b"TooLarge"}
        assert all(len(record.value or b"") < 1500 for out in bench.broker.committed for record in out.rows)
        assert not bench.failures


def test_a_letter_larger_than_its_topic_takes_goes_without_its_value() -> None:
    letter = Record(b"key", b"x" * 5000, (("reason", b"not-json"),))
    assert fitting(letter, None) == fitting(letter, 6000) == letter
    cut = fitting(letter, 5000)
    assert (cut.key, cut.value) == (b"key", None)
    assert dict(cut.headers) == {"reason": b"not-json", "value_bytes": b"5000"}


def test_the_same_fault_is_said_once_a_while_and_counted() -> None:
    now = 0.0
    noted = FaultLog(3, lambda: now)
    fault = Fault("main:42", 0, "event", "Bug", "Bug", "the stack")
    with structlog.testing.capture_logs() as said:
        for _ in range(5):
            noted.note(fault)
        noted.note(Fault("main:42", 0, "deadline", "Bug", "Bug", ""))
        now = QUIET_SECONDS + 1
        noted.note(fault)
    assert [(line["at"], line.get("since_last_said")) for line in said] == [
        ("event", None), ("deadline", None), ("event", 4),
    ]  # fmt: skip
    assert said[0]["trace"] == "the stack"


