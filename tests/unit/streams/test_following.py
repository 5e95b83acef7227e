"""Tasks that end when they are told to, whatever became of the telling."""

from __future__ import annotations

import asyncio

import pytest

from streams.following import ended, following


async def test_what_follows_is_cancelled_at_the_end_and_its_error_is_nobodys() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise RuntimeError("of the work alone") from None

    async with following(work(), "work"):
        await asyncio.sleep(0)
    assert cancelled.is_set()


async def test_a_task_that_forgets_a_cancellation_is_cancelled_until_it_ends() -> None:
    forgotten = 0

    async def forgetful() -> None:
        nonlocal forgotten
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if forgotten == 2:
                    raise
                forgotten += 1

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    await ended(task, again=0.01)
    assert task.cancelled()
    assert forgotten == 2


async def test_tasks_that_are_over_are_not_waited_for() -> None:
    async def failing() -> None:
        raise RuntimeError("long ago")

    over = asyncio.create_task(failing())
    with pytest.raises(RuntimeError, match="long ago"):
        await over
    await ended(over)
    await ended()
