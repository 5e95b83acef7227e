"""A test message asked for, and what became of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from schemas.emitted import CancelSms, Command, Decision, decode_command, decode_decision
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.topics import CRM_COMMANDS, CUSTOMER_EVENTS, DECISIONS, SMS_COMMANDS
from streams.chunks.chunk import Columns
from streams.chunks.reader import Reader
from streams.customers.found import NoTopics
from triggers.journeys import TEST

_FROM: Final = (DECISIONS.name, SMS_COMMANDS.name, CRM_COMMANDS.name)


@dataclass(slots=True)
class Tried:
    """`decision` None: nobody has judged it yet. `commands` by id, those of this customer that were seen."""

    event_id: str
    decision: Decision | None = None
    seen: dict[str, Command] = field(default_factory=dict)

    @property
    def commands(self) -> list[Command] | None:
        """What the decision sent; None while some of it is not seen yet."""
        if self.decision is None or not set(self.decision.command_ids) <= self.seen.keys():
            return None
        return [self.seen[command_id] for command_id in self.decision.command_ids]


async def try_out(
    reader: Reader,
    options: Mapping[str, Any],
    shop_id: str,
    customer_id: str,
    rule: str,
    step: str | None,
    *,
    wait: float,
) -> Tried:
    """Publish the request and wait, `wait` seconds at most, for what becomes of it. Raises NoTopics, KafkaError."""
    key = customer_key(shop_id, customer_id)
    counts = await reader.partitions([CUSTOMER_EVENTS.name, *_FROM])
    missing = [name for name in (CUSTOMER_EVENTS.name, *_FROM) if name not in counts]
    if missing:
        raise NoTopics(", ".join(missing))
    await reader.from_ends([TopicPartition(name, partition_of(key, counts[name])) for name in _FROM])

    tried = Tried(uuid.uuid4().hex)
    event = {
        "type": "TestRequested", "event_id": tried.event_id, "shop_id": shop_id, "customer_id": customer_id,
        "occurred_at": rfc3339(time.time_ns() // 1000), "rule": rule,
    }  # fmt: skip
    if step is not None:
        event["step"] = step
    async with AIOKafkaProducer(**options, acks="all") as producer:
        partition = partition_of(key, counts[CUSTOMER_EVENTS.name])
        await producer.send_and_wait(CUSTOMER_EVENTS.name, orjson.dumps(event), key=key, partition=partition)

    def take(place: TopicPartition, columns: Columns) -> None:
        for found, value in zip(columns.keys, columns.values, strict=True):
            if found != key or value is None:
                continue
            if place.topic == DECISIONS.name:
                decision = decode_decision(value)
                if decision.epoch == f"{TEST}{tried.event_id}":
                    tried.decision = decision
            else:
                command = decode_command(value)
                if not isinstance(command, CancelSms) and command.test:
                    tried.seen[command.command_id] = command

    until = time.monotonic() + wait
    while tried.commands is None and time.monotonic() < until:
        await reader.follow(take)
    return tried
