"""One worker: the product's ownership, partitions, delivery, engine and gates, wired as streams.app wires them."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from schemas.topics import (
    CO_PARTITIONED,
    MARKETING_EVENTS,
    PRODUCTS,
    SHOP_FACTS,
    SUPPRESSIONS,
    TOPICS,
    Partitions,
    changelog,
)
from streams.delivery import DeliveryPolicy
from streams.delivery.at_least_once import AtLeastOnce
from streams.delivery.transactional import Transactional
from streams.health import Readiness
from streams.ledger import Ledger, MemoryLedger, PatientLedger
from streams.metrics import Metrics
from streams.partition.loading import row_table
from streams.partition.ownership import Ownership
from streams.partition.phone_links import PhoneLinker
from streams.partition.plan import PartitionPlan
from streams.partition.standby import Standby
from streams.rows import MemoryRowStore, RowStore
from streams.shopfacts import FactsReader
from streams.suppressions.merged import SuppressionStore
from tests.simulation.broker import Reader, SimRows, SimWriters
from tests.simulation.clocks import EVENING, SECOND, TrueTime, WorkerClocks
from tests.simulation.disk import Disk
from tests.simulation.emissions import EmissionCheck, WatchedEngine
from tests.simulation.group import Coordinator
from tests.simulation.ledger import DistantLedger, LedgerWeather
from tests.simulation.loop import Process, SimLoop
from tests.simulation.member import Habits, Member
from tests.simulation.network import Line, Weather
from tests.simulation.observed import ObservedBroker
from tests.simulation.schedule import NotedLinks, NotedRows, Notes, Schedule
from tests.simulation.secret import SECRET
from tests.simulation.shared import SimShared
from tests.simulation.shelf import catalogue
from tests.simulation.trace import Trace
from triggers.engine import Engine
from triggers.rules.model import RuleBook
from triggers.shopfacts import ShopFacts

APP: Final = "rewake"
INPUTS: Final = tuple(sorted(CO_PARTITIONED, key=lambda spec: spec.rank or 0))
CHANGELOG: Final = changelog(APP).name
METRICS: Final = Metrics()
"""Nobody looks at them here, and making them takes longer than many a seed."""

FUTURE_BOUND: Final = 3600 * SECOND

STRETCH: Final = 3
"""Chunks are small here, and turns are to give way all the same."""

SLICE_ROWS: Final = 2
"""Rows are few here, and walks are to take their time all the same."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What all workers of a seed have in common."""

    stream: bool
    transactions: bool
    partitions: int
    chunk_records: int
    interval: float
    grace: int
    transaction_timeout: float
    session: float
    wait: float
    beside_wait: float
    """Seconds at least between two looks at what fills the gates' stores."""
    fetch_bytes: int
    rules: RuleBook
    standby: bool
    """Workers follow the partitions that they don't own."""
    decoded_rows: int
    """So many rows a worker keeps decoded."""
    rocks: bool
    """Rows lie in RocksDB, on a disk."""
    returning: bool
    """Receipts and answers come back, phones are shared and change (tests.simulation.returning)."""
    broadcasts: bool
    """Some things concern many customers at once: by the clock, and as marketing asks for them."""
    least: float
    """Virtual seconds that must go by before a seed ends: what was put off is to be seen again."""

    figures: bool = False
    """What is decided depends on what all partitions have counted."""
    feeds: bool = False
    """The shop's feed changes, and what likes of it changed is news (tests.simulation.feed)."""
    products_kept: int | None = None
    """So many records of the feed a worker keeps in memory, and all there are come before anybody is at work; None: it
    keeps all, and they come while events go on."""

    def counts(self) -> Mapping[str, int]:
        counts = {spec.name: self.partitions if spec.partitions is Partitions.CUSTOMER else 1 for spec in TOPICS}
        return counts | {CHANGELOG: self.partitions}


@dataclass(slots=True)
class Seams:
    """Where a test may put something of its own in place of the product's part: what breaks it on purpose."""

    policy: Callable[[Any], Any] = lambda policy: policy
    ledger: Callable[[Ledger], Ledger] = lambda ledger: ledger
    ownership: type[Ownership] = Ownership
    member: type[Member] = Member


@dataclass(slots=True)
class Surroundings:
    """Everything outside of the workers."""

    loop: SimLoop
    broker: ObservedBroker
    true_time: TrueTime
    coordinator: Coordinator
    weather: Weather
    ledger: MemoryLedger
    ledger_weather: LedgerWeather
    trace: Trace
    hit: Callable[[str], None]
    seams: Seams
    emissions: EmissionCheck
    schedule: Schedule
    disk: Disk


