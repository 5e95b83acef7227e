"""Reading the rows of newly assigned partitions back from the changelog, in chunks.

To be called once their deliveries are open: then a former owner can write no more, and the changelog up to its last
stable offset is what was committed. Rows stay bytes; a million of them take a few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from streams.chunks.fetch import drain_batches, fetch
from streams.chunks.log_ends import WatchedClient
from streams.table import Table

log: Final = structlog.get_logger(__name__)

FETCH_BYTES: Final = 4 << 20
POLL_SECONDS: Final = 0.05


class ChangelogRows:
    """Reads rows from the `changelog` topic; `options` for any aiokafka client."""

    def __init__(self, options: Mapping[str, Any], changelog: str) -> None:
        self._options = options
        self._changelog = changelog

    async def read(self, tables: Mapping[int, Table[Any]], superseded: Callable[[], bool]) -> bool:
        """Fill `tables` (by partition number). False when `superseded` said that it is no longer wanted.

        Raises KafkaError when the broker can't be read.
        """
        consumer = AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            # From the answers to our own fetches, all asked since: the embedded broker answers ListOffsets wrongly.
            watched = consumer._fetcher._client = WatchedClient(consumer._fetcher._client)
            left = {TopicPartition(self._changelog, number): table for number, table in tables.items()}
            consumer.assign(list(left))
            await consumer.seek_to_beginning(*left)
            with _without_gc():
                while left:
                    if superseded():
                        return False
                    fetched = await fetch(consumer._fetcher, left, drain=drain_batches, seconds=POLL_SECONDS)
                    for tp, columns in fetched.items():
                        left[tp].restore(columns.keys, columns.values)
                    for tp in list(left):
                        end = watched.ends.get(tp)
                        if end is not None and await consumer.position(tp) >= end.offset:
                            del left[tp]
                    await asyncio.sleep(0)
            return True
        finally:
            await consumer.stop()


@contextlib.contextmanager
def _without_gc() -> Iterator[None]:
    """A million new objects, none of them garbage: the collector would walk all of them again and again.

    Afterwards they are left out of its walks for good.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
