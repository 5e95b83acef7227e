"""How long after its time a command can be read: live traffic on the wall clock, a reader under read_committed.

A proposal is due at its deadline and may be emitted `grace` later (SEMANTICS, two clocks); what is measured is from
then until the reader has the command. One process publishes at a steady pace, another is the worker, the reader is this
one. Carts that stay quiet for IDLE seconds fall due; at this pace about 0.7 % of the events lead to one. A customer
whose own next event shows that the deadline has passed is written to within the grace already: such commands are
counted (`earlier`) and left out, which can only make the rest look slower.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import orjson
from confluent_kafka import Consumer, TopicPartition

from bench import publishing, shops
from bench.figures import Options
from bench.job import TOPICS, Job
from bench.passes import APPLIED
from bench.peers.engines import ROOT
from bench.processes import Process, RunFailed, Worker, cpu_of
from bench.stack import say, servers
from schemas.instants import parse_rfc3339

ABOUT = "due + grace -> readable as committed"
IDLE = 30
GRACE = 2.0
SETTLING = 10
"""Seconds after the first deadlines before anything counts."""


PARTS = (4, 2, 1)
"""A quarter of the pace, half of it, and all: how full the cores are decides more than anything else."""


def measure(options: Options) -> dict[str, Any]:
    return {"paces": [at_pace(options.rate // part, options.seconds) for part in PARTS]}


def at_pace(rate: int, length: int) -> dict[str, Any]:
    """`rate` events a second, of which `length` seconds count."""
    customers = rate * 5 // 2
    with servers() as (stack, folder):
        bootstrap, app = stack.bootstrap, "live"
        publishing.provide_topics(bootstrap, app)
        now = time.time_ns() // 1_000_000
        publishing.publish_customers(bootstrap, Job(customers=customers, begin_ms=now))
        rules = str(shops.one_rule(folder, f"{IDLE}s"))
        with Worker(stack, folder, app, rules=rules, clock="wall", grace=str(GRACE)) as worker:
            worker.until_ready()
            seconds = IDLE + SETTLING + length + GRACE + 3
            pace = ["--rate", str(rate), "--seconds", str(seconds), "--customers", str(customers)]
            command = [sys.executable, "-m", "bench.live", "--bootstrap", bootstrap, *pace]
            begin = time.time() + IDLE + SETTLING
            with Process(stack, command, {"PYTHONPATH": str(ROOT)}, folder / "producer.log") as producer:
                found = listen(bootstrap, worker, producer, begin, begin + length)
                sent, took = producer.finished(30).split()
            told = worker.scrape()
        seen, cpu, applied = found
        late = [seconds for seconds in seen if seconds >= 0]
        if not late or told is None:
            raise RunFailed(
                f"{len(seen)} commands came, none after its grace; {applied} events were applied at {rate} a "
                f"second for {length} s: is the machine too slow? The worker says:\n{worker.tail()}"
            )
        if min(seen) < -GRACE:
            raise RunFailed(f"a command could be read {-min(seen) - GRACE:.3f} s before it was due")
        kept = round(int(sent) / float(took))
        result = {
            "rate": kept, "wanted_rate": rate, "seconds": length, "commands": len(late),
            "earlier": len(seen) - len(late), "commands_share": round(len(seen) / (kept * length), 4),
            **percentiles(late),
            "worker_cores": round(cpu / length, 3), "applied": applied,
            "decisions": told.by("rewake_decisions_total", "outcome"),
        }  # fmt: skip
    say(f"live {kept:,} events/s, {len(late):,} commands, p50 {result['p50_ms']} ms, p99 {result['p99_ms']} ms")
    return result


def listen(
    bootstrap: str, worker: Worker, producer: Process, begin: float, end: float
) -> tuple[list[float], float, int]:
    """Seconds past due + grace of every command due from `begin` to `end` (seconds since the epoch), the worker's CPU
    seconds and the events it applied meanwhile."""
    reader = Consumer({
        "bootstrap.servers": bootstrap, "group.id": "bench-live", "isolation.level": "read_committed",
        "enable.auto.commit": False, "fetch.wait.max.ms": 100,
    })  # fmt: skip
    late: list[float] = []
    marks: dict[float, tuple[float, float]] = {}

    def mark(at: float) -> None:
        # Beside the reading: the worker takes its time to answer, and no command is to wait for that.
        time.sleep(max(0.0, at - time.time()))
        cpu, told = cpu_of(worker.pid), worker.scrape()
        marks[at] = cpu, sum(told.total(APPLIED, topic=t) for t in TOPICS) if told else 0

    marking = [threading.Thread(target=mark, args=(at,), daemon=True) for at in (begin, end)]
    try:
        for one in marking:
            one.start()
        reader.assign([TopicPartition("sms-commands", number, 0) for number in range(publishing.PARTITIONS)])
        while time.time() < end + GRACE + 2:
            message = reader.poll(0.05)
            if message is None:
                worker.check()
                continue
            if message.error():
                raise RunFailed(str(message.error()))
            arrived = time.time()
            due = parse_rfc3339(orjson.loads(message.value() or b"{}")["due_at"]) / 1_000_000
            if begin <= due < end:
                late.append(arrived - due - GRACE)
    finally:
        reader.close()
    for one in marking:
        one.join(30)
    if len(marks) < 2:
        raise RunFailed(f"the worker's metrics could not be read:\n{worker.tail()}")
    (cpu, applied), (cpu_after, applied_after) = marks[begin], marks[end]
    return late, cpu_after - cpu, int(applied_after - applied)


def percentiles(late: list[float]) -> dict[str, float]:
    """Of seconds, in milliseconds."""
    ordered = sorted(late)

    def at(share: float) -> float:
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return {"p50_ms": at(0.50), "p95_ms": at(0.95), "p99_ms": at(0.99), "most_ms": round(1000 * ordered[-1], 1)}


def rows(result: dict[str, Any]) -> list[list[str]]:
    return [
        [f"{ABOUT}, {pace['rate']:,} events/s live", f"p50 {pace['p50_ms']:,.0f} ms, p99 {pace['p99_ms']:,.0f} ms",
         f"{pace['worker_cores']:.2f} of a core; {pace['commands']:,} commands in {pace['seconds']} s"]
        for pace in result["paces"]
    ]  # fmt: skip
