"""A standby hands over what it has followed, and only what is sure."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping
from typing import Any

import msgspec
import pytest

from streams.chunks.chunk import Columns
from streams.metrics import Metrics
from streams.partition import standby
from streams.partition.loading import row_table
from streams.partition.standby import Standby
from streams.rows import MemoryRowStore
from streams.table import Table
from triggers.customer import CustomerRow, encode_row, new_row
from triggers.engine import NEVER
from triggers.layouts import LAYOUT

TIME = NEVER.to_bytes(8, "big")


class Logs:
    """The changelog's partitions as lists of rows; answers as `ChangelogRows` does. `begins`: what was cut off."""

    def __init__(self, partitions: int) -> None:
        self.rows: list[list[tuple[bytes, bytes]]] = [[] for _ in range(partitions)]
        self.begins = 0
        self.read_from: list[dict[int, int]] = []
        self.interrupt = False
        self._positions: dict[int, int] = {}

    def write(self, partition: int, *customers: str, layout: int = LAYOUT) -> None:
        for customer in customers:
            values: list[Any] = msgspec.msgpack.decode(encode_row(new_row("main", customer)))
            row = msgspec.msgpack.encode([layout, *values[1:]])
            self.rows[partition].append((f"main:{customer}".encode(), TIME + row))

    def columns(self, partition: int, start: int) -> Columns:
        rows = self.rows[partition][start:]
        keys, values = [key for key, _ in rows], [value for _, value in rows]
        end = start + len(rows)
        return Columns(start, end, list(range(start, end)), list(keys), list(values), [0] * len(rows), False)

    async def read(
        self,
        tables: Mapping[int, Table[Any]],
        superseded: Callable[[], bool],
        positions: MutableMapping[int, int] | None = None,
    ) -> bool:
        assert positions is not None
        self.read_from.append(dict(positions))
        for number, table in tables.items():
            columns = self.columns(number, positions.get(number, 0))
            table.restore(columns.keys, columns.values)
            positions[number] = columns.next
            if self.interrupt:
                return False
        return True

    @contextlib.asynccontextmanager
    async def consumer(self) -> AsyncIterator[Logs]:
        yield self

    def seek(self, consumer: Logs, starts: Mapping[int, int]) -> None:
        self._positions = dict(starts)

    async def fetch(self, consumer: Logs, seconds: float, among: Collection[int] | None = None) -> dict[int, Columns]:
        await asyncio.sleep(0.001)
        found = {}
        for number, position in self._positions.items():
            columns = self.columns(number, max(position, self.begins))
            if columns.next > position:
                found[number] = columns
                self._positions[number] = columns.next
        return found

    def ends(self, consumer: Logs, since: float = 0.0) -> dict[int, int]:
        return {number: len(rows) for number, rows in enumerate(self.rows)}


class Bench:
    def __init__(self) -> None:
        self.logs = Logs(3)
        self.owned: set[int] | None = {0}
        logs: Any = self.logs
        self.metrics = Metrics()
        self.standby = Standby(logs, range(3), lambda: self.owned, lambda: row_table(MemoryRowStore()), self.metrics)

    async def followed(self, rows: int) -> None:
        """Until the standby holds so many rows."""
        for _ in range(10_000):
            if self.metrics.standby_rows._value.get() == rows:
                return
            await asyncio.sleep(0.001)
        raise AssertionError("never followed")

    async def take_over(self, *numbers: int) -> dict[int, Table[CustomerRow]]:
        assert self.owned is not None
        self.owned |= set(numbers)
        tables = {number: row_table(MemoryRowStore()) for number in numbers}
        assert await self.standby.read(tables, lambda: False)
        return tables


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_only_what_came_since_is_read_of_a_partition_that_was_followed(bench: Bench) -> None:
    bench.logs.write(1, "a", "b", "c")
    async with bench.standby.running():
        await bench.followed(3)
        bench.logs.write(0, "of its own")
        tables = await bench.take_over(1)
    assert bench.logs.read_from == [{1: 3}]
    assert sorted(key for key in ("main:a", "main:b", "main:c") if key in tables[1]) == ["main:a", "main:b", "main:c"]


