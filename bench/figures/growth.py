"""The same number of events over a thousand customers and over a million: a broker each, runs interleaved.

Within six hours a thousand customers are never quiet for the hour that a touch takes, while a million, who come once
each, cause one by every fifth event. So there is a third case between the two: the thousand as seldom as each of the
million comes. It differs from the few by the touches (and what they are judged by: rows full of a thousand events), and
from the many by the number of rows.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import passes, publishing, shops
from bench.figures import Options
from bench.job import BEGIN_MS, SPAN_MS, Job
from bench.processes import Worker
from bench.reading import check_commands
from bench.results import between, spreads
from bench.stack import say, servers
from streams.stacks import Stack

ABOUT = "growth of customers"
FEW = 1_000


def jobs(events: int, many: int) -> dict[str, Job]:
    """The three cases. All end at one instant."""
    times = max(1, many // FEW)
    begin = BEGIN_MS - (times - 1) * SPAN_MS
    return {
        "few": Job(events=events, customers=FEW),
        "seldom": Job(events=events, customers=FEW, begin_ms=begin, span_ms=times * SPAN_MS),
        "many": Job(events=events, customers=many),
    }


def measure(options: Options) -> dict[str, Any]:
    cases = jobs(options.events, options.many)
    runs: dict[str, list[dict[str, Any]]] = {case: [] for case in cases}
    with ExitStack() as stacks:
        places = {case: stacks.enter_context(servers()) for case in cases}
        due = {}
        for case, (stack, _) in places.items():
            job = cases[case]
            publishing.provide_topics(stack.bootstrap, "bench")
            publishing.publish_customers(stack.bootstrap, job)
            due[case] = publishing.publish_job(stack.bootstrap, job)
            publishing.publish_markers(stack.bootstrap, job.end_ms)
        for turn in range(options.rounds):
            for case, (stack, folder) in places.items():
                customers = cases[case].customers
                run = one(stack, folder, f"growth-{turn}", customers, options.events, due[case])
                runs[case].append({"round": turn + 1, "case": case, "customers": customers, **run})
                say(f"{case}: {customers:,} customers {run['events_per_s']:,} events/s, {run['cpu_us_per_event']} us")
    found = {case: spreads(its, "events_per_s", "cpu_us_per_event", "rss_mb") for case, its in runs.items()}
    speed = {case: its["events_per_s"]["median"] for case, its in found.items()}
    return {
        "events": options.events, "few_customers": FEW, "seldom_customers": FEW, "many_customers": options.many,
        **found, "commands": due, "few_to_many": round(speed["few"] / speed["many"], 3),
        "seldom_to_many": round(speed["seldom"] / speed["many"], 3),
        "runs": [run for its in runs.values() for run in its],
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
    for case in ("few", "seldom", "many"):
        if case not in result:
            continue
        figures, customers, commands = result[case], result[f"{case}_customers"], result.get("commands", {}).get(case)
        touches = "" if commands is None else f", {commands:,} touches"
        lines.append([
            f"{customers:,} customers, {result['events']:,} events{touches}",
            f"{between(figures['events_per_s'])} events/s",
            f"{between(figures['cpu_us_per_event'], 1)} µs, {figures['rss_mb']['median']:,.0f} MB",
        ])  # fmt: skip
    lines.append([f"{ABOUT}: few to many", f"{result['few_to_many']:.2f}x", ""])
    if "seldom_to_many" in result:
        lines.append([f"{ABOUT}: few to many, about as many touches", f"{result['seldom_to_many']:.2f}x", ""])
    return lines
