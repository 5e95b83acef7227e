"""Millions of events through one worker, in slices whose records are deleted behind it: is its memory flat?"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its documented names, not in __all__
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from bench import passes, publishing, shops
from bench.figures import Options, Stopped
from bench.job import SPAN_MS, TOPICS, Job
from bench.processes import Worker, memory_of
from bench.stack import say, servers
from streams.stacks import Stack

ABOUT = "memory over a long run"
APP = "soak"
SLICE = 1_000_000
AHEAD = 2
"""Slices that lie in the topics at most: about 400 MB."""

WARM = 0.4
"""The share of the events after which memory counts as warm: by then rows hold all that they ever will (the last
30 touches take some 340 events a customer, 50 products 70)."""

EACH = 1_000
"""Events a customer over the whole run, at least."""

SHORT = {"cleanup.policy": "delete", "retention.bytes": "134217728", "segment.bytes": "67108864"}
"""Of topics that only grow: what the soak writes must not fill a disk. Nothing is restored from its changelog."""

WRITTEN = ("sms-commands", "decisions")


def measure(options: Options) -> dict[str, Any]:
    total, size = options.soak_events, min(SLICE, max(1, options.soak_events // 5))
    job = Job(events=size, customers=max(100, min(size // 20, total // EACH)))
    samples: list[dict[str, float]] = []
    try:
        with servers() as (stack, folder):
            publishing.provide_topics(stack.bootstrap, APP)
            shorten(stack, *TOPICS, *WRITTEN, f"{APP}-customers-changelog")
            customers = publishing.publish_customers(stack.bootstrap, job)
            rules = str(shops.one_rule(folder))
            with Worker(stack, folder, APP, rules=rules, ledger="rows") as worker:
                drive(stack, worker, job, customers, total, samples)
    except (KeyboardInterrupt, SystemExit):
        if not samples:
            raise
        raise Stopped(result(job, total, samples)) from None
    return result(job, total, samples)


def result(job: Job, total: int, samples: list[dict[str, float]]) -> dict[str, Any]:
    """What the samples say: `events` are those that were reached, of `of_events`."""
    reached = round(samples[-1]["events"])
    return {
        "events": reached, "of_events": total, "customers": job.customers, **grown(samples, total), "samples": samples,
    }  # fmt: skip


def grown(samples: list[dict[str, float]], total: int) -> dict[str, float]:
    """Memory when warm and at the end, MB: the first and the last quarter of the samples since it was warm. Of a run
    that was stopped before, the end alone."""
    warm = [sample["rss_mb"] for sample in samples if sample["events"] >= WARM * total]
    if not warm:
        return {"end_rss_mb": samples[-1]["rss_mb"]}
    early, late = warm[: max(1, len(warm) // 4)], warm[-max(1, len(warm) // 4) :]
    before, after = sum(early) / len(early), sum(late) / len(late)
    return {"warm_rss_mb": round(before, 1), "end_rss_mb": round(after, 1), "grown_mb": round(after - before, 1)}


def drive(stack: Stack, worker: Worker, job: Job, customers: int, total: int, samples: list[dict[str, float]]) -> None:
    """Slice after slice, AHEAD of the worker at most; its memory each second, into `samples`."""
    published = 0
    ends: dict[int, dict[str, list[int]]] = {}
    while published < total:
        number = published // job.events
        part = replace(job, seed=job.seed + number, begin_ms=job.begin_ms + number * (SPAN_MS + 2_000))
        part = replace(part, events=min(job.events, total - published))
        publishing.publish_job(stack.bootstrap, part)
        publishing.publish_markers(stack.bootstrap, part.end_ms)
        published += part.events
        ends[published] = {topic: publishing.ends(stack.bootstrap, topic) for topic in TOPICS}
        goal = total if published >= total else published - (AHEAD - 1) * job.events
        if goal <= 0:
            continue

        def looked(now: passes.Reading, goal: int = goal) -> bool:
            samples.append({"events": now.events, "rss_mb": round(memory_of(worker.pid), 1)})
            return now.events >= goal

        passes.until(stack, [worker], looked, lambda now: 1.0)
        forget(stack, ends.pop(goal, {}))
        say(f"soak {samples[-1]['events']:,} of {total:,} events, {samples[-1]['rss_mb']:,.0f} MB")
    time.sleep(1)
    samples.append({"events": float(total), "rss_mb": round(memory_of(worker.pid), 1)})


def shorten(stack: Stack, *topics: str) -> None:
    """Let the broker drop what is old in these topics."""
    admin = AdminClient({"bootstrap.servers": stack.bootstrap, "log_level": 3})
    for topic in topics:
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in SHORT.items()
            if topic not in TOPICS or name == "segment.bytes"  # events go when they are read, not before
        ]
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        for done in admin.incremental_alter_configs([resource]).values():
            done.result(30)


def forget(stack: Stack, read: dict[str, list[int]]) -> None:
    """Delete the records that the worker has applied, as far as it has committed them: after a failed commit it reads
    them again."""
    if not read:
        return
    admin = AdminClient({"bootstrap.servers": stack.bootstrap, "log_level": 3})
    places = [TopicPartition(topic, number) for topic, ends in read.items() for number in range(len(ends))]
    reader = Consumer({
        "bootstrap.servers": stack.bootstrap, "group.id": APP, "log_level": 3,
        # else the broker answers only in an instant in which no partition is just committing, and a busy worker has few
        "isolation.level": "read_uncommitted",
    })  # fmt: skip
    try:
        committed = reader.committed(places, timeout=60)
    finally:
        reader.close()
    upto = [
        TopicPartition(place.topic, place.partition, min(place.offset, read[place.topic][place.partition]))
        for place in committed
        if place.offset > 0
    ]
    for done in admin.delete_records(upto).values():
        done.result(60)


def rows(result: dict[str, Any]) -> list[list[str]]:
    events, of = result["events"], result.get("of_events", result["events"])
    stopped = "" if events >= of else f" (stopped; {of:,} were asked for)"
    end = f"{result['end_rss_mb']:,.0f} MB at the end"
    warm = "warm_rss_mb" in result
    return [[
        f"{ABOUT}: {events:,} events{stopped}, {result['customers']:,} customers",
        f"{result['warm_rss_mb']:,.0f} MB when warm, {end}" if warm else f"{end}, before it was warm",
        f"{result['grown_mb']:+,.0f} MB" if warm else "",
    ]]  # fmt: skip
