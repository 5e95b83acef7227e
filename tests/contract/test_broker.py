"""What the product relies on, of the simulator's broker as of Apache Kafka: transactions, fencing, offsets, logs.

Reads are the product's own: whole batches out of fetch answers, aborted ones skipped, control records passed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import (
    IllegalOperation,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from streams.delivery import DeliveryFailed, Record, Writer
from streams.table import Table
from tests.contract.broker_sides import ApacheKafka, InMemory, Read, Side

TIMEOUT = 6.0


def records(*values: str) -> list[Record]:
    return [Record(value.encode(), value.encode()) for value in values]


def told(read: Read) -> str:
    """The values read, one letter each."""
    return "".join((value or b"-").decode() for value in read.values)


class Bench:
    """One side, one application, and the writers that a test has open."""

    def __init__(self, side: Side, app: str) -> None:
        self.side = side
        self.app = app
        self.topic = f"{app}-topic"
        self.place = (self.topic, 0)
        self._open: list[Writer] = []

    async def transactional(self, partition: int = 0, seconds: float = TIMEOUT) -> Writer:
        return await self._opened(self.side.writers(self.app).transactional(partition, seconds))

    async def plain(self, *, idempotent: bool = True) -> Writer:
        return await self._opened(self.side.writers(self.app).plain(0, idempotent))

    async def _opened(self, writer: Writer) -> Writer:
        self._open.append(writer)
        await writer.open()
        return writer

    async def begun(self, *values: str, partition: int = 0, seconds: float = TIMEOUT) -> Writer:
        """A writer with these written in a transaction that is open."""
        writer = await self.transactional(partition, seconds)
        await self.write(writer, *values)
        return writer

    async def write(self, writer: Writer, *values: str) -> None:
        await writer.begin([self.place])
        await writer.write([(self.place, records(*values))])

    async def transaction(self, writer: Writer, *values: str) -> None:
        await self.write(writer, *values)
        await writer.commit()

    async def told(self) -> str:
        return told(await self.side.read(self.topic))

    async def seen(self, values: str, topic: str = "", partition: int = 0, start: int = 0) -> Read:
        """Read until it tells `values`: a broker says that a transaction is committed before all markers are there."""
        return await self.side.until(
            lambda: self.side.read(topic or self.topic, partition, start), lambda read: told(read) == values
        )

    async def committed(self, group: str, offset: int) -> None:
        """The group's offset becomes this one; markers come to groups as they come to logs."""
        await self.side.until(
            lambda: self.side.committed(group, [self.place]), lambda found: found == {self.place: offset}
        )

    async def close(self) -> None:
        for writer in self._open:
            await writer.close()


@pytest.fixture(params=["in memory", "Apache Kafka"])
def side(request: pytest.FixtureRequest) -> Side:
    if request.param == "in memory":
        return InMemory()
    return ApacheKafka(request.getfixturevalue("kafka").bootstrap)


@pytest.fixture
async def bench(side: Side, prefix: str) -> AsyncIterator[Bench]:
    bench = Bench(side, prefix)
    await side.create(bench.topic)
    yield bench
    await bench.close()


# -- what readers see


async def test_a_committed_transaction_is_seen_whole_over_all_its_partitions(bench: Bench) -> None:
    await bench.side.create(other := f"{bench.app}-other", 2)
    writer = await bench.transactional()
    await writer.begin([bench.place, (other, 1)])
    await writer.write([(bench.place, records("a", "b")), ((other, 1), records("c"))])
    assert (await bench.told(), told(await bench.side.read(other, 1))) == ("", "")
    await writer.commit()
    read = await bench.seen("ab")
    assert (read.offsets, read.position) == ([0, 1], 3)
    await bench.seen("c", other, 1)
    assert told(await bench.side.read(other, 0)) == ""


async def test_keys_values_and_none_come_back_as_they_were_written(bench: Bench) -> None:
    writer = await bench.transactional()
    await writer.begin([bench.place])
    written = [Record(b"k", b"v", [("name", b"\x00\xff")]), Record(b"k", None), Record(None, b"")]
    await writer.write([(bench.place, written)])
    await writer.commit()
    read = await bench.seen("v--")
    assert list(zip(read.keys, read.values, strict=True)) == [(b"k", b"v"), (b"k", None), (None, b"")]


