"""How many touches a customer's row must remember for a cap to be exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.instants import DAY, HOUR
from triggers.rules.model import Cap
from triggers.rules.quantities import show_duration

_LONGEST: Final = {"day": 25 * HOUR, "week": 7 * DAY + HOUR, "month": 31 * DAY + HOUR}
_SHORTEST: Final = {"day": 23 * HOUR, "week": 7 * DAY - HOUR, "month": 28 * DAY - HOUR}
"""Of the calendar's spans: clocks are put forward and back."""


def needed(cap: Cap, caps: Sequence[Cap]) -> int | None:
    """The most touches of a customer that may lie in the time of `cap`, as the `caps` by customer leave room for; None
    when nothing bounds them. 0 for what no row is asked for."""
    if cap.by == "phone":
        return 0
    return min((_most(cap, other) for other in caps if other.by == "customer"), default=None)


def _most(cap: Cap, other: Cap) -> int:
    """As `other` allows."""
    if (cap.window, cap.span) == (other.window, other.span):
        return other.limit
    length = cap.window or _LONGEST[cap.span]
    if other.window:
        return other.limit * -(-length // other.window)
    return other.limit * (-(-length // _SHORTEST[other.span]) + 1)


def show_per(cap: Cap) -> str:
    """`7d`, `day`."""
    return cap.span or show_duration(cap.window)
