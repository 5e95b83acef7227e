"""Producer ids, epochs, sequence numbers, markers: what both brokers answer to single requests.

aiokafka's producer hides most of it, and lives by it when answers are lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiokafka.errors import (
    ConcurrentTransactions,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    OffsetOutOfRangeError,
    OutOfOrderSequenceNumber,
    UnknownTopicOrPartitionError,
)

from tests.contract.broker_requests import Requests, ToKafka, ToMemory
from tests.contract.broker_sides import ApacheKafka, InMemory
from tests.simulation.broker import batches

Owner = tuple[int, int]
Result = TypeVar("Result")


class Wire:
    """One side's requests, for one topic of one partition and one transactional id."""

    def __init__(self, requests: Requests, app: str) -> None:
        self.requests = requests
        self.place = (f"{app}-topic", 0)
        self.name = f"{app}-0"
        self.group = f"{app}-group"

    async def settled(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Asked again while the transaction before is being ended."""
        for _ in range(1_000):
            try:
                return await ask()
            except ConcurrentTransactions:
                await asyncio.sleep(0.005)
        raise TimeoutError("a transaction does not come to its end")

    async def opened(self) -> Owner:
        return await self.settled(lambda: self.requests.init(self.name))

    async def joined(self, owner: Owner) -> None:
        await self.settled(lambda: self.requests.add(self.name, owner, [self.place]))

    async def begun(self) -> Owner:
        owner = await self.opened()
        await self.joined(owner)
        return owner

    async def produced(self, owner: Owner, sequence: int, records: int = 1, *, transactional: bool = True) -> int:
        made = batches.builder(
            transactional=transactional, producer=owner[0], epoch=owner[1], sequence=sequence, size=1 << 20
        )
        for index in range(records):
            made.append(index, 1_700_000_000_000, b"key", b"value", [])
        return await self.requests.produce(self.name if transactional else None, self.place, bytes(made.build()))

    async def ended(self, owner: Owner, *, commit: bool) -> None:
        await self.settled(lambda: self.requests.end(self.name, owner, commit=commit))
        # Markers come after the answer; a transaction that is done answers the same again.
        await self.settled(lambda: self.requests.end(self.name, owner, commit=commit))

    async def log(self) -> tuple[list[batches.Batch], set[tuple[int, int]]]:
        """All stable batches, and of which aborted transactions the fetch answers told."""
        found: list[batches.Batch] = []
        aborted: set[tuple[int, int]] = set()
        position = 0
        while True:
            answer = await self.requests.fetch(self.place, position, "read_committed")
            aborted |= set(answer.aborted)
            data = answer.records
            while data:
                size = 12 + int.from_bytes(data[8:12], "big")
                found.append(batches.read(data[:size]))
                data = data[size:]
            position = found[-1].last + 1 if found else 0
            if position >= answer.last_stable:
                return found, aborted


@pytest.fixture(params=["in memory", "Apache Kafka"])
async def wire(request: pytest.FixtureRequest, prefix: str) -> AsyncIterator[Wire]:
    requests: Any
    if request.param == "in memory":
        memory = InMemory()
        await memory.create(f"{prefix}-topic")
        yield Wire(ToMemory(memory.broker), prefix)
        return
    bootstrap = request.getfixturevalue("kafka").bootstrap
    await ApacheKafka(bootstrap).create(f"{prefix}-topic")
    requests = ToKafka(bootstrap)
    await requests.open((f"{prefix}-topic", 0))
    try:
        yield Wire(requests, prefix)
    finally:
        await requests.close()


# -- ids and epochs


async def test_opening_an_id_again_keeps_its_producer_id_and_raises_the_epoch(wire: Wire) -> None:
    first, second = await wire.opened(), await wire.opened()
    assert second == (first[0], first[1] + 1)


async def test_opening_aborts_what_is_open_and_raises_the_epoch_twice(wire: Wire) -> None:
    first = await wire.begun()
    with pytest.raises(ConcurrentTransactions):
        await wire.requests.init(wire.name)
    assert await wire.opened() == (first[0], first[1] + 2)


async def test_every_request_of_an_older_epoch_is_refused(wire: Wire) -> None:
    old = await wire.begun()
    await wire.produced(old, 0)
    await wire.requests.add_group(wire.name, old, wire.group)
    await wire.requests.send_offsets(wire.name, old, wire.group, {wire.place: 1})
    await wire.opened()
    for ask in (
        lambda: wire.requests.add(wire.name, old, [wire.place]),
        lambda: wire.requests.add_group(wire.name, old, wire.group),
        lambda: wire.requests.send_offsets(wire.name, old, wire.group, {wire.place: 2}),
        lambda: wire.produced(old, 1),
        lambda: wire.requests.end(wire.name, old, commit=True),
        lambda: wire.requests.end(wire.name, old, commit=False),
    ):
        with pytest.raises(InvalidProducerEpoch):
            await ask()


async def test_an_epoch_or_a_producer_that_was_never_given_is_refused(wire: Wire) -> None:
    producer, epoch = await wire.begun()
    with pytest.raises(InvalidProducerEpoch):
        await wire.requests.add(wire.name, (producer, epoch + 1), [wire.place])
    with pytest.raises(InvalidProducerIdMapping):
        await wire.requests.add(wire.name, (producer + 10_000, epoch), [wire.place])
    with pytest.raises(InvalidProducerIdMapping):
        await wire.requests.add(f"{wire.name}-other", (producer, epoch), [wire.place])


# -- what is in a transaction


async def test_nothing_goes_where_the_transaction_does_not_reach(wire: Wire) -> None:
    owner = await wire.opened()
    with pytest.raises(InvalidTxnState):
        await wire.produced(owner, 0)
    with pytest.raises(InvalidTxnState):
        await wire.requests.send_offsets(wire.name, owner, wire.group, {wire.place: 1})
    await wire.joined(owner)
    assert await wire.produced(owner, 0) == 0
    with pytest.raises(InvalidTxnState):
        await wire.requests.send_offsets(wire.name, owner, wire.group, {wire.place: 1})
    with pytest.raises(InvalidTxnState):
        await wire.produced(owner, 1, transactional=False)
    with pytest.raises(UnknownTopicOrPartitionError):
        await wire.requests.add(wire.name, owner, [("no-such-topic", 0)])


async def test_a_batch_that_comes_after_the_end_is_refused(wire: Wire) -> None:
    owner = await wire.begun()
    await wire.produced(owner, 0)
    await wire.ended(owner, commit=True)
    with pytest.raises(InvalidTxnState):
        await wire.produced(owner, 1)


# -- sequence numbers


@pytest.mark.parametrize("transactional", [True, False])
async def test_a_batch_that_comes_again_is_written_once(wire: Wire, transactional: bool) -> None:
    owner = await wire.begun() if transactional else await wire.requests.init(None)

    async def produced(sequence: int, records: int = 1) -> int:
        return await wire.produced(owner, sequence, records, transactional=transactional)

    assert [await produced(0, 2), await produced(0, 2)] == [0, 0]
    assert [await produced(2), await produced(0, 2), await produced(2)] == [2, 0, 2]
    for sequence in (1, 4, 0):  # overlapping, with a gap, the same beginning with another length
        with pytest.raises(OutOfOrderSequenceNumber):
            await produced(sequence)
    assert [await produced(sequence) for sequence in range(3, 8)] == [3, 4, 5, 6, 7]
    assert await produced(3) == 3
    with pytest.raises(OutOfOrderSequenceNumber):
        await produced(0, 2)  # more than five batches ago


async def test_sequence_numbers_go_on_over_transactions_and_begin_anew_with_an_epoch(wire: Wire) -> None:
    owner = await wire.begun()
    await wire.produced(owner, 0, 3)
    await wire.ended(owner, commit=True)
    await wire.joined(owner)
    assert await wire.produced(owner, 3) == 4
    await wire.ended(owner, commit=False)
    await wire.joined(owner)
    assert await wire.produced(owner, 4) == 6
    newer = await wire.begun()
    with pytest.raises(OutOfOrderSequenceNumber):
        await wire.produced(newer, 5)
    assert await wire.produced(newer, 0) == 8


async def test_a_plain_producer_may_begin_with_any_sequence_number(wire: Wire) -> None:
    owner = await wire.requests.init(None)
    assert owner[1] == 0
    assert await wire.produced(owner, 3, transactional=False) == 0
    assert await wire.produced(await wire.requests.init(None), 0, transactional=False) == 1
    with pytest.raises(OutOfOrderSequenceNumber):
        await wire.produced(owner, 3 + 2, transactional=False)


# -- how a transaction ends


@pytest.mark.parametrize("commit", [True, False])
async def test_an_end_asked_for_again_is_answered_the_same_and_the_other_is_refused(wire: Wire, commit: bool) -> None:
    owner = await wire.opened()
    for early in (True, False):
        with pytest.raises(InvalidTxnState):
            await wire.requests.end(wire.name, owner, commit=early)
    await wire.joined(owner)
    await wire.produced(owner, 0)
    await wire.ended(owner, commit=commit)
    with pytest.raises(InvalidTxnState):
        await wire.requests.end(wire.name, owner, commit=not commit)


async def test_markers_and_aborted_transactions_are_told_alike(wire: Wire) -> None:
    first = await wire.begun()
    await wire.produced(first, 0, 2)
    await wire.ended(first, commit=True)
    await wire.joined(first)
    await wire.produced(first, 2)
    second = await wire.begun()  # aborts it
    await wire.produced(second, 0)
    await wire.produced(second, 1, 3)
    await wire.ended(second, commit=False)
    found, aborted = await wire.log()
    assert [(b.base, b.last, b.epoch, b.sequence, hex(b.attributes), b.count) for b in found] == [
        (0, 1, 0, 0, "0x10", 2),
        (2, 2, 0, -1, "0x30", 1),
        (3, 3, 0, 2, "0x10", 1),
        (4, 4, 1, -1, "0x30", 1),  # its epoch is the one that fences
        (5, 5, 2, 0, "0x10", 1),
        (6, 8, 2, 1, "0x10", 3),
        (9, 9, 2, -1, "0x30", 1),
    ]
    assert {b.producer for b in found} == {first[0]}
    assert [(b.items()[0][2:4]) for b in found if b.control] == [
        (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00\x00\x00"),
        (b"\x00\x00\x00\x00", b"\x00\x00\x00\x00\x00\x00"),
        (b"\x00\x00\x00\x00", b"\x00\x00\x00\x00\x00\x00"),
    ]
    assert aborted == {(first[0], 3), (first[0], 5)}
    assert (await wire.requests.fetch(wire.place, 5, "read_committed")).aborted == [(first[0], 5)]
    assert (await wire.requests.fetch(wire.place, 4, "read_uncommitted")).aborted == []


async def test_a_fetch_tells_the_ends_of_the_log_and_refuses_what_lies_outside(wire: Wire) -> None:
    owner = await wire.begun()
    await wire.produced(owner, 0, 4)
    answer = await wire.requests.fetch(wire.place, 0, "read_committed")
    assert (answer.records, answer.high_watermark, answer.last_stable, answer.begins) == (b"", 4, 0, 0)
    assert (await wire.requests.fetch(wire.place, 4, "read_committed")).records == b""
    answer = await wire.requests.fetch(wire.place, 2, "read_uncommitted")
    assert batches.read(answer.records).base == 0  # the whole batch that holds the offset
    with pytest.raises(OffsetOutOfRangeError):
        await wire.requests.fetch(wire.place, 5, "read_committed")
