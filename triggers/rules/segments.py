"""Segments: a shop's customers by a table of conditions, of which the first that holds is the customer's segment.

A segment changes by what the customer does alone, never as time goes by: so nobody has to look at who does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from triggers.context import Context
from triggers.expressions import Expression, unexplained
from triggers.expressions.bounds import contradiction

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


def unreached(segments: Sequence[Segment]) -> Iterator[tuple[str, str]]:
    """Segments that nobody can be in, as far as can be seen, and why."""
    before: dict[str, str] = {}
    for segment in segments:
        source = segment.where.source.strip()
        everybody = before.get("true")
        clash = contradiction(segment.where.reads.bounds)
        if everybody is not None:
            yield segment.name, f"`{everybody}` before it holds for everybody"
        elif source in before:
            yield segment.name, f"`{before[source]}` before it has the same condition"
        elif clash is not None:
            yield segment.name, f"`{clash[0]}` and `{clash[1]}` exclude each other"
        before.setdefault(source, segment.name)
