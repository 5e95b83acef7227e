"""A row takes walks before anything else happens to it; so slices, interleavings and crashes change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.emitted import Decision
from schemas.events import BroadcastRequested, CustomerErased
from schemas.instants import MINUTE, parse_rfc3339
from schemas.partitioner import row_key
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.ledger import RowLedger
from streams.merge import Merged
from streams.table import Table
from streams.timeline import Timeline
from streams.walking import restored
from triggers import customer
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.rules.cron import Cron
from triggers.ticks import ByCron, Once, Source, Tick
from triggers.walks import Requested, Subject, Walk, WalkEvent
from triggers.zones import zone

BEGIN = parse_rfc3339("2026-11-22T00:00:00Z")
SPAN = 40
END = BEGIN + 2 * SPAN * MINUTE
MARKETING, VIEWS = 4, 6
UTC = zone("UTC")
assert UTC is not None


class Sensitive:
    """An engine whose rows keep a hash of all that has happened to them, in its order; what they wait for, and whether
    a walk means anything to them, follows from it."""

    last: int | None = None
    generation = 0

    def __init__(self, fails: frozenset[str] = frozenset()) -> None:
        self._fails = fails

    def new_row(self, shop_id: str, customer_id: str) -> CustomerRow:
        return customer.new_row(shop_id, customer_id)

    def on_event(self, row: CustomerRow, event: Any, now: int) -> bool:
        self._happened(row, f"event {event.event_id} {now}", now)
        return True

    def on_deadline(self, row: CustomerRow, due: int) -> list[Any]:
        row.deadline = NEVER
        self._happened(row, f"deadline {due}", due)
        return []

    def on_walk(self, row: CustomerRow, walk: Walk) -> bool:
        if row.seen and row.seen[1] % 2:
            return False
        self._happened(row, f"walk {walk.what} {walk.at}", walk.at)
        return True

    def opens(self, event: Any, at: int) -> Sequence[tuple[str, WalkEvent]]:
        return [(event.shop_id, Requested(event))]

    def stamps(self, at: int) -> Mapping[str, int]:
        return {}

    def change_after(self, at: int) -> int | None:
        return None

    def ticks(self, at: int) -> Sequence[Source]:
        assert UTC is not None
        return [ByCron("main", "by the clock", Cron("*/9 * * * *"), UTC)]

    def follows(self, walk: Walk) -> Sequence[Source]:
        """What is asked for is asked about again, and then once more."""
        what = walk.what
        if isinstance(what, Requested):
            return [Once(Tick(walk.at + 7 * MINUTE, walk.shop_id, Subject(what.event.event_id)), what.event.event_id)]
        if isinstance(what, Subject) and not what.of.endswith("again"):
            again = f"{what.of} again"
            return [Once(Tick(walk.at + 3 * MINUTE, walk.shop_id, Subject(again)), again)]
        return ()

    def still(self, tick: Tick) -> bool:
        return True

    def _happened(self, row: CustomerRow, what: str, now: int) -> None:
        row.seen = blake2b(row.seen + what.encode(), digest_size=8).digest()
        if what in self._fails:
            raise ValueError("on purpose")
        wait = row.seen[0] % 16
        if wait < 8:
            row.deadline = now + (1 + wait) * 2 * MINUTE
        elif wait < 12:
            row.deadline = NEVER


@dataclass
class Committed:
    """A changelog, and what was decided."""

    records: dict[bytes, bytes | None]
    decisions: list[Decision] = field(default_factory=list)


class Partition:
    """One partition's rows, committed after each turn, as the loop does it."""

    def __init__(self, engine: Any, committed: Committed, stretch: int) -> None:
        self.table: Table[CustomerRow] = Table(encode_row, decode_row)
        self.table.restore(list(committed.records), list(committed.records.values()))
        self._committed = committed
        waiting, _ = self.table.restored()
        self.walking = restored(engine, self.table, renumber=False)
        self.timeline = Timeline(
            engine, self.table, DeadlineIndex(waiting), RowLedger(), judge_at_once=True, stretch=stretch,
            walking=self.walking, reached=self.table.record.reached,
        )  # fmt: skip

    async def turn(self, items: Sequence[Merged], reached: int | None, most: int, crash: bool = False) -> bool:
        effects = Effects()
        if reached is not None:
            await self.timeline.advance(items, reached, effects)
        if most:
            await self.timeline.walk_on(most, effects)
        if crash:
            return False
        records = self.table.rows(effects.touched)
        self.walking.describe(self.table)
        self.table.record.reached = max(self.table.record.reached, reached or 0)
        for record in (*records, *self.table.reserving(), self.table.own()):
            assert record.key is not None
            if record.value is None:
                self._committed.records.pop(record.key, None)
            else:
                self._committed.records[record.key] = record.value
        self._committed.decisions += [out.record for out in effects.decisions]
        return True

    def rows(self) -> dict[str, tuple[bytes, int]]:
        """As they are in the end."""
        found = dict(zip(names := list(self.table.keys()), map(self.table.get, names), strict=True))
        return {key: (row.seen, row.deadline) for key, row in found.items() if row is not None}


