"""The job as every Python peer does it, and the probe that measures a peer from inside.

Runs in `.venv-peers`: the standard library and orjson alone. Settings come from the environment (`PEER_*`); the report
is a JSON file, written at the last event.
"""

from __future__ import annotations

import os
import resource
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

BOOTSTRAP: Final = os.environ.get("PEER_BOOTSTRAP", "localhost:9092")
APP: Final = os.environ.get("PEER_APP", "peer")
TOPIC: Final = os.environ.get("PEER_TOPIC", "peer-events")
COMMANDS: Final = os.environ.get("PEER_COMMANDS", "peer-commands")
EVENTS: Final = int(os.environ.get("PEER_EVENTS", "0"))
STATE: Final = os.environ.get("PEER_STATE", "state")
REPORT: Final = os.environ.get("PEER_REPORT", "report.json")
EXACTLY_ONCE: Final = os.environ.get("PEER_EXACTLY_ONCE") == "1"
PARTITIONS: Final = 4

IDLE_MS: Final = 3_600_000
ALWAYS: Final = ("event_id", "customer_id", "occurred_at", "currency")
ALSO: Final = {
    "ProductViewed": ("product_id", "price"),
    "CartItemAdded": ("product_id", "price", "quantity"),
    "OrderPlaced": ("order_id", "total"),
}

State = dict[str, Any]
"""`last`: product seen last; `items`: [product, price, quantity]; `due`: milliseconds or None."""


def check(event: dict[str, Any]) -> None:
    """ValueError for an event without its fields."""
    for field in ALWAYS + ALSO[event["type"]]:
        if field not in event:
            raise ValueError(f"no {field}")


def read(value: bytes) -> dict[str, Any]:
    """A checked event."""
    event: dict[str, Any] = orjson.loads(value)
    check(event)
    return event


def instant(occurred_at: str) -> int:
    """Milliseconds since the epoch."""
    return round(datetime.fromisoformat(occurred_at).timestamp() * 1000)


def empty() -> State:
    return {"last": None, "items": [], "due": None}


def is_due(state: State, at: int) -> bool:
    """An event at the deadline's own instant comes first."""
    return state["due"] is not None and state["due"] < at


def apply(state: State, event: dict[str, Any], at: int) -> None:
    kind = event["type"]
    if kind == "ProductViewed":
        state["last"] = event["product_id"]
    elif kind == "CartItemAdded":
        state["items"].append([event["product_id"], event["price"], event["quantity"]])
        state["due"] = at + IDLE_MS
    else:
        state["items"] = []
        state["due"] = None


def command(customer: str, due: int, items: list[Any]) -> dict[str, Any]:
    return {
        "type": "SendSms", "command_id": f"{customer}:{due}", "customer_id": customer, "due_at": due,
        "text": f"You left {len(items)} item(s) in your cart",
    }  # fmt: skip


class Probe:
    """From the first event to the last: seconds, CPU (user and system), resident memory at its most."""

    def __init__(self) -> None:
        self.events = 0
        self.is_done = False
        self._began = self._cpu = 0.0

    def begin(self, events: int = 1) -> None:
        """Before the first event, and cheap at every other. `events`: as many as are handled at once."""
        if self.events == 0:
            self._began, self._cpu = time.perf_counter(), _cpu()
        self.events += events

    def end(self) -> None:
        """After an event."""
        if self.events >= EVENTS and not self.is_done:
            seconds, cpu = time.perf_counter() - self._began, _cpu() - self._cpu
            self.is_done = True
            report = {
                "events": self.events, "seconds": seconds, "cpu_seconds": cpu,
                "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }  # fmt: skip
            part = Path(f"{REPORT}.part")
            part.write_bytes(orjson.dumps(report))
            part.rename(REPORT)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