async def test_an_open_transaction_holds_the_last_stable_offset_back(bench: Bench) -> None:
    first = await bench.transactional(0)
    await bench.transaction(first, "a")
    await bench.write(first, "b")
    second = await bench.transactional(1)
    await bench.transaction(second, "c")
    read = await bench.seen("a")
    assert (read.position, read.last_stable) == (2, 2)
    assert told(await bench.side.read(bench.topic, isolation="read_uncommitted")) == "abc"
    await first.commit()
    read = await bench.seen("abc")
    assert (read.position, read.last_stable) == (6, 6)


async def test_what_was_aborted_is_never_seen_and_positions_pass_it(bench: Bench) -> None:
    await bench.begun("x", "y")
    writer = await bench.transactional()  # which aborts what was left open
    read = await bench.side.read(bench.topic)
    assert (told(read), read.offsets, read.position, read.last_stable) == ("", [], 3, 3)
    await bench.transaction(writer, "a")
    read = await bench.seen("a")
    assert (read.offsets, read.position) == ([3], 5)
    assert told(await bench.side.read(bench.topic, isolation="read_uncommitted")) == "xya"


async def test_of_two_transactions_side_by_side_the_committed_one_is_read_in_order(bench: Bench) -> None:
    doomed, writer = await bench.transactional(0), await bench.transactional(1)
    await doomed.begin([bench.place])
    await writer.begin([bench.place])
    for value in "abc":
        await doomed.write([(bench.place, records(f"-{value}"))])
        await writer.write([(bench.place, records(value))])
    await writer.commit()
    assert await bench.told() == ""
    await bench.transactional(0)
    read = await bench.seen("abc")
    assert read.offsets == [1, 3, 5]
    assert read.position == read.last_stable == 8
    # The aborted producer's id again, committed this time, behind its abort marker.
    await bench.transaction(await bench.transactional(0), "d")
    await bench.seen("abcd")


async def test_a_fetch_from_the_middle_of_a_batch_gives_the_rest_of_it(bench: Bench) -> None:
    writer = await bench.transactional()
    await bench.transaction(writer, *"abcde")
    await bench.transaction(writer, "f")
    read = await bench.seen("def", start=3)
    assert (read.offsets, read.start, read.position) == ([3, 4, 6], 3, 8)
    assert told(await bench.side.read(bench.topic, start=8)) == ""


async def test_a_fetch_from_within_an_aborted_transaction_gives_nothing_of_it(bench: Bench) -> None:
    await bench.begun(*"xyz")
    writer = await bench.transactional()
    await bench.transaction(writer, "a")
    for start in range(5):
        await bench.seen("a", start=start)


async def test_more_than_one_batch_and_fetch_answer_keeps_its_order(bench: Bench) -> None:
    values = [f"{index:07}" + "x" * 9_993 for index in range(250)]  # 2.5 MB: three batches
    await bench.transaction(await bench.transactional(), *values)
    read = await bench.seen("".join(values))
    assert read.offsets == list(range(250))


# -- offsets


async def test_offsets_of_a_transaction_appear_with_its_commit(bench: Bench) -> None:
    group, writer = f"{bench.app}-group", await bench.transactional()
    assert await bench.side.committed(group, [bench.place]) == {}
    await bench.write(writer, "a")
    await writer.send_offsets(group, {bench.place: 5})
    assert await bench.side.committed(group, [bench.place]) == {}
    await writer.commit()
    await bench.committed(group, 5)
    await bench.write(writer, "b")
    await writer.send_offsets(group, {bench.place: 6})
    await bench.transactional()
    assert await bench.side.committed(group, [bench.place]) == {bench.place: 5}


async def test_a_transaction_of_offsets_alone_commits_them(bench: Bench) -> None:
    group, writer = f"{bench.app}-group", await bench.transactional()
    await writer.begin([])
    await writer.send_offsets(group, {bench.place: 1})
    await writer.commit()
    await bench.committed(group, 1)


async def test_offsets_are_committed_without_a_transaction_too(bench: Bench) -> None:
    group = f"{bench.app}-group"
    await bench.side.commit_offsets(group, {bench.place: 3})
    assert await bench.side.committed(group, [bench.place, (bench.topic, 7)]) == {bench.place: 3}


# -- fencing


async def test_opening_fences_a_writer_between_its_transactions(bench: Bench) -> None:
    zombie = await bench.transactional()
    await bench.transaction(zombie, "a")
    await bench.transactional()
    with pytest.raises(ProducerFenced):
        await bench.write(zombie, "x")
    await bench.seen("a")


