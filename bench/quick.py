"""The peers' job by one worker with transactions, beside a bare loop, in under three minutes. `make bench-quick`.

The last line of standard output is one JSON object: `events_per_s`, `cpu_us_per_event` (the worker),
`bare_events_per_s`, `bare_cpu_us_per_event` (aiokafka and orjson, reading and parsing the same bytes), medians of
interleaved rounds of the same run. On a machine so slow that a second round would not fit, there is one.
"""

from __future__ import annotations

import argparse
import time
from typing import Final

import orjson

from bench.job import Job
from bench.peers.engines import BARE, BY_NAME, OURS
from bench.peers.running import Contest, by_engine, rounds
from bench.stack import failing_loudly, servers

SECONDS: Final = 150.0
"""Of the three minutes; the rest is for ending everything."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.quick", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    engines = [BY_NAME[BARE], BY_NAME[OURS]]
    job = Job(events=given.events, customers=given.customers)
    began = time.monotonic()
    with failing_loudly(), servers() as (stack, folder):
        contest = Contest(stack, folder, job, engines)
        left = SECONDS - (time.monotonic() - began)
        runs = rounds(contest, engines, given.rounds, seconds=left)
        commands = contest.whole.commands
    figures, turns = by_engine(runs), max(run["round"] for run in runs)
    ours, bare = figures[OURS], figures[BARE]
    print(
        f"{job.events:,} events of {job.customers:,} customers, {commands:,} commands, medians of {turns} rounds"
    )
    result = {
        "events_per_s": round(ours["events_per_s"]["median"]),
        "cpu_us_per_event": round(ours["cpu_us_per_event"]["median"], 2),
        "bare_events_per_s": round(bare["events_per_s"]["median"]),
        "bare_cpu_us_per_event": round(bare["cpu_us_per_event"]["median"], 2),
        "events": job.events, "customers": job.customers, "commands": commands, "rounds": turns,
    }  # fmt: skip
    print(orjson.dumps(result).decode())


if __name__ == "__main__":
    main()
