"""A ledger's store, and what it is asked in the tests of every ledger. The fixture `world` gives each store in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from streams.ledger import Ledger
from triggers.asks import Ask, CapLimit, Full, Scope

S = 1_000_000
HOUR = 3600 * S
DAY = 24 * HOUR
NOW = 1_795_000_000 * S

ONE_A_DAY = (CapLimit(1, DAY),)
THREE_A_WEEK = (CapLimit(3, 7 * DAY),)


def ask(
    touch_id: str,
    at: int = NOW,
    caps: tuple[CapLimit, ...] = ONE_A_DAY,
    touches: tuple[tuple[str, int], ...] = (),
    customer: str = "42",
    shop: str = "main",
) -> Ask:
    known = tuple((touch, touched_at, 1) for touch, touched_at in touches)
    return Ask(shop, customer, touch_id, at, (Scope("customer", "", caps, 1, known),))


@dataclass(frozen=True)
class full:  # stands where the answer stands
    """Equals a `Full` of that limit with these counts, whenever it has room."""

    cap: int
    counts: tuple[int, ...]
    scope: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Full) and (other.scope, other.cap, other.counts) == (self.scope, self.cap, self.counts)


@dataclass
class World:
    """One store and how to reach it: `worker` gives another worker's ledger over the same store."""

    worker: Callable[..., Ledger]
    lose_everything: Callable[[], Awaitable[None]]
    pass_time: Callable[[int], Awaitable[None]]
    lapse: int
