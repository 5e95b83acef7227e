"""One worker, then two on the same cores as the broker, over the same job.

A clock marker is the starting gun: it is held back until every worker owns its partitions and knows the customers.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import passes, publishing, shops
from bench.figures import Options
from bench.job import Job
from bench.processes import RunFailed, Worker
from bench.reading import check_commands
from bench.results import between, spreads
from bench.stack import say, servers
from streams.stacks import Stack

ABOUT = "two workers against one, on two cores with the broker"
GRACE_MS = 1_800_000


def measure(options: Options) -> dict[str, Any]:
    runs: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    job = Job(events=options.events, customers=options.customers)
    for turn in range(options.rounds):
        for count in runs:
            # a broker each: the gun's marker can be fired once
            with servers() as (stack, folder):
                run = one(stack, folder, job, count)
            runs[count].append({"round": turn + 1, **run})
            say(
                f"{count} worker(s) {run['events_per_s']:,} events/s, {run['cpu_us_per_event']} us, "
                f"the broker {run['broker_cpu_us_per_event']} us"
            )
    fields = ("events_per_s", "cpu_us_per_event", "broker_cpu_us_per_event")
    one_, two = spreads(runs[1], *fields), spreads(runs[2], *fields)
    ratio = round(two["events_per_s"]["median"] / one_["events_per_s"]["median"], 3)
    return {
        "events": job.events, "one": one_, "two": two, "two_to_one": ratio, "runs": [*runs[1], *runs[2]],
    }  # fmt: skip


def one(stack: Stack, folder: Path, job: Job, count: int) -> dict[str, Any]:
    """A pass of `count` workers, checked."""
    bootstrap, app = stack.bootstrap, "workers"
    publishing.provide_topics(bootstrap, app)
    customers = publishing.publish_customers(bootstrap, job)
    publishing.publish_shared_marker(bootstrap, job.begin_ms - GRACE_MS)
    commands = publishing.publish_job(bootstrap, job)
    publishing.publish_markers(bootstrap, job.end_ms, without=[publishing.MARKETING])
    rules = str(shops.one_rule(folder))
    workers: list[Worker] = []
    try:
        for number in range(count):
            workers.append(Worker(stack, folder, app, f"w{number}", rules=rules, ledger="rows"))
        passes.until(stack, workers, lambda now: shared_out(now, count), lambda now: 0.1)
        measured = passes.measure(
            stack, workers, customers=customers, events=job.events,
            begin=lambda: publishing.publish_shared_marker(bootstrap, job.end_ms),
        )  # fmt: skip
        check_commands(bootstrap, "sms-commands", [0] * publishing.PARTITIONS, commands)
        return {"workers": count, **asdict(measured)}
    finally:
        for worker in workers:
            worker.stop()


def shared_out(now: passes.Reading, count: int) -> bool:
    """Every worker owns its part. RunFailed is left to whoever waits too long."""
    owned = [scrape.total("rewake_partitions_owned") for scrape in now.scrapes]
    if sum(owned) > publishing.PARTITIONS:
        return False  # in the middle of a rebalance
    return len(owned) == count and all(part == publishing.PARTITIONS // count for part in owned)


def rows(result: dict[str, Any]) -> list[list[str]]:
    if not result["two"]:
        raise RunFailed("nothing was measured")
    lines = []
    for name, figures in (("one worker", result["one"]), ("two workers, in sum", result["two"])):
        lines.append([
            f"{ABOUT}: {name}", f"{between(figures['events_per_s'])} events/s",
            f"{between(figures['cpu_us_per_event'], 1)} µs, the broker's "
            f"{between(figures['broker_cpu_us_per_event'], 1)} µs",
        ])  # fmt: skip
    lines.append([f"{ABOUT}: ratio", f"{result['two_to_one']:.2f}x", ""])
    return lines
