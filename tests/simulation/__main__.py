"""`python -m tests.simulation [--seeds 0-9999] [--trace] [--processes 2]`: run seeds, say which fail and why.

Ends with 1 when a seed failed. Everything printed of a seed is the same on every run but its CPU time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import Result, run

CHUNK = 25
PROGRESS_SECONDS = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0-9999", help="first-last, both of them run (0-9999)")
    parser.add_argument("--trace", action="store_true", help="print what happened, event by event")
    parser.add_argument("--processes", type=int, default=2, help="run in so many processes (2)")
    chosen = parser.parse_args(arguments)
    first, _, last = chosen.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    if chosen.trace:
        return max((_traced(seed) for seed in seeds), default=0)
    summary = Summary(len(seeds))
    for result in _results(seeds, chosen.processes):
        summary.add(result)
    summary.say()
    return 1 if summary.failed else 0


def _traced(seed: int) -> int:
    result = run(seed, trace=True)
    print("\n".join(result.trace))
    print(f"trace {result.digest}")
    for name, wrong in result.wrong:
        print(f"WRONG {name}: {wrong}")
    return 1 if result.wrong else 0


def _results(seeds: range, processes: int) -> Iterator[Result]:
    if processes <= 1 or len(seeds) <= CHUNK:
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(run, seeds, chunksize=CHUNK)


class Summary:
    """Adds results up, and says how far it is."""

    def __init__(self, seeds: int) -> None:
        self.failed: list[int] = []
        self._seeds = seeds
        self._done: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._invariants: Counter[str] = Counter()
        self._began = self._said = time.monotonic()
        self._cpu = 0.0

    def add(self, result: Result) -> None:
        self._done.update({
            "seeds": 1, f"{result.clock} clock": 1, result.delivery: 1, "events": result.events,
            "commands": result.commands, "decisions": result.decisions, "commits": result.commits,
            "receipts": result.receipts, "suppressions": result.suppressions,
            "generations": result.generations, "steps": result.steps,
        })  # fmt: skip
        self._faults.update(result.faults)
        self._cpu += result.cpu
        if result.wrong:
            self.failed.append(result.seed)
            self._clear()
            for name, wrong in result.wrong:
                self._invariants[name] += 1
                print(f"seed {result.seed} ({result.clock} clock, {result.delivery}): {name}: {wrong[:1000]}")
            print(f"  see it: python -m tests.simulation --seeds {result.seed} --trace")
        now = time.monotonic()
        if now - self._said > PROGRESS_SECONDS:
            self._said = now
            self._clear()
            print(
                f"{self._done['seeds']} of {self._seeds} seeds, {len(self.failed)} failed, {now - self._began:.0f} s",
                end="" if sys.stdout.isatty() else "\n", flush=True,
            )  # fmt: skip

    def _clear(self) -> None:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")

    def say(self) -> None:
        self._clear()
        done = self._done
        seconds = time.monotonic() - self._began
        seeds = max(done["seeds"], 1)
        print(
            f"{done['seeds']} seeds in {seconds:.1f} s ({1000 * self._cpu / seeds:.0f} ms of CPU each): "
            f"{len(self.failed)} failed"
        )
        print(", ".join(f"{name} {done[name]}" for name in (
            "stream clock", "wall clock", "transactions", "at-least-once", "events", "commands", "decisions", "commits",
            "receipts", "suppressions", "generations", "steps",
        )))  # fmt: skip
        faults = ", ".join(f"{name} {times}" for name, times in sorted(self._faults.items()))
        print(f"{self._faults.total()} faults: {faults}")
        if self.failed:
            print(f"broken: {', '.join(f'{name} {times}' for name, times in self._invariants.most_common())}")
            print(f"failed: {', '.join(map(str, self.failed))}")


if __name__ == "__main__":
    sys.exit(main())
