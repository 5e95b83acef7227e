"""The loop that owns a partition, with the real engine and everything outside it faked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pytest

from schemas.instants import rfc3339
from schemas.partitioner import partition_of
from schemas.topics import CO_PARTITIONED, MARKETING_EVENTS, SUPPRESSIONS, TOPICS
from streams.careful import Limits
from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from streams.delivery import DeliveryFailed, Outgoing
from streams.ledger import MemoryLedger
from streams.metrics import Metrics
from streams.partition.loop import Partition
from streams.partition.plan import Plan
from streams.table import PARTITION_KEY, Table
from streams.timeline import STRETCH
from streams.wall import WallGuard
from tests.unit.streams.chunking import columns
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, engine, rule
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Ask, Engine, LedgerAnswer
from triggers.rules.model import Rule

INPUTS = tuple(sorted(CO_PARTITIONED, key=lambda spec: spec.rank or 0))
PARTITIONS = 4
HERE = partition_of(b"main:42", PARTITIONS)


class Broker:
    """What is outside: the logs' ends, the committed chunks, and whether commits succeed."""

    def __init__(self) -> None:
        self.committed: list[Outgoing] = []
        self.ends: dict[str, LogEnd] = {}
        self.paused: set[str] = set()
        self.read: dict[str, int] = {}
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.closed = False

    # -- a delivery
    async def open(self) -> None: ...

    async def commit(self, outgoing: Outgoing) -> None:
        self.under_way += 1
        assert self.under_way == 1
        await self.gate.wait()
        self.under_way -= 1
        if self.fails is not None:
            raise DeliveryFailed("failed") from self.fails
        self.committed.append(outgoing)

    async def close(self) -> None:
        self.closed = True

    # -- a flow
    def log_end(self, topic: str, partition: int | None = None) -> LogEnd | None:
        return self.ends.get(topic)

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add(topic)

    def resume(self, topic: str, partition: int) -> None:
        self.paused.discard(topic)

    # -- shared logs
    def since(self, topic: str, position: int) -> list[Columns]:
        return []

    def position(self, topic: str) -> int:
        return self.read.get(topic, 0)

    # -- what came out
    def values(self, topic: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value or b"")
            for outgoing in self.committed
            for (name, _), records in outgoing.published.items()
            if name == topic
            for record in records
        ]

    @property
    def commands(self) -> list[dict[str, Any]]:
        return self.values("sms-commands")

    def offsets(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for outgoing in self.committed:
            found |= outgoing.offsets
        return found

    def restored(self) -> Table[CustomerRow]:
        table = Table[CustomerRow](encode_row, decode_row)
        for outgoing in self.committed:
            table.restore([record.key for record in outgoing.rows], [record.value for record in outgoing.rows])
        return table


class Bench:
    """One partition under test. `wall` is its clock, of which `stepped` was set and did not pass."""

    def __init__(
        self,
        *,
        stream: bool,
        chunk_records: int = 100,
        broker: Broker | None = None,
        rules: Sequence[Rule] = (),
        bugs: Engine | None = None,
        limits: Limits | None = None,
        stretch: int = STRETCH,
    ) -> None:
        self.broker = broker or Broker()
        self.ledger = MemoryLedger()
        self.metrics = Metrics()
        self.failures: list[DeliveryFailed] = []
        self.wall = MONDAY + 30 * DAY if stream else MONDAY
        self.guard = WallGuard()
        self.guard.agrees(self.wall, self.wall)
        self.stepped = 0
        counts = {spec.name: PARTITIONS for spec in TOPICS} | {"dead-letters": 1, "marketing-events": 1}
        self.plan = Plan(
            inputs=INPUTS,
            shared=() if stream else (MARKETING_EVENTS,),
            beside=(SUPPRESSIONS,),
            partitions=counts,
            stream_clock=stream,
            grace_us=0,
            future_bound_us=10 * MINUTE,
            chunk_records=chunk_records,
            interval=0.001,
            skip_applied=False,
            wall=lambda: self.wall,
            trusts=lambda wall: self.guard.note(wall, wall - self.stepped),
            limits=limits or Limits(),
            stretch=stretch,
        )
        self.partition = Partition(
            HERE,
            self.plan,
            table=self.broker.restored(),
            engine=bugs or engine(*rules or (rule(idle=HOUR),)),
            ledger=self.ledger,
            delivery=self.broker,
            flow=self.broker,
            shared=self.broker,
            metrics=self.metrics,
            failed=lambda _, failure: self.failures.append(failure),
        )
        self.partition.begin({spec.name: 0 for spec in INPUTS} | {"marketing-events": 0} | self.broker.offsets())

    async def __aenter__(self) -> Bench:
        self.partition.start(0.0)
        self.partition.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.partition.close()

    async def offer(self, topic: str, *events: dict[str, Any] | bytes) -> None:
        start = self.partition.intake.inputs[topic].next or 0
        values = [value if isinstance(value, bytes) else orjson.dumps(value) for value in events]
        await self.partition.offer(topic, columns(values, start=start, key=b"main:42"))

    def counted(self, name: str, labels: dict[str, str] | None = None) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    async def markers(self, at: int) -> None:
        for spec in INPUTS:
            if spec.holds_clock:
                await self.offer(spec.name, {"type": "ClockAdvanced", "event_id": "m", "occurred_at": rfc3339(at)})

    def all_at_their_ends(self) -> None:
        """The broker answers fetches that are sent from now on: nothing is unread."""
        asked = time.monotonic()
        for name, source in self.partition.intake.inputs.items():
            self.broker.ends[name] = LogEnd(source.next or 0, asked)
        self.broker.ends[SUPPRESSIONS.name] = LogEnd(self.broker.position(SUPPRESSIONS.name), asked)


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not met():  # noqa: ASYNC110  # what is waited for is not the test's to signal
            await asyncio.sleep(0)


async def some_turns(bench: Bench) -> None:
    """Long enough for anything that is due to happen, and to be seen if it wrongly does."""
    for _ in range(30):
        await asyncio.sleep(0.001)


def profile() -> list[dict[str, Any]]:
    who = {"customer_id": "42", "occurred_at": rfc3339(MONDAY - 5 * HOUR)}
    granted = {"channel": "sms", "purpose": "marketing", "granted": True}
    return [
        {"type": "ConsentChanged", "event_id": "c", **who, **granted},
        {"type": "CustomerUpdated", "event_id": "u", **who, "phone": "+79990000042"},
    ]


def added(at: int, event_id: str = "a") -> dict[str, Any]:
    return {
        "type": "CartItemAdded", "event_id": event_id, "customer_id": "42", "occurred_at": rfc3339(at),
        "product_id": "sku",
    }  # fmt: skip


def ordered(at: int) -> dict[str, Any]:
    return {
        "type": "OrderPlaced", "event_id": "o", "customer_id": "42", "occurred_at": rfc3339(at), "order_id": "A-1"
    }  # fmt: skip


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
