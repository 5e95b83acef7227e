"""The whole product by one worker: twenty rules, every gate, caps in Redis, decisions, messages with products."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bench import passes, publishing, shops
from bench.figures import Options
from bench.job import Job
from bench.processes import RunFailed, Worker
from bench.results import between, spreads
from bench.stack import say, servers

ABOUT = "the whole product: 20 rules, Redis, decisions, products"
PRODUCTS = 2_000


def measure(options: Options) -> dict[str, Any]:
    job = Job(events=options.events, customers=options.customers, products=PRODUCTS)
    runs: list[dict[str, Any]] = []
    with servers() as (stack, folder):
        publishing.provide_topics(stack.bootstrap, "bench")
        shops.publish_products(stack.bootstrap, PRODUCTS, job.begin_ms - 3_600_000)
        customers = publishing.publish_customers(stack.bootstrap, job, consents=True)
        publishing.publish_job(stack.bootstrap, job)
        publishing.publish_markers(stack.bootstrap, job.end_ms)
        rules = shops.twenty_rules(folder)
        for turn in range(options.rounds):
            app = f"product-{turn}"
            publishing.provide_topics(stack.bootstrap, app)
            with Worker(stack, folder, app, rules=str(rules)) as worker:
                measured = passes.measure(stack, [worker], customers=customers, events=job.events)
                after = worker.scrape()
            if after is None:
                raise RunFailed("the worker does not tell what it did")
            publishing.delete(stack.bootstrap, app)
            proposals = int(after.total("rewake_proposals_total"))
            run = {
                **asdict(measured), "proposals": proposals, "proposals_share": round(proposals / job.events, 4),
                "decisions": after.by("rewake_decisions_total", "outcome"),
                "ledger": after.by("rewake_ledger_asks_total", "answer"),
            }  # fmt: skip
            if not run["decisions"].get("emitted"):
                raise RunFailed(f"no touch was emitted: {run['decisions']}")
            runs.append(run)
            say(
                f"product {measured.events_per_s:,} events/s {measured.cpu_us_per_event} us, "
                f"{100 * run['proposals_share']:.2f} % of events led to a proposal: {run['decisions']}"
            )
    fields = ("events_per_s", "cpu_us_per_event", "proposals_share", "rss_mb", "broker_cpu_us_per_event")
    return {"events": job.events, "rules": 20, "figures": spreads(runs, *fields), "runs": runs}


def rows(result: dict[str, Any]) -> list[list[str]]:
    figures = result["figures"]
    share = 100 * figures["proposals_share"]["median"]
    return [
        [f"{ABOUT}; {share:.1f} % of events lead to a proposal", f"{between(figures['events_per_s'])} events/s",
         f"{between(figures['cpu_us_per_event'], 1)} µs"],
    ]  # fmt: skip
