"""Ending an aiokafka consumer whatever state it and its broker are in.

aiokafka's own `stop` waits for answers of a broker that is away, and cancels fetches one by one, awaiting each: one
that waits for its next try lets its cancellation out, which looks like a cancellation of whoever called `stop`. A
worker that was asked to end would then never end, or end with a traceback; a task that loads a partition would vanish.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import structlog

log: Final = structlog.get_logger(__name__)

STOP_SECONDS: Final = 10.0
"""How long leaving the group may take: the session ends a membership that could not be given back."""

CLOSE_SECONDS: Final = 3.0


async def stop_consumer(consumer: Any) -> None:
    """Leave the group, if there is one, and close. Raises nothing, and takes 13 seconds at most."""
    stopping = asyncio.ensure_future(consumer.stop())  # a task of its own: what it is cancelled by stays with it
    try:
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    finally:
        finished = stopping.done() and not stopping.cancelled() and stopping.exception() is None
        stopping.cancel()
    if not finished:
        log.warning("a consumer was closed without a word to the broker, which does not answer")
        with contextlib.suppress(Exception):
            await asyncio.wait_for(consumer._client.close(), CLOSE_SECONDS)
