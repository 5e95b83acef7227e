"""What syncs of a feed changed is told the same, however rows are sliced, wherever it crashes, and in whatever order a
sync told of its products."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.catalogue import EmptyCatalogue
from schemas.emitted import encode
from schemas.instants import HOUR
from schemas.partitioner import row_key
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.ledger import RowLedger
from streams.merge import END, Merged
from streams.table import Table
from streams.timeline import Timeline
from streams.walking import restored
from tests.unit.triggers.driving import DAY, MONDAY, book, consented, profile, viewed
from tests.unit.triggers.kinds.page import of
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.kinds.back_in_stock import BackInStock
from triggers.kinds.low_stock import LowStock
from triggers.kinds.price_dropped import PriceDropped
from triggers.rules.model import Rule
from triggers.syncs import ChangedSet
from triggers.walks import Change

PRODUCTS, CUSTOMERS = "abc", "123456"
SPAN = 30


def rules() -> list[Rule]:
    made = [of(PriceDropped(by=Decimal(10))), of(BackInStock(most=1)), of(LowStock(below=3, pace=1))]
    return [replace(one, name=one.trigger.kind) for one in made]


CHANGES = st.builds(
    lambda old, new, was, now: Change(Decimal(old), Decimal(new), was > 0, now > 0, was, now),
    st.integers(5, 12), st.integers(5, 12), st.integers(0, 4), st.integers(0, 4),
)  # fmt: skip


@st.composite
def _story(draw: st.DrawFn) -> tuple[list[Merged], list[tuple[int, int, dict[str, Change]]]]:
    """Customers' events, and syncs: (when, which, what it changed)."""
    items: list[Merged] = []
    for number, customer in enumerate(CUSTOMERS):
        for event in (profile(MONDAY, phone=f"+7999000000{number}"), consented(MONDAY)):
            items.append((MONDAY, 5, 1, len(items), row_key("main", customer), _of(event, customer, len(items))))
    for _ in range(draw(st.integers(1, 25))):
        at = MONDAY + draw(st.integers(1, SPAN)) * HOUR
        customer, product = draw(st.sampled_from(CUSTOMERS)), draw(st.sampled_from(PRODUCTS))
        event = _of(viewed(at, product, price=Decimal(draw(st.integers(5, 12)))), customer, len(items))
        items.append((at, 6, 2, len(items), row_key("main", customer), event))
    syncs = [
        (MONDAY + hour * HOUR, number, draw(st.dictionaries(st.sampled_from(PRODUCTS), CHANGES, min_size=1)))
        for number, hour in enumerate(sorted(draw(st.sets(st.integers(1, SPAN), min_size=1, max_size=5))))
    ]
    if draw(st.booleans()):  # the last one is told of again
        at, number, changes = syncs[-1]
        syncs.append((at + HOUR, number, changes))
    return items, syncs


def _of(event: Any, customer: str, number: int) -> Any:
    event.customer_id, event.event_id = customer, str(number)
    return event


def _merged(items: list[Merged], syncs: list[tuple[int, int, dict[str, Change]]], turned: bool) -> list[Merged]:
    found = list(items)
    for offset, (at, number, changes) in enumerate(syncs):
        changed = ChangedSet()
        for product in sorted(changes, reverse=turned):
            changed.add(product, changes[product], at)
        found.append((at, 2, 0, offset, "", changed.over("main", f"s-{number}", at)))
    return sorted(found, key=lambda item: item[:4])


class Partition:
    """Its rows, committed after each turn, and what it put out up to there."""

    def __init__(self, records: dict[bytes, bytes | None], out: list[tuple[int, bytes]], stretch: int) -> None:
        self._records, self.out = records, out
        self.table: Table[CustomerRow] = Table(encode_row, decode_row)
        self.table.restore(list(records), list(records.values()))
        waiting, _ = self.table.restored()
        engine = Engine(book(*rules()), EmptyCatalogue())
        self.walking = restored(engine, self.table, renumber=False)
        self.timeline = Timeline(
            engine, self.table, DeadlineIndex(waiting), RowLedger(), judge_at_once=True, stretch=stretch,
            walking=self.walking, reached=self.table.record.reached,
        )  # fmt: skip

    async def turn(self, items: Sequence[Merged], reached: int | None, most: int, crash: bool) -> None:
        effects = Effects()
        if reached is not None:
            await self.timeline.advance(items, reached, effects)
        await self.timeline.walk_on(most, effects)
        if crash:
            return
        records = self.table.rows(effects.touched)
        self.walking.describe(self.table)
        self.table.record.reached = max(self.table.record.reached, reached or 0)
        for record in (*records, *self.table.reserving(), self.table.own()):
            assert record.key is not None
            if record.value is None:
                self._records.pop(record.key, None)
            else:
                self._records[record.key] = record.value
        self.out += [(out.at, encode(out.record)) for out in (*effects.commands, *effects.decisions)]


async def played(items: list[Merged], cuts: set[int], sizes: list[int], crashes: set[int], stretch: int) -> Any:
    records: dict[bytes, bytes | None] = {}
    out: list[tuple[int, bytes]] = []
    partition = Partition(records, out, stretch)
    following = iter(sizes)
    part: list[Merged] = []
    turns: list[tuple[list[Merged], int]] = []
    for index, item in enumerate(items):
        if part and index in cuts and part[-1][0] < item[0]:
            turns.append((part, part[-1][0]))
            part = []
        part.append(item)
    for number, (some, reached) in enumerate([*turns, (part, MONDAY + 2 * DAY)]):
        most = next(following, 0)
        if number in crashes:
            await partition.turn(some, reached, most, crash=True)
            partition = Partition(records, out, stretch)
        await partition.turn(some, reached, most, crash=False)
    number = len(turns)
    while partition.walking.walks:
        number += 1
        if number in crashes:
            await partition.turn((), None, 1, crash=True)
            partition = Partition(records, out, stretch)
        await partition.turn((), END, next(following, 0) or 2, crash=False)
        assert number < 200, "walks never end"
    await partition.turn((), END, 10, crash=False)
    rows = {key: row for key in partition.table.keys() if (row := partition.table.get(key)) is not None}  # noqa: SIM118  # a table is no mapping
    kept = {key: (row.journeys, row.occasions, row.history, row.deadline) for key, row in rows.items()}
    assert not [key for key in records if key.startswith(b"\x00walk:")], "of a walk that is over nothing is kept"
    return kept, sorted(out)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    _story(), st.sets(st.integers(1, 40)), st.lists(st.integers(0, 4), max_size=40), st.sets(st.integers(0, 40)),
    st.integers(1, 9), st.booleans(),
)  # fmt: skip
def test_any_slices_crashes_and_order_of_products_put_out_the_same_and_no_sync_tells_anything_twice(
    story: tuple[list[Merged], list[tuple[int, int, dict[str, Change]]]], cuts: set[int], sizes: list[int],
    crashes: set[int], stretch: int, turned: bool,
) -> None:  # fmt: skip
    items, syncs = story
    kept, out = asyncio.run(played(_merged(items, syncs, turned), cuts, sizes, crashes, stretch))
    assert (kept, out) == asyncio.run(played(_merged(items, syncs, False), set(range(99)), [99] * 99, set(), 256))
    assert len(set(out)) == len(out)
