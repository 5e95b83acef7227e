"""What a condition can call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Final


def _length(unit: int) -> Callable[[Decimal], timedelta]:
    """`unit` in seconds. Raises OverflowError for a length beyond what a calendar holds."""
    return lambda number: timedelta(microseconds=int(number * unit * 1_000_000))


FUNCTIONS: Final[dict[str, Callable[[Decimal], timedelta]]] = {
    "days": _length(86_400),  # always 24 hours, whatever the clocks of a zone do
    "hours": _length(3_600),
    "minutes": _length(60),
}
"""Each takes one number and gives a duration."""
