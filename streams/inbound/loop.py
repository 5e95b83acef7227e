"""The loop that owns partitions of `inbound-sms`: SMS in, one committed stretch of them after another out.

A consumer group of its own, `<app>-inbound`, of which every worker is a member. A partition is opened before anything
of it is handled: its delivery first (with transactions its id is `<app>-inbound-<partition>`, and opening it fences
whoever still believes to own it), then the group's offset as it is committed by now, from which is read. What was
fetched before that is dropped.

Before a stretch is handled `phone-links` is read past what is in it at that moment, so that whoever had the phone when
the SMS came is known.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from schemas.topics import DEAD_LETTERS, INBOUND_SMS, PHONE_LINKS
from schemas.wire import Malformed, SmsReceived, decode_inbound
from streams.chunks.chunk import Columns
from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.membership import Membership
from streams.chunks.stopping import stop_consumer
from streams.delivery import Delivery, DeliveryFailed, DeliveryPolicy, Outgoing, Record
from streams.delivery.at_least_once import CommitOffsets
from streams.following import following
from streams.inbound.handling import Known, NoSuchPhone, Stretch, handle
from streams.letters import fitting, letter
from streams.metrics import Metrics
from streams.shared_log import SharedLog
from streams.suppressions.merged import NoSecret

log: Final = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.25
AGAIN_SECONDS: Final = 0.5
AGAIN_SECONDS_MOST: Final = 15.0
FINISH_SECONDS: Final = 10.0
"""How long what is under way may take at the end."""
LINKS_SECONDS: Final = 60.0
"""How long `phone-links` may take: at start it is read whole."""
STRETCH: Final = 16
"""SMS after which the loop gives way to the worker's other work: to understand one takes up to a millisecond."""
METADATA_MS: Final = 3_000
"""As for the workers' own group (streams.chunks.faust_app)."""
_MILLISECOND: Final = 1000

NO_SECRET: Final = (
    "the topic inbound-sms holds answers of phones, and without REWAKE_HMAC_SECRET nobody can be opted out: set it to "
    "the secret that the suppressions were written with (any of 32 characters or more, where there are none yet)"
)

PolicyFor = Callable[[CommitOffsets], DeliveryPolicy]


def group_of(app_id: str) -> str:
    """The consumer group, and what transactional ids begin with."""
    return f"{app_id}-inbound"


