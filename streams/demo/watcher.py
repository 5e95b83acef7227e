"""Reads what the worker writes: its output topics and its changelog, from their beginnings, without a group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CRM_COMMANDS, DEAD_LETTERS, DECISIONS, SMS_COMMANDS, changelog
from streams.demo.picture import Picture

_POLL_MS: Final = 100


class Watcher:
    """Folds records into `picture`: `start`, `run` until cancelled, `stop`."""

    def __init__(self, client_options: Mapping[str, Any], *, app: str, picture: Picture) -> None:
        self.read = 0
        """Records read so far."""
        self._picture = picture
        self._rows = changelog(app).name
        self._consumer = AIOKafkaConsumer(
            **client_options, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=_POLL_MS
        )

    async def start(self) -> None:
        """Connect. The topics must be there."""
        await self._consumer.start()
        cluster = await self._consumer._client.fetch_all_metadata()
        topics = (SMS_COMMANDS.name, CRM_COMMANDS.name, DECISIONS.name, DEAD_LETTERS.name, self._rows)
        partitions = [TopicPartition(topic, n) for topic in topics for n in cluster.partitions_for_topic(topic) or ()]
        self._consumer.assign(partitions)
        await self._consumer.seek_to_beginning(*partitions)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=2000)
            for where, records in fetched.items():
                fold = self._fold(where.topic)
                for record in records:
                    fold(record)
                self.read += len(records)
            await asyncio.sleep(0.02)  # others have something to do as well

    async def stop(self) -> None:
        await self._consumer.stop()

    def _fold(self, topic: str) -> Callable[[Any], None]:
        picture = self._picture
        folds: dict[str, Callable[[Any], None]] = {
            SMS_COMMANDS.name: lambda record: picture.on_command(record.value),
            CRM_COMMANDS.name: lambda record: picture.on_crm_command(record.value),
            DECISIONS.name: lambda record: picture.on_decision(record.value),
            DEAD_LETTERS.name: lambda record: picture.on_letter(record.value, dict(record.headers)["reason"].decode()),
            self._rows: lambda record: picture.on_row(record.partition, record.key, record.value),
        }
        return folds[topic]
