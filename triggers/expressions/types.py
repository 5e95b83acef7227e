"""What a name can be, read off the annotations of `triggers.context`."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from functools import cache
from inspect import isfunction
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from triggers.context import Context


class Kind(Enum):
    """The value is how a message to a marketer calls it."""

    NUMBER = "a number"
    TEXT = "text"
    TRUTH = "a condition"
    INSTANT = "a date and time"
    DATE = "a date"
    DURATION = "a duration"
    LIST = "a list"
    OBJECT = "a group of names"
    NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Type:
    """`view` is the class behind an OBJECT, `element` what a LIST holds, `each` what an OBJECT holds whose names are
    the shop's own."""

    kind: Kind
    view: type | None = None
    element: Type | None = None
    each: Type | None = None

    def __str__(self) -> str:
        return self.kind.value


NUMBER: Final = Type(Kind.NUMBER)
TEXT: Final = Type(Kind.TEXT)
TRUTH: Final = Type(Kind.TRUTH)
INSTANT: Final = Type(Kind.INSTANT)
DATE: Final = Type(Kind.DATE)
DURATION: Final = Type(Kind.DURATION)
NOTHING: Final = Type(Kind.NOTHING)
ROOT: Final = Type(Kind.OBJECT, view=Context)

_PLAIN: Final[dict[object, Type]] = {
    int: NUMBER, Decimal: NUMBER, str: TEXT, bool: TRUTH, datetime: INSTANT, date: DATE, timedelta: DURATION,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Method:
    """What can be asked of an object of the context: `orders.of("kettles")`."""

    name: str
    parameters: tuple[Type, ...]
    result: Type

    @property
    def example(self) -> str:
        """How it is written: `of("...")`."""
        return f"{self.name}({', '.join(_EXAMPLES[parameter.kind] for parameter in self.parameters)})"


_EXAMPLES: Final = {Kind.TEXT: '"..."', Kind.NUMBER: "1", Kind.DURATION: "days(30)"}
"""Arguments of a method are of these."""


@cache
def methods(view: type) -> dict[str, Method]:
    """The methods of one class of the context, by their annotations."""
    found: dict[str, Method] = {}
    for owner in reversed(view.__mro__):
        for name, method in vars(owner).items():
            if isfunction(method) and not name.startswith("_"):
                *parameters, result = (_type(hint) for hint in get_type_hints(method).values())
                found[name] = Method(name, tuple(parameters), result)
    return found


@cache
def members(view: type) -> dict[str, Type]:
    """The names of one class of the context: its fields, or the properties of a protocol."""
    if is_dataclass(view) or issubclass(view, msgspec.Struct):
        hints = get_type_hints(view)
    else:
        hints = {
            name: get_type_hints(member.fget)["return"]
            for name, member in vars(view).items()
            if isinstance(member, property)
        }
    return {name: _type(hint) for name, hint in hints.items() if not name.startswith("_")}


def _type(hint: Any) -> Type:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        return _type(inner)
    if origin is Literal:
        return TEXT
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Type(Kind.OBJECT, each=_type(get_args(hint)[1]))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return Type(Kind.LIST, element=_type(get_args(hint)[0]))
    return Type(Kind.OBJECT, view=hint)


@cache
def every_name() -> tuple[str, ...]:
    """All names of the context, in full: `cart.lines[0].price`."""
    names: list[str] = []

    def walk(prefix: str, type_: Type) -> None:
        names.append(prefix)
        if type_.kind is Kind.LIST and type_.element is not None:
            type_, prefix = type_.element, f"{prefix}[0]"
        if type_.view is not None:
            for name, member in members(type_.view).items():
                walk(f"{prefix}.{name}", member)
            for method in methods(type_.view).values():
                walk(f"{prefix}.{method.example}", method.result)

    for name, member in members(Context).items():
        walk(name, member)
    return tuple(names)


def did_you_mean(unknown: str, known: Sequence[str], *, prefix: str = "", cutoff: float = 0.6) -> str:
    """A hint, or nothing: a name that ends in the very word, else the closest one. `prefix` stands before each."""
    same_end = [name for name in known if name.rpartition(".")[2] == unknown]
    close = same_end[:1] or get_close_matches(unknown, known, n=1, cutoff=cutoff)
    return f"did you mean `{prefix}{close[0]}`?" if close else ""
