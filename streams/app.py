"""The worker, wired: everything that is made, is made here, and nothing connects before `run`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from feeds.store import ProductStore, StoreInUse, claim
from schemas.topics import (
    CO_PARTITIONED,
    DAY_MS,
    DEAD_LETTERS,
    HAND_ASSIGNED,
    MARKETING_EVENTS,
    SMS_COMMANDS,
    SUPPRESSIONS,
    changelog,
    heartbeat,
)
from streams.careful import Limits
from streams.chunks.credentials import faust_credentials
from streams.chunks.faust_app import PATIENCE_SECONDS, ChunkApp
from streams.chunks.fetch import Fetching
from streams.delivery import DeliveryPolicy
from streams.delivery.at_least_once import AtLeastOnce, CommitOffsets
from streams.delivery.probe import Abilities, ProbeFailed, probe
from streams.delivery.producing import KafkaWriters
from streams.delivery.transactional import Transactional
from streams.health import HealthServer, Readiness
from streams.heartbeat import Watch
from streams.inbound.handling import Known
from streams.inbound.links import PhoneLinks
from streams.inbound.loop import Inbound, group_of
from streams.ledger import Ledger, PatientLedger, RedisLedger, RowLedger, UnfitRedis, check_redis
from streams.ledger.guard import Guard
from streams.ledger.needs import beyond_rows, by_phone
from streams.ledger.refill import Refill, sent_since
from streams.metrics import Metrics
from streams.partition.loading import row_table
from streams.partition.ownership import Ownership
from streams.partition.phone_links import PhoneLinker
from streams.partition.plan import INPUTS, Plan
from streams.partition.ports import RowsReader
from streams.partition.recovery import ChangelogRows, UnreadableRows
from streams.partition.standby import Standby
from streams.products import ProductsReader
from streams.provision import Existing, Provisioner, longest_retention, specs_of
from streams.rows import MemoryRows, RowStore
from streams.rows.rocks import NoRocks, RocksFolder
from streams.rulebook import BookRead, read_rulebook
from streams.settings import Settings
from streams.shared_log import FETCH_WAIT_MS, SharedLog
from streams.suppressions import NoSecret, SuppressionStore
from streams.wall import WallGuard
from triggers.engine import Engine
from triggers.erasure import MARKER_KEPT
from triggers.rules.model import RuleBook
from triggers.shared import SharedOfShops

log: Final = structlog.get_logger(__name__)

FETCH_BYTES_LIVE: Final = 128 * 1024
"""On the wall clock the broker waits for this much, or the fetch's own wait: a live worker then idles far more."""

OBSERVE_SECONDS: Final = 2.0

PATIENCE_STREAM: Final = 7 * 86_400.0
"""On the stream clock a partition stands still until Redis answers, however long that takes: it stays in its group."""


class CannotStart(Exception):
    """The worker can't run here; the message says why and what to do, for people. Nothing was changed."""


def build_app(settings: Settings) -> App:
    """A worker by these settings. Raises CannotStart when its rules have mistakes."""
    rules = read_rulebook(settings.rules)
    if rules.errors:
        mistakes = "\n".join(f"  {error}" for error in rules.errors)
        raise CannotStart(f"the rules in {settings.rules} have mistakes:\n{mistakes}")
    _check_limits(settings, rules.book)
    metrics = Metrics()
    return App(settings, rules, *_ledger(settings, rules.book, metrics), metrics)


def _check_limits(settings: Settings, book: RuleBook) -> None:
    """Raises CannotStart when a shop has limits that this worker could not keep."""
    for shop in book.shops.values():
        if settings.ledger == "rows" and (which := beyond_rows(shop)):
            raise CannotStart(
                f"shop {shop.id}: {', '.join(which)} can't be kept by REWAKE_LEDGER=rows, as no customer's row tells "
                "what went to a phone or was spent on a day: use a Redis (REWAKE_LEDGER=redis), or leave them out"
            )
        if settings.hmac_secret is None and by_phone(shop):
            raise CannotStart(
                f"shop {shop.id}: what is counted by phone is kept under the phones' HMAC: set REWAKE_HMAC_SECRET"
            )


