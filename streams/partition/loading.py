"""A partition made ready: its delivery opened, then its offsets asked for, then its rows read.

The order matters. To open the delivery fences the former owner and settles its open transaction; from then on offsets
and rows are final.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

import structlog

from streams.delivery import Delivery, DeliveryPolicy
from streams.metrics import Metrics
from streams.partition.loop import Partition
from streams.partition.plan import PartitionPlan
from streams.partition.ports import Broker, RowsReader, SharedLogs
from streams.rows import RowStore
from streams.table import Table
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.layouts import LAYOUTS

log: Final = structlog.get_logger(__name__)

Made = Callable[[int, Table[CustomerRow], Delivery, Mapping[str, int]], Partition]
"""A partition of this number at work, with its rows, its open delivery and where its inputs go on."""


class Loading:
    """Of all partitions of a worker. `store` makes an empty store of rows, `made` the partition itself."""

    def __init__(
        self,
        plan: PartitionPlan,
        *,
        policy: DeliveryPolicy,
        rows: RowsReader,
        store: Callable[[], RowStore],
        shared: SharedLogs,
        metrics: Metrics,
        made: Made,
    ) -> None:
        self._inputs = [spec.name for spec in plan.inputs]
        self._policy = policy
        self._rows = rows
        self._store = store
        self._shared = shared
        self._metrics = metrics
        self._made = made

    async def load(
        self, broker: Broker, numbers: Collection[int], superseded: Callable[[], bool]
    ) -> list[Partition]:
        """These partitions, each at work and taking nothing yet. Empty when superseded.

        Raises DeliveryFailed, KafkaError, OSError; UnreadableRows for what only another release can read."""
        if not numbers:
            return []
        deliveries = {number: self._policy.delivery(number) for number in numbers}
        tables: dict[int, Table[CustomerRow]] = {}
        try:
            await asyncio.gather(*(delivery.open() for delivery in deliveries.values()))
            committed = await self.committed(broker, numbers)
            tables = {number: row_table(self._store()) for number in numbers}
            if await self._rows.read(tables, superseded):
                await self._forget_former_topics(broker, tables, committed)
                loaded = [self._made(n, tables.pop(n), deliveries.pop(n), committed[n]) for n in numbers]
                self._metrics.restored_rows.inc(sum(len(partition.table) for partition in loaded))
                return loaded
            return []
        finally:
            for table in tables.values():
                table.close()
            await asyncio.gather(*(delivery.close() for delivery in deliveries.values()))

    async def committed(self, broker: Broker, numbers: Collection[int]) -> dict[int, dict[str, int]]:
        """By partition number and topic: where to go on; the log's beginning where nothing was ever committed."""
        asked = [(topic, number) for number in numbers for topic in self._inputs]
        if not asked:
            return {}
        found = await broker.committed(asked)
        missing = [tp for tp in asked if tp not in found]
        if missing:
            found |= await broker.beginnings(missing)
        shared = self._shared.beginnings()
        return {number: {**shared, **{topic: found[topic, number] for topic in self._inputs}} for number in numbers}

    async def _forget_former_topics(
        self, broker: Broker, tables: Mapping[int, Table[CustomerRow]], committed: Mapping[int, Mapping[str, int]]
    ) -> None:
        """A topic that was deleted and made anew begins again at 0, and its group's offsets are gone with it: the
        position that a partition's record has in it says nothing. Offsets that have expired look alike, but then the
        log reaches up to the position."""
        ahead = {
            (topic, number): table.record.positions[topic]
            for number, table in tables.items()
            for topic in self._inputs
            if table.record.positions.get(topic, 0) > committed[number][topic]
        }
        if not ahead:
            return
        found = await broker.committed(list(ahead))
        missing = {tp: position for tp, position in ahead.items() if tp not in found}
        if not missing:
            return
        for (topic, number), end in (await broker.ends(list(missing))).items():
            position = missing[topic, number]
            if end < position:
                log.error("topic was made anew: reading it from its beginning", topic=topic, partition=number)
                del tables[number].record.positions[topic]
            else:
                log.warning(
                    "the group's offset has expired: going on from the partition's own record",
                    topic=topic,
                    partition=number,
                    offset=position,
                )


def row_table(store: RowStore) -> Table[CustomerRow]:
    """An empty table of customer rows."""
    return Table(encode_row, decode_row, LAYOUTS.check, store)
