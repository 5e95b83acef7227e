"""Exactly once: one transaction a chunk, by one producer a partition number.

The transactional id is `<app>-<partition>`: whoever owns the partition owns the id, and opening its producer fences a
zombie that still believes it does.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer import sender
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from streams.delivery import producing
from streams.delivery.interface import Delivery, DeliveryFailed, Outgoing

# A transaction that begins while the markers of the one before are still being written is told to come again; aiokafka
# waits 20 ms before it does, the markers take about 2.
sender.BACKOFF_OVERRIDE = 0.004


@dataclasses.dataclass(frozen=True)
class Transactional:
    """The policy. `options` for any aiokafka client, `changelog` the rows' topic, `group` whose offsets go along."""

    options: dict[str, Any]
    app_id: str
    changelog: str
    group: str
    transaction_timeout: float
    """Seconds after which the broker aborts a transaction by itself."""

    name = "transactions"
    skip_applied = False

    @property
    def says(self) -> str:
        return (
            "exactly once: one Kafka transaction a chunk holds rows, commands, decisions, dead letters and offsets "
            f"(a crashed worker's last one ends after {self.transaction_timeout:g} s at most)"
        )

    def delivery(self, partition: int) -> Delivery:
        return _Transactions(self, partition)


class _Transactions:
    def __init__(self, policy: Transactional, partition: int) -> None:
        self._policy = policy
        self._partition = partition
        self._producer = producing.PartitionProducer(
            partition,
            **policy.options,
            client_id=f"{policy.app_id}-{partition}",
            transactional_id=f"{policy.app_id}-{partition}",
            transaction_timeout_ms=round(policy.transaction_timeout * 1000),
        )

    async def open(self) -> None:
        await self._producer.open()

    async def commit(self, outgoing: Outgoing) -> None:
        producer = self._producer.started
        try:
            # Past the transaction's timeout the broker has aborted it.
            await asyncio.wait_for(self._transaction(producer, outgoing), self._policy.transaction_timeout)
        except Exception as error:
            raise DeliveryFailed(f"transaction of partition {self._partition}: {error!r}") from error

    async def _transaction(self, producer: AIOKafkaProducer, outgoing: Outgoing) -> None:
        policy = self._policy
        written = list(outgoing.published.items())
        if outgoing.rows:
            written.append(((policy.changelog, self._partition), outgoing.rows))
        await producer.begin_transaction()
        # All partitions in one request; left alone, aiokafka asks for each when its first batch is sent.
        for topic, partition in dict(written):
            producer._txn_manager.maybe_add_partition_to_txn(TopicPartition(topic, partition))
        # Before the batches: sent beside them, the broker answers NotEnoughReplicas and aiokafka backs off 100 ms.
        if outgoing.offsets:
            await producer.send_offsets_to_transaction(
                {
                    TopicPartition(topic, self._partition): OffsetAndMetadata(offset, "")
                    for topic, offset in outgoing.offsets.items()
                },
                policy.group,
            )
        # Every batch's own answer: a commit goes through even when one of them failed.
        await producing.send(producer, written)
        await producer.commit_transaction()

    async def close(self) -> None:
        await self._producer.close()
