"""Forgetting a customer: the event that does it, and what can be seen of it afterwards.

The event takes the way of every other: the worker that owns the partition applies it in its place among the customer's
events. So it needs a worker, and is in force once the changelog holds the marker.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from schemas.emitted import CancelSms
from schemas.instants import HOUR, rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.topics import CUSTOMER_EVENTS, SMS_COMMANDS, TOPICS, Cleanup, changelog
from streams.chunks.chunk import Columns
from streams.chunks.reader import Reader
from streams.customers.found import NoTopics
from streams.customers.told import is_marker
from streams.dispatching import understood
from streams.provision import FOREVER, Existing, longest_retention
from triggers.customer import decode_row
from triggers.erasure import GONE_WITHIN, MARKER_KEPT

_TIME_BYTES: Final = 8
"""More than it takes a broker to look at its logs and to delete what is too old."""


@dataclass(slots=True)
class Erased:
    """`done`: the row is marked as erased since `at` (microseconds) or later. `bare`: and nothing else is left in it;
    else the customer has come back since. `cancelled`: ids of messages that were called back."""

    shop_id: str
    customer_id: str
    event_id: str
    at: int
    done: bool = False
    bare: bool = False
    cancelled: list[str] = field(default_factory=list)


async def erase(
    reader: Reader, options: Mapping[str, Any], app: str, shop_id: str, customer_id: str, *, wait: float
) -> Erased:
    """Publish the erasure and wait, `wait` seconds at most, until it is in force. Raises NoTopics, KafkaError."""
    rows = changelog(app).name
    key = customer_key(shop_id, customer_id)
    counts = await reader.partitions([CUSTOMER_EVENTS.name, SMS_COMMANDS.name, rows])
    missing = [name for name in (CUSTOMER_EVENTS.name, SMS_COMMANDS.name, rows) if name not in counts]
    if missing:
        raise NoTopics(", ".join(missing))
    written = [TopicPartition(name, partition_of(key, counts[name])) for name in (rows, SMS_COMMANDS.name)]
    await reader.from_ends(written)

    erased = Erased(shop_id, customer_id, f"erased-{uuid.uuid4().hex}", time.time_ns() // 1000)
    event = {
        "type": "CustomerErased", "event_id": erased.event_id, "shop_id": shop_id, "customer_id": customer_id,
        "occurred_at": rfc3339(erased.at),
    }  # fmt: skip
    async with AIOKafkaProducer(**options, acks="all") as producer:
        partition = partition_of(key, counts[CUSTOMER_EVENTS.name])
        await producer.send_and_wait(CUSTOMER_EVENTS.name, orjson.dumps(event), key=key, partition=partition)

    def take(place: TopicPartition, columns: Columns) -> None:
        for found, value in zip(columns.keys, columns.values, strict=True):
            if found == key and value is not None:
                (_see_row if place.topic == rows else _see_command)(erased, value)

    until = time.monotonic() + wait
    while not erased.done and time.monotonic() < until:
        await reader.follow(take)
    if erased.done:  # what the same transaction wrote beside the row is readable now
        await asyncio.sleep(0.1)
        await reader.follow(take)
    return erased


def _see_row(erased: Erased, value: bytes) -> None:
    row = decode_row(value[_TIME_BYTES:])
    erased.done = row.erased_at >= erased.at
    erased.bare = is_marker(row)


def _see_command(erased: Erased, value: bytes) -> None:
    command = understood(value)
    if isinstance(command, CancelSms) and command.reason == "erased" and command.cancels not in erased.cancelled:
        erased.cancelled.append(command.cancels)


def gone_by(at: int, existing: Mapping[str, Existing]) -> tuple[int | None, list[str]]:
    """The instant by which everything is gone that was written of a customer before `at`, and the marker, as the topics
    are set; None, and the topics that keep it, where some keep records for ever."""
    longest, for_ever = 0, []
    kept = longest_retention(existing)
    for spec in TOPICS:
        config = existing[spec.name].config if spec.name in existing else {}
        if spec.cleanup is not Cleanup.DELETE:
            continue
        retention = config.get("retention.ms", str(spec.retention_ms))
        if retention == FOREVER:
            for_ever.append(spec.name)
            continue
        # a record stays for as long as younger ones lie in its segment
        segment = config.get("segment.ms", spec.config().get("segment.ms", "0"))
        longest = max(longest, int(retention) + int(segment))
    if kept is None:
        return None, for_ever
    return at + max(longest * 1000 + HOUR, max(kept, MARKER_KEPT) + GONE_WITHIN), []
