"""Conditions: Jinja2 expressions with three-valued logic over `triggers.context.Context`.

`compile_expression` checks every name, type and call when the rule is read; `Expression.judge` works a condition out,
purely and in bounded time, and says what each of its comparisons came to and which names had no value.
"""

from __future__ import annotations

from jinja2 import nodes

from triggers.expressions.compiler import Compiler
from triggers.expressions.expression import Expression, Reads, Truth, Value, unexplained
from triggers.expressions.filters import SHARED
from triggers.expressions.names import PLAIN, Audience, Names
from triggers.expressions.syntax import SourceInvalid, parse_expression, plain_newlines
from triggers.expressions.types import Kind
from triggers.expressions.values import Part, Scope

__all__ = [
    "PLAIN", "Audience", "Expression", "ExpressionInvalid", "Names", "Part", "Reads", "Scope", "Truth", "Value",
    "compile_expression", "compile_value", "unexplained",
]  # fmt: skip


class ExpressionInvalid(Exception):
    """A condition that can't be: `column` is the character it is about, counted from 1 through the whole source."""

    def __init__(self, column: int, message: str, hint: str = "") -> None:
        super().__init__(f"{column}: {message}" + (f"; {hint}" if hint else ""))
        self.column = column
        self.message = message
        self.hint = hint


def compile_expression(source: str, names: Names = PLAIN) -> Expression:
    """Raises ExpressionInvalid with its place, what is wrong and a suggestion."""
    plain = plain_newlines(source)
    compiler = Compiler(SHARED, names, lenient=False)
    try:
        tree = parse_expression(plain)
        run = compiler.condition(tree).run
    except SourceInvalid as error:
        raise ExpressionInvalid(error.offset + 1, error.message, error.hint) from error
    except RecursionError as error:
        raise ExpressionInvalid(1, "nested too deeply") from error
    return Expression(source, run, compiler.reads(tree))


def compile_value(source: str, names: Names = PLAIN) -> Value:
    """A text, a number, a date, a duration or a truth. Raises as `compile_expression`."""
    plain = plain_newlines(source)
    compiler = Compiler(SHARED, names, lenient=False)
    try:
        tree: nodes.Expr = parse_expression(plain)
        term = compiler.term(tree)
        if term.type.kind in (Kind.LIST, Kind.OBJECT, Kind.NOTHING):
            raise term.refused(f"`{term.source}` is {term.type}, not a value", "a text, a number or a date is one")
    except SourceInvalid as error:
        raise ExpressionInvalid(error.offset + 1, error.message, error.hint) from error
    except RecursionError as error:
        raise ExpressionInvalid(1, "nested too deeply") from error
    return Value(source, term.type, term.run, compiler.reads())
