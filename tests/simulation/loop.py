"""One event loop for everything that is simulated: virtual time, an order drawn from the seed, processes.

Time stands still while anything is ready and then jumps to the next timer. Of the handles that are ready the seed picks
the next one, so two runs of one seed are the same and two seeds are not; what asyncio promises (a task's own steps in
order, nothing before it was scheduled) holds, that ready callbacks run first in, first out is not among it.

A `Process` is a context: whatever was started in it belongs to it. It can be frozen (its handles and timers wait, as
after SIGSTOP) and killed (they are dropped: no cleanup of a dead process has an effect).
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import warnings
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any, Final

STEPS_AT_ONE_INSTANT: Final = 50_000
"""More steps than that without time going on is a loop that waits for nothing."""

Hook = Callable[[], None]


class Standstill(Exception):
    """Nothing is ready and nothing will ever be."""


class Busy(Exception):
    """Tasks keep each other busy and time can't go on."""


class Process:
    """One simulated operating system process."""

    def __init__(self, name: str, loop: SimLoop) -> None:
        self.name = name
        self.dead = False
        self.frozen = False
        self.steps = 0
        self._loop = loop
        self._parked: list[events.Handle] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._at_step: tuple[int, Hook] | None = None
        self.context = contextvars.copy_context()
        self.context.run(_PROCESS.set, self)

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine in this process."""
        task: asyncio.Task[Any] = self._loop.create_task(work, name=name, context=self.context)
        return task

    def after_steps(self, steps: int, hook: Hook) -> None:
        """Call `hook`, outside of the process, once it has run this many more callbacks: between two awaits."""
        self._at_step = self.steps + steps, hook

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self) -> None:
        self.frozen = False
        parked, self._parked = self._parked, []
        self._loop.take_back(parked)

    def kill(self) -> None:
        """Nothing of it runs any more."""
        self.dead = True
        self._parked.clear()

    # -- for the loop

    def keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.append(task)

    def park(self, handle: events.Handle) -> None:
        self._parked.append(handle)

    def stepped(self) -> None:
        self.steps += 1
        if self._at_step is not None and self.steps >= self._at_step[0]:
            hook, self._at_step = self._at_step[1], None
            self._loop.call_soon(hook, context=self._loop.outside)

    def bury(self) -> None:
        """Close what its tasks left open, with no effect: otherwise the collector would, at some other time."""
        self.kill()
        for task in self._tasks:
            if task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # it never ends: its process is gone
            self.context.copy().run(_close, task)
        self._tasks.clear()


_PROCESS: Final[contextvars.ContextVar[Process]] = contextvars.ContextVar("process")


def _close(task: asyncio.Task[Any]) -> None:
    work: Any = task.get_coro()
    for _ in range(50):
        try:
            work.close()
        except BaseException:  # noqa: BLE001  # a `finally` that awaits refuses to be closed: it is asked again
            continue
        return


def current() -> Process | None:
    """The process that runs now; None outside of all."""
    return _PROCESS.get(None)


class SimLoop(asyncio.BaseEventLoop):
    """`seed` decides the order. Seconds of virtual time begin at 0."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.outside = contextvars.copy_context()
        self.steps = 0
        self._random = random.Random(f"{seed}-order").random
        self._now = 0.0
        self._queue: list[events.Handle] = []
        self._timers: list[tuple[float, int, events.TimerHandle]] = []
        self._number = 0
        self._processes: list[Process] = []
        self.unhandled: list[dict[str, Any]] = []
        """What asyncio would have logged: exceptions that nobody looked at."""

    def process(self, name: str) -> Process:
        process = Process(name, self)
        self._processes.append(process)
        return process

    def time(self) -> float:
        return self._now

    # -- asyncio's side

    def call_soon(  # type: ignore[override]  # its TypeVarTuple adds nothing here
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> events.Handle:
        handle = events.Handle(callback, args, self, context)
        self._queue.append(handle)
        return handle

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> events.TimerHandle:
        timer = events.TimerHandle(when, callback, args, self, context)
        self._number += 1
        heappush(self._timers, (when, self._number, timer))
        return timer

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> events.TimerHandle:
        return self.call_at(self._now + max(delay, 0.0), callback, *args, context=context)

    def create_task(self, coro: Any, *, name: object = None, context: Any = None) -> Any:
        task = super().create_task(coro, name=name, context=context)
        process = _PROCESS.get(None) if context is None else context.get(_PROCESS)
        if process is not None:
            process.keep(task)
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.unhandled.append(context)

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        return None

    def _run_once(self) -> None:
        """Everything that is ready at this instant, then on to the next."""
        queue = self._queue
        at_once = 0
        while queue and not self._stopping:  # type: ignore[attr-defined]  # asyncio's own, which its stubs leave out
            if len(queue) > 1:
                chosen = int(self._random() * len(queue))
                queue[chosen], queue[-1] = queue[-1], queue[chosen]
            handle = queue.pop()
            if handle._cancelled:
                continue
            process = handle._context.get(_PROCESS)  # type: ignore[attr-defined]  # asyncio's own, which its stubs leave out
            if process is not None:
                if process.dead:
                    continue
                if process.frozen:
                    process.park(handle)
                    continue
                process.stepped()
            self.steps += 1
            at_once += 1
            if at_once > STEPS_AT_ONE_INSTANT:
                raise Busy(f"{at_once} steps at {self._now:.3f} s")
            handle._run()
        if not self._stopping:  # type: ignore[attr-defined]  # asyncio's own, which its stubs leave out
            self._go_on()

    def _go_on(self) -> None:
        timers, queue = self._timers, self._queue
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise Standstill(f"at {self._now:.3f} s")
        self._now = now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= now:
            timer = heappop(timers)[2]
            if not timer._cancelled:
                queue.append(timer)

    def take_back(self, handles: list[events.Handle]) -> None:
        """Handles of a process that goes on."""
        self._queue += handles


@contextmanager
def simulated(seed: int) -> Iterator[SimLoop]:
    """A loop for one seed; afterwards nothing of it is left running."""
    loop = SimLoop(seed)
    try:
        yield loop
    finally:
        former = events._get_running_loop()
        events._set_running_loop(loop)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # some of them had only been made, and never ran
                for process in loop._processes:
                    process.bury()
        finally:
            events._set_running_loop(former)
        loop.close()
