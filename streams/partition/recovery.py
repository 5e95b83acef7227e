"""Reading the rows of newly assigned partitions back from the changelog, in chunks.

To be called once their deliveries are open: then a former owner can write no more, and the changelog up to its last
stable offset is what was committed. Rows stay bytes; a million of them take a few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.chunks.chunk import Columns
from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.reader import committed, known_ends
from streams.table import PARTITION_KEY, Table, read_record
from triggers.layouts import UnknownLayout

POLL_SECONDS: Final = 0.05

TAIL_RECORDS: Final = 200
"""How far before a changelog's end its partition's record is looked for first: each commit ends with one."""


class UnreadableRows(Exception):
    """A partition holds what a release wrote that this one does not know. For people: says what to do."""

    def __init__(self, partition: int, why: UnknownLayout) -> None:
        does = (
            "start the newer release in its place"
            if why.newer
            else "start a release in between first, until it has written every row anew"
        )
        super().__init__(
            f"partition {partition} holds rows of {'a newer' if why.newer else 'too old a'} release ({why}); {does}"
        )
        self.partition = partition


class ChangelogRows:
    """Reads rows from the `changelog` topic; `options` for any aiokafka client."""

    def __init__(self, options: Mapping[str, Any], changelog: str) -> None:
        self._options = options
        self._changelog = changelog

    async def read(
        self,
        tables: Mapping[int, Table[Any]],
        superseded: Callable[[], bool],
        positions: MutableMapping[int, int] | None = None,
    ) -> bool:
        """Fill `tables` (by partition number). False when `superseded` said that it is no longer wanted.

        `positions`: what lies below these offsets is in the tables already; they are moved on.
        Raises KafkaError when the broker can't be read, UnreadableRows for what this release does not know.
        """

        def take(number: int, columns: Columns) -> None:
            try:
                tables[number].restore(columns.keys, columns.values)
            except UnknownLayout as unknown:
                raise UnreadableRows(number, unknown) from unknown
            known[number] = columns.next

        known: MutableMapping[int, int] = {} if positions is None else positions
        starts = {number: known.get(number, 0) for number in tables}
        async with self.consumer() as consumer:
            with without_gc():
                return await self._follow(consumer, starts, take, superseded)

    async def check_layouts(self, numbers: Collection[int]) -> None:
        """Look at the last record that each of these partitions has of itself: was it, or rows beside it, written by a
        release that this one does not know? Raises UnreadableRows; KafkaError. Reads next to nothing."""
        last: dict[int, bytes] = {}

        def take(number: int, columns: Columns) -> None:
            for key, value in zip(columns.keys, columns.values, strict=True):
                if key == PARTITION_KEY and value is not None:
                    last[number] = value

        async with self.consumer() as consumer:
            places = [TopicPartition(self._changelog, number) for number in numbers]
            begins = {tp.partition: at for tp, at in (await consumer.beginning_offsets(places)).items()}
            ends = {tp.partition: at for tp, at in (await consumer.end_offsets(places)).items()}
            tail = TAIL_RECORDS
            starts = {n: max(begins[n], ends[n] - tail) for n in numbers if ends[n] > begins[n]}
            while starts:
                await self._follow(consumer, starts, take, lambda: False)
                tail *= 50  # a long aborted transaction, or a stretch of large chunks
                starts = {n: max(begins[n], ends[n] - tail) for n in starts if n not in last and starts[n] > begins[n]}
        for number, value in last.items():
            try:
                read_record(value)
            except UnknownLayout as unknown:
                raise UnreadableRows(number, unknown) from unknown

    def consumer(self) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
        """One that reads committed records, for the calls below. It has nothing assigned yet."""
        return committed(self._options)

    async def _follow(
        self,
        consumer: AIOKafkaConsumer,
        starts: Mapping[int, int],
        take: Callable[[int, Columns], None],
        superseded: Callable[[], bool],
    ) -> bool:
        """Read these partitions from their offsets on to their last stable ones, as of now or later."""
        began = time.monotonic()
        self.seek(consumer, starts)
        left = set(starts)
        while left:
            if superseded():
                return False
            for number, columns in (await self.fetch(consumer, POLL_SECONDS, left)).items():
                take(number, columns)
            for number, end in self.ends(consumer, began).items():
                if number in left and await consumer.position(TopicPartition(self._changelog, number)) >= end:
                    left.discard(number)
            await asyncio.sleep(0)
        return True

    def seek(self, consumer: AIOKafkaConsumer, starts: Mapping[int, int]) -> None:
        """Read these partitions from these offsets, and no others."""
        consumer.assign([TopicPartition(self._changelog, number) for number in starts])
        for number, offset in starts.items():
            consumer.seek(TopicPartition(self._changelog, number), offset)

    async def fetch(
        self, consumer: AIOKafkaConsumer, seconds: float, among: Collection[int] | None = None
    ) -> dict[int, Columns]:
        """What comes within `seconds`, by partition number."""
        wanted = consumer.assignment()
        if among is not None:
            wanted = {TopicPartition(self._changelog, number) for number in among}
        fetched = await fetch(consumer._fetcher, wanted, drain=drain_batches, seconds=seconds)
        return {tp.partition: columns for tp, columns in fetched.items()}

    def ends(self, consumer: AIOKafkaConsumer, since: float = 0.0) -> dict[int, int]:
        """The last stable offsets, as the answers to fetches sent `since` say: the embedded broker answers ListOffsets
        wrongly."""
        return {tp.partition: end.offset for tp, end in known_ends(consumer).items() if end.asked >= since}


@contextlib.contextmanager
def without_gc() -> Iterator[None]:
    """A million new objects, none of them garbage: the collector would walk all of them again and again.

    Afterwards they are left out of its walks for good, so what former owners left behind in circles goes first: frozen
    along, it would never go. (Measured: a starved worker that loaded its partitions again 22 times held 6 GB.)
    """
    enabled = gc.isenabled()
    gc.unfreeze()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