class Worker:
    """One process of a worker, from its start to its end; started again it is another."""

    def __init__(self, name: str, setting: Setting, around: Surroundings, rng: random.Random) -> None:
        self.name = name
        self.process: Process = around.loop.process(name)
        self._setting = setting
        self._around = around
        self._rng = rng
        self.line = Line(around.weather, rng, around.trace, around.hit)
        self.clocks = WorkerClocks(around.true_time, self.line)
        self.member: Member | None = None
        self._ownership: Ownership | None = None
        self._main: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._around.trace.note("started", who=self.name)
        self._main = self.process.start(self._run(), self.name)

    def stop(self) -> None:
        """As SIGTERM does: drain, leave, close."""
        self.process.start(self._leave(), f"{self.name}-stop")

    @property
    def ended(self) -> bool:
        return self.process.dead or (self._main is not None and self._main.done())

    @property
    def failure(self) -> BaseException | None:
        """What it died of by itself."""
        main = self._main
        if self.process.dead or main is None or not main.done() or main.cancelled():
            return None
        return main.exception()

    async def _run(self) -> None:
        setting, around = self._setting, self._around
        reader = Reader(around.broker, self.line)
        suppressions = SuppressionStore(SECRET)
        taken = {SUPPRESSIONS.name: suppressions.take}
        facts = ShopFacts() if setting.figures else None
        if facts is not None:
            taken[SHOP_FACTS.name] = FactsReader(facts).take
        kept: dict[str, int | None] = {MARKETING_EVENTS.name: None}
        if setting.feeds:
            kept[PRODUCTS.name] = setting.products_kept
        together = setting.feeds and setting.products_kept is None
        shared = SimShared(
            reader, kept, taken, setting.wait, setting.beside_wait, together=together, fetch_bytes=setting.fetch_bytes
        )
        if not setting.stream:
            await self.clocks.start()
        await shared.look()
        shelf = catalogue(setting.feeds)
        engine = Engine(setting.rules, shelf, suppressions, facts=facts)
        store: Callable[[], RowStore] = around.disk.stores() if setting.rocks else MemoryRowStore
        regions = {shop.id: shop.default_region for shop in setting.rules.shops.values()}
        links = PhoneLinker(SECRET, regions.get)
        if not setting.stream:
            notes = Notes(around.schedule)
            links = NotedLinks(SECRET, regions.get, notes)
            engine = WatchedEngine(
                setting.rules, shelf, suppressions, check=around.emissions, loaded=self._loaded,
                passes=lambda planned: planned + setting.grace - self.clocks.ahead, notes=notes,
                read=lambda: shared.position(SUPPRESSIONS.name),
            )  # fmt: skip
            store = partial(_noted, store, notes)
        readiness = Readiness()
        async with contextlib.AsyncExitStack() as stack:
            rows: Any = SimRows(reader, CHANGELOG)
            if setting.standby:
                every = range(setting.partitions)
                rows = Standby(rows, every, lambda: readiness.assigned, lambda: row_table(store()), METRICS)
                await stack.enter_async_context(rows.running())
            await self._work(self._plan(suppressions, links, facts), engine, store, shared, rows, readiness)

    async def _work(
        self,
        plan: PartitionPlan,
        engine: Engine,
        store: Callable[[], RowStore],
        shared: SimShared,
        rows: Any,
        readiness: Readiness,
    ) -> None:
        """Be a member of the group, until there is nothing more to be done."""
        setting, around = self._setting, self._around
        self._ownership = ownership = around.seams.ownership(
            plan,
            engine=engine,
            ledger=self._ledger(),
            policy=around.seams.policy(self._policy()),
            shared=shared,
            metrics=METRICS,
            readiness=readiness,
            rows=rows,
            store=store,
            decoded_rows=setting.decoded_rows,
        )
        self.member = ownership.group = around.seams.member(
            self.name,
            around.coordinator,
            around.broker,
            self.line,
            [spec.name for spec in INPUTS],
            APP,
            Habits(setting.wait, setting.fetch_bytes, self._rng.random() < 0.5),
            self._rng,
            ownership,
        )
        beside = [asyncio.create_task(shared.run(), name="shared")]
        if not setting.stream:
            beside.append(asyncio.create_task(self.clocks.run(), name="clocks"))
        try:
            await self.member.run()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    def _loaded(self) -> int:
        assert self.member is not None
        return EVENING + round(self.member.assigned_at * SECOND)

    def come_to(self, last: int) -> list[int]:
        """The partitions whose time has come so far here, and which have nothing to commit."""
        if self.ended or self._ownership is None:
            return []
        owned = self._ownership.partitions.items()
        return [number for number, one in owned if one.reached >= last and one._commits.idle]

    async def _leave(self) -> None:
        if self.member is not None and self._ownership is not None:
            await self.member.leave()
            if self._main is not None:
                self._main.cancel()
                await asyncio.gather(self._main, return_exceptions=True)
            await self._ownership.close()
        self._around.trace.note("stopped", who=self.name)
        self.process.kill()

    def _plan(
        self, suppressions: SuppressionStore, links: PhoneLinker, facts: ShopFacts | None
    ) -> PartitionPlan:
        setting = self._setting
        return PartitionPlan(
            inputs=INPUTS,
            shared=(MARKETING_EVENTS, PRODUCTS) if setting.feeds else (MARKETING_EVENTS,),
            beside=(SUPPRESSIONS,),
            partitions=setting.counts(),
            stream_clock=setting.stream,
            grace_us=setting.grace,
            future_bound_us=FUTURE_BOUND,
            chunk_records=setting.chunk_records,
            interval=setting.interval,
            skip_applied=not setting.transactions,
            wall=self.clocks.wall,
            trusts=self.clocks.trusts,
            stretch=STRETCH,
            slice_rows=SLICE_ROWS,
            hmac_secret=SECRET if setting.returning else None,
            suppressions=suppressions,
            links=links if setting.returning else None,
            facts=facts,
        )

    def _ledger(self) -> Ledger:
        around = self._around
        distant = around.seams.ledger(
            DistantLedger(around.ledger.another(), around.ledger_weather, self._rng, around.hit, around.trace)
        )
        return PatientLedger(distant) if self._setting.stream else distant

    def _policy(self) -> DeliveryPolicy:
        setting = self._setting
        writers = SimWriters(self._around.broker, APP, self.line, self.clocks.wall)
        if setting.transactions:
            return Transactional(writers, CHANGELOG, APP, setting.transaction_timeout)
        return AtLeastOnce(writers, CHANGELOG, True, self._commit_offsets)

    async def _commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        assert self.member is not None
        await self.member.commit_offsets(offsets)


def _noted(store: Callable[[], RowStore], notes: Notes) -> RowStore:
    return NotedRows(store(), notes)
