"""The peers' job: its events, in our wire, and how many commands they must lead to. Pure: a seed decides everything.

The job, the same for every engine: decode an event and check that its fields are there, keep a state per customer in
the engine's fault-tolerant store, and write one command when a cart with something in it has been quiet for an hour of
event time. Of two things at one instant the event comes first: a deadline fires when it lies strictly below the time
reached (SEMANTICS, two clocks).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

BEGIN_MS: Final = int(datetime(2025, 6, 2, tzinfo=UTC).timestamp()) * 1000
"""Well in the past: an event ahead of its log-append time would be refused as from the future."""

IDLE_MS: Final = 3_600_000
SPAN_MS: Final = 6 * IDLE_MS

VIEW, ADD, ORDER = range(3)
TOPICS: Final = ("site-views", "cart-events", "order-events")
"""By kind: where Rewake reads it."""

FLUSHERS: Final = 4
"""Events at the very end, one a partition, of customers of their own: the peers' clocks move by events alone."""


@dataclass(frozen=True, slots=True)
class Job:
    """How much of it. `slices` of `span_ms` follow one another with the same customers (the soak)."""

    events: int = 1_000_000
    customers: int = 50_000
    products: int = 20_000
    seed: int = 42
    begin_ms: int = BEGIN_MS
    span_ms: int = SPAN_MS

    @property
    def end_ms(self) -> int:
        """Past the last event: the instant that the clock markers name."""
        return self.begin_ms + self.span_ms + 2_000


@dataclass(frozen=True, slots=True)
class Made:
    """One event. `at`: milliseconds since the epoch."""

    kind: int
    customer: int
    at: int
    value: bytes


class Reference:
    """How many commands are due: the job in a few lines, with nothing to go wrong."""

    def __init__(self) -> None:
        self.commands = 0
        self._due: dict[int, int] = {}

    def take(self, kind: int, customer: int, at: int) -> None:
        due = self._due.get(customer)
        if due is not None and due < at:
            self.commands += 1
            del self._due[customer]
        if kind == ADD:
            self._due[customer] = at + IDLE_MS
        elif kind == ORDER:
            self._due.pop(customer, None)

    def finish(self, at: int) -> int:
        """Time reaches `at`; the number of commands in all."""
        fired = [customer for customer, due in self._due.items() if due < at]
        for customer in fired:
            del self._due[customer]
        self.commands += len(fired)
        return self.commands


def made(job: Job) -> Iterator[Made]:
    """The events in order of time: 70 % views, 25 % cart additions, 5 % orders, evenly over the span."""
    dice = random.Random(job.seed)
    chance, bits, below = dice.random, dice.getrandbits, dice.randrange
    for number in range(job.events):
        at = job.begin_ms + number * job.span_ms // job.events
        customer, kind_of = below(job.customers), chance()
        kind = VIEW if kind_of < 0.70 else ADD if kind_of < 0.95 else ORDER
        price = f"{1 + below(199)}.{below(100):02}"
        yield Made(kind, customer, at, encoded(kind, bits(128), name(customer), at, below(job.products), price))


def encoded(kind: int, event_id: int, customer: str, at: int, product: int, price: str) -> bytes:
    """One event in the wire of `schemas`, about 200 bytes. `at`: milliseconds. An order is named by its event."""
    head = f'"event_id":"{event_id:032x}","shop_id":"main","customer_id":"{customer}","occurred_at":"{instant(at)}"'
    if kind == VIEW:
        return (
            f'{{"type":"ProductViewed",{head},"product_id":"p{product:05}","price":"{price}","currency":"EUR"}}'
        ).encode()
    if kind == ADD:
        return (
            f'{{"type":"CartItemAdded",{head},"product_id":"p{product:05}","quantity":{1 + product % 4},'
            f'"price":"{price}","currency":"EUR"}}'
        ).encode()
    order = f"A-{event_id & 0xFFFFFFFFFF:010x}"
    return f'{{"type":"OrderPlaced",{head},"order_id":"{order}","total":"{price}","currency":"EUR"}}'.encode()


def flush(job: Job, partition: int) -> bytes:
    """The event that carries a peer's clock to the end on one partition: a view by nobody else."""
    return encoded(VIEW, partition, f"flush-{partition}", job.end_ms, 0, "1.00")


def name(customer: int) -> str:
    return f"c{customer:06}"


def instant(at: int) -> str:
    """RFC 3339 in milliseconds, as a browser writes it."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


TIERS: Final = ("basic", "silver", "gold", "platinum")
CITIES: Final = ("Berlin", "Paris", "Madrid", "Rome", "Vienna")


def profile(customer: int, at: int) -> bytes:
    """A CustomerUpdated with what a message needs: a mobile phone, and what the rules of the whole product look at."""
    return (
        f'{{"type":"CustomerUpdated","event_id":"u{customer:07}","customer_id":"{name(customer)}",'
        f'"occurred_at":"{instant(at)}","phone":"+7999{customer:07}","first_name":"Anna","language":"en",'
        f'"time_zone":"Europe/Berlin","gender":"{"fm"[customer % 2]}","city":"{CITIES[customer % 5]}",'
        f'"card":"{TIERS[customer // 5 % 4]}"}}'
    ).encode()


def consent(customer: int, at: int) -> bytes:
    """A ConsentChanged that allows marketing."""
    return (
        f'{{"type":"ConsentChanged","event_id":"k{customer:07}","customer_id":"{name(customer)}",'
        f'"occurred_at":"{instant(at)}","channel":"sms","purpose":"marketing","granted":true,"source":"checkout"}}'
    ).encode()
