"""Ending a consumer that does not want to end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable

import pytest

from streams.chunks import stopping
from streams.chunks.stopping import stop_consumer


class Consumer:
    """Its `stop` does as told; `_client` is what stays open when it fails."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._client = self
        self.closed = False

    async def stop(self) -> None:
        await self._stop()  # type: ignore[misc]  # called as a function, not as a method

    async def close(self) -> None:
        self.closed = True


async def lets_a_cancellation_out() -> None:
    waiting = asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.sleep(0)
    waiting.cancel()
    await waiting


async def fails() -> None:
    raise OSError("no such luck")


async def never_ends() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("stop", [lets_a_cancellation_out, fails, never_ends])
async def test_a_consumer_that_does_not_stop_is_closed_all_the_same(
    stop: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "STOP_SECONDS", 0.05)
    consumer = Consumer(stop)
    await stop_consumer(consumer)
    assert consumer.closed


async def test_who_stops_a_consumer_can_itself_be_cancelled() -> None:
    consumer = Consumer(never_ends)
    stopping = asyncio.ensure_future(stop_consumer(consumer))
    await asyncio.sleep(0)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping


async def test_a_consumer_that_stops_is_left_to_itself() -> None:
    consumer = Consumer(lambda: asyncio.sleep(0))
    await stop_consumer(consumer)
    assert not consumer.closed


def test_a_consumers_thread_that_was_never_told_to_stop_does_not_keep_the_process() -> None:
    program = """
import time
from streams.chunks.consumer import ChunkThread

class Starting:
    def _start_thread(self):
        time.sleep(3600)

ChunkThread.Worker(Starting()).start()
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=120, check=False)
    assert done.returncode == 0