async def test_opening_fences_a_writer_that_is_about_to_write(bench: Bench) -> None:
    zombie = await bench.begun("x")
    await bench.transactional()
    with pytest.raises(ProducerFenced):
        await zombie.write([(bench.place, records("y"))])


async def test_opening_fences_a_writer_that_is_about_to_commit(bench: Bench) -> None:
    zombie = await bench.begun("x")
    writer = await bench.transactional()
    with pytest.raises(ProducerFenced):
        await zombie.commit()
    with pytest.raises(AssertionError):
        await zombie.commit()
    await bench.transaction(writer, "a")
    await bench.seen("a")


async def test_opening_fences_a_writer_that_is_about_to_send_offsets(bench: Bench) -> None:
    group, zombie = f"{bench.app}-group", await bench.begun("x")
    await bench.transactional()
    with pytest.raises(ProducerFenced):
        await zombie.send_offsets(group, {bench.place: 5})
    with pytest.raises(IllegalOperation):
        await zombie.write([(bench.place, records("y"))])
    assert await bench.side.committed(group, [bench.place]) == {}


async def test_another_partitions_writer_is_not_fenced(bench: Bench) -> None:
    writer = await bench.begun("a", partition=1)
    await bench.transactional(0)
    await writer.commit()
    await bench.seen("a")


async def test_a_transaction_past_its_timeout_is_aborted_and_its_writer_fenced(bench: Bench) -> None:
    writers = [await bench.begun("x", partition=number, seconds=1.0) for number in range(3)]
    assert (await bench.side.read(bench.topic)).last_stable == 0
    await bench.side.pass_time(1.0)
    read = await bench.side.until(lambda: bench.side.read(bench.topic), lambda read: read.last_stable == 6)
    assert (told(read), read.position) == ("", 6)
    with pytest.raises(ProducerFenced):
        await writers[0].commit()
    with pytest.raises(ProducerFenced):
        await writers[1].write([(bench.place, records("y"))])
    with pytest.raises(ProducerFenced):
        await writers[2].send_offsets(f"{bench.app}-group", {bench.place: 1})
    await bench.transaction(await bench.transactional(0), "a")
    await bench.seen("a")


# -- writers


async def test_a_writer_is_of_no_use_before_it_is_opened_and_after_it_is_closed(bench: Bench) -> None:
    writer = bench.side.writers(bench.app).transactional(0, TIMEOUT)
    with pytest.raises(DeliveryFailed):
        await writer.begin([bench.place])
    await writer.open()
    await writer.close()
    with pytest.raises(DeliveryFailed):
        await writer.begin([bench.place])
    await writer.close()


async def test_a_transactional_writer_writes_nothing_outside_a_transaction(bench: Bench) -> None:
    writer = await bench.transactional()
    with pytest.raises(IllegalOperation):
        await writer.write([(bench.place, records("x"))])
    with pytest.raises(IllegalOperation):
        await writer.send_offsets("group", {bench.place: 1})
    with pytest.raises(AssertionError):
        await writer.commit()
    await writer.begin([])
    with pytest.raises(AssertionError):
        await writer.begin([])
    await writer.commit()
    assert (await bench.side.read(bench.topic, isolation="read_uncommitted")).position == 0


async def test_a_record_too_large_is_refused_and_the_writer_is_of_no_more_use(bench: Bench) -> None:
    await bench.side.create(small := f"{bench.app}-small", max_bytes=2_000)
    writer = await bench.transactional()
    await writer.begin([(small, 0)])
    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([((small, 0), records("x" * 3_000))])
    with pytest.raises(OutOfOrderSequenceNumber):
        await writer.write([((small, 0), records("a"))])
    await writer.close()
    after = await bench.transactional()
    await after.begin([(small, 0)])
    await after.write([((small, 0), records("b"))])
    await after.commit()
    await bench.seen("b", small)


async def test_of_a_write_that_is_refused_in_one_partition_the_others_are_written(bench: Bench) -> None:
    """Which is why every batch's own answer counts: the commit alone would go through."""
    await bench.side.create(small := f"{bench.app}-small", max_bytes=2_000)
    writer = await bench.transactional()
    await writer.begin([(small, 0), bench.place])
    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([((small, 0), records("x" * 3_000)), (bench.place, records("a"))])
    await writer.commit()
    await bench.seen("a")
    await bench.seen("", small)


