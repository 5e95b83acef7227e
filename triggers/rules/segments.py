"""Segments: a shop's customers by a table of conditions, of which the first that holds is the customer's segment.

A segment changes by what the customer does alone, never as time goes by: so nobody has to look at who does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from triggers.context import Context
from triggers.expressions import Expression, unexplained

_STILL: Final = "a segment changes by what the customer does alone"
_NO_TOUCH: Final = "segments are asked for without a touch"

WITHOUT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("now", "customer.age", "cart", "viewed.products", "shop"), _STILL),
    **dict.fromkeys(("journey", "incentive", "event", "product", "products"), _NO_TOUCH),
    "customer.segment": "it is what is asked for",
}
"""Names that the condition of a segment can't use, and why."""

MAX_SEGMENTS: Final = 50


@dataclass(frozen=True, slots=True)
class Segment:
    """Whoever `where` holds for, and none before it. Unknown counts as no."""

    name: str
    where: Expression


def first_of(segments: Sequence[Segment], context: Context) -> str | None:
    """The customer's; None where none holds."""
    if not segments:
        return None
    scope = unexplained(context)
    for segment in segments:
        if segment.where.holds_in(scope):
            return segment.name
    return None
