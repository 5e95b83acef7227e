"""Work beside other work, for as long as that lasts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Final

import structlog

log: Final = structlog.get_logger(__name__)

AGAIN_SECONDS: Final = 15.0
"""A task that has not ended so long after it was cancelled is cancelled again. What it may have to close takes less."""


@contextlib.asynccontextmanager
async def following(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[asyncio.Task[None]]:
    """Runs `work` as a task of this name; at the end it is cancelled, and waited for. What it raises is heard by
    whoever awaits the task, and by nobody else."""
    task = asyncio.create_task(work, name=name)
    try:
        yield task
    finally:
        await ended(task)


async def ended(*tasks: asyncio.Task[Any], again: float = AGAIN_SECONDS) -> None:
    """Cancel them, and wait until they have ended. Raises nothing of theirs.

    `asyncio.wait_for` forgets a cancellation (up to Python 3.11) that comes together with what it waits for, and
    clients of Kafka and Redis are full of it. Whoever loops then works on for ever, and so did whoever waits for that
    to end; so it is cancelled until it does."""
    running = set(tasks)
    while running := {task for task in running if not task.done()}:
        for task in running:
            task.cancel()
        _, late = await asyncio.wait(running, timeout=again)
        if late:
            log.warning("not ended though cancelled; cancelled again", tasks=sorted(task.get_name() for task in late))
    await asyncio.gather(*tasks, return_exceptions=True)