def _ledger(settings: Settings, book: RuleBook, metrics: Metrics) -> tuple[Ledger, Refill | None]:
    """Who counts touches, and what fills it again when it came back empty."""
    if settings.ledger == "rows":
        return RowLedger(), None
    client, shared = settings.ledger_client(), SharedOfShops(book)
    guard = Guard(client, settings.app_id, shared.covers)
    ledger = RedisLedger(
        client,
        prefix=settings.app_id,
        timeout=settings.redis_timeout,
        lapse=round(settings.reservation_lapse * 1_000_000),
        secret=settings.hmac_secret,
        guard=guard,
        metrics=metrics,
    )
    stream = settings.clock == "stream"
    refill = Refill(
        guard,
        ledger,
        sent_since(settings.kafka_client_options(), None if stream else shared.longest),
        shared.ask_of,
        settle=2 * settings.transaction_timeout,
        metrics=metrics,
    )
    return PatientLedger(ledger) if stream else ledger, refill


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
        self._limits: dict[str, int] = {}
        self._marker_kept: int | None = MARKER_KEPT
        topic = heartbeat(settings.app_id).name
        self._clocks = Watch(WallGuard(), self._options, topic, metrics, self.readiness)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then drain, commit and leave. Raises CannotStart, or what the worker died of."""
        partitions = await self._partitions()
        self.readiness.broker = None
        policy = await self._policy()
        self.readiness.notes["delivery"] = policy.name
        await self._check_layouts(partitions)
        suppressions = SuppressionStore(self.settings.hmac_secret)
        shared = SharedLog(self._options, [MARKETING_EVENTS.name], {SUPPRESSIONS.name: suppressions.take})
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self.ledger.close)
            await stack.enter_async_context(self._health())
            await self._check_redis()
            await stack.enter_async_context(self._refilling())
            if self.settings.clock == "wall":
                await stack.enter_async_context(self._clocks.running())
            store = stack.enter_context(contextlib.closing(self._store()))
            await stack.enter_async_context(self._products(store))
            stack.push_async_callback(shared.stop)
            await shared.start()
            try:
                await shared.caught_up(SUPPRESSIONS.name)
                log.info("suppressions read", phones=len(suppressions))
                engine = Engine(self.rules.book, store, suppressions, marker_kept=self._marker_kept)
                reader, row_store = await self._rows(stack, partitions)
                faust = self._wire(policy, shared, reader, row_store, engine, partitions)
                self._say(policy, partitions)
                inbound = self._inbound(policy, partitions, suppressions)
                if inbound is not None:
                    await stack.enter_async_context(inbound.running())
                await self._work(faust, shared, inbound, stop)
            except NoSecret as blind:
                raise CannotStart(str(blind)) from blind

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

    # -- before anything runs

    async def _partitions(self) -> Mapping[str, int]:
        """How many partitions each topic has; CannotStart for a broker that is away and topics that are not right."""
        specs = specs_of(self.settings.app_id)
        try:
            async with Provisioner(self._options) as broker:
                existing = await broker.existing(specs)
        except (KafkaError, OSError) as error:
            raise CannotStart(
                f"Kafka at {self.settings.kafka_bootstrap} can't be reached: {type(error).__name__} "
                "(REWAKE_KAFKA_BOOTSTRAP; `rewake stack up` starts one here)"
            ) from error
        missing = [spec.name for spec in specs if spec.name not in existing]
        if missing:
            raise CannotStart(f"topics are missing: {', '.join(missing)}; run `rewake topics create`")
        self._note_limits(existing)
        self._check_kept(existing)
        kept = longest_retention(existing)
        self._marker_kept = None if kept is None else max(kept, MARKER_KEPT)
        counts = {name: topic.partitions for name, topic in existing.items()}
        grouped = {spec.name: counts[spec.name] for spec in (*CO_PARTITIONED, changelog(self.settings.app_id))}
        if len(set(grouped.values())) > 1:
            found = ", ".join(f"{name} {count}" for name, count in sorted(grouped.items()))
            raise CannotStart(f"topics by customer must have equally many partitions, but have: {found}")
        split = [spec.name for spec in HAND_ASSIGNED if counts[spec.name] != 1]
        if split:
            raise CannotStart(f"topics that every worker reads whole must have one partition: {', '.join(split)}")
        return counts

    async def _check_layouts(self, partitions: Mapping[str, int]) -> None:
        """Not a member of the group yet, so that a worker of an older release, started again and again in the middle of
        an upgrade, disturbs nobody."""
        rows = changelog(self.settings.app_id).name
        try:
            await ChangelogRows(self._options, rows).check_layouts(range(partitions[rows]))
        except UnreadableRows as unreadable:
            raise CannotStart(str(unreadable)) from unreadable
        except (KafkaError, OSError) as error:
            raise CannotStart(f"the topic {rows} can't be read: {error!r}") from error

    def _check_kept(self, existing: Mapping[str, Existing]) -> None:
        """Commands must stay for as long as caps that no row can prove look back: they are what fills Redis again."""
        said = existing[SMS_COMMANDS.name].config.get("retention.ms")
        needed = SharedOfShops(self.rules.book).longest // 1000
        if said is not None and 0 <= int(said) < needed:
            raise CannotStart(
                f"{SMS_COMMANDS.name} keeps commands for {int(said) / DAY_MS:g} days (retention.ms); caps by phone, "
                f"dedupe by text or budgets look back {needed / DAY_MS:g}: set retention.ms to {needed} or more"
            )

    def _note_limits(self, existing: Mapping[str, Existing]) -> None:
        """How large a batch each topic takes now; where the broker does not tell, what `topics create` has asked."""
        for spec in specs_of(self.settings.app_id):
            topic = existing.get(spec.name)
            said = None if topic is None else topic.config.get("max.message.bytes")
            self._limits[spec.name] = spec.max_message_bytes if said is None else int(said)

    async def _look_at_limits(self) -> None:
        """The broker has found something too large: an operator has lowered a limit meanwhile. Raises KafkaError."""
        async with Provisioner(self._options) as broker:
            self._note_limits(await broker.existing(specs_of(self.settings.app_id)))

    async def _check_redis(self) -> None:
        if self.settings.ledger == "rows":
            return
        client = self.settings.ledger_client()
        try:
            away = await check_redis(client, self.settings.app_id)
        except UnfitRedis as unfit:
            raise CannotStart(str(unfit)) from unfit
        finally:
            await client.aclose()
        if away is not None:
            log.warning("Redis does not answer; touches that need it wait in their rows", why=away)

    @contextlib.asynccontextmanager
    async def _refilling(self) -> AsyncIterator[None]:
        """A Redis that came back empty is filled again, now and at any time."""
        running = None if self._refill is None else asyncio.create_task(self._refill.run(), name="refill")
        try:
            yield
        finally:
            if running is not None:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    async def _policy(self) -> DeliveryPolicy:
        settings, options = self.settings, self._options
        rows = changelog(settings.app_id).name
        writers = KafkaWriters(options, settings.app_id, self._limits)
        wanted = settings.delivery
        try:
            abilities = await probe(options, settings.app_id)
        except ProbeFailed as failed:
            if wanted != "at-least-once":
                raise CannotStart(
                    f"whether the broker has transactions could not be found out: {failed}. Has it as many brokers as "
                    "transaction.state.log.replication.factor wants? REWAKE_DELIVERY=at-least-once goes without"
                ) from failed
            abilities = Abilities(transactions=False, idempotence=False, reason=str(failed))
        except (KafkaError, OSError) as error:
            raise CannotStart(f"Kafka at {settings.kafka_bootstrap} went away: {type(error).__name__}") from error
        if wanted == "transactions" and not abilities.transactions:
            raise CannotStart(f"REWAKE_DELIVERY=transactions, but the broker has none ({abilities.reason})")
        if wanted == "at-least-once" or not abilities.transactions:
            return AtLeastOnce(writers, rows, abilities.idempotence, self._commit_offsets)
        return Transactional(writers, rows, settings.app_id, settings.transaction_timeout)

    async def _commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        if self._faust is None:
            raise CannotStart("the group's consumer is not there yet")
        await self._faust.chunks.broker.commit_offsets(offsets)

    def _store(self) -> ProductStore:
        try:
            return claim(self.settings.products_store)
        except (StoreInUse, OSError) as error:
            raise CannotStart(f"no product store in {self.settings.products_store}: {error}") from error

    @contextlib.asynccontextmanager
    async def _products(self, store: ProductStore) -> AsyncIterator[None]:
        """The store read up to the topic's end, and followed from there."""

        def bad(offset: int, why: str) -> None:
            log.warning("a record of products is no snapshot", offset=offset, why=why)

        reader = ProductsReader(store, self._options, wall=_wall, on_bad=bad)
        await reader.start()
        try:
            log.info("products read", records=await reader.catch_up(), products=store.count())
            following = asyncio.create_task(reader.run(), name="products")
            try:
                yield
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
        finally:
            await reader.stop()

    async def _rows(
        self, stack: contextlib.AsyncExitStack, partitions: Mapping[str, int]
    ) -> tuple[RowsReader, Callable[[], RowStore]]:
        """What reads rows, and what makes the stores that keep them; both end with `stack`."""
        settings = self.settings
        store: Callable[[], RowStore] = MemoryRows
        if settings.rows == "rocksdb":
            try:
                folder = stack.enter_context(contextlib.closing(RocksFolder(settings.rows_dir)))
            except NoRocks as error:
                raise CannotStart(str(error)) from error
            store = folder.store
        topic = changelog(settings.app_id).name
        rows = ChangelogRows(self._options, topic)
        if settings.standby == "off":
            return rows, store
        numbers = range(partitions[topic])
        standby = Standby(rows, numbers, lambda: self.readiness.assigned, lambda: row_table(store()), self.metrics)
        await stack.enter_async_context(standby.running())
        return standby, store

    def _wire(
        self,
        policy: DeliveryPolicy,
        shared: SharedLog,
        rows: RowsReader,
        store: Callable[[], RowStore],
        engine: Engine,
        partitions: Mapping[str, int],
    ) -> ChunkApp:
        settings = self.settings
        stream = settings.clock == "stream"
        plan = Plan(
            inputs=INPUTS,
            shared=(MARKETING_EVENTS,),
            beside=(SUPPRESSIONS,),
            partitions=partitions,
            stream_clock=stream,
            grace_us=settings.grace_us,
            future_bound_us=settings.future_bound_us,
            chunk_records=settings.chunk_records,
            interval=settings.commit_interval,
            skip_applied=policy.skip_applied,
            wall=_wall,
            trusts=self._clocks.trusts,
            limits=Limits(self._limits, changelog(settings.app_id).name),
            hmac_secret=settings.hmac_secret,
            links=self._linker(),
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
            look_at_limits=self._look_at_limits,
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

    def _linker(self) -> PhoneLinker | None:
        secret = self.settings.hmac_secret
        if secret is None:
            return None
        return PhoneLinker(secret, {name: shop.default_region for name, shop in self.rules.book.shops.items()})

    def _inbound(
        self, policy: DeliveryPolicy, partitions: Mapping[str, int], suppressions: SuppressionStore
    ) -> Inbound | None:
        """What answers SMS, in the way in which everything is delivered."""
        settings = self.settings
        if settings.inbound == "off":
            return None
        group = group_of(settings.app_id)
        writers = KafkaWriters(self._options, group, self._limits)
        rows = changelog(settings.app_id).name

        def policy_for(commit_offsets: CommitOffsets) -> DeliveryPolicy:
            if isinstance(policy, AtLeastOnce):
                return AtLeastOnce(writers, rows, policy.idempotent, commit_offsets)
            return Transactional(writers, rows, group, settings.transaction_timeout)

        known = None
        if settings.hmac_secret is not None:
            known = Known(settings.hmac_secret, self.rules.book.shops, PhoneLinks(), suppressions, partitions)
        return Inbound(
            self._options,
            settings.app_id,
            membership={
                "session_timeout_ms": round(settings.session_timeout * 1000),
                "heartbeat_interval_ms": round(settings.heartbeat_interval * 1000),
                "group_instance_id": settings.instance_id,
            },
            known=known,
            policy_for=policy_for,
            metrics=self.metrics,
            dead_letters=partitions[DEAD_LETTERS.name],
            limits=self._limits,
            future_bound=settings.future_bound_us,
        )

    def _say(self, policy: DeliveryPolicy, partitions: Mapping[str, int]) -> None:
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
            partitions=partitions[CO_PARTITIONED[0].name],
            fetch=settings.fetch,
            ledger=settings.ledger,
            rows_in=settings.rows,
            standby=settings.standby,
            instance=settings.instance_id,
        )

    # -- while it runs

    async def _work(
        self, faust: ChunkApp, shared: SharedLog, inbound: Inbound | None, stop: asyncio.Event
    ) -> None:
        stopping = asyncio.create_task(stop.wait())
        dying = asyncio.create_task(faust._crashed.wait())
        blind = asyncio.create_task(shared.ended())
        assert self._ownership is not None
        unreadable = asyncio.create_task(self._ownership.unreadable())
        deaf = asyncio.create_task(stop.wait() if inbound is None else inbound.ended())
        ends = {stopping, dying, blind, unreadable, deaf}
        starting = asyncio.create_task(faust.start())
        observing = asyncio.create_task(self._observe())
        try:
            await asyncio.wait({starting, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if not (starting.done() and starting.exception()):
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            log.info("stopping: draining, committing, leaving the group")
        finally:
            if faust.crash_reason is not None:
                self.readiness.failed = repr(faust.crash_reason)
            elif self.readiness.failed is None:
                self.readiness.failed = "stopping"
            for task in (*ends, observing):
                task.cancel()
            await faust.stop()
            await asyncio.gather(starting, observing, return_exceptions=True)
        if faust.crash_reason is not None:
            raise faust.crash_reason
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
