"""What only the broker in memory lets a test do: lose a request or an answer, hold markers back, move the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import CommitFailedError, MessageSizeTooLargeError, ProducerFenced

from streams.delivery import DeliveryFailed, Record
from streams.table import Table
from tests.simulation.broker import Broker, Direct, Lost, Reader, SimRows, SimWriter, SimWriters, Topic, columns

PLACE = ("topic", 0)
GROUP = "group"
A = [(PLACE, [Record(b"a", b"a")])]


class Line:
    """A network that loses what it is told to, once each: `request produce`, `answer end_txn`."""

    def __init__(self, *lost: str) -> None:
        self.lost = list(lost)
        self.calls: list[str] = []

    async def request(self, name: str) -> None:
        self.calls.append(name)
        self._pass(f"request {name}")

    async def answer(self, name: str) -> None:
        self._pass(f"answer {name}")

    def _pass(self, what: str) -> None:
        if what in self.lost:
            self.lost.remove(what)
            raise Lost(what)


class Held:
    """Markers wait here until they are let go."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, do: Callable[[], None]) -> None:
        self.waiting.append(do)

    def release(self, count: int = 100) -> None:
        for do in self.waiting[:count]:
            do()
        del self.waiting[:count]


class World:
    def __init__(self, line: Line | None = None, held: Held | None = None) -> None:
        self.now = 1_700_000_000_000_000
        self.broker = Broker(lambda: self.now, held) if held else Broker(lambda: self.now)
        self.broker.create(Topic("topic", 2), Topic("changelog", 1, compacted=True))
        self.line = line or Line()
        self.writers = SimWriters(self.broker, "app", self.line)
        self.reader = Reader(self.broker, self.line)

    async def opened(self) -> SimWriter:
        writer = self.writers.transactional(0, 6.0)
        await writer.open()
        return writer

    async def begun(self) -> SimWriter:
        writer = await self.opened()
        await writer.begin([PLACE])
        await writer.write(A)
        return writer

    def values(self, partition: int = 0, topic: str = "topic") -> list[bytes | None]:
        return columns(self.broker.fetch(topic, partition, 0, "read_committed")).values


# -- lost requests and answers


@pytest.mark.parametrize("way", ["request", "answer"])
@pytest.mark.parametrize(
    "name",
    ["init_producer_id", "add_partitions_to_txn", "add_offsets_to_txn", "txn_offset_commit", "produce", "end_txn"],
)
async def test_whatever_is_lost_once_is_asked_again_and_happens_once(way: str, name: str) -> None:
    world = World(Line(f"{way} {name}"))
    writer = await world.opened()
    await writer.begin([PLACE])
    await writer.send_offsets(GROUP, {PLACE: 7})
    await writer.write(A)
    await writer.commit()
    assert (world.line.calls.count(name), world.line.lost) == (2, [])
    assert world.values() == [b"a"]
    assert world.broker.committed(GROUP, [PLACE]) == {PLACE: 7}


async def happened(what: Callable[[], bool]) -> None:
    for _ in range(100):
        if what():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


async def closed_during(world: World, writer: SimWriter) -> None:
    """The owner has waited long enough for its commit, and closes the writer before it asks again."""
    committing = asyncio.create_task(writer.commit())
    await happened(lambda: "end_txn" in world.line.calls)
    await writer.close()
    with pytest.raises(Lost):
        await committing


async def test_a_commit_whose_request_was_lost_did_not_happen() -> None:
    world = World(Line("request end_txn"))
    await closed_during(world, await world.begun())
    assert world.values() == []
    await world.opened()
    assert world.values() == []


async def test_a_commit_whose_answer_was_lost_did_happen() -> None:
    world = World(Line("answer end_txn"))
    await closed_during(world, await world.begun())
    assert world.values() == [b"a"]
    await world.opened()
    assert world.values() == [b"a"]


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_plain_batch_whose_answer_was_lost_is_there_once_if_it_is_numbered(idempotent: bool) -> None:
    world = World(Line("answer produce"))
    writer = world.writers.plain(0, idempotent)
    await writer.open()
    await writer.write(A)
    assert world.values() == ([b"a"] if idempotent else [b"a", b"a"])


