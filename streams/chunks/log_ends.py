"""How far each log reached, by the broker's own answers to fetches, and since when that is known.

"At the end" means that the fetch position, control and aborted records passed, has reached the last stable offset.
A fetch answers with that offset; ListOffsets is no substitute (the embedded broker answers it with the last batch's
base offset). The time of asking goes along, because a log's end answered to a question asked at 12:00:00 covers every
record that was in the log at 12:00:00: emission on the wall clock waits for exactly that.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition


class LogEnd(NamedTuple):
    """`offset`: the first that was not yet stable; `asked`: monotonic seconds when the fetch was sent; `begins`: the
    first offset that the log still had then, -1 where the broker does not say; `written`: the first that was not yet
    written, beyond `offset` while some transaction is open."""

    offset: int
    asked: float
    begins: int = -1
    written: int = 0


class WatchedClient:
    """aiokafka's client as its fetcher sees it: passes everything on and notes the ends in fetch answers.

    The fetcher keeps only the newest end, not when it was asked for, and asks its client for nothing else of interest.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._ends: dict[TopicPartition, LogEnd] = {}

    @property
    def ends(self) -> Mapping[TopicPartition, LogEnd]:
        """The newest known ends. Written by the consumer's thread, read by others: entries are replaced whole."""
        return self._ends

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: Any, request: Any, **options: Any) -> Any:
        asked = time.monotonic()
        answer = await self._client.send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            self._note(answer, asked)
        return answer

    def _note(self, answer: Any, asked: float) -> None:
        for topic, partitions in answer.topics:
            for partition, error, high_watermark, *rest in partitions:
                if error:
                    continue
                # Fetch answers before version 4 and brokers without transactions know no last stable offset.
                stable = rest[0] if answer.API_VERSION >= 4 and rest[0] >= 0 else high_watermark
                begins = rest[1] if answer.API_VERSION >= 5 else -1
                self._ends[TopicPartition(topic, partition)] = LogEnd(stable, asked, begins, high_watermark)
