"""A worker's membership and fetching, in place of Faust's and aiokafka's: what streams.chunks does with the owner.

On a new generation: `assigned`, then fetching goes on, then `accept`. Before a member joins again: `drain`. Records lie
in a queue between fetching and the owner, so chunks of a former generation still come. Two things a zombie does are
here too: it hears of its end by a heartbeat only, and until then goes on with what it was assigned.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from streams.chunks import LogEnd
from streams.chunks.chunk import Chunk, Columns
from streams.partition.ownership import Ownership
from tests.simulation.broker import Broker, FetchAnswer, Lost, Network, columns
from tests.simulation.broker.interface import Place, call
from tests.simulation.group import Beat, Coordinator

HEARTBEAT_SECONDS: Final = 1.0
QUEUED_CHUNKS: Final = 16
AGAIN_SECONDS: Final = 0.1

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Habits:
    """Of one worker's consumer. `wait`: seconds the broker waits for records; `fetch_bytes`: of one partition."""

    wait: float
    fetch_bytes: int
    superseded_early: bool
    """A rebalance is known as soon as the member has to join again, or only with its next assignment."""


@dataclass(slots=True)
class Member:
    """`streams.partition.ports.Group` and its `Broker`."""

    name: str
    coordinator: Coordinator
    server: Broker
    line: Network
    topics: Sequence[str]
    app: str
    habits: Habits
    rng: random.Random
    owner: Ownership
    generation: int = -1
    assigned_at: float = 0.0
    positions: dict[Place, int] = field(default_factory=dict)
    _ends: dict[Place, LogEnd] = field(default_factory=dict)
    _paused: set[Place] = field(default_factory=set)
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _signal: asyncio.Event = field(default_factory=asyncio.Event)
    _superseded: bool = False
    _queue: asyncio.Queue[Chunk] = field(default_factory=lambda: asyncio.Queue(QUEUED_CHUNKS))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    # -- Group

    @property
    def broker(self) -> Member:
        return self

    def assigned(self) -> set[Place]:
        return set(self.positions)

    def pause(self, topic: str, partition: int) -> None:
        self._paused.add((topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self._paused.discard((topic, partition))

    # -- Broker

    def log_end(self, topic: str, partition: int) -> LogEnd | None:
        return self._ends.get((topic, partition))

    async def committed(self, partitions: Collection[Place]) -> dict[Place, int]:
        return await self._asked("offset_fetch", lambda: self.server.committed(self.app, partitions))

    async def beginnings(self, partitions: Collection[Place]) -> dict[Place, int]:
        return await self._asked("list_offsets", lambda: self.server.beginnings(partitions))

    async def ends(self, partitions: Collection[Place]) -> dict[Place, int]:
        return await self._asked("list_offsets", lambda: {place: self.server.logs[place].end for place in partitions})

    async def move(self, positions: Mapping[Place, int | None]) -> bool:
        await asyncio.sleep(0)  # the consumer has a thread of its own
        if not all(place in self.positions for place in positions):
            return False
        for place, offset in positions.items():
            self.positions[place] = self.server.logs[place].start if offset is None else offset
        return True

    async def is_member(self) -> bool:
        try:
            beat = await call(self.line, "heartbeat", lambda: self.coordinator.heartbeat(self.name, self.generation))
        except KafkaError:
            return False
        return beat is not Beat.UNKNOWN

    async def commit_offsets(self, offsets: Mapping[Place, int]) -> None:
        """At least once: as the group's member."""
        generation = self.generation

        def commit() -> None:
            self.coordinator.check(self.name, generation)
            self.server.commit_offsets(self.app, generation, self.name, offsets)

        await self._asked("offset_commit", commit)

    async def _asked(self, name: str, do: Callable[[], Result]) -> Result:
        while True:
            try:
                return await call(self.line, name, do)
            except Lost:
                await asyncio.sleep(AGAIN_SECONDS)

    # -- life

    async def run(self) -> None:
        """Until cancelled."""
        self._tasks = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("recovery", self._recover()), ("fetching", self._fetch()), ("ingest", self._ingest()),
            )
        ]  # fmt: skip
        group = asyncio.create_task(self._belong(), name="membership")
        try:
            done, _ = await asyncio.wait({group, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (group, *self._tasks):
                task.cancel()
            await asyncio.gather(group, *self._tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Of its own accord: what was computed is made durable first."""
        self._flows.clear()
        await self.owner.drain()
        self.coordinator.leave(self.name)

    async def _belong(self) -> None:
        while True:
            assignment = await self.coordinator.join(self.name)
            await asyncio.sleep(self.rng.random() * 0.01)
            self.generation = assignment.generation
            self.assigned_at = asyncio.get_running_loop().time()
            places = [(topic, number) for number in sorted(assignment.numbers) for topic in self.topics]
            # What the client finds at first may be from before a fenced owner's last transaction: not yet ours to use.
            known = self.server.committed(self.app, places)
            self.positions = {place: known.get(place, self.server.logs[place].start) for place in places}
            self._superseded = True
            self._signal.set()
            await self._beat()
            if self.habits.superseded_early:
                self._superseded = True
            self._flows.clear()
            await self.owner.drain()

    async def _beat(self) -> None:
        """Until the member has to join again."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                beat = await call(
                    self.line, "heartbeat", lambda: self.coordinator.heartbeat(self.name, self.generation)
                )
            except KafkaError:
                continue
            if beat is not Beat.WELL:
                return

    async def _recover(self) -> None:
        while True:
            await self._signal.wait()
            self._signal.clear()
            self._superseded = False
            generation = self.generation
            if not await self.owner.assigned(generation, lambda: self._superseded) or self._superseded:
                continue
            self._flows.set()
            await self.owner.accept(generation)

    async def _ingest(self) -> None:
        while True:
            await self.owner.offer(await self._queue.get())

    async def _fetch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._flows.is_set():
                await self._flows.wait()
            generation, asked = self.generation, loop.time()
            wanted = {place: at for place, at in self.positions.items() if place not in self._paused}
            if not wanted:
                await asyncio.sleep(0.05)
                continue
            try:
                answers = await self._fetched(wanted)
            except Lost:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for place, answer in answers.items():
                self._ends[place] = LogEnd(answer.last_stable, asked, answer.begins)
            for place, answer in answers.items():
                if not self._flows.is_set() or self.generation != generation:
                    break
                if self.positions.get(place) != answer.start or not answer.records:
                    continue  # moved meanwhile
                found = self.read(answer)
                if found.next != found.start:
                    self.positions[place] = found.next
                    await self._queue.put(Chunk(*place, generation, found))

    def read(self, answer: FetchAnswer) -> Columns:
        """By the product's own walk over the batches."""
        return columns(answer)

    async def _fetched(self, wanted: Mapping[Place, int]) -> dict[Place, FetchAnswer]:
        await self.line.request("fetch")
        waited = 0.0
        while not (answers := self._look(wanted)) or not any(answer.records for answer in answers.values()):
            if waited >= self.habits.wait:
                break
            pause = self.habits.wait / 4
            waited += pause
            await asyncio.sleep(pause)
        await self.line.answer("fetch")
        return answers

    def _look(self, wanted: Mapping[Place, int]) -> dict[Place, FetchAnswer]:
        answers: dict[Place, FetchAnswer] = {}
        self.server.expire()
        for place, at in wanted.items():
            log = self.server.logs[place]
            if at == log.last_stable:  # most of them, most of the time: there is nothing to be read
                answers[place] = FetchAnswer(at, b"", [], log.end, at, log.start)
                continue
            try:
                answers[place] = self.server.fetch(*place, at, "read_committed", self.habits.fetch_bytes)
            except OffsetOutOfRangeError:
                self.positions[place] = self.server.logs[place].start
        return answers
