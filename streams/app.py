"""The worker, wired: how its parts (streams.wiring) belong together, in which order they start, and what ends it.
Nothing connects before `run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import structlog

from schemas.instants import LAST
from schemas.topics import (
    MARKETING_EVENTS,
    PRODUCTS,
    RULES,
    SHOP_FACTS,
    SUPPRESSIONS,
    changelog,
    heartbeat,
)
from streams.careful import RecordLimits
from streams.chunks.credentials import faust_credentials
from streams.chunks.faust_app import PATIENCE_SECONDS, ChunkApp
from streams.chunks.fetch import Fetching
from streams.chunks.membership import NoMember
from streams.delivery import DeliveryPolicy
from streams.following import following
from streams.health import HealthServer, Readiness
from streams.heartbeat import ClockWatch
from streams.inbound.loop import Inbound
from streams.ledger import Ledger
from streams.ledger.refill import Refill
from streams.merge import BEGINNING
from streams.metrics import Metrics
from streams.partition.ownership import Ownership
from streams.partition.plan import INPUTS, PartitionPlan
from streams.partition.ports import RowsReader
from streams.rows import RowStore
from streams.rules.folder import NO_RULES, BookRead, read_rulebook
from streams.rules.published import RulesFollower
from streams.settings import Settings
from streams.shared_log import FETCH_WAIT_MS, SharedLog
from streams.shopfacts import FactsReader
from streams.suppressions.merged import NoSecret, SuppressionStore
from streams.wall import WallGuard
from streams.wiring.delivery import abilities_of_broker, policy_of
from streams.wiring.inbound import inbound_loop, linker
from streams.wiring.ledger import check_fitness, ledger_of
from streams.wiring.published import rules_in_force
from streams.wiring.refusing import CannotStart, check_rules
from streams.wiring.stores import products, row_stores, rows_reader
from streams.wiring.topics import Topics
from triggers.engine import Engine
from triggers.shopfacts import ShopFacts

log: Final = structlog.get_logger(__name__)

FETCH_BYTES_LIVE: Final = 128 * 1024
"""On the wall clock the broker waits for this much, or the fetch's own wait: a live worker then idles far more."""

OBSERVE_SECONDS: Final = 2.0

PATIENCE_STREAM: Final = 7 * 86_400.0
"""On the stream clock a partition stands still until Redis answers, however long that takes: it stays in its group."""


def build_app(settings: Settings) -> App:
    """A worker by these settings. Raises CannotStart when its rules have mistakes."""
    rules = NO_RULES if settings.rules_published else read_rulebook(settings.rules)
    check_rules(settings, rules)
    metrics = Metrics()
    return App(settings, rules, *ledger_of(settings, rules.book, metrics), metrics)


