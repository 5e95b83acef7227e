"""Conditions: Jinja2 expressions with three-valued logic over `triggers.context.Context`."""

from __future__ import annotations

from dataclasses import dataclass

from triggers.context import Context


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison of a condition and what it came to: `orders.count >= 4` -> False, shown as "3"."""

    source: str
    value: bool | None
    shown: str


@dataclass(frozen=True, slots=True)
class Truth:
    """`value` None is unknown and counts as false; `missing` are the names that had no value."""

    value: bool | None
    missing: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()


class Expression:
    """One compiled condition; immutable."""

    source: str

    def judge(self, context: Context) -> Truth:
        raise NotImplementedError
