"""The topic `products`: what a feed changed goes in, every worker's product store is filled from it.

The topic has one partition and is compacted; whoever needs products reads it whole, by hand-made assignment, into a
local store, and goes on from the position that the store keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from feeds.differ import Changed, Difference, Held, Vanished, differences
from feeds.snapshots import BadSnapshot, decode, encode, key_of, read_key
from feeds.store import Change, Ordered, Store
from schemas.instants import HOUR, MINUTE
from schemas.topics import MAX_RECORD_BYTES, PRODUCTS
from streams.chunks.stopping import stop_consumer
from streams.syncs import begin_key, begin_mark, is_mark, mark, mark_key, published_at

log: Final = structlog.get_logger(__name__)

AGAIN_SECONDS: Final = 1.0

_BATCH: Final = 1000

TRUSTED_FOR: Final = 20 * HOUR
"""How long (microseconds) a store may have been away from the topic. Brokers forget tombstones after
`delete.retention.ms`, 24 hours by default: an older store could keep products that have vanished, so it is filled
again."""


class ProductsTopicUnusable(Exception):
    """The topic is missing or has more than one partition."""


class ProductsReader:
    """Tails the topic into a store. `start`, `catch_up`, then `run` until cancelled, then `stop`.

    `options` are those of any aiokafka client; `wall` gives microseconds since the epoch; `on_bad(offset, why)` hears
    of records that are no snapshots, which are passed over.
    """

    def __init__(
        self,
        store: Store,
        options: Mapping[str, Any],
        *,
        wall: Callable[[], int],
        on_bad: Callable[[int, str], None],
        topic: str = PRODUCTS.name,
    ) -> None:
        self._store = store
        self._wall = wall
        self._on_bad = on_bad
        self._partition = TopicPartition(topic, 0)
        self._consumer = AIOKafkaConsumer(
            **options, group_id=None, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=250
        )
        self._position = 0
        self._synced_at: dict[str, int] = {}

    @property
    def synced_at(self) -> Mapping[str, int]:
        """When the newest sync of each shop was, in microseconds, finished or not, as far as its marks were read."""
        return self._synced_at

    @property
    def position(self) -> int:
        """The offset at which reading goes on."""
        return self._position

    async def start(self) -> None:
        """Connect, and go to where the store stands. ProductsTopicUnusable; aiokafka's errors as they are."""
        await self._consumer.start()
        topic = self._partition.topic
        # not `topics()` and `partitions_for_topic()`: the latter knows only topics that were subscribed to or assigned
        cluster = await self._consumer._client.fetch_all_metadata()
        partitions = cluster.partitions_for_topic(topic)
        if partitions is None:
            raise ProductsTopicUnusable(f"there is no topic {topic}; make it with: rewake topics create")
        if partitions != {0}:
            raise ProductsTopicUnusable(f"the topic {topic} must have one partition")
        self._consumer.assign([self._partition])
        first, end = await self._ends()
        position, seen = self._store.position, self._store.caught_up_at
        if position is not None and (not first <= position <= end or seen is None or self._wall() - seen > TRUSTED_FOR):
            self._store.clear()
            position = None
        self._position = first if position is None else position
        self._consumer.seek(self._partition, self._position)

    async def catch_up(self) -> int:
        """Read to the end that the topic has now; the number of records taken."""
        _, end = await self._ends()
        taken = 0
        while self._position < end:
            taken += await self._take(500)
        self._store.apply((), position=self._position, caught_up_at=self._wall())
        return taken

    async def run(self) -> None:
        """Follow the topic until cancelled."""
        while True:
            try:
                await self._follow()
            except Exception:  # nobody waits for this task: prices would grow old without a word
                log.exception("following products failed; trying again")
                await asyncio.sleep(AGAIN_SECONDS)
                self._consumer.seek(self._partition, self._position)

    async def _follow(self) -> None:
        await self._take(1000)
        now = self._wall()
        seen = self._store.caught_up_at
        at_end = self._position >= (self._consumer.highwater(self._partition) or 0)
        if at_end and (seen is None or now - seen > MINUTE):
            self._store.apply((), caught_up_at=now)

    async def stop(self) -> None:
        await stop_consumer(self._consumer)

    async def _ends(self) -> tuple[int, int]:
        first = await self._consumer.beginning_offsets([self._partition])
        end = await self._consumer.end_offsets([self._partition])
        return int(first[self._partition]), int(end[self._partition])

    async def _take(self, wait_ms: int) -> int:
        found = await self._consumer.getmany(self._partition, timeout_ms=wait_ms, max_records=_BATCH)
        records = found.get(self._partition, [])
        # compaction and control records leave gaps: the consumer's own position passes them
        position = max(self._position, int(await self._consumer.position(self._partition)))
        if records or position != self._position:
            self._store.apply(self._changes(records), position=position)
            self._position = position
        return len(records)

    def _changes(self, records: Iterable[Any]) -> Iterator[Change]:
        for record in records:
            if is_mark(record.key):
                told = published_at(record.key, record.value)
                if told is not None:
                    shop_id, at = told
                    self._synced_at[shop_id] = max(at, self._synced_at.get(shop_id, 0))
                continue
            try:
                shop_id, product_id = read_key(record.key)
                product = None if record.value is None else decode(record.value)
                if product is not None and (product.shop_id, product.product_id) != (shop_id, product_id):
                    raise BadSnapshot("the key names another product than the value")
            except BadSnapshot as error:
                self._on_bad(record.offset, str(error))
            else:
                yield shop_id, product_id, product


