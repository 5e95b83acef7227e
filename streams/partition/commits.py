"""The committing half of a partition: one commit under way, one computed and waiting, no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from streams.delivery import Delivery, DeliveryFailed, Outgoing
from streams.ledger import Ledger
from streams.metrics import Metrics
from triggers.asks import Ask

log: Final = structlog.get_logger(__name__)

WAITING: Final = 2
"""Commits that may be handed over and not yet durable: the one under way, and one computed meanwhile."""


@dataclass(slots=True)
class Commit:
    """`asked` was reserved in the ledger and is confirmed afterwards; `done` is told that it is durable. `erased` are
    customers, (shop, customer), whom the ledger is to forget then."""

    outgoing: Outgoing
    asked: Sequence[Ask] = field(default_factory=list)
    done: Callable[[], None] = lambda: None
    erased: Sequence[tuple[str, str]] = ()


class Commits:
    """Hands commits to a delivery one after another. After a failure nothing more goes out: `failed` is called once."""

    def __init__(
        self, delivery: Delivery, ledger: Ledger, metrics: Metrics, failed: Callable[[DeliveryFailed], None]
    ) -> None:
        self._delivery = delivery
        self._ledger = ledger
        self._metrics = metrics
        self._report = failed
        self._failed = False
        self._queue: asyncio.Queue[Commit] = asyncio.Queue()
        self._dropped: list[Ask] = []
        self._unfinished = 0
        self.made = 0
        """Commits that are durable."""
        self._progress = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Everything handed over is durable."""
        return self._unfinished == 0 and not self._failed

    @property
    def unfinished(self) -> int:
        """Handed over, and not durable yet."""
        return self._unfinished

    async def room(self) -> bool:
        """Wait until another commit may be computed. False when none ever may again."""
        await self._until(lambda: self._unfinished < WAITING)
        return not self._failed

    async def finished(self) -> bool:
        """Wait until everything handed over is durable. False when it isn't and never will be."""
        await self._until(lambda: self._unfinished == 0)
        return not self._failed

    async def _until(self, met: Callable[[], bool]) -> None:
        while not self._failed and not met():
            self._progress.clear()
            await self._progress.wait()

    def hand_over(self, commit: Commit) -> None:
        """To be called after `room` said yes."""
        if self._failed:
            self._dropped += commit.asked
            return
        self._unfinished += 1
        self._queue.put_nowait(commit)

    def give_up(self) -> None:
        """Nothing more goes out."""
        self._failed = True
        while not self._queue.empty():
            self._dropped += self._queue.get_nowait().asked
        self._progress.set()

    def drop(self, asked: Sequence[Ask]) -> None:
        """These were reserved for what will not be handed over: `release` gives them back."""
        self._dropped += asked

    async def release(self) -> None:
        """Give back what was reserved for chunks that never went out. Whoever computes them again asks again, with the
        same ids. A chunk whose commit was begun keeps its reservations: it may have become durable."""
        dropped, self._dropped = self._dropped, []
        if dropped:
            await self._ledger.release(dropped)

    async def run(self) -> None:
        """Until cancelled, or the first failure."""
        while not self._failed:
            commit = await self._queue.get()
            began = time.perf_counter()
            try:
                await self._delivery.commit(commit.outgoing)
            except DeliveryFailed as failure:
                self.give_up()
                self._metrics.commit_failures.labels(reason=type(failure.__cause__).__name__).inc()
                self._report(failure)
                return
            self._metrics.commit_seconds.observe(time.perf_counter() - began)
            self._metrics.commits.inc()
            self.made += 1
            commit.done()
            if commit.asked:
                await self._ledger.confirm(commit.asked)
            if commit.erased:
                await self._ledger.forget(commit.erased)
            self._unfinished -= 1
            self._progress.set()
