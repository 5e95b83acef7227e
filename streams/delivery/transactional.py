"""Exactly once: one transaction a chunk, by one writer a partition number.

The transactional id is `<app>-<partition>`: whoever owns the partition owns the id, and opening its writer fences a
zombie that still believes it does.
"""

from __future__ import annotations

import asyncio
import dataclasses

from streams.delivery.interface import Delivery, DeliveryFailed, Outgoing, Writers


@dataclasses.dataclass(frozen=True)
class Transactional:
    """The policy. `changelog`: the rows' topic, `group`: whose offsets go along."""

    writers: Writers
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
        self._writer = policy.writers.transactional(partition, policy.transaction_timeout)

    async def open(self) -> None:
        await self._writer.open()

    async def commit(self, outgoing: Outgoing) -> None:
        try:
            # Past the transaction's timeout the broker has aborted it.
            await asyncio.wait_for(self._transaction(outgoing), self._policy.transaction_timeout)
        except Exception as error:
            raise DeliveryFailed(f"transaction of partition {self._partition}: {error!r}") from error

    async def _transaction(self, outgoing: Outgoing) -> None:
        policy, writer = self._policy, self._writer
        written = list(outgoing.published.items())
        if outgoing.rows:
            written.append(((policy.changelog, self._partition), outgoing.rows))
        await writer.begin([place for place, _ in written])
        # Before the batches: sent beside them, the broker answers NotEnoughReplicas and aiokafka backs off 100 ms.
        if outgoing.offsets:
            offsets = {(topic, self._partition): offset for topic, offset in outgoing.offsets.items()}
            await writer.send_offsets(policy.group, offsets)
        # Every batch's own answer: a commit goes through even when one of them failed.
        await writer.write(written)
        await writer.commit()

    async def close(self) -> None:
        await self._writer.close()
