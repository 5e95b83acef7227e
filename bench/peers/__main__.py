"""The peers beside us: the same job, the same broker, the same run. `make bench-peers` builds what this needs.

Every engine must write exactly the commands that the job is due, each once, or the whole run fails. Runs are
interleaved over several rounds; what counts are medians, their spread, CPU an event and ratios.

  python -m bench.peers                                 all of them, three rounds of 1,000,000 events
  python -m bench.peers --events 100000 --rounds 1      whether everything works
  python -m bench.peers --engines rewake,bytewax        some of them (nothing is saved)
  python -m bench.peers --write-docs                    and put the table into docs/benchmarks.md
  python -m bench.peers --only-docs                     put the last saved result there, measuring nothing
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.job import Job
from bench.peers.engines import BY_NAME, ENGINES, OURS, Engine
from bench.peers.running import Contest, by_engine, rounds
from bench.results import between, conditions, load, save, table, write_docs
from bench.stack import failing_loudly, servers

NAME = "peers"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default=",".join(BY_NAME), help=f"of {', '.join(BY_NAME)}")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--only-docs", action="store_true", help="the same from the last saved result")
    given = parser.parse_args()
    if given.only_docs:
        saved = load(NAME)
        if saved is None:
            sys.exit("nothing is saved: run make bench-peers")
        write_docs(NAME, rendered(saved))
        return
    unknown = set(given.engines.split(",")) - set(BY_NAME)
    if unknown:
        parser.error(f"no such engine: {', '.join(sorted(unknown))}")
    engines = [engine for engine in ENGINES if engine.name in given.engines.split(",")]
    for engine in engines:
        if engine.missing:
            sys.exit(f"{engine.name} is not built: {engine.missing} (make bench-peers does it)")
    result = measured(Job(events=given.events, customers=given.customers), engines, given.rounds)
    if len(engines) == len(ENGINES):
        path = save(NAME, result)
        print(f"written to bench/results/{path.name}", file=sys.stderr)
        if given.write_docs:
            write_docs(NAME, rendered(load(NAME) or result))
    print(engines_table(result))


def measured(job: Job, engines: Sequence[Engine], number: int) -> dict[str, Any]:
    """All rounds on a broker of their own."""
    with failing_loudly(), servers() as (stack, folder):
        contest = Contest(stack, folder, job, engines)
        runs = rounds(contest, engines, number)
        return {
            "job": {**asdict(job), "commands": contest.whole.commands},
            "small_job": {"events": contest.small.job.events, "commands": contest.small.commands},
            "engines": with_ratios(by_engine(runs)),
            "runs": runs,
        }


def with_ratios(engines: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """How many times an engine's events/s Rewake does, and what share of its CPU it needs; by medians."""
    ours = engines.get(OURS)
    if ours is None:
        return engines
    for name, figures in engines.items():
        if name != OURS:
            figures["rewake_events_ratio"] = round(
                ours["events_per_s"]["median"] / figures["events_per_s"]["median"], 2
            )
            figures["rewake_cpu_ratio"] = round(
                ours["cpu_us_per_event"]["median"] / figures["cpu_us_per_event"]["median"], 2
            )
    return engines


def engines_table(result: dict[str, Any]) -> str:
    rows = []
    for name, figures in result["engines"].items():
        ratio = figures.get("rewake_events_ratio")
        rows.append([
            BY_NAME[name].about, between(figures["events_per_s"]), between(figures["cpu_us_per_event"], 1),
            f"{figures['rss_mb']['median']:,.0f}", "" if ratio is None else f"{ratio:g}x",
            "" if ratio is None else f"{figures['rewake_cpu_ratio']:g}x",
        ])  # fmt: skip
    head = ["engine", "events/s, median (least to most)", "CPU µs an event", "memory MB", "Rewake's events/s to its",
            "Rewake's CPU to its"]  # fmt: skip
    return table(head, rows)


def rendered(result: dict[str, Any]) -> str:
    """The part of docs/benchmarks.md."""
    job, small = result["job"], result["small_job"]
    runs = max(run["round"] for run in result["runs"])
    said = (
        f"{conditions(result['machine'])} {job['events']:,} events of {job['customers']:,} customers, "
        f"{runs} interleaved rounds; every engine wrote exactly {job['commands']:,} distinct commands"
    )
    if small["events"] != job["events"]:
        said += f" (Faust: {small['commands']:,} for {small['events']:,} events)"
    return f"{said}.\n\n{engines_table(result)}"


if __name__ == "__main__":
    main()
