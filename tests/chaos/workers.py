"""The workers of a round: real processes that are killed, frozen, asked to end, and started again when they end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from streams.stacks.process import Guard
from tests.e2e.running import Worker

STOP_SECONDS: Final = 60.0
"""A worker that is asked to end has ended by then, whatever is away."""

_LOOK_SECONDS: Final = 0.2
_PAUSE_SECONDS: Final = 1.0
"""Between the end of a worker that ended by itself and its next start, as an orchestrator would."""


_LAST_WORDS: Final = 300


class Post:
    """A place for one worker. Wanted there or not; while it is wanted somebody sees to it that it runs."""

    def __init__(self, folder: Path, name: str, settings: Mapping[str, str], guard: Guard) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        """Held by what is being done to the process."""
        self.ended: list[tuple[float, str]] = []
        """(monotonic time, exit code and last words) of the times it ended without having been asked to."""
        self.unwilling: list[str] = []
        self._folder = folder
        self._settings = dict(settings)
        self._guard = guard
        self._worker: Worker | None = None
        self._wanted = False
        self._minding: asyncio.Task[None] | None = None

    @property
    def runs(self) -> bool:
        return self._worker is not None and self._worker.process.poll() is None

    def said(self) -> str:
        """Its log, of all its lives."""
        path = self._folder / f"{self.name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def begin(self) -> None:
        """From now on it runs, and is started again if it ends by itself."""
        self._wanted = True
        self._start()
        if self._minding is None:
            self._minding = asyncio.create_task(self._mind(), name=f"minding-{self.name}")

    async def kill(self) -> None:
        """SIGKILL, whatever state it is in."""
        if self._worker is not None:
            await asyncio.to_thread(self._worker.kill)
            self._guard.release(self._worker.process.pid)
            self._worker = None

    def start(self) -> None:
        """Again after a kill."""
        if self._wanted:
            self._start()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def leave(self) -> int | None:
        """SIGTERM, and wait; the exit code, None where nobody was. Not wanted any more until `begin`."""
        self._wanted = False
        worker = self._worker
        if worker is None:
            return None
        self._signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(worker.process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.unwilling.append(f"{self.name} had not ended {STOP_SECONDS:g} s after SIGTERM")
            await self.kill()
        self._worker = None
        self._guard.release(worker.process.pid)
        return worker.process.returncode

    async def close(self) -> None:
        """Gone, by force."""
        self._wanted = False
        if self._minding is not None:
            self._minding.cancel()
            await asyncio.gather(self._minding, return_exceptions=True)
            self._minding = None
        await self.kill()

    def _start(self) -> None:
        if not self.runs:
            self._worker = Worker(self._folder, self.name, self._settings)
            self._guard.watch(self._worker.process.pid)

    def _signal(self, number: signal.Signals) -> None:
        if self._worker is not None and self._worker.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._worker.process.send_signal(number)

    async def _mind(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.lock.locked():
                continue  # what is being done to it ends in a start, or in its not being wanted
            worker = self._worker
            if worker is not None and worker.process.poll() is not None:
                words = self.said()[-_LAST_WORDS:].strip().replace("\n", " | ")
                self.ended.append((time.monotonic(), f"code {worker.process.returncode}: {words}"))
                self._guard.release(worker.process.pid)
                self._worker = None
                await asyncio.sleep(_PAUSE_SECONDS)
            elif worker is None and self._wanted:
                self._start()