class App:
    """One worker: `run` until its stop is set. Health and metrics may look at it meanwhile."""

    def __init__(
        self, settings: Settings, rules: BookRead, ledger: Ledger, refill: Refill | None, metrics: Metrics
    ) -> None:
        self.settings = settings
        self.rules = rules
        self.ledger = ledger
        self._refill = refill
        self.metrics = metrics
        self.readiness = Readiness()
        self._ownership: Ownership | None = None
        self._options: dict[str, Any] = settings.kafka_client_options()
        self._faust: ChunkApp | None = None
        topic = heartbeat(settings.app_id).name
        self._clocks = ClockWatch(WallGuard(), self._options, topic, metrics, self.readiness)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then drain, commit and leave. Raises CannotStart, or what the worker died of."""
        settings = self.settings
        published = None
        if settings.rules_published:
            published = await rules_in_force(settings)
            # of what is in force, or will be, as far as is known now
            self.rules = replace(NO_RULES, book=published.rules.book(LAST))
            self.ledger, self._refill = ledger_of(settings, self.rules.book, self.metrics)
        book = self.rules.book
        topics = Topics(settings, book)
        await topics.look()
        self.readiness.broker = None
        abilities = await abilities_of_broker(settings)
        policy = policy_of(settings, abilities, settings.app_id, topics.limits, self._commit_offsets)
        self.readiness.notes["delivery"] = policy.name
        await topics.check_layouts()
        suppressions = SuppressionStore(settings.hmac_secret)
        facts = ShopFacts()
        taken = {SUPPRESSIONS.name: suppressions.take, SHOP_FACTS.name: FactsReader(facts).take}
        if published is not None:
            taken[RULES.name] = published.take
        shared = SharedLog(self._options, [MARKETING_EVENTS.name, PRODUCTS.name], taken)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.ledger.close)
            await stack.enter_async_context(self._health())
            await check_fitness(settings)
            if self._refill is not None:  # a Redis that came back empty is filled again, now and at any time
                await stack.enter_async_context(following(self._refill.run(), "refill"))
            if settings.clock == "wall":
                await stack.enter_async_context(self._clocks.running())
            catalogue = await stack.enter_async_context(products(settings, _wall))
            stack.push_async_callback(shared.stop)
            await shared.start()
            try:
                if published is not None:
                    await shared.caught_up(RULES.name)
                await shared.caught_up(SUPPRESSIONS.name)
                log.info("suppressions read", phones=len(suppressions))
                await shared.caught_up(SHOP_FACTS.name)
                rules = book if published is None else published.rules
                engine = Engine(rules, catalogue, suppressions, marker_kept=topics.marker_kept, facts=facts)
                if published is not None:
                    published.changed, published.no_earlier = engine.look_again, self._come_to
                    engine.look_again()
                store = stack.enter_context(row_stores(settings))
                rows = await stack.enter_async_context(
                    rows_reader(settings, topics.by_customer, store, lambda: self.readiness.assigned, self.metrics)
                )
                faust = self._wire(policy, shared, rows, store, engine, topics, suppressions, facts, published)
                self._say(policy, topics)
                inbound = inbound_loop(settings, rules, topics, abilities, suppressions, self.metrics)
                if inbound is not None:
                    await stack.enter_async_context(inbound.running())
                await self._work(faust, shared, inbound, stop)
            except NoSecret as blind:
                raise CannotStart(str(blind)) from blind
            except NoMember as refused:
                raise CannotStart(f"gave up: {refused}") from refused

    @contextlib.asynccontextmanager
    async def _health(self) -> AsyncIterator[None]:
        """`/metrics`, `/healthz` and `/readyz`, where a port was given."""
        settings = self.settings
        if not settings.http_port:
            yield
            return
        server = HealthServer(
            self.readiness, self.metrics, host=settings.http_host, port=settings.http_port, refresh=self.observe
        )
        try:
            await server.start()
        except OSError as error:
            raise CannotStart(f"port {settings.http_port} of REWAKE_HTTP_PORT can't be used: {error}") from error
        try:
            log.info("health", url=f"http://{settings.http_host}:{server.port}/readyz")
            yield
        finally:
            await server.stop()

    async def _commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        if self._faust is None:
            raise CannotStart("the group's consumer is not there yet")
        await self._faust.chunks.broker.commit_offsets(offsets)

    def _wire(
        self,
        policy: DeliveryPolicy,
        shared: SharedLog,
        rows: RowsReader,
        store: Callable[[], RowStore],
        engine: Engine,
        topics: Topics,
        suppressions: SuppressionStore,
        facts: ShopFacts,
        published: RulesFollower | None,
    ) -> ChunkApp:
        settings = self.settings
        stream = settings.clock == "stream"
        plan = PartitionPlan(
            inputs=INPUTS,
            shared=(MARKETING_EVENTS, PRODUCTS),
            beside=(SUPPRESSIONS,) if published is None else (SUPPRESSIONS, RULES),
            unreadable_rules=(lambda since: ()) if published is None else published.letters,
            partitions=topics.partitions,
            stream_clock=stream,
            grace_us=settings.grace_us,
            future_bound_us=settings.future_bound_us,
            chunk_records=settings.chunk_records,
            interval=settings.commit_interval,
            skip_applied=policy.skip_applied,
            wall=_wall,
            trusts=self._clocks.trusts,
            limits=RecordLimits(topics.limits, changelog(settings.app_id).name),
            hmac_secret=settings.hmac_secret,
            suppressions=suppressions,
            links=linker(settings, engine),
            facts=facts,
        )
        self._ownership = Ownership(
            plan,
            engine=engine,
            ledger=self.ledger,
            policy=policy,
            shared=shared,
            metrics=self.metrics,
            readiness=self.readiness,
            rows=rows,
            store=store,
            decoded_rows=settings.rows_decoded,
            look_at_limits=topics.look_at_limits,
        )
        self._faust = ChunkApp.build(
            self._ownership,
            tuple(spec.name for spec in plan.inputs),
            app_id=settings.app_id,
            fetching=Fetching(settings.fetch, FETCH_WAIT_MS, 1 if stream else FETCH_BYTES_LIVE),
            bootstrap=settings.kafka_bootstrap,
            credentials=faust_credentials(self._options),
            session_timeout=settings.session_timeout,
            heartbeat_interval=settings.heartbeat_interval,
            instance_id=settings.instance_id,
            patience=PATIENCE_STREAM if stream else PATIENCE_SECONDS,
        )
        self._ownership.group = self._faust.chunks
        return self._faust

    def _say(self, policy: DeliveryPolicy, topics: Topics) -> None:
        settings = self.settings
        log.info("delivery", policy=policy.name, says=policy.says)
        log.info(
            "clock",
            clock=settings.clock,
            says="time moves by records and markers alone"
            if settings.clock == "stream"
            else f"at the end of the data time is the wall clock less {settings.grace:g} s",
        )
        log.info(
            "worker",
            app=settings.app_id,
            kafka=settings.kafka_bootstrap,
            rules=sum(len(rules) for rules in self.rules.book.rules.values()),
            shops=len(self.rules.book.shops),
            partitions=topics.by_customer,
            fetch=settings.fetch,
            ledger=settings.ledger,
            rows_in=settings.rows,
            standby=settings.standby,
            instance=settings.instance_id,
        )

    def _come_to(self) -> int:
        """How far time may have come in some partition: what is published now is in force from then on."""
        if self.settings.clock == "wall":
            return _wall()
        return BEGINNING if self._ownership is None else self._ownership.reached

    # -- while it runs

    async def _work(
        self, faust: ChunkApp, shared: SharedLog, inbound: Inbound | None, stop: asyncio.Event
    ) -> None:
        assert self._ownership is not None
        stopping = asyncio.create_task(stop.wait())
        dying = asyncio.create_task(faust._crashed.wait())
        blind = asyncio.create_task(shared.ended())
        unreadable = asyncio.create_task(self._ownership.unreadable())
        deaf = asyncio.create_task(stop.wait() if inbound is None else inbound.ended())
        ends: set[asyncio.Future[Any]] = {stopping, dying, blind, unreadable, deaf, faust.refused}
        starting = asyncio.create_task(faust.start())
        try:
            async with following(self._observe(), "observing"):
                await asyncio.wait({starting, *ends}, return_when=asyncio.FIRST_COMPLETED)
                if not (starting.done() and starting.exception()):
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            log.info("stopping: draining, committing, leaving the group")
        finally:
            if faust.crash_reason is not None:
                self.readiness.failed = repr(faust.crash_reason)
            elif self.readiness.failed is None:
                self.readiness.failed = "stopping"
            for task in ends:
                task.cancel()
            await faust.stop()
            await asyncio.gather(starting, return_exceptions=True)
        if faust.crash_reason is not None:
            raise faust.crash_reason
        if faust.refused.done() and not faust.refused.cancelled():
            raise faust.refused.result()
        if unreadable.done() and not unreadable.cancelled():
            raise CannotStart(f"gave up and left the group: {unreadable.result()}")
        for task in (starting, blind, deaf):
            if task.done() and not task.cancelled():
                task.result()
        log.info("stopped")

    def observe(self) -> None:
        """Set the gauges that nobody counts along."""
        if self._ownership is not None:
            self._ownership.observe()

    async def _observe(self) -> None:
        while True:
            await asyncio.sleep(OBSERVE_SECONDS)
            self.observe()


def _wall() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000
