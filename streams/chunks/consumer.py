"""Faust's consumer, delivering chunks. Every override says which of Faust's habits it replaces and why.

Written against faust-streaming 0.15.3 and aiokafka 0.14. Two threads: `ChunkThread`'s coroutines run in the consumer's
own, everything of `ChunkConsumer` in the app's; what they share is replaced whole, never changed in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from typing import Any, Final, Protocol, cast

import structlog
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service
from mode.threads import ServiceThread, WorkerThread

from streams.chunks.chunk import Chunk, parcels
from streams.chunks.fetch import DRAINS, Fetching, fetch
from streams.chunks.log_ends import LogEnd, WatchedClient
from streams.chunks.membership import Membership, NoMember
from streams.chunks.stopping import stop_consumer

log: Final = structlog.get_logger(__name__)

POLL = 0.25
"""Seconds one fetch waits for records at most; bounds how long a stop or a rebalance waits for the fetcher."""


HEED_SECONDS: Final = 1.0
"""Between two looks at whether this member's coordinator waits for somebody to take note of an error."""

FLOW_SECONDS: Final = 1.0
"""Between two looks at whether who waits for fetching to go on is told to stop."""


class Owner(Protocol):
    """Who owns the assigned partitions: the consumer asks it to finish before partitions are given away."""

    async def drain(self) -> None:
        """Nothing more comes in; what was computed is made durable; what was not is dropped (and fetched again)."""


class ConsumingApp(Protocol):
    """The app, as far as its consumer needs it."""

    assignor: Any
    consumer_generation_id: int
    fetching: Fetching
    owner: Owner
    refused: asyncio.Future[NoMember]
    should_stop: bool


class _Unwaited(WorkerThread):
    """A thread that does not hold up the end of the process, whatever it waits for. Faust's does."""

    def __init__(self, service: ServiceThread, **kwargs: Any) -> None:
        super().__init__(service, **kwargs)
        self.daemon = True


