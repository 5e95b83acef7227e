"""The workers of one history: started, killed, frozen and woken; a number's next worker is another process."""

from __future__ import annotations

import random
from collections import Counter
from typing import Final

from tests.simulation.loop import SimLoop
from tests.simulation.trace import Trace
from tests.simulation.worker import Setting, Surroundings, Worker

WORKERS_MOST: Final = 4


class Crew:
    """By number, at most `WORKERS_MOST` of them at work at once."""

    def __init__(self, seed: int, loop: SimLoop, trace: Trace, setting: Setting, around: Surroundings) -> None:
        self._seed = seed
        self._loop = loop
        self._trace = trace
        self._setting = setting
        self._around = around
        self._workers: dict[int, Worker] = {}
        self._started: Counter[int] = Counter()

    def __getitem__(self, number: int) -> Worker:
        """The last one of this number."""
        return self._workers[number]

    def all(self) -> list[Worker]:
        """The last one of each number, in the order in which the numbers came."""
        return list(self._workers.values())

    def running(self) -> list[int]:
        """The numbers of those at work, in order."""
        return [number for number, worker in sorted(self._workers.items()) if not worker.ended]

    def free(self) -> list[int]:
        """Numbers at which nobody is at work, in order."""
        running = self.running()
        return [number for number in range(WORKERS_MOST) if number not in running]

    def start(self, number: int) -> None:
        """A new worker of this number, where none is at work."""
        former = self._workers.get(number)
        if former is not None and not former.ended:
            return
        self._started[number] += 1
        name = f"w{number}.{self._started[number]}"
        worker = self._workers[number] = Worker(
            name, self._setting, self._around, random.Random(f"{self._seed}-{name}")
        )
        worker.start()

    def kill(self, number: int, worker: Worker, seconds: float) -> None:
        """Without a word; the next of its number starts after so long."""
        if not worker.ended:
            self._trace.note("killed", worker.name, "fault")
            worker.process.kill()
            self._loop.call_later(seconds, self.start, number, context=self._loop.outside)

    def freeze(self, worker: Worker, seconds: float) -> None:
        """It stands still for so long, and knows nothing of it."""
        if not worker.ended and not worker.process.frozen:
            self._trace.note("frozen", f"{worker.name} for {seconds:.3f} s", "fault")
            worker.process.freeze()
            self._loop.call_later(seconds, self._thaw, worker, context=self._loop.outside)

    def _thaw(self, worker: Worker) -> None:
        if not worker.ended:
            self._trace.note("woken", worker.name, "fault")
            worker.process.thaw()
