"""What concerns many customers, in a partition: rows that nothing happens to are asked a few a turn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from schemas.catalogue import EmptyCatalogue
from schemas.instants import rfc3339
from schemas.partitioner import partition_of
from streams.table import RESERVED
from streams.walking import Walking, restored
from tests.unit.streams.chunking import columns
from tests.unit.streams.partition.driving import HERE, PARTITIONS, Bench, Broker, some_turns, until
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, book, rule
from triggers.customer import CustomerRow
from triggers.engine import Engine
from triggers.kinds.broadcast import Broadcast
from triggers.walks import Walk

LETTER = replace(rule(name="letter"), trigger=Broadcast())
CUSTOMERS = [
    name for name in map(str, range(60)) if partition_of(f"main:{name}".encode(), PARTITIONS) == HERE
]  # fmt: skip


def bench(broker: Broker | None = None) -> Bench:
    return Bench(stream=False, rules=(LETTER,), broker=broker, slice_rows=2)


async def known(made: Bench) -> None:
    """All of them may be written to."""
    for customer in CUSTOMERS:
        who = {"customer_id": customer, "occurred_at": rfc3339(MONDAY - 5 * HOUR)}
        values = [
            orjson.dumps({
                "type": "ConsentChanged", "event_id": "c", **who, "channel": "sms", "purpose": "marketing",
                "granted": True,
            }),
            orjson.dumps({"type": "CustomerUpdated", "event_id": "u", **who, "phone": f"+799900000{customer:>02}"}),
        ]  # fmt: skip
        start = made.partition.intake.inputs["customer-events"].next or 0
        await made.partition.offer("customer-events", columns(values, start=start, key=f"main:{customer}".encode()))
    made.all_at_their_ends()
    await until(lambda: made.broker.offsets().get("customer-events") == 2 * len(CUSTOMERS))


def request(id: str = "b-1") -> dict[str, Any]:
    return {
        "type": "BroadcastRequested", "event_id": f"m-{id}", "occurred_at": rfc3339(MONDAY - HOUR),
        "broadcast_id": id, "rule": "letter",
    }  # fmt: skip


def reserved(broker: Broker) -> dict[bytes, bytes]:
    return broker.restored().reserved


async def all_written_to(made: Bench) -> None:
    def met() -> bool:
        made.all_at_their_ends()
        return len(made.broker.commands) >= len(CUSTOMERS)

    await until(met)


async def test_everybody_is_written_to_once_and_what_was_kept_of_the_walk_is_gone() -> None:
    async with bench() as made:
        await known(made)
        await made.offer("marketing-events", request())
        await all_written_to(made)
        await until(lambda: not reserved(made.broker))
        sent = [command["customer_id"] for command in made.broker.commands]
        assert sorted(sent) == sorted(CUSTOMERS)
        keys = [record.key for outgoing in made.broker.committed for record in outgoing.rows]
        assert any(key is not None and key.startswith(RESERVED + b"walk:1:") for key in keys)


async def test_a_turn_asks_no_more_rows_than_it_may() -> None:
    async with bench() as made:
        await known(made)
        before = len(made.broker.committed)
        await made.offer("marketing-events", request())
        await all_written_to(made)
        slices = [
            sum(1 for record in outgoing.rows if record.key is not None and record.key.startswith(b"main:"))
            for outgoing in made.broker.committed[before:]
        ]
        assert max(slices) <= 2 + 2  # those asked, and those judged


async def test_how_many_rows_were_asked_is_counted() -> None:
    async with bench() as made:
        await known(made)
        assert made.counted("rewake_rows_asked_total") == 0
        await made.offer("marketing-events", request())
        await all_written_to(made)
        await until(lambda: not reserved(made.broker))
        assert (made.counted("rewake_rows_asked_total") or 0) >= len(CUSTOMERS)


async def test_rows_are_not_asked_before_what_they_make_of_it_can_leave() -> None:
    async with bench() as made:
        await known(made)
        await made.offer("marketing-events", request() | {"occurred_at": rfc3339(MONDAY + 5 * MINUTE)})
        made.all_at_their_ends()
        await until(lambda: reserved(made.broker))  # it is open, and still to come
        await some_turns(made)
        assert made.counted("rewake_rows_asked_total") == 0
        made.wall = MONDAY + 6 * MINUTE
        await all_written_to(made)
        await until(lambda: not reserved(made.broker))
        assert (made.counted("rewake_rows_asked_total") or 0) >= len(CUSTOMERS)


async def test_a_partition_that_is_lost_in_the_middle_goes_on_with_the_walk_elsewhere() -> None:
    broker = Broker()
    async with bench(broker) as made:
        await known(made)
        await made.offer("marketing-events", request())
        made.all_at_their_ends()
        await until(lambda: reserved(broker))
    assert len(broker.commands) < len(CUSTOMERS)
    async with bench(broker) as made:
        await all_written_to(made)
        await until(lambda: not reserved(broker))
    sent = [command["customer_id"] for command in broker.commands]
    assert sorted(sent) == sorted(CUSTOMERS)


class Buggy(Engine):
    """Fails at what concerns many for one customer."""

    def on_walk(self, row: CustomerRow, walk: Walk) -> bool:
        if row.customer_id == CUSTOMERS[0]:
            raise ValueError("on purpose")
        return super().on_walk(row, walk)


async def test_a_fault_at_a_walk_costs_one_customer_that_walk_and_is_told() -> None:
    made = Bench(stream=False, bugs=Buggy(book(LETTER), EmptyCatalogue()))
    async with made:
        await known(made)
        await made.offer("marketing-events", request())
        made.all_at_their_ends()
        await until(lambda: made.broker.values("dead-letters") and not reserved(made.broker))
        made.all_at_their_ends()
        await until(lambda: len(made.broker.commands) == len(CUSTOMERS) - 1, made.all_at_their_ends)
        assert sorted(command["customer_id"] for command in made.broker.commands) == sorted(CUSTOMERS[1:])
        (told,) = made.broker.values("dead-letters")
        assert (told["customer_id"], told["place"]) == (CUSTOMERS[0], "walk")
        assert made.failures == []


async def test_a_schedule_comes_round_for_rows_that_nothing_happens_to() -> None:
    made = Bench(stream=False, rules=(replace(LETTER, trigger=Broadcast(cron="0 0 * * *")),))
    async with made:
        await known(made)
        made.wall = MONDAY + MINUTE
        await all_written_to(made)
        assert {command["due_at"] for command in made.broker.commands[: len(CUSTOMERS)]} == {rfc3339(MONDAY)}


def test_a_partition_to_which_nobody_has_come_yet_is_told_of_no_other_rules_when_it_is_loaded_again() -> None:
    engine, table = Engine(book(LETTER), EmptyCatalogue()), Broker().restored()
    table.record.reached = MONDAY  # markers of time alone
    Walking(engine, table).describe(table)
    assert restored(engine, table, renumber=False).opened.last == 0
    changed = Engine(book(replace(LETTER, version="v2")), EmptyCatalogue())
    assert restored(changed, table, renumber=False).opened.last == 1
