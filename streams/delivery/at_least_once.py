"""At least once: commands before the rows that say they were sent, rows before the offsets.

For brokers without transactions (the embedded one). A crash may repeat a command, with the same `command_id`; the rows'
own applied offsets skip events that come again. Nothing fences a zombie.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from streams.delivery.interface import Delivery, DeliveryFailed, Outgoing, Writers

CommitOffsets = Callable[[Mapping[tuple[str, int], int]], Awaitable[None]]
"""Commits the group's offsets, by (topic, partition). Raises when this member no longer owns them."""

COMMIT_SECONDS: Final = 30.0


@dataclasses.dataclass(frozen=True)
class AtLeastOnce:
    """The policy. `idempotent`: the broker numbers a producer's batches, so a retry is not written twice."""

    writers: Writers
    changelog: str
    idempotent: bool
    commit_offsets: CommitOffsets

    name = "at-least-once"
    skip_applied = True

    @property
    def says(self) -> str:
        return (
            "at least once: a crash may repeat a command with the same command_id"
            f"{'' if self.idempotent else ' (and so may a retried write: the broker has no idempotent producers)'}"
        )

    def delivery(self, partition: int) -> Delivery:
        return _InOrder(self, partition)


class _InOrder:
    def __init__(self, policy: AtLeastOnce, partition: int) -> None:
        self._policy = policy
        self._partition = partition
        self._writer = policy.writers.plain(partition, policy.idempotent)

    async def open(self) -> None:
        await self._writer.open()

    async def commit(self, outgoing: Outgoing) -> None:
        try:
            await asyncio.wait_for(self._write(outgoing), COMMIT_SECONDS)
        except Exception as error:
            raise DeliveryFailed(f"writing partition {self._partition}: {error!r}") from error

    async def _write(self, outgoing: Outgoing) -> None:
        await self._writer.write(outgoing.published.items())
        if outgoing.rows:
            await self._writer.write([((self._policy.changelog, self._partition), outgoing.rows)])
        if outgoing.offsets:
            await self._policy.commit_offsets(
                {(topic, self._partition): offset for topic, offset in outgoing.offsets.items()}
            )

    async def close(self) -> None:
        await self._writer.close()
