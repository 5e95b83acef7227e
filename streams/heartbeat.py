"""The broker's own clock, asked for by writing a record: what a wall clock that has jumped is measured against."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.following import following
from streams.health import Readiness
from streams.metrics import Metrics
from streams.wall import WallGuard

log: Final = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 10.0
"""An answer that took longer says nothing of the time it is now."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at the clocks, and between two heartbeats while the wall is not believed."""

REASON: Final = "wall-clock"
"""The metrics' word for emission that waits for this guard."""

_STAMPED: Final = 1  # RecordMetadata.timestamp_type of a topic with LogAppendTime
_KEY: Final = b"heartbeat"


class Unstamped(Exception):
    """The broker ignores LogAppendTime: nothing can be learned from it."""


async def log_append_time(options: Mapping[str, Any], topic: str) -> int:
    """The time at which the broker appended a record written just now, in microseconds since the epoch.

    `options` are those of any aiokafka client. Raises KafkaError, OSError, TimeoutError; Unstamped.
    """
    async with asyncio.timeout(ANSWER_SECONDS):
        async with AIOKafkaProducer(**options, acks="all", request_timeout_ms=int(ANSWER_SECONDS * 500)) as producer:
            written = await producer.send_and_wait(topic, b"", key=_KEY, partition=0)
    if written.timestamp_type != _STAMPED:
        raise Unstamped
    return int(written.timestamp) * 1000


class ClockWatch:
    """Looks at the clocks of a worker on the wall clock for as long as it runs, and says when emission is held."""

    def __init__(
        self, guard: WallGuard, options: Mapping[str, Any], topic: str, metrics: Metrics, readiness: Readiness
    ) -> None:
        self._guard = guard
        self._options = options
        self._topic = topic
        self._held = metrics.emission_held.labels(reason=REASON)
        self._readiness = readiness
        self._said: str | None = None
        self._unanswered = ""

    def trusts(self, wall: int) -> bool:
        """Whether this reading of the wall clock, microseconds, taken just now, may be believed."""
        return self._guard.note(wall, time.monotonic_ns() // 1000)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The broker's clock is asked once before anything starts, and again whenever the wall has jumped."""
        await self._ask()
        self._say()
        async with following(self._run(), "wall-clock"):
            yield

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self.trusts(_wall()):
                self._say()
                await self._ask()
            self._say()

    async def _ask(self) -> None:
        before, self._unanswered = self._unanswered, ""
        try:
            stamped = await log_append_time(self._options, self._topic)
        except Unstamped:
            self._guard.believe_first()
            self._unanswered = "the broker stamps no records: restart the worker when the clock is right"
        except (KafkaError, OSError, TimeoutError) as error:
            self._unanswered = f"the broker's clock can't be asked: {type(error).__name__}"
            if self._unanswered != before:
                log.warning("the broker's clock can't be asked", topic=self._topic, why=repr(error))
        else:
            wall = _wall()
            self.trusts(wall)
            self._guard.agrees(stamped, wall)

    def _say(self) -> None:
        """The metric and the note follow the guard; the log hears of each change once."""
        doubt = self._guard.doubt
        self._held.set(doubt is not None)
        if doubt is None:
            self._readiness.notes.pop("emission", None)
        else:
            self._readiness.notes["emission"] = "; ".join(filter(None, (f"held: {doubt}", self._unanswered)))
        if doubt is None and self._said is not None:
            log.info("emission goes on: the broker's clock agrees with the wall clock")
        if doubt is not None and self._said is None:
            log.warning(
                "emission is held until the broker's clock agrees with the wall clock",
                why=doubt,
                **({"but": self._unanswered} if self._unanswered else {}),
            )
        self._said = doubt


def _wall() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000
