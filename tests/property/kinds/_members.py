"""What `segment_entered` and `segment_left` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from schemas import wire
from schemas.instants import DAY
from tests.property.joining import Asked
from tests.property.told import Told, local


def _ordered_lately(told: Told, at: int) -> bool:
    ordered = told.of(wire.OrderPlaced)
    return bool(ordered) and at - ordered[-1][0] < 60 * DAY


CONDITIONS: Final[dict[str, Callable[[Told, int], bool]]] = {
    "twice": lambda told, at: told.orders >= 2,
    "kazan": lambda told, at: told.city == "Kazan",
    "loyal": lambda told, at: told.orders >= 3,
    "active": _ordered_lately,
}
WRITTEN: Final = """
audience: twice
where: orders.count >= 2
---
audience: kazan
where: customer.city == "Kazan"
---
audience: active
where: now - orders.last < days(60)
"""
"""Audiences, also those that the pages have, and what they come to for who reads the events alone."""


def came(asked: Asked) -> bool | None:
    """Whether the customer came into it right then, or left it; None: neither. It is asked at what happens, and at the
    shop's midnights."""
    inside, told, at = CONDITIONS[asked.epoch_id], asked.told, asked.began
    shown = local(at - 1, ZoneInfo("Europe/Moscow"))
    midnight = at - 1 - ((shown.hour * 60 + shown.minute) * 60 + shown.second) * 1_000_000 - shown.microsecond
    before = max((when for when, _ in told.story if when < at), default=0)
    before = max(before, midnight)
    now, then = inside(told, at), inside(told.as_of(before), before)
    return None if asked.epoch_at != at or now is then else now
