"""Conditions: Jinja2 expressions with three-valued logic over `triggers.context.Context`.

`compile_expression` checks every name, type and call when the rule is read; `Expression.judge` works a condition out,
purely and in bounded time, and says what each of its comparisons came to and which names had no value.
"""

from __future__ import annotations

from dataclasses import dataclass

from triggers.context import Context
from triggers.expressions.compiler import Compiler
from triggers.expressions.filters import SHARED
from triggers.expressions.syntax import SourceInvalid, parse_expression, plain_newlines
from triggers.expressions.values import Missing, Part, Run, Scope

__all__ = ["Expression", "ExpressionInvalid", "Part", "Scope", "Truth", "compile_expression", "unexplained"]


class ExpressionInvalid(Exception):
    """A condition that can't be: `column` is the character it is about, counted from 1 through the whole source."""

    def __init__(self, column: int, message: str, hint: str = "") -> None:
        super().__init__(f"{column}: {message}" + (f"; {hint}" if hint else ""))
        self.column = column
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Truth:
    """`value` None is unknown and counts as false; `missing` are the names that had no value."""

    value: bool | None
    missing: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def holds(self) -> bool:
        return self.value is True


class Expression:
    """One compiled condition; immutable. Made by `compile_expression`; equal when their sources are."""

    __slots__ = ("_run", "source")

    def __init__(self, source: str, run: Run) -> None:
        self.source = source
        self._run = run

    def judge(self, context: Context) -> Truth:
        """What it comes to. Every comparison is worked out, also where another one already decides.

        Raises MessageRefused only where the context's cart was made with `missing_product="refuse"` and the condition
        reads its lines."""
        scope = Scope(context)
        value = self._run(scope)
        known = None if isinstance(value, Missing) else bool(value)
        return Truth(known, tuple(scope.missing), tuple(scope.parts))

    def holds(self, context: Context) -> bool:
        """Whether it is true, for who does not ask why. Raises as `judge`."""
        return self.holds_in(unexplained(context))

    def holds_in(self, scope: Scope) -> bool:
        """The same, in a scope of `unexplained` that other conditions share."""
        return self._run(scope) is True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


def unexplained(context: Context) -> Scope:
    """Where any number of conditions can be asked whether they hold: what they have in common is worked out once."""
    return Scope(context, noting=False)


def compile_expression(source: str) -> Expression:
    """Raises ExpressionInvalid with its place, what is wrong and a suggestion."""
    plain = plain_newlines(source)
    try:
        run = Compiler(SHARED, lenient=False).condition(parse_expression(plain)).run
    except SourceInvalid as error:
        raise ExpressionInvalid(error.offset + 1, error.message, error.hint) from error
    except RecursionError as error:
        raise ExpressionInvalid(1, "nested too deeply") from error
    return Expression(source, run)