@pytest.mark.parametrize("idempotent", [True, False])
async def test_plain_writers_write_in_order_and_are_seen_at_once(bench: Bench, idempotent: bool) -> None:
    writer = await bench.plain(idempotent=idempotent)
    for value in "abc":
        await writer.write([(bench.place, records(value, value.upper()))])
        read = await bench.side.read(bench.topic)
        assert told(read).endswith(value + value.upper())
    assert (told(read), read.offsets, read.position) == ("aAbBcC", [0, 1, 2, 3, 4, 5], 6)
    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([(bench.place, records("x" * 2_000_000))])


async def test_a_plain_writers_records_wait_for_an_open_transaction_before_them(bench: Bench) -> None:
    await bench.begun("x")
    await (await bench.plain()).write([(bench.place, records("a"))])
    assert await bench.told() == ""
    await bench.transactional()
    assert await bench.told() == "a"


# -- time


async def test_the_broker_stamps_records_where_the_topic_says_so(bench: Bench) -> None:
    await bench.side.create(stamped := f"{bench.app}-stamped", log_append=True)
    began = bench.side.milliseconds()
    writer = await bench.transactional()
    await writer.begin([(stamped, 0), bench.place])
    await writer.write([((stamped, 0), records("a", "b")), (bench.place, records("c"))])
    await writer.commit()
    read = await bench.seen("ab", stamped)
    assert read.stamped
    assert len(set(read.timestamps)) == 1
    assert began <= read.timestamps[0] <= bench.side.milliseconds()
    assert not (await bench.seen("c")).stamped


# -- what goes out of a log


async def test_a_log_begins_where_retention_has_left_it(bench: Bench) -> None:
    writer = await bench.transactional()
    for value in "abc":
        await bench.transaction(writer, value, value.upper())
    assert await bench.side.beginnings([bench.place]) == {bench.place: 0}
    await bench.side.delete_records(bench.topic, 4)
    assert await bench.side.beginnings([bench.place]) == {bench.place: 4}
    read = await bench.seen("BcC", start=4)
    assert read.position == 9


def keyed(*pairs: tuple[str, str | None]) -> list[Record]:
    return [Record(key.encode(), None if value is None else value.encode()) for key, value in pairs]


async def test_a_compacted_log_gives_the_last_values_and_positions_pass_its_holes(bench: Bench) -> None:
    await bench.side.create(changelog := f"{bench.app}-changelog", compacted=True)
    place = (changelog, 0)

    async def write(writer: Writer, *pairs: tuple[str, str | None]) -> None:
        await writer.begin([place])
        await writer.write([(place, keyed(*pairs))])

    writer = await bench.transactional(0)
    await write(writer, ("a", "1"), ("b", "1"), ("c", "1"))  # 0 to 2, 3
    await writer.commit()
    await write(await bench.transactional(1), ("a", "never"), ("d", "never"))  # 4 to 5, 6
    other = await bench.transactional(1)
    await write(writer, ("a", "2"), ("c", None))  # 7 to 8, 9
    await writer.commit()
    await write(other, ("b", "2"))  # 10, 11
    await other.commit()
    await bench.side.pass_time(0.1)  # Kafka cleans closed segments only, and closes one when the next record comes
    await write(writer, ("end", "1"))  # 12, 13
    await writer.commit()
    async with bench.side.cleaner(changelog):
        read = await bench.seen("2-21", changelog)
    assert list(zip(read.offsets, read.keys, read.values, strict=True)) == [
        (7, b"a", b"2"),
        (8, b"c", None),
        (10, b"b", b"2"),
        (12, b"end", b"1"),
    ]
    assert (read.start, read.position, read.last_stable) == (0, 14, 14)
    assert (await bench.side.read(changelog, start=1)).offsets == [7, 8, 10, 12]
    assert await bench.side.beginnings([place]) == {place: 0}


async def test_rows_are_read_back_to_the_last_stable_offset(bench: Bench) -> None:
    await bench.side.create(changelog := f"{bench.app}-changelog", 2, compacted=True)
    place = (changelog, 1)
    writer = await bench.transactional()
    for pairs in ([("a", "1"), ("b", "1")], [("a", "2"), ("b", None)], [("c", "never")]):
        await writer.begin([place])
        await writer.write([(place, keyed(*pairs))])
        if pairs != [("c", "never")]:
            await writer.commit()
    await bench.seen("112-", changelog, 1)
    tables: dict[int, Table[Any]] = {number: Table(bytes, bytes) for number in (0, 1)}
    assert await bench.side.rows(changelog).read(tables, lambda: False)
    assert [len(table) for table in tables.values()] == [0, 1]
    assert "a" in tables[1]
    assert not await bench.side.rows(changelog).read(tables, lambda: True)
