"""What a worker's partitions share of it, and go on sharing when one of them is loaded again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any

import pytest

from streams.chunks import Chunk
from streams.chunks.chunk import Columns
from streams.delivery import DeliveryFailed
from streams.health import Readiness
from streams.partition.ownership import Ownership
from streams.partition.plan import INPUTS
from streams.partition.screening import KNOWN_KEYS
from streams.table import Table
from tests.unit.streams.chunking import columns
from tests.unit.streams.partition.driving import Bench, Broker, until


class Group:
    """A group of this one member, and the rest of what is outside."""

    def __init__(self, numbers: Collection[int]) -> None:
        self.numbers = numbers
        self.broker = self
        self.deliveries: dict[int, Broker] = {}

    def assigned(self) -> set[tuple[str, int]]:
        return {(spec.name, number) for spec in INPUTS for number in self.numbers}

    def pause(self, topic: str, partition: int) -> None: ...
    def resume(self, topic: str, partition: int) -> None: ...
    def log_end(self, topic: str, partition: int | None = None) -> None: ...

    async def committed(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(partitions, 0)

    async def beginnings(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(partitions, 0)

    async def ends(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(partitions, 0)

    async def move(self, positions: Mapping[tuple[str, int], int | None]) -> bool:
        return True

    async def is_member(self) -> bool:
        return True

    async def read(self, tables: Mapping[int, Table[Any]], superseded: Callable[[], bool]) -> bool:
        return True

    name = says = "as told"
    skip_applied = False

    def delivery(self, partition: int) -> Broker:
        return self.deliveries.setdefault(partition, Broker())

    # -- shared logs
    def since(self, topic: str, position: int) -> list[Any]:
        return []

    def position(self, topic: str) -> int:
        return 0


class Shared(Group):
    def beginnings(self) -> dict[str, int]:  # type: ignore[override]  # of the shared logs
        return {"marketing-events": 0}


@pytest.fixture
async def ownership() -> AsyncIterator[Ownership]:
    """It owns four partitions and accepts chunks, in generation 1."""
    bench = Bench(stream=True)
    group: Any = Group(range(4))
    shared: Any = Shared(())
    ownership = Ownership(
        bench.plan,
        engine=bench.partition._timeline._engine,
        ledger=bench.ledger,
        policy=group,
        shared=shared,
        metrics=bench.metrics,
        readiness=Readiness(),
        rows=group,
        decoded_rows=1000,
    )
    ownership.group = group
    assert await ownership.assigned(1, lambda: False)
    await ownership.accept(1)
    yield ownership
    await ownership.close()
    await bench.partition.close()


async def test_a_partition_that_is_loaded_again_has_its_part_of_the_worker_and_no_more(ownership: Ownership) -> None:
    first = ownership.partitions[0]
    assert (first.interval, first.table.decoded_most, first.known_keys.most) == (0.1, 250, KNOWN_KEYS // 4)
    ownership._failed(first, DeliveryFailed("the broker was away"))
    await until(lambda: ownership.partitions[0] is not first)
    again = ownership.partitions[0]
    assert (again.interval, again.table.decoded_most, again.known_keys.most) == (0.1, 250, KNOWN_KEYS // 4)


async def test_a_chunk_that_can_not_be_taken_costs_its_own_partition_a_reload_and_the_others_nothing(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fault(topic: str, records: Columns) -> dict[tuple[str, int], int | None]:
        raise ZeroDivisionError("a fault of ours")

    first, second = ownership.partitions[0], ownership.partitions[1]
    monkeypatch.setattr(first, "offer", fault)
    records = columns([b"no event"])
    for number in (0, 1):
        await ownership.offer(Chunk("site-views", number, 1, records))
    assert second.intake.inputs["site-views"].next == 1
    await until(lambda: ownership.partitions[0] is not first)
    assert ownership.partitions[1] is second


async def test_what_was_loaded_when_the_group_took_it_back_meanwhile_is_not_accepted(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revocation is over before the load is, and the next assignment not there yet: rows that are driven now would
    be driven while that one begins them anew."""
    reading, read = asyncio.Event(), asyncio.Event()

    async def slow(tables: Mapping[int, Table[Any]], superseded: Callable[[], bool]) -> bool:
        reading.set()
        await read.wait()
        return True

    group: Any = ownership.group
    group.numbers = range(5)
    monkeypatch.setattr(group, "read", slow)
    assigned = asyncio.create_task(ownership.assigned(2, lambda: False))
    await reading.wait()
    await ownership.drain()
    read.set()
    assert not await assigned


async def test_what_was_taken_back_before_it_was_accepted_takes_no_chunks_until_it_is_assigned_anew(
    ownership: Ownership,
) -> None:
    async def offered(generation: int) -> int | None:
        await ownership.accept(generation)
        await ownership.offer(Chunk("site-views", 0, generation, columns([b"no event"])))
        return ownership.partitions[0].intake.inputs["site-views"].next

    assert await ownership.assigned(2, lambda: False)
    await ownership.drain()
    assert await offered(2) == 0
    assert await ownership.assigned(3, lambda: False)
    assert await offered(3) == 1
