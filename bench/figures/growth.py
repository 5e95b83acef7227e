"""The same number of events over a thousand customers and over a million: two brokers, runs interleaved."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import passes, publishing, shops
from bench.figures import Options
from bench.job import Job
from bench.processes import Worker
from bench.reading import check_commands
from bench.results import between, spreads
from bench.stack import say, servers
from streams.stacks import Stack

ABOUT = "growth of customers"
FEW = 1_000


def measure(options: Options) -> dict[str, Any]:
    runs: dict[int, list[dict[str, Any]]] = {FEW: [], options.many: []}
    with servers() as (small, small_folder), servers() as (large, large_folder):
        places = {FEW: (small, small_folder), options.many: (large, large_folder)}
        due = {}
        for customers, (stack, _) in places.items():
            job = Job(events=options.events, customers=customers)
            publishing.provide_topics(stack.bootstrap, "bench")
            publishing.publish_customers(stack.bootstrap, job)
            due[customers] = publishing.publish_job(stack.bootstrap, job)
            publishing.publish_markers(stack.bootstrap, job.end_ms)
        for turn in range(options.rounds):
            for customers, (stack, folder) in places.items():
                app = f"growth-{turn}"
                run = one(stack, folder, app, customers, options.events, due[customers])
                runs[customers].append({"round": turn + 1, "customers": customers, **run})
                say(f"{customers:,} customers {run['events_per_s']:,} events/s, {run['cpu_us_per_event']} us")
    few, many = (spreads(found, "events_per_s", "cpu_us_per_event", "rss_mb") for found in runs.values())
    ratio = round(few["events_per_s"]["median"] / many["events_per_s"]["median"], 3)
    return {
        "events": options.events, "few_customers": FEW, "many_customers": options.many, "few": few, "many": many,
        "few_to_many": ratio, "runs": [*runs[FEW], *runs[options.many]],
    }  # fmt: skip


def one(stack: Stack, folder: Path, app: str, customers: int, events: int, commands: int) -> dict[str, Any]:
    publishing.provide_topics(stack.bootstrap, app)
    since = publishing.ends(stack.bootstrap, "sms-commands")
    rules = str(shops.one_rule(folder))
    with Worker(stack, folder, app, rules=rules, ledger="rows") as worker:
        measured = passes.measure(stack, [worker], customers=customers, events=events)
        check_commands(stack.bootstrap, "sms-commands", since, commands)
    publishing.delete(stack.bootstrap, app)
    return asdict(measured)


def rows(result: dict[str, Any]) -> list[list[str]]:
    lines = []
    for which in ("few", "many"):
        figures, customers = result[which], result[f"{which}_customers"]
        lines.append([
            f"{customers:,} customers, {result['events']:,} events", f"{between(figures['events_per_s'])} events/s",
            f"{between(figures['cpu_us_per_event'], 1)} µs, {figures['rss_mb']['median']:,.0f} MB",
        ])  # fmt: skip
    lines.append([f"{ABOUT}: few to many", f"{result['few_to_many']:.2f}x", ""])
    return lines
