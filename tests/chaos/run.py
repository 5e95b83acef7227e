"""Rounds one after another on one broker and one Redis, a line for each, and a summary."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.chaos.rounds import SPARE, WORKERS, Report, Round
from tests.chaos.servers import Servers
from tests.chaos.stream_round import StreamRound
from tests.chaos.wall_round import WallRound

SHOWN: Final = 8
"""Complaints of a failing round that are printed; all of them are in its folder."""

CLOCKS: Final[dict[str, type[Round]]] = {"stream": StreamRound, "wall": WallRound}
_BEAT_SECONDS: Final = 20.0


@dataclass(slots=True)
class Total:
    """Of all rounds."""

    reports: list[Report] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return all(report.passed for report in self.reports)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be run. `every`: seconds between two faults on average; `only`: this round alone."""

    faults: int
    seed: int
    a_round: int
    every: float
    only: int | None = None


def rounds(wish: Wish) -> Iterator[tuple[int, str, int]]:
    """(number, clock, faults) of each round; the clocks take turns."""
    left, number = wish.faults, 1
    while left > 0:
        count = min(left, wish.a_round)
        if wish.only is None or wish.only == number:
            yield number, ("stream", "wall")[(number + 1) % 2], count
        left -= count
        number += 1


async def run(wish: Wish, folder: Path, say: Callable[[str], None] = print) -> Total:
    """All of it. Folders of rounds that passed are removed. Raises StackFailed where the servers can't run."""
    total = Total()
    servers = await asyncio.to_thread(Servers, folder / "servers", [*WORKERS, SPARE])
    try:
        await servers.start()
        for number, clock, count in rounds(wish):
            at = folder / f"round-{number}"
            shutil.rmtree(at, ignore_errors=True)
            seed = f"{wish.seed}-{number}"
            round_ = await asyncio.to_thread(CLOCKS[clock], number, seed, servers, at, count, wish.every)
            beating = asyncio.create_task(_beat(round_.report, count))
            try:
                report = await round_.run()
            finally:
                beating.cancel()
            total.reports.append(report)
            say(line(report))
            if report.passed:
                shutil.rmtree(at, ignore_errors=True)
            else:
                say(failure(report, wish))
    finally:
        await servers.stop()
    say(summary(total))
    return total


async def _beat(report: Report, count: int) -> None:
    """That it is still alive, for who waits."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(_BEAT_SECONDS)
        seconds = time.monotonic() - began
        print(f"   round {report.number}: {len(report.faults)} of {count} faults, {seconds:.0f} s", file=sys.stderr)


def line(report: Report) -> str:
    """A round in one line."""
    found = report.findings
    text = (
        f"round {report.number:>2} {report.clock:<6} {'passed' if report.passed else 'FAILED'}: "
        f"{len(report.faults)} faults, {report.events:,} events, {report.commands:,} commands, "
        f"missing {found.missing}, extra {found.extra}, repeated {found.repeated}; "
        f"{report.applied:.0%} applied under faults; {report.seconds:.0f} s"
    )
    if report.ended:
        text += f"; {len(report.ended)} workers ended by themselves and were started again"
    return "".join([text, *(f"; {note}" for note in report.notes)])


def failure(report: Report, wish: Wish) -> str:
    """Everything to begin looking with, also written beside the logs."""
    faults = [f"  {begin:7.1f} to {end:7.1f} s  {what}" for begin, end, what in sorted(report.faults)]
    complaints = report.findings.complaints
    full = [
        f"seed {wish.seed}, round {report.number} ({report.clock} clock), settings {dict(report.settings)}",
        f"again: python -m tests.chaos --faults {wish.faults} --round-of {wish.a_round} --every {wish.every:g}"
        f" --seed {wish.seed} --round {report.number}",
        "faults, in seconds from the beginning of the round:",
        *faults,
        *(f"ended by itself at {ended}" for ended in report.ended),
        f"{len(complaints)} complaints:",
    ]
    (report.folder / "report.txt").write_text("\n".join([*full, *complaints]) + "\n")
    shown = [f"  {complaint}"[:700] for complaint in complaints[:SHOWN]]
    return "\n".join([*full, *shown, f"logs, and all of it: {report.folder}"])


def summary(total: Total) -> str:
    """Of all rounds: faults by kind, and what they did to the invariants."""
    reports = total.reports
    kinds = Counter(kind for report in reports for kind in report.kinds)
    lines = [f"{count:>6}  {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))]
    ended = sum(len(report.ended) for report in reports)
    failed = [str(report.number) for report in reports if not report.passed]
    lines += [
        f"{kinds.total():,} faults in {len(reports)} rounds, {sum(r.seconds for r in reports) / 60:.1f} minutes; "
        f"workers ended by themselves {ended} times",
        f"{sum(r.events for r in reports):,} events, {sum(r.commands for r in reports):,} commands: "
        f"missing {sum(r.findings.missing for r in reports)}, extra {sum(r.findings.extra for r in reports)}, "
        f"repeated {sum(r.findings.repeated for r in reports)}",
        f"FAILED: rounds {', '.join(failed)}" if failed else "every invariant held in every round",
    ]
    return "\n".join(lines)
