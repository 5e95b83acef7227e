"""The peers' job by one worker, with transactions, beside the bare loop."""

from __future__ import annotations

from typing import Any

from bench.figures import Options
from bench.job import Job
from bench.peers.engines import BARE, BY_NAME, OURS
from bench.peers.running import Contest, by_engine, rounds
from bench.results import between
from bench.stack import servers

ABOUT = "the peers' job, one worker, transactions, no Redis"


def measure(options: Options) -> dict[str, Any]:
    job = Job(events=options.events, customers=options.customers)
    engines = [BY_NAME[BARE], BY_NAME[OURS]]
    with servers() as (stack, folder):
        contest = Contest(stack, folder, job, engines)
        runs = rounds(contest, engines, options.rounds)
        return {"events": job.events, "commands": contest.whole.commands, "engines": by_engine(runs), "runs": runs}


def rows(result: dict[str, Any]) -> list[list[str]]:
    ours, bare = result["engines"][OURS], result["engines"][BARE]
    return [
        [ABOUT, f"{between(ours['events_per_s'])} events/s", f"{between(ours['cpu_us_per_event'], 1)} µs"],
        ["bare aiokafka + orjson, the same bytes", f"{between(bare['events_per_s'])} events/s",
         f"{between(bare['cpu_us_per_event'], 1)} µs"],
    ]  # fmt: skip
