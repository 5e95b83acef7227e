"""Events into topics, fast: some 200,000 records a second through librdkafka, checked by the topics' ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench import job as jobs
from bench.job import TOPICS, Job, Reference
from schemas.partitioner import partition_of
from schemas.topics import HOLD_CLOCK, MARKETING_EVENTS, Partitions
from streams.provision import provide

PARTITIONS: Final = 4
PEER_EVENTS: Final = "peer-events"
_POLL_EVERY: Final = 2_000


class PublishingFailed(RuntimeError):
    """The broker did not take everything."""


class Publisher:
    """A producer to `bootstrap`; `put` never waits but for room. Leaves with everything on the broker, or raises."""

    def __init__(self, bootstrap: str, linger_ms: int = 20) -> None:
        self._producer = Producer({
            "bootstrap.servers": bootstrap, "linger.ms": linger_ms, "batch.size": 500_000, "enable.idempotence": True,
            "queue.buffering.max.messages": 500_000, "queue.buffering.max.kbytes": 512_000, "log_level": 3,
        })  # fmt: skip
        self._sent = 0


    def put(self, topic: str, partition: int, key: bytes | None, value: bytes, at: int = 0) -> None:
        """`at`: the record's own time, milliseconds; 0 for now."""
        while True:
            try:
                self._producer.produce(topic, value, key, partition, timestamp=at)
                break
            except BufferError:
                self._producer.poll(0.05)
        self._sent += 1
        if self._sent % _POLL_EVERY == 0:
            self._producer.poll(0)

    def poll(self) -> None:
        """Let go of what the broker has taken."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Everything put is on the broker. Raises PublishingFailed."""
        left = self._producer.flush(60)
        if left:
            raise PublishingFailed(f"{left} records were not taken within a minute")


def ends(bootstrap: str, topic: str, partitions: int = PARTITIONS) -> list[int]:
    """The end of each partition (its high watermark)."""
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-ends", "log_level": 3})
    try:
        return [reader.get_watermark_offsets(TopicPartition(topic, p), timeout=20)[1] for p in range(partitions)]
    finally:
        reader.close()


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})


def create(bootstrap: str, *topics: str, config: dict[str, str] | None = None) -> None:
    """Topics of PARTITIONS partitions that keep everything."""
    settings = {"retention.ms": "-1", **(config or {})}
    admin = _admin(bootstrap)
    made = admin.create_topics([NewTopic(topic, PARTITIONS, 1, config=settings) for topic in topics])
    for done in made.values():
        done.result(30)


def delete(bootstrap: str, prefix: str) -> None:
    """Topics that a run made for itself: those whose name begins with `prefix`."""
    admin = _admin(bootstrap)
    found = [topic for topic in admin.list_topics(timeout=20).topics if topic.startswith(prefix)]
    if found:
        for done in admin.delete_topics(found).values():
            done.result(30)


def provide_topics(bootstrap: str, app: str) -> None:
    """Rewake's topics, and an application's own."""
    options: dict[str, Any] = {"bootstrap_servers": bootstrap}
    asyncio.run(provide(options, app=app, partitions=PARTITIONS, default_partitions=PARTITIONS, history=True))


@lru_cache(maxsize=4_000_000)
def placed(customer: int) -> tuple[bytes, int]:
    """Rewake's record key of a customer and its partition."""
    key = f"main:{jobs.name(customer)}".encode()
    return key, partition_of(key, PARTITIONS)


@lru_cache(maxsize=4_000_000)
def placed_for_peers(customer: int) -> tuple[bytes, int]:
    """The peers' record key of a customer and its partition, as Kafka's Java client would choose it."""
    key = jobs.name(customer).encode()
    return key, partition_of(key, PARTITIONS)


def publish_customers(bootstrap: str, job: Job, *, consents: bool = False) -> int:
    """Everybody's profile (and consent) an hour before the first event; how many records."""
    publisher, at = Publisher(bootstrap), job.begin_ms - 3_600_000
    for customer in range(job.customers):
        key, partition = placed(customer)
        publisher.put("customer-events", partition, key, jobs.profile(customer, at))
        if consents:
            publisher.put("customer-events", partition, key, jobs.consent(customer, at))
    publisher.flush()
    return job.customers * (1 + consents)


def publish_job(bootstrap: str, job: Job, *, ours: bool = True, peers: str | None = None) -> int:
    """The events into Rewake's topics and, the same bytes, into the topic `peers`; how many commands they must lead to.

    The peers' records carry the event's time (Kafka Streams goes by it); Rewake's have none of their own. Its clock
    markers are not among them (`publish_markers`).
    """
    publisher, reference = Publisher(bootstrap), Reference()
    for event in jobs.made(job):
        reference.take(event.kind, event.customer, event.at)
        if ours:
            key, partition = placed(event.customer)
            publisher.put(TOPICS[event.kind], partition, key, event.value)
        if peers is not None:
            key, partition = placed_for_peers(event.customer)
            publisher.put(peers, partition, key, event.value, event.at)
    if peers is not None:
        for partition in range(PARTITIONS):
            publisher.put(peers, partition, f"flush-{partition}".encode(), jobs.flush(job, partition), job.end_ms)
    publisher.flush()
    return reference.finish(job.end_ms)


def publish_markers(bootstrap: str, at: int, *, without: Iterable[str] = ()) -> None:
    """Rewake's clock reaches `at` (milliseconds) on every partition of every topic that holds it, but those named."""
    publisher, skipped = Publisher(bootstrap), set(without)
    for spec in HOLD_CLOCK:
        if spec.name in skipped:
            continue
        for partition in range(1 if spec.partitions is Partitions.ONE else PARTITIONS):
            publisher.put(spec.name, partition, None, marker(spec.name, partition, at))
    publisher.flush()


def publish_shared_marker(bootstrap: str, at: int) -> None:
    """The one marker that `publish_markers(without=[MARKETING])` held back: now every partition may go on."""
    publisher = Publisher(bootstrap)
    publisher.put(MARKETING_EVENTS.name, 0, None, marker(MARKETING_EVENTS.name, 0, at))
    publisher.flush()


MARKETING: Final = MARKETING_EVENTS.name


def marker(topic: str, partition: int, at: int) -> bytes:
    return (
        f'{{"type":"ClockAdvanced","event_id":"clock-{topic}-{partition}-{at}","occurred_at":"{jobs.instant(at)}"}}'
    ).encode()


def check_published(bootstrap: str, wanted: dict[str, int]) -> None:
    """The topics hold as many records as were meant. Raises PublishingFailed."""
    found = Counter({topic: sum(ends(bootstrap, topic)) for topic in wanted})
    if found != Counter(wanted):
        raise PublishingFailed(f"published {dict(found)}, meant {wanted}")