@dataclass(slots=True)
class Synced:
    """What a sync found and published. `held` products could not be read this time and stay as they were."""

    sync_id: str
    changed: int = 0
    new: int = 0
    vanished: int = 0
    held: int = 0
    unchanged: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def sync(
    new: Ordered,
    old: Ordered,
    shop_id: str,
    options: Mapping[str, Any],
    *,
    at: int,
    held: Container[str] = (),
    complete: bool = True,
    topic: str = PRODUCTS.name,
) -> Synced:
    """Publish what differs between the topic (`old`, caught up) and the feed (`new`): that a sync begins, snapshots and
    tombstones, and last of all that it is over.

    `at` is the instant of the whole sync in microseconds. Publishing is not atomic: after a failure, sync again; what
    had arrived is then unchanged, and belongs to the sync that is told to be over.
    """
    synced = Synced(sync_id=blake2b(f"{shop_id}\x1f{at}".encode(), digest_size=8).hexdigest())
    found = differences(old.products(shop_id), new.products(shop_id), held=held, complete=complete)
    # Each only when the broker has all before it: a producer that tries again may put one behind the others.
    await publish([(begin_key(shop_id), begin_mark(shop_id, synced.sync_id, at))], options, topic=topic)
    await publish(records_of(found, synced, at), options, topic=topic)
    over = mark(shop_id, synced.sync_id, at, synced.changed)
    await publish([(mark_key(shop_id), over)], options, topic=topic)
    return synced


def records_of(found: Iterable[Difference], synced: Synced, at: int) -> Iterator[tuple[bytes, bytes | None]]:
    """What is published of these differences, counted in `synced` as it goes."""
    for difference in found:
        if isinstance(difference, Changed):
            product, previous = difference.product, difference.previous
            synced.changed += 1
            synced.new += previous is None
            yield key_of(product.shop_id, product.product_id), encode(product, previous, synced.sync_id, at)
        elif isinstance(difference, Vanished):
            synced.vanished += 1
            yield key_of(difference.previous.shop_id, difference.previous.product_id), None
        elif isinstance(difference, Held):
            synced.held += 1
        else:
            synced.unchanged += 1


async def publish(
    records: Iterable[tuple[bytes, bytes | None]], options: Mapping[str, Any], *, topic: str = PRODUCTS.name
) -> int:
    """Write (key, value or None for a tombstone) to the topic, acknowledged by all replicas; the number written."""
    producer = AIOKafkaProducer(**options, acks="all", linger_ms=5, max_request_size=MAX_RECORD_BYTES)
    await producer.start()
    written = 0
    waiting: list[asyncio.Future[Any]] = []
    try:
        for key, value in records:
            waiting.append(await producer.send(topic, value=value, key=key, partition=0))
            written += 1
            if len(waiting) >= _BATCH:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    return written
