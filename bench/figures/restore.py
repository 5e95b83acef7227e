"""A fresh worker reads a million rows back: rows a second by its own metrics, and how long until it is ready."""

from __future__ import annotations

import time
from typing import Any

from bench import passes, publishing, shops
from bench.figures import Options
from bench.job import Job
from bench.processes import RunFailed, Worker, memory_of
from bench.results import between, spreads
from bench.stack import say, servers

ABOUT = "restore of rows after a restart"


def measure(options: Options) -> dict[str, Any]:
    """Every customer has a profile; as many events as `options.events` gave them carts and views."""
    job = Job(events=options.events, customers=options.many)
    runs: list[dict[str, Any]] = []
    with servers() as (stack, folder):
        bootstrap, app = stack.bootstrap, "restore"
        publishing.provide_topics(bootstrap, app)
        publishing.publish_customers(bootstrap, job)
        publishing.publish_job(bootstrap, job)
        publishing.publish_markers(bootstrap, job.end_ms)
        rules = str(shops.one_rule(folder))
        with Worker(stack, folder, app, "filling", rules=rules, ledger="rows") as worker:
            passes.until(
                stack, [worker], lambda now: now.customers >= job.customers and now.events >= job.events,
                lambda now: 0.5,
            )  # fmt: skip
        written = sum(publishing.ends(bootstrap, f"{app}-customers-changelog"))
        for turn in range(options.rounds):
            began = time.perf_counter()
            with Worker(stack, folder, app, f"reading-{turn}", rules=rules, ledger="rows") as worker:
                worker.until_ready()
                ready = time.perf_counter() - began
                told = worker.scrape()
                if told is None:
                    raise RunFailed("the worker does not tell what it restored")
                rows_, seconds = told.total("rewake_restored_rows_total"), told.total("rewake_restore_seconds_sum")
                times = told.total("rewake_restore_seconds_count")
                memory = memory_of(worker.pid)
            # the broker's own record of a partition may be counted as a row or not: one a partition at most
            if not job.customers <= rows_ <= job.customers + publishing.PARTITIONS or times != 1:
                raise RunFailed(f"{rows_:.0f} rows came back in {times:.0f} assignments; there are {job.customers}")
            run = {
                "round": turn + 1, "rows": int(rows_), "seconds": round(seconds, 3), "changelog_records": written,
                "rows_per_s": round(rows_ / seconds), "start_to_ready_s": round(ready, 2), "rss_mb": round(memory, 1),
            }  # fmt: skip
            runs.append(run)
            say(f"restore {run['rows_per_s']:,} rows/s, {run['rows']:,} rows in {run['seconds']} s")
    return {
        "customers": job.customers, "figures": spreads(runs, "rows_per_s", "seconds", "start_to_ready_s", "rss_mb"),
        "runs": runs,
    }  # fmt: skip


def rows(result: dict[str, Any]) -> list[list[str]]:
    figures = result["figures"]
    return [
        [f"{ABOUT}, {result['customers']:,} rows", f"{between(figures['rows_per_s'])} rows/s",
         f"{between(figures['start_to_ready_s'], 1)} s from start to ready, {figures['rss_mb']['median']:,.0f} MB"],
    ]  # fmt: skip