class ChunkThread(driver.AIOKafkaConsumerThread):
    """The thread that speaks to the broker."""

    Worker = _Unwaited
    app: Any  # what Faust says of its app, and ConsumingApp
    _watched: WatchedClient | None = None
    _membership: Membership | None = None

    async def stop(self) -> None:
        # Faust's tells nothing to a thread that was started and has not begun yet, and nobody tells it again: it would
        # run on behind an app that has stopped, and keep the process.
        running = self._thread_running
        if running is not None and not self._started.is_set():
            await asyncio.wait({running})
        await super().stop()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust takes its co-partitioning assignor only with tables or standby replicas. Our rows are no Faust table,
        # yet one partition number's topics must go to one worker.
        self._assignor = self.app.assignor
        consumer._partition_assignment_strategy = [self._assignor]
        # Faust reads committed records only in its own kind of transaction; ours are invisible to it.
        consumer._isolation_level = "read_committed"
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        self._membership = Membership(self._ensure_consumer()._coordinator)
        fetcher = self._ensure_consumer()._fetcher
        # Faust hard-codes 1500 ms, and one fetch is in flight per broker: a topic at its end would hold up the others.
        fetcher._fetch_max_wait_ms = self.app.fetching.max_wait_ms
        fetcher._fetch_min_bytes = self.app.fetching.min_bytes
        self._watched = fetcher._client = WatchedClient(fetcher._client)

    async def on_thread_stop(self) -> None:
        # Faust lets out what aiokafka's `stop` lets out; its thread then never says that it has ended, and the worker
        # waits for it for ever.
        await super(driver.AIOKafkaConsumerThread, self).on_thread_stop()
        if self._consumer is not None:
            await stop_consumer(self._consumer)

    async def chunks(self, wanted: Collection[TP], generation: int, seconds: float) -> list[Chunk]:
        """What lies ready of these partitions, fetched in this generation of the group; waits up to `seconds` for
        something to. None in another generation: its partitions are read from where their owner will say."""
        # Faust's own `getmany` unpacks a ConsumerRecord a record, hides positions, and takes what the next generation
        # has fetched when a rebalance overtakes it.
        return cast(list[Chunk], await self.call_thread(self._chunks, wanted, generation, seconds))

    async def _chunks(self, wanted: Collection[TP], generation: int, seconds: float) -> list[Chunk]:
        consumer = self._ensure_consumer()
        fetcher, coordinator = consumer._fetcher, consumer._coordinator
        if not self.consumer.flow_active:
            return []
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():
            fetched = await fetch(
                fetcher,
                {TopicPartition(tp.topic, tp.partition) for tp in wanted},
                drain=DRAINS[self.app.fetching.way],
                seconds=seconds,
                valid=lambda: coordinator.generation == generation,
            )
        return [Chunk(tp.topic, tp.partition, generation, columns) for tp, columns in fetched.items()]

    def stay(self) -> None:
        """To be called by whom nothing is assigned, while nothing is fetched: who fetches nothing for that long has
        left the group for good, as aiokafka sees it, and would never take over from those who own something."""
        if self._consumer is not None:
            with self._consumer._subscription.fetch_context():
                pass

    async def heed(self) -> None:
        """To be called now and then: see streams.chunks.membership. Raises NoMember, or KafkaError where the
        coordinator has ended."""
        if self._membership is not None:
            await self.call_thread(self._heed, self._membership)

    async def _heed(self, membership: Membership) -> None:
        membership.heed()

    # -- what the owner of the partitions needs; each runs in the consumer's thread

    def log_end(self, topic: str, partition: int) -> LogEnd | None:
        """The newest known end of a log, None before the first fetch of it was answered."""
        return None if self._watched is None else self._watched.ends.get(TopicPartition(topic, partition))

    async def committed(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The group's committed offsets as the broker holds them now; partitions without one are left out."""
        asked = [TopicPartition(*tp) for tp in partitions]
        coordinator = self._ensure_consumer()._coordinator
        found = await self.call_thread(coordinator.fetch_committed_offsets, asked)
        return {(tp.topic, tp.partition): entry.offset for tp, entry in found.items() if entry.offset >= 0}

    async def beginnings(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The first offset that each of these logs still has."""
        consumer = self._ensure_consumer()
        asked = [TopicPartition(*tp) for tp in partitions]
        found = await self.call_thread(consumer.beginning_offsets, asked)
        return {(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def ends(self, partitions: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """The offset at which each of these logs ends, as ListOffsets says (the embedded broker's answer is low)."""
        consumer = self._ensure_consumer()
        asked = [TopicPartition(*tp) for tp in partitions]
        found = await self.call_thread(consumer.end_offsets, asked)
        return {(tp.topic, tp.partition): offset for tp, offset in found.items()}

    async def commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Commit these offsets for the group (at-least-once). Raises KafkaError when this member no longer may."""
        todo = {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}
        await self.call_thread(self._ensure_consumer().commit, todo)

    async def move(self, positions: Mapping[tuple[str, int], int | None]) -> bool:
        """Fetch from these positions (None: from the log's beginning). False when one is no longer assigned."""
        return cast(bool, await self.call_thread(self._move, positions))

    async def _move(self, positions: Mapping[tuple[str, int], int | None]) -> bool:
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        if not all(TopicPartition(*tp) in assigned for tp in positions):
            return False
        for tp, offset in positions.items():
            if offset is not None:
                consumer.seek(TopicPartition(*tp), offset)
        beginnings = [TopicPartition(*tp) for tp, offset in positions.items() if offset is None]
        if beginnings:
            await consumer.seek_to_beginning(*beginnings)
        return True

    async def is_member(self) -> bool:
        """Whether the group still knows this member in its generation (a heartbeat, now)."""
        return cast(bool, await self.call_thread(self._is_member))

    async def _is_member(self) -> bool:
        coordinator = self._ensure_consumer()._coordinator
        try:
            answered = coordinator.generation >= 0 and await coordinator._do_heartbeat()
        except KafkaError:
            return False
        return bool(answered) and coordinator.generation >= 0


class ChunkConsumer(driver.Consumer):
    """The consumer as the app sees it."""

    app: Any  # what Faust says of its app, and ConsumingApp
    _thread: ChunkThread

    @property
    def broker(self) -> ChunkThread:
        """The part that speaks to the broker."""
        return self._thread

    def assigned(self) -> set[tuple[str, int]]:
        """(topic, partition) of what the group has assigned to this member."""
        return {(tp.topic, tp.partition) for tp in self.assignment()}

    def pause(self, topic: str, partition: int) -> None:
        """Fetch this one no further, until `resume`."""
        self.on_buffer_full(TP(topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self.on_buffer_drop(TP(topic, partition))

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    @Service.task
    async def _stay_member(self) -> None:
        # Not where records are fetched: nothing is before the group has assigned something for the first time, which
        # is when it may refuse this member.
        app: ConsumingApp = self.app
        while not self.should_stop:
            await self.sleep(HEED_SECONDS)
            if self.should_stop:
                return
            try:
                await self._thread.heed()
            except NoMember as why:
                if not app.refused.done():  # cancelled: the app is being stopped anyway
                    app.refused.set_result(why)
                return

    async def _drain_messages(self, fetcher: Any) -> None:
        # Faust's loop makes two asyncio tasks a record, drops records below its own idea of the read offset and keeps
        # a tree of offset gaps. With one in-order stream of chunks a partition none of it is needed.
        app: ConsumingApp = self.app
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                if not self.flow_active:
                    await self.wait_first(cast(Awaitable[Any], self.can_resume_flow.wait()), timeout=FLOW_SECONDS)
                    continue
                active = set(self._get_active_partitions())
                if not active:
                    if not self.assignment():
                        self._thread.stay()
                    await asyncio.sleep(0.002)  # all paused: Faust would sleep a second
                    continue
                generation = app.consumer_generation_id
                for parcel in parcels(await self._thread.chunks(active, generation, POLL)):
                    if not self.flow_active or app.consumer_generation_id != generation:
                        break
                    await self.wait_first(self.callback(_message(parcel)), self.suspend_flow.wait())
                await asyncio.sleep(0)
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not app.should_stop:
                raise

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        # Faust can commit past events in flight and acknowledges events whose agent raised. Offsets are the
        # delivery's: in its transaction, or after what they stand for.
        return False

    async def wait_empty(self) -> None:
        # Faust waits for acknowledgements of single messages; here the owner finishes what it has computed.
        await self.app.owner.drain()

    def verify_event_path(self, now: float, tp: TP) -> None:
        # Faust's detector of stuck partitions reads its own commits and would accuse healthy ones every few minutes.
        return None


def _message(parcel: list[Chunk]) -> ConsumerMessage:
    """Faust routes it by the first one's topic; all of them go to one agent."""
    first = parcel[0]
    tp = TP(first.topic, first.partition)
    return ConsumerMessage(
        first.topic,
        first.partition,
        first.columns.next - 1,
        0.0,
        0,
        None,
        None,
        cast(Any, parcel),
        None,
        0,
        0,
        tp,
        generation_id=first.generation,
    )
