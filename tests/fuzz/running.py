"""Trials in processes of their own, which may crash, hang or eat memory without the run ending by it.

A process is told by what it says: the number of every trial that is over. Silence for HANG seconds, an end before the
last trial, or more memory than MEMORY is that trial's failure; the run goes on behind it.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final, Literal

from tests.fuzz.corpus import FEED_TOKENS, TEMPLATE_TOKENS, feeds, templates
from tests.fuzz.mutating import mutated
from tests.fuzz.trials import try_feed, try_template

Kind = Literal["feeds", "templates"]

HANG: Final = 60.0
"""Seconds. A trial takes milliseconds; a busy machine may take a thousand times as long and is still not a hang."""
MEMORY: Final = 300 * 1024**2
"""Bytes that the trials of one process may take beyond what it began with."""
_ADDRESSES: Final = 4 * 1024**3
"""Bytes of address space: what asks for more is stopped by the system, not by the machine's end."""


@dataclass
class Result:
    """`failed`: the trial's number and what was wrong; `outcomes`: how many came to what; `grown` in bytes."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[int, str]] = field(default_factory=list)
    grown: int = 0

    @property
    def tried(self) -> int:
        return self.outcomes.total() + len(self.failed)


Trial = Callable[[int], str]
"""Number -> what came of it in a word; raises what was wrong."""


class FeedTrials:
    """Mutated feeds by number, for one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._corpus = feeds()

    def __call__(self, number: int) -> str:
        return try_feed(mutated(self._corpus, FEED_TOKENS, f"{self._seed}-{number}"))


class TemplateTrials:
    """Mutated templates by number, for one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._corpus = templates()

    def __call__(self, number: int) -> str:
        return try_template(mutated(self._corpus, TEMPLATE_TOKENS, f"{self._seed}-{number}"))


TRIALS: Final[dict[Kind, Callable[[int], Trial]]] = {"feeds": FeedTrials, "templates": TemplateTrials}


def run(
    trial: Trial, count: int, told: Callable[[Result], None] = lambda result: None, *, hang: float = HANG
) -> Result:
    """Trials 0 to `count`; `told` hears now and then how far it is."""
    result = Result()
    first = 0
    while first < count:
        first = _watched(trial, first, count, result, told, hang)
        told(result)
    return result


def _watched(
    trial: Trial, first: int, count: int, result: Result, told: Callable[[Result], None], hang: float
) -> int:
    """One process from trial `first` on; the number at which the next one goes on."""
    mine, its = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(its, trial, first, count))
    process.start()
    its.close()
    at = first
    try:
        for number, outcome, wrong, grown in _said(mine, hang):
            at = number + 1
            result.grown = max(result.grown, grown)
            if wrong:
                result.failed.append((number, wrong))
            else:
                result.outcomes[outcome] += 1
            if grown > MEMORY:
                result.failed.append((number, f"took {grown:,} bytes of memory"))
                break
            if at % 500 == 0:
                told(result)
        else:
            if at < count:
                process.join()
                result.failed.append((at, f"the process ended by {_ended(process.exitcode)}"))
                at += 1
    except TimeoutError:
        result.failed.append((at, f"nothing for {hang:.0f} s"))
        at += 1
    finally:
        process.kill()
        process.join()
        mine.close()
    return at


def _said(pipe: Connection, hang: float) -> Iterator[tuple[int, str, str, int]]:
    while pipe.poll(hang):
        try:
            yield pipe.recv()
        except EOFError:
            return
    raise TimeoutError


def _ended(code: int | None) -> str:
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"


def _work(pipe: Connection, trial: Trial, first: int, count: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESSES, _ADDRESSES))
    before = _resident()
    for number in range(first, count):
        outcome = wrong = ""
        try:
            outcome = trial(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this trial's failure and not the run's
            wrong = f"{type(error).__name__}: {error}"
        pipe.send((number, outcome, wrong, _resident() - before))


def _resident() -> int:
    """The most bytes that the process ever had in memory. Not by getrusage where there is another way: that goes on
    from what the process had which started this one."""
    with suppress(OSError), open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
