"""When committed records can first be read: somebody who reads along."""

from __future__ import annotations

import asyncio
import time
import types
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

Place = tuple[str, int, int]
"""Topic, partition, offset."""

_WAIT_MS: Final = 100


class Watcher:
    """A reader under `read_committed` of some topics, from when it is entered. `seen`: by place, microseconds of the
    wall when the record was there to be read; it may have been there some milliseconds before. `told` is called with
    each new record and that instant."""

    def __init__(self, bootstrap: str, topics: Sequence[str], told: Callable[[Any, int], None]) -> None:
        self.seen: dict[Place, int] = {}
        self._topics = topics
        self._told = told
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False,
            fetch_max_wait_ms=_WAIT_MS,
        )  # fmt: skip
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        cluster = await self._consumer._client.fetch_all_metadata()
        places = [TopicPartition(name, one) for name in self._topics for one in cluster.partitions_for_topic(name)]
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning(*places)
        self._task = asyncio.create_task(self._run(), name="watcher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()

    async def _run(self) -> None:
        while True:
            found = await self._consumer.getmany(timeout_ms=_WAIT_MS)
            now = time.time_ns() // 1000
            for records in found.values():
                for record in records:
                    self.seen[record.topic, record.partition, record.offset] = now
                    self._told(record, now)