async def test_a_partition_that_was_not_followed_is_read_whole(bench: Bench) -> None:
    bench.owned = None  # the group has given nothing yet, so nobody knows what others own
    bench.logs.write(1, "a", "b")
    async with bench.standby.running():
        await asyncio.sleep(0.01)
        bench.owned = set()
        tables = {1: row_table(MemoryRowStore())}
        assert await bench.standby.read(tables, lambda: False)
    assert bench.logs.read_from == [{}] and len(tables[1]) == 2


async def test_a_reading_that_another_rebalance_ends_keeps_what_was_followed(bench: Bench) -> None:
    bench.logs.write(1, "a", "b", "c")
    async with bench.standby.running():
        await bench.followed(3)
        bench.logs.interrupt = True
        assert bench.owned is not None
        bench.owned.add(1)
        assert not await bench.standby.read({1: row_table(MemoryRowStore())}, lambda: True)
        bench.logs.interrupt = False
        tables = await bench.take_over(1)
    assert bench.logs.read_from == [{1: 3}, {1: 3}]
    assert len(tables[1]) == 3


async def test_a_partition_begun_anew_while_its_reading_was_ended_is_followed_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Store(MemoryRowStore):
        open = 0

        def __init__(self) -> None:
            super().__init__()
            Store.open += 1

        def close(self) -> None:
            super().close()
            Store.open -= 1

    async def given_away(*_: Any) -> bool:
        bench.standby._wanted()  # as following does when it looks at what the group has given to others
        return False

    bench.standby._table = lambda: row_table(Store())
    bench.logs.write(1, "a", "b", "c")
    async with bench.standby.running():
        await bench.followed(3)
        own = row_table(Store())
        with monkeypatch.context() as another_rebalance_begins:
            another_rebalance_begins.setattr(bench.logs, "read", given_away)
            assert not await bench.standby.read({1: own}, lambda: True)
        own.close()
        assert Store.open == 2  # of the two partitions that are others'
        await bench.take_over(1)
    assert bench.logs.read_from == [{1: 3}]


async def test_following_goes_on_after_whatever_has_failed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "AGAIN_SECONDS", 0.0)
    fetch = bench.logs.fetch

    async def failing(*_: Any) -> dict[int, Columns]:
        monkeypatch.setattr(bench.logs, "fetch", fetch)  # it works the next time
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(bench.logs, "fetch", failing)
    bench.logs.write(1, "a", "b", "c")
    async with bench.standby.running():
        await bench.followed(3)


async def test_a_partition_that_is_lost_is_followed_from_its_changelogs_beginning(bench: Bench) -> None:
    bench.logs.write(1, "a", "b")
    async with bench.standby.running():
        await bench.followed(2)
        mine = (await bench.take_over(1))[1]
        mine.put("main:never-committed", new_row("main", "never-committed"))
        bench.owned = {0}
        await bench.followed(2)
        again = (await bench.take_over(1))[1]
    assert len(again) == 2 and "main:never-committed" not in again


async def test_rows_of_a_newer_release_end_the_following_of_their_partition_alone(bench: Bench) -> None:
    bench.logs.write(1, "a", layout=LAYOUT + 1)
    bench.logs.write(2, "b", "c")
    async with bench.standby.running():
        await bench.followed(2)
        tables = await bench.take_over(2)
    assert len(tables[2]) == 2


async def test_a_changelog_that_does_not_go_on_where_it_was_left_is_read_again(bench: Bench) -> None:
    bench.logs.write(1, "a", "b")
    async with bench.standby.running():
        await bench.followed(2)
        bench.logs.begins = 3  # what was read before is gone, and something that was not
        bench.logs.write(1, "c", "d")
        await bench.followed(1)
        tables = await bench.take_over(1)
    assert "main:d" in tables[1] and len(tables[1]) == 1