async def test_a_refusal_whose_answer_was_lost_is_a_refusal_again() -> None:
    world = World(Line("answer produce"))
    writer = world.writers.plain(0, True)
    await writer.open()
    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([(PLACE, [Record(b"k", b"x" * 1_100_000)])])


async def test_what_was_sent_arrives_although_nobody_waits_for_it_any_more() -> None:
    class Slow(Line):
        async def request(self, name: str) -> None:
            if name == "end_txn":
                await asyncio.sleep(0.05)

    world = World(Slow())
    writer = await world.begun()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writer.commit(), 0.01)
    assert world.values() == []
    await writer.close()
    assert world.values() == [b"a"]


async def test_a_broker_that_stays_away_keeps_a_writer_from_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.simulation.broker.writers.OPEN_SECONDS", 0.2)
    with pytest.raises(DeliveryFailed):
        await World(Line(*["request init_producer_id"] * 10)).opened()


async def test_a_reader_learns_that_a_fetch_was_lost_and_asks_again_for_all_else() -> None:
    world = World(Line("answer fetch", "request offset_fetch", "answer offset_commit", "request list_offsets"))
    with pytest.raises(Lost):
        await world.reader.fetch("topic", 0, 0)
    await world.reader.commit_offsets(GROUP, {PLACE: 3})
    assert await world.reader.committed(GROUP, [PLACE, ("topic", 1)]) == {PLACE: 3}
    assert await world.reader.beginnings([PLACE]) == {PLACE: 0}


async def test_rows_are_read_whole_over_a_bad_line() -> None:
    world = World()
    writer = world.writers.plain(0, True)
    await writer.open()
    await writer.write([(("changelog", 0), [Record(b"%d" % index, b"row") for index in range(10)])])
    world.line.lost = ["request list_offsets", "answer fetch", "request fetch"]
    table: Table[Any] = Table(bytes, bytes)
    assert await SimRows(world.reader, "changelog").read({0: table}, lambda: False)
    assert len(table) == 10


# -- markers


async def test_a_transaction_shows_partition_by_partition_as_its_markers_are_written() -> None:
    held = Held()
    world = World(held=held)
    writer = await world.opened()
    other = ("topic", 1)
    await writer.begin([PLACE, other])
    await writer.send_offsets(GROUP, {PLACE: 7})
    await writer.write([*A, (other, [Record(b"b", b"b")])])
    await writer.commit()
    seen = []
    for _ in range(4):
        seen.append((world.values(0), world.values(1), world.broker.committed(GROUP, [PLACE])))
        held.release(1)
    assert seen == [
        ([], [], {}),
        ([b"a"], [], {}),
        ([b"a"], [b"b"], {}),
        ([b"a"], [b"b"], {PLACE: 7}),
    ]


async def test_the_next_transaction_and_the_next_owner_wait_for_the_markers() -> None:
    held = Held()
    world = World(held=held)
    writer = await world.begun()
    await writer.commit()
    await writer.begin([PLACE])
    writing = asyncio.create_task(writer.write(A))
    opening = asyncio.create_task(world.writers.transactional(0, 6.0).open())
    await asyncio.sleep(0.02)
    assert not writing.done()
    assert not opening.done()
    assert world.values() == []
    held.release()
    await writing
    while not opening.done():
        held.release()
        await asyncio.sleep(0.01)
    assert world.values() == [b"a"]


async def test_what_reaches_a_partition_before_the_marker_that_aborts_it_is_aborted_with_it() -> None:
    held = Held()
    world = World(held=held)
    zombie = await world.begun()
    opening = asyncio.create_task(world.opened())
    await happened(lambda: bool(held.waiting))
    await zombie.write(A)
    held.release()
    with pytest.raises(ProducerFenced):
        await zombie.write(A)
    await opening
    assert world.values() == []
    assert world.broker.fetch("topic", 0, 0, "read_uncommitted").high_watermark == 3


# -- the broker's clock


