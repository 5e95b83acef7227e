"""What a source may name besides the context: the audiences and segments of its shop, and what its rule is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from triggers.expressions.expression import Expression, Reads, Value
from triggers.expressions.values import Run, Scope


class Audience:
    """A named audience: who `where` holds for, and whoever is in `extra` (customers' ids), whatever it says.
    `fields`: what it tells of its customers besides."""

    __slots__ = ("extra", "fields", "meaning", "name", "reads", "run", "where")

    def __init__(self, name: str, where: Expression, fields: Mapping[str, Value], extra: frozenset[str]) -> None:
        self.name = name
        self.where = where
        self.fields = fields
        self.extra = extra
        written = {field: value.source for field, value in fields.items()}
        meaning = {"where": where.source, "fields": written, "extra": sorted(extra)}
        self.meaning = msgspec.json.encode(meaning, order="sorted").decode()
        """All of it in one text, without the audiences that it is built on."""
        parts: list[Expression | Value] = [where, *fields.values()]
        audiences = {of: meaning for part in parts for of, meaning in part.reads.audiences.items()}
        self.reads = Reads(
            frozenset[str]().union(*(part.reads.names for part in parts)) | ({"customer.id"} if extra else frozenset()),
            {**audiences, name: self.meaning},
            () if extra else where.reads.bounds,
            where.reads.waits,
        )
        self.run = _in_either(where.run, extra) if extra else where.run

    def holds(self, scope: Scope) -> bool:
        """Whether the customer is in it, in a scope of `triggers.expressions.unexplained`."""
        return self.run(scope) is True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Audience) and (other.name, other.reads.audiences) == (self.name, self.reads.audiences)

    def __hash__(self) -> int:
        return hash((self.name, self.meaning))

    def __repr__(self) -> str:
        return f"Audience({self.name!r})"


def _in_either(where: Run, extra: frozenset[str]) -> Run:
    def member(scope: Scope) -> Any:
        return scope.context.customer.id in extra or where(scope)

    return member


@dataclass(frozen=True, slots=True)
class Names:
    """`content`: of {"event", "product"}, what the rule's `kind` is about. `segments`: those of the shop; None: any
    name passes for one. `own`: the audience of the rule, where that is a named one. `without`: names of the context
    that have no place in what is compiled, and why. `language`: that of the shop, which texts are in; None: they may be
    in the customer's."""

    kind: str = ""
    content: frozenset[str] = frozenset()
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    segments: tuple[str, ...] | None = None
    own: Audience | None = None
    without: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None


PLAIN: Final = Names()
"""The context alone."""
