"""Shoppers of the wall clock: they act now, and are gone when a round is over.

Most leave a cart behind; some order in time, some about when they would be written to, and some come back for a second
cart that the cap does not let them be reminded of.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from schemas.instants import rfc3339

IDLE: Final = 5.0
"""Seconds; of the rule below."""

GRACE: Final = 1.0
"""Seconds; REWAKE_GRACE of the workers."""

LIMIT: Final = 1
WINDOW: Final = 3_600_000_000
"""The cap: LIMIT touches in WINDOW microseconds."""

SHOP: Final = f"name: Chaos\ncaps:\n  - {LIMIT} per 1h\n"

RULE: Final = f"""\
rule: abandoned-cart
description: Remind of the goods left in the cart
trigger:
  cart_abandoned: {{idle: {IDLE:g}s, reenter: per_cart}}
steps:
  - id: reminder
    sms: "Your cart waits"
"""


@dataclass(frozen=True, order=True, slots=True)
class Act:
    """Something a customer does, `at` seconds from the beginning."""

    at: float
    customer: str
    kind: str

    def event(self, now: int) -> dict[str, Any]:
        """As it is published at `now`, microseconds: that is when it occurs."""
        event: dict[str, Any] = {
            "type": self.kind,
            "event_id": f"{self.customer}-{self.kind}-{self.at:.3f}",
            "customer_id": self.customer,
            "occurred_at": rfc3339(now),
        }
        if self.kind == "OrderPlaced":
            return {**event, "order_id": event["event_id"]}
        return {**event, "product_id": "tea-01", "price": "890.00", "currency": "RUB"}


def known(customer: str, now: int) -> list[dict[str, Any]]:
    """Who a customer is and that they consent, said an hour before `now` (microseconds)."""
    who = {"customer_id": customer, "occurred_at": rfc3339(now - 3_600_000_000)}
    return [
        {
            "type": "ConsentChanged", "event_id": f"{customer}-consent", **who,
            "channel": "sms", "purpose": "marketing", "granted": True,
        },
        {"type": "CustomerUpdated", "event_id": f"{customer}-profile", **who, "phone": "+79990000042"},
    ]  # fmt: skip


def customers(seconds: float, a_second: float) -> list[str]:
    """Everybody who will come."""
    return [f"w{number}" for number in range(int(seconds * a_second))]


def acts(seed: str, who: list[str], seconds: float) -> Iterator[Act]:
    """What they do in the next `seconds`, in order. Of equal arguments the same."""
    rng = random.Random(seed)
    waiting: list[Act] = []
    for customer in who:
        begin = rng.uniform(0, seconds)
        waiting.append(Act(begin, customer, "ProductViewed"))
        begin += 0.05
        waiting.append(Act(begin, customer, "CartItemAdded"))
        dice = rng.random()
        if dice < 0.2:
            waiting.append(Act(begin + rng.uniform(0.2, IDLE - 0.5), customer, "OrderPlaced"))
        elif dice < 0.45:
            waiting.append(Act(begin + rng.uniform(IDLE - 0.5, IDLE + GRACE + 3), customer, "OrderPlaced"))
        elif dice < 0.55:
            ordered = begin + rng.uniform(IDLE + GRACE, IDLE + GRACE + 4)
            waiting.append(Act(ordered, customer, "OrderPlaced"))
            waiting.append(Act(ordered + rng.uniform(0.1, 1), customer, "CartItemAdded"))
    heapq.heapify(waiting)
    while waiting:
        yield heapq.heappop(waiting)