async def test_a_transaction_ends_by_the_brokers_clock_and_not_before() -> None:
    world = World()
    await world.begun()
    assert world.broker.open_transactions == {"app-0": world.now + 6_000_000}
    world.now += 6_000_000
    assert world.broker.fetch("topic", 0, 0, "read_committed").last_stable == 0
    world.now += 1
    assert world.broker.fetch("topic", 0, 0, "read_committed").last_stable == 2
    assert world.broker.open_transactions == {}


async def test_an_epoch_that_is_used_up_gives_way_to_another_producer_id() -> None:
    world = World()
    seen = [world.broker.init_producer("id", 1_000_000) for _ in range(32_768)]
    assert seen[-2:] == [(0, 32_766), (1, 0)]


# -- groups


async def test_only_members_of_the_generation_commit_offsets() -> None:
    world = World()
    group = world.broker.group(GROUP)
    group.generation, group.members = 2, frozenset({"one"})
    await world.reader.commit_offsets(GROUP, {PLACE: 1}, generation=2, member="one")
    for generation, member in ((1, "one"), (2, "two")):
        with pytest.raises(CommitFailedError):
            await world.reader.commit_offsets(GROUP, {PLACE: 9}, generation=generation, member=member)
    assert world.broker.committed(GROUP, [PLACE]) == {PLACE: 1}


# -- logs


@pytest.mark.parametrize(
    ("passes", "left"),
    [
        ((False, True), [([6, 7], [2, 5, 8, 10]), ([7], [8, 10])]),
        ((True, True), [([7], [2, 5, 8, 10]), ([7], [8, 10])]),
    ],
)
async def test_tombstones_and_then_markers_go_when_their_time_is_over(
    passes: tuple[bool, ...], left: list[tuple[list[int], list[int]]]
) -> None:
    """The last of each producer stays: it holds the epoch, and the end of the log."""
    world = World()
    place = ("changelog", 0)
    writer = await world.opened()
    for value in (b"1", b"2", None):
        await writer.begin([place])
        await writer.write([(place, [Record(b"a", value), Record(b"b", b"1")])])
        await writer.commit()
    await writer.begin([place])
    await writer.write([(place, [Record(b"b", b"never")])])
    await world.opened()
    found = []
    for expired in passes:
        world.broker.compact("changelog", expired=expired)
        read = columns(world.broker.fetch(*place, 0, "read_committed"))
        found.append((read.offsets, [batch.base for batch in world.broker.logs[place].batches if batch.control]))
        assert read.next == 11
    assert found == left


async def test_the_last_batch_of_a_producer_stays_when_nothing_is_left_of_it() -> None:
    world = World()
    for value in (b"1", b"2"):
        writer = world.writers.plain(0, True)
        await writer.open()
        await writer.write([(("changelog", 0), [Record(b"a", value)])])
    world.broker.compact("changelog", expired=True)
    assert [(batch.base, batch.count) for batch in world.broker.logs["changelog", 0].batches] == [(0, 0), (1, 1)]
    found = columns(world.broker.fetch("changelog", 0, 0, "read_committed"))
    assert (found.offsets, found.values, found.next) == ([1], [b"2"], 2)


async def test_installations_get_the_topics_that_provisioning_gives_them() -> None:
    broker = Broker(lambda: 0)
    broker.provide("app", 3)
    changelog, events = broker.topics["app-customers-changelog"], broker.topics["customer-events"]
    assert (changelog.partitions, changelog.compacted, changelog.log_append) == (3, True, False)
    assert (events.partitions, events.compacted, events.log_append) == (3, False, True)
    assert broker.topics["rules"].partitions == 1


async def test_fetch_answers_of_any_size_give_the_same_records() -> None:
    world = World()
    writer = world.writers.plain(0, True)
    await writer.open()
    for index in range(20):
        await writer.write([(PLACE, [Record(None, b"%d" % index)] * 3)])
    for size in (1, 300, 1_000, 1 << 20):
        position, values = 0, list[bytes | None]()
        while position < 60:
            found = columns(await Reader(world.broker, Direct()).fetch("topic", 0, position, max_bytes=size))
            values += found.values
            position = found.next
        assert values == [b"%d" % index for index in range(20) for _ in range(3)], size
