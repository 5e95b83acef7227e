"""What is left of a source once it is compiled: a condition, or a value, that can be worked out for any context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from triggers.context import Context
from triggers.expressions.bounds import Bound, Constant
from triggers.expressions.types import Type
from triggers.expressions.values import Missing, Part, Run, Scope
from triggers.expressions.waits import Wait


@dataclass(frozen=True, slots=True)
class Reads:
    """What a source depends on. `names`: those of the context, in full but for places in lists (`cart.lines.price`),
    and those that its audiences name. `audiences`: what each of these means, by name, and those that they are built on.
    `bounds`: what it can't be true without. `waits`: what the time alone changes of it; None: that is not known."""

    names: frozenset[str] = frozenset()
    audiences: Mapping[str, str] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()
    waits: tuple[Wait, ...] | None = None

    @property
    def roots(self) -> frozenset[str]:
        """`orders`, `cart`, `now`."""
        return frozenset(name.partition(".")[0] for name in self.names)


NOTHING_READ: Final = Reads()

CONTENT: Final[Mapping[str, tuple[str, str]]] = {
    "event": ("event", "rules about a sale, a collection or a survey have one"),
    "product": ("product", "rules about products have one; `cart.lines[0]` is what was changed last in the cart"),
    "products": ("product", "rules about products have them; `cart.lines` are those of the cart"),
}
"""Names that only some kinds of rules have: as what a kind lists them, and who has them."""


@dataclass(frozen=True, slots=True)
class Truth:
    """`value` None is unknown and counts as false; `missing` are the names that had no value, `more` how many parts
    there were besides those that are kept."""

    value: bool | None
    missing: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    more: int = 0

    @property
    def holds(self) -> bool:
        return self.value is True


class Expression:
    """One compiled condition; immutable. Made by `compile_expression`; equal when they mean the same: their sources,
    and the audiences that these name."""

    __slots__ = ("_run", "of_content", "reads", "source")

    def __init__(self, source: str, run: Run, reads: Reads = NOTHING_READ) -> None:
        self.source = source
        self.reads = reads
        self.of_content = not reads.roots.isdisjoint(CONTENT)
        """Whether it asks for what a journey is about."""
        self._run = run

    @property
    def requires(self) -> tuple[tuple[str, Constant], ...]:
        """Names of the context and the values that they must have for it to be true (where one has none it is not)."""
        return tuple((bound.name, bound.value) for bound in self.reads.bounds if bound.sign == "==")

    @property
    def run(self) -> Run:
        return self._run

    def judge(self, context: Context) -> Truth:
        """What it comes to. Every comparison is worked out, also where another one already decides.

        Raises MessageRefused only where the context's cart was made with `missing_product="refuse"` and the condition
        reads its lines."""
        scope = Scope(context)
        value = self._run(scope)
        known = None if isinstance(value, Missing) else bool(value)
        return Truth(known, tuple(scope.missing), tuple(scope.parts), scope.more)

    def holds(self, context: Context) -> bool:
        """Whether it is true, for who does not ask why. Raises as `judge`."""
        return self.holds_in(unexplained(context))

    def holds_in(self, scope: Scope) -> bool:
        """The same, in a scope of `unexplained` that other conditions share."""
        return self._run(scope) is True

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Expression)
            and other.source == self.source
            and other.reads.audiences == self.reads.audiences
        )

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


class Value:
    """A compiled value of `type`: a text, a number, a date. Made by `compile_value`."""

    __slots__ = ("_run", "reads", "source", "type")

    def __init__(self, source: str, type_: Type, run: Run, reads: Reads = NOTHING_READ) -> None:
        self.source = source
        self.type = type_
        self.reads = reads
        self._run = run

    @property
    def run(self) -> Run:
        return self._run

    def of(self, context: Context) -> Any:
        """What it is there; None where something in it has no value. Raises as `Expression.judge`."""
        value = self._run(Scope(context))
        return None if isinstance(value, Missing) else value

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Value) and other.source == self.source and other.reads.audiences == self.reads.audiences
        )

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Value({self.source!r})"


def unexplained(context: Context) -> Scope:
    """Where any number of conditions can be asked whether they hold: what they have in common is worked out once."""
    return Scope(context, noting=False)
