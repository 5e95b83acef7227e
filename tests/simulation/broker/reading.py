"""The consumer's side: fetches, offsets, and the rows of a changelog."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from streams.chunks.chunk import Columns
from streams.chunks.fetch import take_batches
from streams.chunks.reader import FETCH_BYTES as ROWS_BYTES
from streams.partition.recovery import UnreadableRows
from streams.table import Table
from tests.simulation.broker.broker import FETCH_BYTES, Broker
from tests.simulation.broker.interface import FetchAnswer, Isolation, Lost, Network, Place, call
from tests.simulation.broker.writers import RETRY_SECONDS
from triggers.layouts import UnknownLayout

NOWHERE: Final = TopicPartition("", 0)

Result = TypeVar("Result")


def columns(answer: FetchAnswer) -> Columns:
    """What the product takes out of a fetch answer, by its own code over aiokafka's."""
    # Under read_uncommitted nothing is said to be aborted, so nothing is skipped.
    return take_batches(
        PartitionRecords(
            NOWHERE, MemoryRecords(answer.records), answer.aborted, answer.start, None, None, True, READ_COMMITTED
        )
    )


class Reader:
    """One process's consumer. All calls raise what the broker refuses with; but for `fetch` they ask again while
    answers are lost, as aiokafka does."""

    def __init__(self, broker: Broker, network: Network) -> None:
        self._broker = broker
        self._network = network

    async def fetch(
        self,
        topic: str,
        partition: int,
        offset: int,
        isolation: Isolation = "read_committed",
        max_bytes: int = FETCH_BYTES,
    ) -> FetchAnswer:
        """One fetch, answered at once with what there is. Lost; OffsetOutOfRangeError below the log's beginning."""
        return await call(
            self._network, "fetch", lambda: self._broker.fetch(topic, partition, offset, isolation, max_bytes)
        )

    async def fetch_all(self, positions: Mapping[Place, int]) -> dict[Place, FetchAnswer]:
        """One fetch of several partitions. Where nothing new is, there is no answer."""

        def look() -> dict[Place, FetchAnswer]:
            self._broker.expire()
            return {
                place: self._broker.fetch(*place, at, "read_committed", ROWS_BYTES)
                for place, at in positions.items()
                if at != self._broker.logs[place].last_stable
            }

        return await call(self._network, "fetch", look)

    async def beginnings(self, partitions: Collection[Place]) -> dict[Place, int]:
        """The first offset that each of these logs still has."""
        return await self._ask("list_offsets", lambda: self._broker.beginnings(partitions))

    async def committed(self, group: str, partitions: Collection[Place]) -> dict[Place, int]:
        """The group's committed offsets; partitions without one are left out."""
        return await self._ask("offset_fetch", lambda: self._broker.committed(group, partitions))

    async def commit_offsets(
        self, group: str, offsets: Mapping[Place, int], *, generation: int = -1, member: str = ""
    ) -> None:
        """CommitFailedError when this member may not, or not in this generation."""
        try:
            await self._ask(
                "offset_commit", lambda: self._broker.commit_offsets(group, generation, member, dict(offsets))
            )
        except (errors.UnknownMemberIdError, errors.IllegalGenerationError, errors.RebalanceInProgressError) as error:
            raise errors.CommitFailedError from error

    async def _ask(self, name: str, do: Callable[[], Result]) -> Result:
        while True:
            try:
                return await call(self._network, name, do)
            except Lost:
                await asyncio.sleep(RETRY_SECONDS)


class SimRows:
    """Reads rows as `streams.partition.recovery.ChangelogRows` does: to the last stable offset. UnreadableRows."""

    def __init__(self, reader: Reader, changelog: str) -> None:
        self._reader = reader
        self._changelog = changelog

    async def read(
        self,
        tables: Mapping[int, Table[Any]],
        superseded: Callable[[], bool],
        positions: MutableMapping[int, int] | None = None,
    ) -> bool:
        known: MutableMapping[int, int] = {} if positions is None else positions
        began = await self._reader.beginnings([(self._changelog, number) for number in tables])
        left = {number: known.get(number, began[self._changelog, number]) for number in tables}
        while left:
            for number, position in list(left.items()):
                if superseded():
                    return False
                try:
                    answer = await self._reader.fetch(self._changelog, number, position, max_bytes=ROWS_BYTES)
                except Lost:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                found = columns(answer)
                try:
                    tables[number].restore(found.keys, found.values)
                except UnknownLayout as unknown:
                    raise UnreadableRows(number, unknown) from unknown
                left[number] = known[number] = found.next
                if found.next >= answer.last_stable:
                    del left[number]
            await asyncio.sleep(0)
        return True

    # -- following, for `streams.partition.standby`

    @contextlib.asynccontextmanager
    async def consumer(self) -> AsyncIterator[Following]:
        yield Following()

    def seek(self, consumer: Following, starts: Mapping[int, int]) -> None:
        consumer.positions = dict(starts)
        consumer.ends.clear()

    async def fetch(self, consumer: Following, seconds: float) -> dict[int, Columns]:
        """What there is; after `seconds` if there is nothing, or the answer was lost."""
        found: dict[int, Columns] = {}
        asked = dict(consumer.positions)
        try:
            answers = await self._reader.fetch_all({(self._changelog, number): at for number, at in asked.items()})
            consumer.ends |= asked
        except Lost:
            answers = {}
        for (_, number), answer in answers.items():
            if answer.start != consumer.positions.get(number):
                continue  # moved meanwhile
            consumer.ends[number] = answer.last_stable
            columns_of = columns(answer)
            if columns_of.next != columns_of.start:
                consumer.positions[number] = columns_of.next
                found[number] = columns_of
        if not found:
            await asyncio.sleep(seconds)
        return found

    def ends(self, consumer: Following) -> dict[int, int]:
        return dict(consumer.ends)


@dataclass(slots=True)
class Following:
    """A consumer of a changelog: by partition number, where it reads on, and the last stable offsets it heard of."""

    positions: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