@st.composite
def _items(draw: st.DrawFn) -> list[Merged]:
    made: list[Merged] = []
    for number in range(draw(st.integers(1, 40))):
        at = BEGIN + draw(st.integers(0, SPAN)) * MINUTE
        shop = draw(st.sampled_from(["main", "main", "other"]))
        if draw(st.integers(0, 4)) == 0:
            event: Any = BroadcastRequested(
                event_id=str(number), occurred_at="", shop_id=shop, at=at, broadcast_id=str(number), rule="r"
            )
            made.append((at, MARKETING, 6, number, "", event))
        else:
            who = draw(st.sampled_from("abcdef"))
            event = CustomerErased(event_id=str(number), customer_id=who, occurred_at="", shop_id=shop, at=at)
            made.append((at, VIEWS, 1, number, row_key(shop, who), event))
    return sorted(made, key=lambda item: item[:4])


def cut(items: list[Merged], cuts: set[int]) -> Iterator[tuple[list[Merged], int]]:
    """Stretches that keep what is of one instant together, with the time reached after each."""
    part: list[Merged] = []
    for index, item in enumerate(items):
        if part and index in cuts and part[-1][0] < item[0]:
            yield part, part[-1][0]
            part = []
        part.append(item)
    if part:
        yield part, part[-1][0]
    yield [], END


async def _at_once(items: list[Merged], engine: Any = None) -> dict[str, tuple[bytes, int]]:
    partition = Partition(engine or Sensitive(), Committed({}), 256)
    for part, reached in cut(items, set(range(len(items)))):
        await partition.turn(part, reached, 1 << 30)
    return partition.rows()


async def _anyhow(
    items: list[Merged], cuts: set[int], slices: list[int], crashes: set[int], stretch: int, engine: Any = None
) -> dict[str, tuple[bytes, int]]:
    engine = engine or Sensitive()
    committed = Committed({})
    partition = Partition(engine, committed, stretch)
    sizes = iter(slices)
    number = 0
    for part, reached in cut(items, cuts):
        number += 1
        most = next(sizes, 0)
        if number in crashes:
            await partition.turn(part, reached, most, crash=True)
            partition = Partition(engine, committed, stretch)
        await partition.turn(part, reached, most)
        for most in [next(sizes, 0)] if number % 3 else []:
            number += 1
            if number in crashes:
                await partition.turn((), None, most, crash=True)
                partition = Partition(engine, committed, stretch)
            await partition.turn((), None, most)
    turns = 0
    while partition.walking.walks:
        await partition.turn((), END, next(sizes, 0) or 1)
        turns += 1
        assert turns < 100, "walks never end"
    return Partition(engine, committed, stretch).rows()


CUTS = st.sets(st.integers(1, 40))
SLICES = st.lists(st.integers(0, 5), max_size=40)
CRASHES = st.sets(st.integers(1, 60), max_size=8)


@settings(max_examples=60, deadline=None)
@given(_items(), CUTS, SLICES, CRASHES, st.integers(1, 9))
def test_however_rows_are_sliced_and_wherever_it_crashes_they_take_the_same_in_the_same_order(
    items: list[Merged], cuts: set[int], slices: list[int], crashes: set[int], stretch: int
) -> None:
    assert asyncio.run(_anyhow(items, cuts, slices, crashes, stretch)) == asyncio.run(_at_once(items))


@settings(max_examples=30, deadline=None)
@given(_items(), CUTS, SLICES, st.integers(1, 9), st.sets(st.integers(0, 5), max_size=3))
def test_a_fault_at_a_walk_costs_its_row_that_walk_alone_and_the_others_nothing(
    items: list[Merged], cuts: set[int], slices: list[int], stretch: int, poisoned: set[int]
) -> None:
    walks = [f"walk {Requested(item[5])} {item[0]}" for item in items if item[1] == MARKETING]
    fails = frozenset(walk for number, walk in enumerate(walks) if number in poisoned)
    found = asyncio.run(_anyhow(items, cuts, slices, set(), stretch, Sensitive(fails)))
    assert found == asyncio.run(_at_once(items, Sensitive(fails)))
    assert found == asyncio.run(_at_once(items, _Deaf(fails)))


class _Deaf(Sensitive):
    """One that does not take what the other fails at, but fails at nothing."""

    def on_walk(self, row: CustomerRow, walk: Walk) -> bool:
        if f"walk {walk.what} {walk.at}" in self._fails:
            return False
        return super().on_walk(row, walk)
