"""Values while a condition or a template is worked out, and what was met on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, DivisionByZero, InvalidOperation, Overflow
from decimal import Context as Arithmetic
from typing import Any, Final

import msgspec

from triggers.context import Context

ARITHMETIC: Final = Arithmetic(
    prec=28, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[DivisionByZero, InvalidOperation, Overflow]
)
"""Its own, so that no setting of the process changes a result."""


class Missing(msgspec.Struct, frozen=True, gc=False):
    """No value: `name` is what had none, `reason` the word of the refusal it is in a template."""

    name: str
    reason: str = "missing-value"


MOST_PARTS: Final = 40
"""So many parts of a condition are kept."""


class Part(msgspec.Struct, frozen=True, gc=False):
    """One comparison of a condition and what it came to: `orders.count >= 4` -> False, shown as "3". Those of a named
    audience follow it and say whose they are: `audiences.vip` -> False, `vip: orders.count >= 4` -> False."""

    source: str
    value: bool | None
    shown: str


class Scope:
    """One working-out: the context, the names a template has set, and what was met."""

    __slots__ = ("context", "known", "missing", "more", "noting", "of", "parts", "products", "variables")

    def __init__(self, context: Context, noting: bool = True) -> None:
        """`noting`: whether somebody wants to know the parts. Where nobody does, one scope may serve many conditions
        of one context: a comparison that several of them make is made once, and `known` by its source."""
        self.noting = noting
        self.known: dict[str, Any] = {}
        self.context = context
        self.variables: dict[str, Any] = {}
        self.products: dict[str, None] = {}  # ids of the lines read, in order
        self.missing: dict[str, None] = {}
        self.parts: list[Part] = []
        self.more = 0  # parts that are not kept
        self.of = ""  # what stands before the parts of the audience that is being worked out

    def miss(self, *values: Any) -> Missing | None:
        """The first that is missing; all of them are noted."""
        found = [value for value in values if isinstance(value, Missing)]
        for value in found:
            self.missing[value.name] = None
        return found[0] if found else None

    def note(self, source: str, value: bool | None, shown: str) -> None:
        if len(self.parts) >= MOST_PARTS:
            self.more += 1
            return
        self.parts.append(Part(self.of + source, value, shown))

    def note_group(self, name: str, source: str, run: Run) -> Any:
        """Work out what `source` names and note it, and after it its own parts as those of `name`."""
        place, before = len(self.parts), self.of
        self.note(source, None, "")
        self.of = f"{name}: "
        value = run(self)
        self.of = before
        if place < MOST_PARTS:
            self.parts[place] = Part(before + source, None if isinstance(value, Missing) else value, "")
        return value


Run = Callable[[Scope], Any]


def shown(value: Any) -> str:
    """A value as a decision shows it."""
    if type(value) is str:  # most are
        return value
    match value:
        case Missing():
            return "missing"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return number_text(value)
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case timedelta():
            return _duration_text(value)
        case list() | tuple():
            return f"[{', '.join(shown(element) for element in value)}]"
        case str():
            return value
    return type(value).__name__


def number_text(value: Decimal) -> str:
    """A whole number without a fraction, any other with two digits of it."""
    text = str(value)
    if text.isdigit():  # most are counts
        return text
    whole = value.to_integral_value()
    if whole == value:
        return format(whole, "f")
    return format(value.quantize(Decimal("0.01"), ROUND_HALF_UP, ARITHMETIC), "f")


def _duration_text(value: timedelta) -> str:
    seconds = value // timedelta(seconds=1)
    minus, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    sizes = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    amounts = []
    for unit, size in sizes:
        amount, seconds = divmod(seconds, size)
        if amount:
            amounts.append(f"{amount}{unit}")
    return minus + ("".join(amounts) or "0s")


def in_utc(value: Any) -> Any:
    """An instant on the one scale where differences are true: two of one zone would subtract as civil times."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
