"""A standby: the rows of the partitions that this worker does not own, read along, so that taking one over is quick.

It follows the changelog of every partition that the group has given to somebody else, committed records alone, and
keeps the rows as bytes. Once this worker is assigned one of them and has fenced its former owner, only what was written
since is read. A partition that this worker loses is followed from its changelog's beginning: what it held itself may be
ahead of what became durable.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer

from streams.chunks.chunk import Columns
from streams.following import following
from streams.metrics import Metrics
from streams.partition.recovery import ChangelogRows, UnreadableRows
from streams.table import Table
from triggers.layouts import UnknownLayout

log: Final = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 1.0


@dataclass(slots=True)
class Followed:
    """Rows of one partition up to an offset of its changelog."""

    table: Table[Any]
    position: int = 0
    caught_up: bool = False


class Standby:
    """Reads rows for `Ownership` as `ChangelogRows` does, from where it has followed them to.

    `numbers` are all partitions, `owned` answers those that the group has given to this worker, None before it has
    given any. `table` makes an empty one.
    """

    def __init__(
        self,
        changelog: ChangelogRows,
        numbers: Collection[int],
        owned: Callable[[], Collection[int] | None],
        table: Callable[[], Table[Any]],
        metrics: Metrics,
    ) -> None:
        self._changelog = changelog
        self._numbers = frozenset(numbers)
        self._owned = owned
        self._table = table
        self._metrics = metrics
        self._followed: dict[int, Followed] = {}
        self._unreadable: set[int] = set()
        self._reading = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            async with following(self._run(), "standby"):
                yield
        finally:
            for number in list(self._followed):
                self._drop(number)

    async def read(self, tables: Mapping[int, Table[Any]], superseded: Callable[[], bool]) -> bool:
        """As `ChangelogRows.read`."""
        taken = {number: self._followed.pop(number) for number in tables if number in self._followed}
        for number, followed in taken.items():
            tables[number].swap(followed.table)
        starts = {number: followed.position for number, followed in taken.items()}
        done = False
        try:
            async with self._reading:
                done = await self._changelog.read(tables, superseded, starts)
        finally:
            for number, followed in taken.items():
                if not done:  # somebody else owns it next, or we do a moment later
                    tables[number].swap(followed.table)
                    followed.position = starts[number]
                    if number in self._followed:  # begun anew meanwhile, as somebody else's
                        self._drop(number)
                    self._followed[number] = followed
                else:
                    followed.table.close()
        if taken:
            log.info("partitions were followed", partitions=sorted(taken), rows=sum(tables[n].about() for n in taken))
        return done

    async def _run(self) -> None:
        while True:
            try:
                async with self._changelog.consumer() as consumer:
                    await self._follow(consumer)
            except Exception:  # nobody waits for this task: it would be gone without a word
                log.exception("following changelogs failed; trying again")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        followed: dict[int, Followed] = {}
        while True:
            async with self._reading:  # a partition of our own comes first
                pass
            wanted = self._wanted()
            if {number: id(one) for number, one in wanted.items()} != {n: id(one) for n, one in followed.items()}:
                followed = wanted
                self._changelog.seek(consumer, {number: one.position for number, one in followed.items()})
            if not followed:
                await asyncio.sleep(POLL_SECONDS)
                continue
            for number, columns in (await self._changelog.fetch(consumer, POLL_SECONDS)).items():
                if self._followed.get(number) is followed[number]:
                    self._take(number, followed[number], columns)
            for number, end in self._changelog.ends(consumer).items():
                one = followed.get(number)
                if one is not None and not one.caught_up and one.position >= end:
                    one.caught_up = True
                    log.info("standby has caught up", partition=number, rows=one.table.about())
            self._metrics.standby_rows.set(sum(one.table.about() for one in self._followed.values()))
            await asyncio.sleep(0)

    def _wanted(self) -> dict[int, Followed]:
        owned = self._owned()
        others = frozenset[int]() if owned is None else self._numbers - frozenset(owned) - self._unreadable
        for number in set(self._followed) - others:
            if owned is None or number not in owned:
                self._drop(number)  # what was just assigned is still to be taken by `read`
        for number in others - set(self._followed):
            self._followed[number] = Followed(self._table())
        return {number: self._followed[number] for number in sorted(others)}

    def _take(self, number: int, followed: Followed, columns: Columns) -> None:
        if followed.position and columns.start != followed.position:
            log.warning("the changelog does not go on where it was left: reading it again", partition=number)
            self._drop(number)
            return
        try:
            followed.table.restore(columns.keys, columns.values)
        except UnknownLayout as unknown:
            log.warning("standby gives a partition up", why=str(UnreadableRows(number, unknown)))
            self._unreadable.add(number)
            self._drop(number)
            return
        followed.position = columns.next

    def _drop(self, number: int) -> None:
        self._followed.pop(number).table.close()
