"""The ledger of the stream clock: it waits until every ask is answered.

On the stream clock what the gates say decides what happens next in event time (the next step counts from this one), so
a touch that went on without its answer would make another history. Nobody waits for a message there, so waiting is
right: the partition stands still, the worker stays in its group, and goes on where it was when Redis is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from streams.ledger.protocol import Ledger
from triggers.asks import Ask, LedgerAnswer

PAUSE: Final = 0.25
"""Seconds between tries; the ledger itself keeps its distance from a Redis that is away."""


class PatientLedger:
    """Another ledger, asked again for what it could not answer."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """One answer an ask, none of them None; comes back when the ledger has answered them all."""
        answers = await self._ledger.reserve(asks)
        while open_ := [index for index, answer in enumerate(answers) if answer is None]:
            await asyncio.sleep(PAUSE)
            again = await self._ledger.reserve([asks[index] for index in open_])
            for index, answer in zip(open_, again, strict=True):
                answers[index] = answer
        return answers

    async def confirm(self, asks: Sequence[Ask]) -> None:
        await self._ledger.confirm(asks)

    async def release(self, asks: Sequence[Ask]) -> None:
        await self._ledger.release(asks)

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        await self._ledger.forget(customers)

    async def close(self) -> None:
        await self._ledger.close()
