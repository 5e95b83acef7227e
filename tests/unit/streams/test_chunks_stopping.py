"""Ending a consumer that does not want to end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from streams.chunks import stopping
from streams.chunks.consumer import ChunkThread
from streams.chunks.stopping import stop_consumer


class Consumer:
    """Its `stop` does as told; `_client` is what stays open when it fails."""

    def __init__(self, stop: Callable[[], Awaitable[object]]) -> None:
        self._stop = stop
        self._client = self
        self.closed = False

    async def stop(self) -> None:
        await self._stop()

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
    stop: Callable[[], Awaitable[object]], monkeypatch: pytest.MonkeyPatch
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


class _WithoutBroker:
    """What starts in the thread, left out."""

    def __post_init__(self) -> None:
        pass

    async def on_start(self) -> None:
        pass


class FaustsThread(_WithoutBroker, AIOKafkaConsumerThread):
    pass


class OurThread(_WithoutBroker, ChunkThread):
    pass


async def stopped_before_it_begins(kind: type[FaustsThread | OurThread]) -> FaustsThread | OurThread:
    """One that was told to stop while its thread was started and nothing had run in it yet."""
    gate = threading.Event()

    class Held(kind.Worker):  # type: ignore[misc, name-defined]  # a base known by its value
        def run(self) -> None:
            gate.wait()
            super().run()

    faust: Any = SimpleNamespace(transport=SimpleNamespace(app=None))
    service = kind(faust, loop=asyncio.get_running_loop(), Worker=Held)
    starting = asyncio.create_task(service.start())
    await asyncio.sleep(0)
    assert service._thread is not None and service._thread.is_alive()
    stopping = asyncio.create_task(service.stop())
    await asyncio.sleep(0)
    gate.set()
    await starting
    await stopping
    return service


async def test_fausts_thread_that_is_stopped_before_it_begins_is_not_told_and_runs_on() -> None:
    service = await stopped_before_it_begins(FaustsThread)
    told = service.should_stop
    await service.stop()  # again, which nobody does: now it has begun
    assert not told
    assert service._thread is not None and not service._thread.is_alive()


async def test_a_consumers_thread_that_is_stopped_before_it_begins_has_ended_when_it_is_stopped() -> None:
    service = await stopped_before_it_begins(OurThread)
    assert service.should_stop
    assert service._thread is not None and not service._thread.is_alive()


def test_a_consumers_thread_that_waits_for_something_does_not_keep_the_process() -> None:
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
