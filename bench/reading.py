"""What an engine wrote: exactly as many commands as the job is due, each its own."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from bench.processes import RunFailed

PATIENCE: Final = 90.0


def check_commands(bootstrap: str, topic: str, since: list[int], wanted: int, patience: float = PATIENCE) -> None:
    """Wait until `wanted` commands of `topic` (from the offsets `since`, by partition) can be read as committed.

    Raises RunFailed when there are more, when an id is there twice, or when fewer came within `patience` seconds.
    """
    ids = _ids(bootstrap, topic, since, wanted, patience)
    if ids.total() != wanted or len(ids) != wanted:
        raise RunFailed(f"{topic} has {ids.total()} commands, {len(ids)} of them distinct; {wanted} are due")


def _ids(bootstrap: str, topic: str, since: list[int], wanted: int, patience: float) -> Counter[str]:
    """Every command id, read until all ends are reached and there are enough."""
    reader = Consumer({
        "bootstrap.servers": bootstrap, "group.id": "bench-check", "isolation.level": "read_committed",
        "enable.auto.commit": False, "enable.partition.eof": True, "fetch.wait.max.ms": 50,
        "fetch.queue.backoff.ms": 10,
    })  # fmt: skip
    ids: Counter[str] = Counter()
    at_end: set[int] = set()
    deadline = time.monotonic() + patience
    try:
        reader.assign([TopicPartition(topic, partition, offset) for partition, offset in enumerate(since)])
        while time.monotonic() < deadline and not (len(at_end) == len(since) and ids.total() >= wanted):
            for message in reader.consume(5_000, 0.2):
                error = message.error()
                if error is None:
                    at_end.discard(message.partition() or 0)
                    ids[orjson.loads(message.value() or b"{}")["command_id"]] += 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    at_end.add(message.partition() or 0)
                else:
                    raise KafkaException(error)
    finally:
        reader.close()
    return ids
