"""How long is long: `66d`, or told by how often somebody buys (`interval + 1d`, `1.2 x interval`), the same for
everybody or by a table.

A table is by segments of the shop, `{once: 66d, otherwise: 90d}`, or the rule's own, of which the first line that holds
counts: `[{name: once, when: "orders.count == 1", after: 66d}, {name: others, after: 90d}]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema

from schemas.instants import DAY
from triggers.expressions import Expression
from triggers.rules import quantities
from triggers.rules.values import LONGEST, Name, Source, Written, shown, wrong

SHORTEST: Final = DAY
OTHERWISE: Final = "otherwise"
"""In a table by segments: whoever is in none that the table names."""

MAX_LINES: Final = 50
_MOST_TIMES: Final = 20


@dataclass(frozen=True, slots=True)
class Threshold:
    """`times` the purchase interval and `plus` (microseconds); without `times` it is `plus` alone."""

    plus: int
    times: Decimal | None = None

    def of(self, interval: int | None) -> int | None:
        """In microseconds, SHORTEST to LONGEST; None where it needs an interval and none is known."""
        if self.times is None:
            return self.plus
        if interval is None:
            return None
        return max(SHORTEST, min(LONGEST, int(self.times * interval) + self.plus))

    def __str__(self) -> str:
        plus = quantities.show_duration(self.plus)
        if self.times is None:
            return plus
        scaled = "interval" if self.times == 1 else f"{format(self.times.normalize(), 'f')} x interval"
        return f"{scaled} + {plus}" if self.plus else scaled


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table. `name`: of the segment, or the line's own; "" and OTHERWISE: whoever no other line is for.
    `when`: of a table of the rule's own, for whom it is."""

    name: str
    after: Threshold
    when: Expression | None = None


_NUMBER: Final = r"(\d{1,4}(?:\.\d{1,4})?)"
_TIMES: Final = r"\s*[x×*хX]\s*"  # the Cyrillic letter, too: it looks the same
_RELATIVE: Final = re.compile(
    rf"(?:{_NUMBER}{_TIMES}interval|interval(?:{_TIMES}{_NUMBER})?)(?:\s*\+\s*(\S+))?", re.ASCII
)
_PATTERN: Final = (
    r"^(\d+[wdhms])+$|^(\d+(\.\d+)?\s*[x×*]\s*interval|interval(\s*[x×*]\s*\d+(\.\d+)?)?)(\s*\+\s*(\d+[wdhms])+)?$"
)


def read_threshold(value: object) -> Threshold:
    """As it is written."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"{shown(value)} has no unit", f"write `{value}d`")
    text = value.strip() if isinstance(value, str) else ""
    length = quantities.duration(text)
    if length is not None:
        if not SHORTEST <= length <= LONGEST:
            raise wrong(f"{shown(value)} is not between one day and ten years")
        return Threshold(length)
    found = _RELATIVE.fullmatch(text)
    plus = quantities.duration(found[3]) if found and found[3] else 0
    if found is None or plus is None:
        hint = "write it like `66d`, `interval + 1d` or `1.2 x interval`"
        raise wrong(f"{shown(value)} is no threshold", hint)
    times = Decimal(found[1] or found[2] or "1")
    if not 0 < times <= _MOST_TIMES:
        raise wrong(f"{shown(value)} is not between nothing and {_MOST_TIMES} times the interval")
    if plus > LONGEST:
        raise wrong(f"{shown(value)} is longer than ten years")
    return Threshold(plus, times)


WrittenThreshold = Annotated[
    Threshold,
    BeforeValidator(read_threshold),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["66d", "interval + 1d", "1.2 x interval"]}),
]


class WrittenLine(Written):
    """A line of a table of thresholds: for whom, and how long."""

    name: Name = Field(description="What its customers are called.", examples=["once"])
    when: Source | None = Field(
        default=None,
        description="A condition: whom it is for, if no line before it is. The last line may go without.",
        examples=["orders.count == 1"],
    )
    after: WrittenThreshold = Field(description="How long.")


class SegmentLine(WrittenLine):
    """A line of a table by segments, `{once: 66d}`."""


_BY_SEGMENT: Final = TypeAdapter(Annotated[dict[Name, WrittenThreshold], Field(min_length=1, max_length=MAX_LINES)])
_OWN: Final = TypeAdapter(
    Annotated[tuple[WrittenLine, ...], Field(strict=False, min_length=1, max_length=MAX_LINES)]
)


def _read_table(value: object) -> tuple[WrittenLine, ...]:
    if isinstance(value, Mapping):
        lines = _BY_SEGMENT.validate_python(value)
        return tuple(SegmentLine.model_construct(name=name, after=after) for name, after in lines.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _distinct(_OWN.validate_python(value))
    return (WrittenLine.model_construct(name="", after=read_threshold(value)),)


def _distinct(lines: tuple[WrittenLine, ...]) -> tuple[WrittenLine, ...]:
    names: set[str] = set()
    for number, line in enumerate(lines):
        if line.name in names:
            raise wrong(f"a second line `{line.name}`", "give each line a name of its own")
        names.add(line.name)
        if line.when is None and number < len(lines) - 1:
            raise wrong(f"the line `{line.name}` is for everybody, so the lines below it are for nobody",
                        "give it a `when`, or put it last")  # fmt: skip
    return lines


_LINE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["name", "after"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
        "when": {"type": "string", "examples": ["orders.count == 1"]},
        "after": {"type": "string", "pattern": _PATTERN, "examples": ["66d"]},
    },
}

WrittenThresholds = Annotated[
    tuple[WrittenLine, ...],
    PlainValidator(_read_table),
    WithJsonSchema({
        "anyOf": [
            {"type": "string", "pattern": _PATTERN, "examples": ["66d", "interval + 1d", "1.2 x interval"]},
            {
                "type": "object", "minProperties": 1, "maxProperties": MAX_LINES,
                "additionalProperties": {"type": "string", "pattern": _PATTERN},
                "examples": [{"once": "66d", "otherwise": "90d"}],
            },
            {"type": "array", "minItems": 1, "maxItems": MAX_LINES, "items": _LINE_SCHEMA},
        ],
    }),
]  # fmt: skip
"""One threshold for everybody, one for each segment, or a table of the rule's own."""
