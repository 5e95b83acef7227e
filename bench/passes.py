"""One measured pass of one or more workers over what lies in the topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.job import TOPICS
from bench.processes import RunFailed, Scrape, Worker, cpu_of, memory_of
from bench.stack import broker_pid
from streams.stacks import Stack

STANDSTILL = 90.0
"""Seconds without any progress after which a run has failed."""

APPLIED = "rewake_events_applied_total"


@dataclass(frozen=True, slots=True)
class Pass:
    """CPU in microseconds an event, user and system of the process; memory at its most, MB."""

    events: int
    seconds: float
    events_per_s: int
    cpu_us_per_event: float
    broker_cpu_us_per_event: float
    rss_mb: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Where the workers were at one instant."""

    at: float
    cpu: float
    broker: float
    customers: int
    events: int
    scrapes: tuple[Scrape, ...]


def read(stack: Stack, workers: Sequence[Worker]) -> Reading | None:
    """All of it, as close together as it can be had; None while one does not answer."""
    scrapes = []
    for worker in workers:
        scrape = worker.scrape()
        if scrape is None:
            return None
        scrapes.append(scrape)
    return Reading(
        at=time.perf_counter(),
        cpu=sum(cpu_of(worker.pid) for worker in workers),
        broker=cpu_of(broker_pid(stack)),
        customers=int(sum(scrape.total(APPLIED, topic="customer-events") for scrape in scrapes)),
        events=int(sum(scrape.total(APPLIED, topic=topic) for scrape in scrapes for topic in TOPICS)),
        scrapes=tuple(scrapes),
    )


def until(
    stack: Stack, workers: Sequence[Worker], reached: Callable[[Reading], bool], pause: Callable[[Reading], float]
) -> Reading:
    """The first reading that is there; raises RunFailed when a worker ends or nothing moves any more."""
    moved, last = time.monotonic(), (-1, -1)
    while True:
        reading = read(stack, workers)
        if reading is not None:
            if reached(reading):
                return reading
            if (reading.customers, reading.events) != last:
                moved, last = time.monotonic(), (reading.customers, reading.events)
        if time.monotonic() - moved > STANDSTILL:
            logs = "\n".join(worker.tail() for worker in workers)
            raise RunFailed(f"stood still at {last[0]} customers and {last[1]} events:\n{logs}")
        time.sleep(0.05 if reading is None else pause(reading))


def measure(
    stack: Stack,
    workers: Sequence[Worker],
    *,
    customers: int,
    events: int,
    begin: Callable[[], None] | None = None,
) -> Pass:
    """From the moment all customers are known to the last event.

    `customers`: records of `customer-events`, which come first and do not count. `begin`: fires the starting gun (a
    clock marker that was held back); without it what was applied before the window's first reading does not count.
    """
    first = until(stack, workers, lambda now: now.customers >= customers, lambda now: 0.05)
    if begin is not None:
        first = read(stack, workers) or first
        begin()

    def half_of_the_rest(now: Reading) -> float:
        """Reading metrics costs the worker milliseconds: seldom at first, often near the end."""
        rate = (now.events - first.events) / max(now.at - first.at, 0.01)
        return min(1.0, max(0.02, 0.5 * (events - now.events) / rate)) if rate else 0.1

    last = until(stack, workers, lambda now: now.events >= events, half_of_the_rest)
    counted = last.events - first.events
    if last.events == events and not counted:
        raise RunFailed(f"all {events} events were applied before the first reading: measure more of them")
    if last.events != events:
        logs = "\n".join(worker.tail() for worker in workers)
        raise RunFailed(
            f"{last.events} events were applied, {events} were published (a chunk whose commit failed counts again):"
            f"\n{logs}"
        )
    return passed(
        counted, last.at - first.at, last.cpu - first.cpu, last.broker - first.broker,
        sum(memory_of(worker.pid, "VmHWM") for worker in workers),
    )  # fmt: skip


def passed(events: int, seconds: float, cpu: float, broker: float, rss_mb: float) -> Pass:
    return Pass(
        events, round(seconds, 3), round(events / seconds), round(cpu / events * 1e6, 2),
        round(broker / events * 1e6, 2), round(rss_mb, 1),
    )  # fmt: skip
