"""The storefront's side: events to their topics, each exactly once whatever happens to the broker meanwhile."""

from __future__ import annotations

import asyncio
import types
from typing import Any, Final, Self

import orjson
from aiokafka import AIOKafkaProducer

from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.topics import HOLD_CLOCK, Partitions, topic_of

_PATIENCE_MS: Final = 180_000


class Publisher:
    """An idempotent producer past the proxies. `events`, `markers`: records handed over."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, request_timeout_ms=_PATIENCE_MS
        )
        self._partitions = partitions
        self._sent: list[asyncio.Future[Any]] = []
        self.events = 0
        self.markers = 0

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def publish(self, event: dict[str, Any]) -> None:
        """One customer's event. It leaves soon; `flush` says that it is there."""
        key = customer_key(event.get("shop_id", "main"), event["customer_id"])
        topic = topic_of(event["type"]).name
        await self._send(topic, key, orjson.dumps(event), partition_of(key, self._partitions))
        self.events += 1

    async def mark(self, at: int) -> None:
        """Time has come to `at` (microseconds), on every partition of every input that holds the clock."""
        for spec in HOLD_CLOCK:
            for partition in range(1 if spec.partitions is Partitions.ONE else self._partitions):
                marker = {
                    "type": "ClockAdvanced",
                    "event_id": f"clock-{spec.name}-{partition}-{at}",
                    "occurred_at": rfc3339(at),
                }
                await self._send(spec.name, None, orjson.dumps(marker), partition)
                self.markers += 1

    async def flush(self) -> None:
        """Wait until everything handed over is in the logs. Raises KafkaError when something never will be."""
        sent, self._sent = self._sent, []
        await asyncio.gather(*sent)

    async def _send(self, topic: str, key: bytes | None, value: bytes, partition: int) -> None:
        self._sent.append(await self._producer.send(topic, key=key, value=value, partition=partition))
