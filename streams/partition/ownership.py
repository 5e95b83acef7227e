"""Which partitions this worker owns: opened on assignment, drained on revocation, loaded again when one goes bad.

On assignment what is new is loaded (streams.partition.loading), then chunks are accepted. A partition that stays is
kept only if the group's offsets are what it last committed itself.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from streams.chunks import Chunk, LogEnd
from streams.delivery import Delivery, DeliveryFailed, DeliveryPolicy
from streams.following import ended
from streams.health import Readiness
from streams.ledger import Ledger
from streams.merge import BEGINNING
from streams.metrics import Metrics
from streams.partition.loading import Loading
from streams.partition.loop import Partition
from streams.partition.plan import PartitionPlan
from streams.partition.ports import Group, RowsReader, SharedLogs
from streams.partition.recovery import UnreadableRows
from streams.partition.screening import KNOWN_KEYS
from streams.rows import MemoryRowStore, RowStore
from streams.table import DECODED_ROWS, Table
from triggers.customer import CustomerRow
from triggers.engine import Engine

log: Final = structlog.get_logger(__name__)

DRAIN_SECONDS: Final = 5.0
"""How long a revocation waits for a commit under way; the group waits meanwhile."""

MARKER_SECONDS: Final = 0.03
MARKER_TRIES: Final = 5
"""The broker says a transaction is committed before its offsets can be read; they follow within milliseconds."""

COMMITS_PER_SECOND: Final = 40
"""Over all partitions a worker owns: a transaction costs about 1.5 ms of CPU."""

COMMITS_PER_SECOND_MOST: Final = 80
"""While touches may be due (a deadline that has moved away is noticed when it comes up): somebody waits for them."""

RELOAD_SECONDS: Final = 0.5
RELOAD_SECONDS_MOST: Final = 5.0

BARREN_SECONDS_MOST: Final = 15.0
"""Before a partition is loaded again that has committed nothing since it was loaded the last time, at most."""

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)


class Ownership:
    """The partitions of one worker. `group` is known once the app is built."""

    group: Group

    def __init__(
        self,
        plan: PartitionPlan,
        *,
        engine: Engine,
        ledger: Ledger,
        policy: DeliveryPolicy,
        shared: SharedLogs,
        metrics: Metrics,
        readiness: Readiness,
        rows: RowsReader,
        look_at_limits: Callable[[], Awaitable[None]] | None = None,
        store: Callable[[], RowStore] = MemoryRowStore,
        decoded_rows: int = DECODED_ROWS,
    ) -> None:
        self.partitions: dict[int, Partition] = {}
        self._readiness = readiness
        self._plan = plan
        self._engine = engine
        self._ledger = ledger
        self._shared = shared
        self._metrics = metrics
        self._loads = Loading(
            plan, policy=policy, rows=rows, store=store, shared=shared, metrics=metrics, made=self._partition
        )
        self._look_at_limits = look_at_limits or _nothing
        self._decoded_rows = decoded_rows
        self._barren: dict[int, int] = {}
        """By partition number: failures in a row without a commit between them."""
        self._generation = -1
        self._drains = 0
        self._accepting = False
        self._loading = asyncio.Lock()
        self._reloads: dict[int, asyncio.Task[None]] = {}
        self._moving: set[asyncio.Task[None]] = set()
        self._unreadable: UnreadableRows | None = None
        self._met_unreadable = asyncio.Event()

    async def unreadable(self) -> UnreadableRows:
        """Wait until the group gives this worker a partition whose rows only another release can read. It has given
        that one up, and has to leave the group: as long as it is a member, nobody else gets it."""
        await self._met_unreadable.wait()
        assert self._unreadable is not None
        return self._unreadable

    # -- what a partition sees of fetching

    def log_end(self, topic: str, partition: int) -> LogEnd | None:
        return self.group.broker.log_end(topic, partition)

    def pause(self, topic: str, partition: int) -> None:
        self.group.pause(topic, partition)

    def resume(self, topic: str, partition: int) -> None:
        self.group.resume(topic, partition)

    # -- rebalances

    async def drain(self) -> None:
        """Before partitions are given away, and before stopping. What is being loaded meanwhile is not accepted: only
        the next assignment says what may be."""
        self._accepting = False
        self._generation = -1
        self._drains += 1
        for task in self._reloads.values():
            task.cancel()
        await asyncio.gather(*(partition.drain(DRAIN_SECONDS) for partition in self.partitions.values()))

    async def assigned(self, generation: int, superseded: Callable[[], bool]) -> bool:
        """Own exactly what the group has assigned. False when another rebalance came in between."""
        self._metrics.rebalances.inc()
        drains = self._drains

        def overtaken() -> bool:
            return superseded() or self._drains != drains

        wanted = self._numbers(self.group.assigned())
        self._readiness.assign(frozenset(wanted))
        self._readiness.recovered.clear()
        async with self._loading:
            while not overtaken():
                try:
                    if await self._take_over(wanted, overtaken):
                        self._generation = generation
                        return True
                except UnreadableRows as unreadable:
                    self._give_up(unreadable)
                    return False
                except (DeliveryFailed, KafkaError, OSError) as failure:
                    log.warning("partitions could not be loaded; trying again", why=str(failure))
                    await asyncio.sleep(RELOAD_SECONDS)
        return False

    def _give_up(self, unreadable: UnreadableRows) -> None:
        self._readiness.failed = str(unreadable)
        if self._unreadable is None:
            log.error("partition given up", partition=unreadable.partition, why=str(unreadable))
            self._unreadable = unreadable
            self._met_unreadable.set()

    async def _take_over(self, wanted: set[int], superseded: Callable[[], bool]) -> bool:
        began = time.perf_counter()
        left = [number for number, p in self.partitions.items() if number not in wanted or not p.sound]
        await self._let_go(left)
        strangers = await self._gone_on(superseded)
        await self._let_go(strangers)
        kept = sorted(self.partitions)
        new = sorted(wanted - set(kept))
        loaded = await self._loads.load(self.group.broker, new, superseded)
        if superseded() or len(loaded) < len(new):
            await asyncio.gather(*(_closed(partition) for partition in loaded))
            return False
        self.partitions |= {partition.number: partition for partition in loaded}
        if new:
            self._metrics.restore_seconds.observe(time.perf_counter() - began)
        log.info(
            "partitions owned",
            partitions=sorted(self.partitions),
            loaded=new,
            kept=kept,
            given_up=sorted({*left, *strangers} - wanted),
            rows=sum(len(partition.table) for partition in self.partitions.values()),
            seconds=round(time.perf_counter() - began, 3),
        )
        return True

    async def accept(self, generation: int) -> None:
        """Fetching runs again: take chunks of this generation."""
        if generation != self._generation:
            return
        self._accepting = True
        positions: dict[tuple[str, int], int | None] = {}
        for partition in self.partitions.values():
            positions |= self._admit(partition)
        await self.group.broker.move(positions)
        self._metrics.partitions_owned.set(len(self.partitions))
        self._readiness.recovered.update(self.partitions)

    def _admit(self, partition: Partition) -> dict[tuple[str, int], int | None]:
        """It takes chunks from now on; answers where they are to be fetched from. Fetching is moved there afterwards: a
        chunk that came in between and was not taken would leave a gap."""
        self._share(partition)
        partition.accept()
        for topic, source in partition.intake.inputs.items():
            if source.grouped:
                self.resume(topic, partition.number)  # a former generation, or a bad one, may have paused it
        return partition.positions()

    def _share(self, partition: Partition) -> None:
        """Commits and memory are the worker's: each partition has its part of them."""
        partition.interval = max(self._plan.interval, len(self.partitions) / COMMITS_PER_SECOND)
        partition.least_pause = max(self._plan.interval, len(self.partitions) / COMMITS_PER_SECOND_MOST)
        partition.table.decoded_most = self._decoded_rows // len(self.partitions)
        partition.known_keys.most = KNOWN_KEYS // len(self.partitions)

    async def offer(self, chunk: Chunk) -> None:
        """One chunk for its partition; chunks of an older generation were fetched from older positions."""
        if not self._accepting or chunk.generation != self._generation:
            return
        partition = self.partitions.get(chunk.partition)
        if partition is None:
            return
        try:
            gaps = await partition.offer(chunk.topic, chunk.columns)
        except Exception as error:  # a fault of ours: this partition is loaded again, the others go on
            log.exception("a chunk could not be taken", topic=chunk.topic, partition=chunk.partition)
            failure = DeliveryFailed(f"partition {chunk.partition}: {error!r}")
            failure.__cause__ = error
            self._failed(partition, failure)
            return
        if gaps:
            await self.group.broker.move(gaps)

    async def close(self) -> None:
        """Give up everything."""
        self._accepting = False
        await ended(*self._reloads.values(), *self._moving)
        await self._let_go(list(self.partitions))

    @property
    def reached(self) -> int:
        """How far time has come in the partition where it is furthest; BEGINNING where there is none."""
        return max((partition.reached for partition in self.partitions.values()), default=BEGINNING)

    def observe(self) -> None:
        """Set the gauges: what is held, and how far behind; and see to it that none stands still."""
        metrics, partitions = self._metrics, list(self.partitions.values())
        self._look_after(partitions)
        for partition in partitions:
            if partition.has_committed and self._accepting and _note(partition.number) in self._readiness.notes:
                self._barren.pop(partition.number, None)
                self._recovered(partition.number)
        metrics.rows.set(sum(len(partition.table) for partition in partitions))
        metrics.deadlines.set(sum(len(partition.deadlines) for partition in partitions))
        metrics.outbox_rows.set(sum(partition.waiting_rows for partition in partitions))
        metrics.open_walks.set(sum(partition.open_walks for partition in partitions))
        lag: Counter[str] = Counter({spec.name: 0 for spec in self._plan.inputs})
        for partition in partitions:
            lag.update(partition.lag())
        for topic, records in lag.items():
            metrics.lag_records.labels(topic=topic).set(records)
        behind = [self._plan.wall() - partition.reached for partition in partitions if partition.reached > 0]
        metrics.clock_behind_seconds.set(max(behind, default=0) / 1_000_000)

    def _look_after(self, partitions: Sequence[Partition]) -> None:
        still, again = 0.0, dict[tuple[str, int], int | None]()
        for partition in partitions if self._accepting else ():
            stands, positions = partition.look()
            still = max(still, stands)
            again |= positions
        self._metrics.still_seconds.set(still)
        for topic, _ in again:
            self._metrics.fetched_again.labels(topic=topic).inc()
        if again:
            moving = asyncio.create_task(self._fetch_again(again))
            self._moving.add(moving)
            moving.add_done_callback(self._moving.discard)

    async def _fetch_again(self, positions: Mapping[tuple[str, int], int | None]) -> None:
        try:
            await self.group.broker.move(positions)
        except Exception as failure:  # noqa: BLE001  # it is tried again, as long as nothing comes
            log.warning("could not be fetched again", why=repr(failure))

    def _recovered(self, number: int) -> None:
        self._readiness.recovered.add(number)
        self._readiness.notes.pop(_note(number), None)

    def _numbers(self, assigned: set[tuple[str, int]]) -> set[int]:
        topics = {spec.name for spec in self._plan.inputs}
        numbers = {number for topic, number in assigned if topic in topics}
        torn = sorted({(topic, number) for topic in topics for number in numbers} - assigned)
        if torn:
            # Rows would be driven without part of their events. It can't happen with equal partition counts.
            raise RuntimeError(f"the group tore a partition number's topics apart: {torn}")
        return numbers

    async def _let_go(self, numbers: list[int]) -> None:
        closing = [self.partitions.pop(number) for number in numbers]
        for number in numbers:
            self._readiness.notes.pop(_note(number), None)
        await asyncio.gather(*(_closed(partition) for partition in closing))
        self._metrics.partitions_owned.set(len(self.partitions))

    async def _gone_on(self, superseded: Callable[[], bool]) -> list[int]:
        """Of the partitions still held, those whose offsets somebody else has moved; the others start over."""
        for attempt in range(MARKER_TRIES):
            committed = await self._loads.committed(self.group.broker, sorted(self.partitions))
            strangers = [n for n, p in self.partitions.items() if not p.agrees_with(committed[n])]
            if not strangers or superseded():
                break
            if attempt + 1 < MARKER_TRIES:
                await asyncio.sleep(MARKER_SECONDS)
        for number, partition in self.partitions.items():
            if number not in strangers:
                partition.begin(committed[number])
        return strangers

    # -- what is made of what was loaded

    def _partition(
        self, number: int, table: Table[CustomerRow], delivery: Delivery, committed: Mapping[str, int]
    ) -> Partition:
        partition = Partition(
            number,
            self._plan,
            table=table,
            engine=self._engine,
            ledger=self._ledger,
            delivery=delivery,
            flow=self,
            shared=self._shared,
            metrics=self._metrics,
            failed=self._failed,
        )
        partition.begin(committed)
        # Spread over the interval, so that transactions don't all come at once.
        partition.start(self._plan.interval * (number % 8) / 8)
        return partition

    # -- when one goes bad

    def _failed(self, partition: Partition, failure: DeliveryFailed) -> None:
        number = partition.number
        barren = self._barren[number] = 0 if partition.has_committed else self._barren.get(number, -1) + 1
        log.warning("commit failed", partition=number, why=str(failure), **({"in_a_row": barren} if barren else {}))
        self._readiness.notes[_note(number)] = f"offsets stand still: {failure}"
        if self._accepting and self.partitions.get(number) is partition:
            self._reloads[number] = asyncio.create_task(
                self._reload(partition, isinstance(failure.__cause__, _TOO_LARGE))
            )

    async def _reload(self, bad: Partition, too_large: bool) -> None:
        """ProducerFenced means a takeover or a timeout of the broker's, so ask the group which: while this worker is
        still a member it loads the partition again, else the next assignment does.

        What can't be written (a topic is gone, or closed to us) fails again at once: then the pauses grow, while the
        offsets stand still, and the partition counts as recovered only once it has committed.
        """
        number, generation = bad.number, self._generation
        pause = RELOAD_SECONDS
        barren = self._barren.get(number, 0)

        def moot() -> bool:
            return not self._accepting or self._generation != generation or self.partitions.get(number) is not bad

        self._readiness.recovered.discard(number)
        await _closed(bad)
        if barren:
            await asyncio.sleep(min(RELOAD_SECONDS * 2.0**barren, BARREN_SECONDS_MOST))
        while not moot():
            try:
                if too_large:
                    await self._look_at_limits()
                if await self.group.broker.is_member():
                    async with self._loading:
                        if moot():
                            return
                        for partition in await self._loads.load(self.group.broker, [number], moot):
                            if moot():
                                await _closed(partition)
                                return
                            self.partitions[number] = partition
                            await self.group.broker.move(self._admit(partition))
                            self._metrics.reloads.inc()
                            if not barren:
                                self._recovered(number)
                            log.info("partition loaded again", partition=number, rows=len(partition.table))
                            return
            except UnreadableRows as unreadable:
                self._give_up(unreadable)
                return
            except Exception as failure:  # noqa: BLE001  # whatever it is, the partition must not stay lost
                log.warning("partition could not be loaded; trying again", partition=number, why=repr(failure))
            await asyncio.sleep(pause)
            pause = min(2 * pause, RELOAD_SECONDS_MOST)


async def _closed(partition: Partition) -> None:
    await partition.close()
    partition.table.close()


def _note(number: int) -> str:
    return f"partition {number}"


async def _nothing() -> None: ...