class Inbound(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """One worker's. `options` are any aiokafka client's, `membership` the consumer's own on top of them; `known` is
    None where there is no secret: then the loop ends, with NoSecret, as soon as there is something to do."""

    def __init__(
        self,
        options: Mapping[str, Any],
        app_id: str,
        *,
        membership: Mapping[str, Any],
        known: Known | None,
        policy_for: PolicyFor,
        metrics: Metrics,
        dead_letters: int,
        limits: Mapping[str, int],
    ) -> None:
        self._options = {**options, **membership, "group_id": group_of(app_id)}
        self._known = known
        self._policy = policy_for(self._commit_offsets)
        self._metrics = metrics
        self._dead_letters = dead_letters
        self._limits = limits
        self._links = SharedLog(options, [], {PHONE_LINKS.name: _pass if known is None else known.links.take})
        self._consumer: Any = None
        self._assigned: set[int] = set()
        self._open: dict[int, Delivery] = {}
        self._pause: dict[int, float] = {}
        self._again: dict[int, float] = {}
        """By partition that can't be opened or written: how long it waits before it is tried again, and until when
        (monotonic seconds)."""
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs within; what is under way is made durable at the end. The customers' partitions need not wait for it to
        begin: to join a group takes seconds."""
        self._consumer = AIOKafkaConsumer(
            **self._options, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed",
            metadata_max_age_ms=METADATA_MS,
        )  # fmt: skip
        try:
            async with following(self._run(), "inbound") as self._task:
                try:
                    yield
                finally:
                    # what waits for a broker that does not answer is not waited for: its transaction is settled by
                    # whoever opens the partition next
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(FINISH_SECONDS), self._working:
                            self._assigned = set()
                            self._task.cancel()
                    self._assigned = set()
        finally:
            await self._let_go(list(self._open))
            await stop_consumer(self._consumer)
            await self._links.stop()

    async def ended(self) -> None:
        """Wait until the loop ends, which it does by itself only where it can't begin (KafkaError), is no member of its
        group and never will be (NoMember), or has no secret (NoSecret); raises the same."""
        assert self._task is not None
        await asyncio.wait({self._task})
        self._task.result()

    # -- membership

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """What is under way is finished first: the group waits."""
        async with self._working:
            self._assigned = set()
            await self._let_go(list(self._open))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._assigned = {tp.partition for tp in assigned}
        log.info("inbound owned", partitions=sorted(self._assigned), delivery=self._policy.name)

    async def _commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        await self._consumer.commit({TopicPartition(*tp): OffsetAndMetadata(at, "") for tp, at in offsets.items()})

    async def _let_go(self, numbers: Collection[int]) -> None:
        closing = [self._open.pop(number) for number in numbers if number in self._open]
        await asyncio.gather(*(delivery.close() for delivery in closing))

    # -- the loop

    async def _run(self) -> None:
        await self._links.start()
        await self._consumer.start()
        membership = Membership(self._consumer._coordinator)
        self._consumer.subscribe([INBOUND_SMS.name], listener=self)
        while True:
            membership.heed()
            for number in sorted(self._assigned - self._open.keys()):
                if time.monotonic() < self._again.get(number, 0.0):
                    continue
                async with self._working:
                    if number in self._assigned:
                        await self._try(number, self._opened(number))
            try:
                fetched = await self._fetch()
            except KafkaError:
                log.exception("reading inbound SMS failed; trying again")
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for tp, columns in fetched.items():
                async with self._working:
                    if tp.partition in self._open:
                        await self._try(tp.partition, self._take(tp.partition, columns))

    async def _fetch(self) -> dict[TopicPartition, Columns]:
        ready = [TopicPartition(INBOUND_SMS.name, number) for number in self._open]
        fetcher = self._consumer._fetcher
        # Also by whom nothing is owned: who seems to fetch nothing for minutes has left the group for good, as aiokafka
        # sees it, and would not take over from those who own something.
        with fetcher._subscriptions.fetch_context():
            if ready:
                return await fetch(fetcher, ready, drain=drain_batches, seconds=POLL_SECONDS)
            await asyncio.sleep(POLL_SECONDS)
            return {}

    async def _try(self, number: int, work: Any) -> None:
        """A partition that fails is closed, and opened again after a while; the others go on."""
        try:
            await work
        except (DeliveryFailed, KafkaError, IllegalStateError, TimeoutError) as failure:
            pause = self._pause[number] = min(2 * self._pause.get(number, AGAIN_SECONDS / 2), AGAIN_SECONDS_MOST)
            self._again[number] = time.monotonic() + pause
            log.warning("inbound partition failed; opening it again", partition=number, why=repr(failure), after=pause)
            await self._let_go([number])

    async def _opened(self, number: int) -> None:
        """Fence, then ask where to go on. Not while the group knows this member no more: somebody else is the owner."""
        coordinator = self._consumer._coordinator
        if coordinator.generation < 0 or not await coordinator._do_heartbeat():
            return
        delivery = self._policy.delivery(number)
        try:
            await delivery.open()
            tp = TopicPartition(INBOUND_SMS.name, number)
            committed = (await coordinator.fetch_committed_offsets([tp])).get(tp)
            if committed is not None and committed.offset >= 0:
                self._consumer.seek(tp, committed.offset)
            else:
                await self._consumer.seek_to_beginning(tp)
        except BaseException:
            await delivery.close()
            raise
        self._open[number] = delivery

    async def _take(self, number: int, columns: Columns) -> None:
        if columns.offsets:
            if self._known is None:
                raise NoSecret(NO_SECRET)
            async with asyncio.timeout(LINKS_SECONDS):
                await self._links.caught_up(PHONE_LINKS.name)
        outgoing, meant = Outgoing(offsets={INBOUND_SMS.name: columns.next}), Counter[str]()
        stretch = None if self._known is None else Stretch(self._known)
        for index, event in enumerate(decode_inbound(columns.values)):
            meant[self._one(stretch, number, columns, index, event, outgoing)] += 1
            if index % STRETCH == STRETCH - 1:
                await asyncio.sleep(0)
        await self._open[number].commit(outgoing)
        self._pause.pop(number, None)
        for means, times in meant.items():
            self._metrics.inbound_sms.labels(means=means).inc(times)

    def _one(
        self,
        stretch: Stretch | None,
        number: int,
        columns: Columns,
        index: int,
        event: SmsReceived | Malformed,
        outgoing: Outgoing,
    ) -> str:
        """What one record was; what it causes goes into `outgoing`, all of it or a dead letter."""
        assert stretch is not None
        if isinstance(event, Malformed):
            return self._refused(number, columns, index, event.reason, event.detail, outgoing)
        # It came before it was written, whatever the clock of its dispatcher says: of what was handed over all is to be
        # called back that has not left by now.
        written = columns.timestamps[index] * _MILLISECOND + _MILLISECOND - 1
        mine = Outgoing()
        try:
            means = handle(stretch.known, event, min(event.at, written), mine)
        except NoSuchPhone:
            return self._refused(number, columns, index, "invalid-value", "phone: is no number", outgoing)
        except Exception as error:  # a fault of ours costs one SMS, loudly, and not all that come after it
            log.exception("an inbound SMS could not be handled", partition=number, offset=columns.offsets[index])
            return self._refused(number, columns, index, "engine-error", type(error).__name__, outgoing)
        stretch.note(mine)
        for (topic, partition), records in mine.published.items():
            for record in records:
                outgoing.publish(topic, partition, record)
        return means

    def _refused(
        self, number: int, columns: Columns, index: int, reason: Any, detail: str, outgoing: Outgoing
    ) -> str:
        made: Record = letter(INBOUND_SMS.name, number, columns, index, reason, detail).record
        outgoing.publish(
            DEAD_LETTERS.name, number % self._dead_letters, fitting(made, self._limits.get(DEAD_LETTERS.name))
        )
        self._metrics.dead_letters.labels(topic=INBOUND_SMS.name, reason=reason).inc()
        return "dead-letter"


def _pass(columns: Columns) -> None:
    """Without a secret nobody asks whose phone it is."""
