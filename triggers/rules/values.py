"""The kinds of values that rules and settings are made of, as they are written.

A mistake in a value is a `PydanticCustomError` of type `rewake`, whose message is a marketer's and whose context may
have a `hint`; `triggers.rules.explain` turns these and pydantic's own into `RuleError`s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from schemas.instants import DAY
from triggers.rules import quantities

LONGEST: Final = 3650 * DAY
"""No duration of a rule is longer than ten years."""


def wrong(message: str, hint: str | None = None) -> PydanticCustomError:
    """What a validator raises: the message in a marketer's words, the hint going on with the sentence."""
    context: dict[str, Any] = {"message": message}
    if hint:
        context["hint"] = hint
    return PydanticCustomError("rewake", "{message}", context)


def shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if len(text) <= 40 else f"`{text[:37]}...`"


def read_duration(value: object) -> int:
    """As it is written -> microseconds."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"the duration {shown(value)} has no unit", f"write `{value}m`, `{value}h` or `{value}d`")
    read = quantities.duration(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{shown(value)} is no duration", "write it like `90s`, `60m`, `1h30m`, `3d` or `2w`")
    if read > LONGEST:
        raise wrong(f"{shown(value)} is longer than ten years")
    return read


def _more_than_nothing(value: int) -> int:
    if value <= 0:
        raise wrong("the duration must be longer than nothing")
    return value


DURATION_SCHEMA: Final = {
    "type": "string",
    "pattern": quantities.DURATION_PATTERN,
    "examples": ["60m", "23h", "1h30m", "3d", "2w", "90s"],
}

Wait = Annotated[int, BeforeValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)]
"""A duration that may be nothing (`0m`); microseconds."""

Duration = Annotated[Wait, AfterValidator(_more_than_nothing)]
"""A duration longer than nothing; microseconds."""


def read_percent(value: object) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        raise wrong(f"{shown(value)} is no share", f"write `{value}%`")
    read = quantities.percent(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{shown(value)} is no share", "write it like `5%`")
    if not 0 < read <= 100:
        raise wrong(f"{shown(value)} is not between 0% and 100%")
    return read


Percent = Annotated[
    Decimal,
    BeforeValidator(read_percent),
    WithJsonSchema({"type": "string", "pattern": quantities.PERCENT_PATTERN, "examples": ["5%"]}),
]


def read_points(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(f"{shown(value)} is no number of points", "write it like `100`, without quotes")
    if not 0 < value <= 10_000_000 or value != int(value):
        raise wrong(f"{shown(value)} points cannot be granted", "give a whole number above 0")
    return Decimal(value)


Points = Annotated[
    Decimal, BeforeValidator(read_points), WithJsonSchema({"type": "integer", "minimum": 1, "examples": [100]})
]


def _read_time_of_day(value: object) -> int:
    read = quantities.time_of_day(value) if isinstance(value, str) else None
    if read is None:
        raise wrong(f"{shown(value)} is no time of day", 'write it like "21:00"')
    return read


TimeOfDay = Annotated[
    int,
    BeforeValidator(_read_time_of_day),
    WithJsonSchema({"type": "string", "pattern": quantities.TIME_OF_DAY_PATTERN, "examples": ["21:00"]}),
]
"""Minutes after midnight."""


def _read_day(value: object) -> date:
    try:
        read = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        read = None
    if read is None or not 1990 <= read.year <= 2200:
        raise wrong(f"{shown(value)} is no day", "write it like `2026-12-31`")
    return read


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-12-31"]}),
]


def _filled(value: str) -> str:
    if not value.strip():
        raise wrong("the text is empty")
    return value


Text = Annotated[str, Field(max_length=2000), AfterValidator(_filled)]
Source = Annotated[str, Field(max_length=8000), AfterValidator(_filled)]
"""A template or a condition, compiled later."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise wrong(f"{shown(value)} is no name", "use letters of a to z, digits, `-` and `_`, 64 at most")
    return value


Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})]


def web_address(value: str) -> str:
    if re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) is None:
        without_password = re.sub(r"(?<=://)[^/?#]*@", "", value, count=1)
        raise wrong(f"{shown(without_password)} is no web address", "write it with `https://`")
    return value


class Written(BaseModel):
    """Unknown fields and wrong types are refused: what is written and not understood must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def listed(names: Iterable[str]) -> str:
    """`a`, `b`, `c`"""
    return ", ".join(f"`{name}`" for name in names)


def closest(value: str, names: Iterable[str]) -> str | None:
    """The one of `names` that `value` nearly is, whatever its capitals."""
    folded = {name.casefold(): name for name in sorted(names)}
    found = get_close_matches(value.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
