"""A cancellation that is not lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def unless_cancelled(work: Awaitable[T]) -> T:
    """What `work` gives or raises; CancelledError if the task was cancelled meanwhile, whatever became of that inside.

    `asyncio.wait_for`, with which the client of Redis writes, forgets a cancellation (up to Python 3.11) that comes in
    the same turn of the loop as what it waits for; and what a `finally` raises takes its place. Who then works on in an
    endless loop never ends, and nor does whoever waits for that."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        return await work
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError
