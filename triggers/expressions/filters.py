"""The filters that conditions and templates share: `default`, `length`, `round`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from jinja2 import nodes

from triggers.expressions.syntax import SourceInvalid
from triggers.expressions.term import Term
from triggers.expressions.types import NUMBER, Kind
from triggers.expressions.values import ARITHMETIC, Missing, Scope

CompileFilter = Callable[[Term, Sequence[Term], nodes.Filter], Term]
"""Checks what stands before the `|` and the arguments, and answers the filtered term; raises SourceInvalid."""


def count_arguments(node: nodes.Filter, arguments: Sequence[Term], counts: tuple[int, ...], example: str) -> None:
    if len(arguments) not in counts:
        hint = f"write it like `{example}`"
        raise SourceInvalid(node.lineno, f"`{node.name}` has the wrong number of arguments", hint)


def _default(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """The argument where the value is missing."""
    count_arguments(node, arguments, (1,), 'customer.first_name | default("friend")')
    (other,) = arguments
    if other.type != term.type:
        raise other.refused(f"the default of `{term.source}` must be {term.type}, `{other.source}` is {other.type}")
    run, fallback = term.run, other.run

    def there_or_default(scope: Scope) -> Any:
        value = run(scope)
        return fallback(scope) if isinstance(value, Missing) else value

    named = term.name and (other.name or other.literal)  # a code in its place must not be cut
    return replace(term, run=there_or_default, node=node, name=named)


def _length(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """How many a list holds, or a text has characters."""
    count_arguments(node, arguments, (0,), "cart.lines | length")
    if term.type.kind not in (Kind.LIST, Kind.TEXT):
        raise term.refused(f"`{node.name}` needs a list or a text, `{term.source}` is {term.type}")
    run = term.run

    def length(scope: Scope) -> Any:
        value = run(scope)
        return value if isinstance(value, Missing) else Decimal(len(value))

    return Term(NUMBER, length, node)


def _round(term: Term, arguments: Sequence[Term], node: nodes.Filter) -> Term:
    """To that many digits after the point (0 unless told), halves away from zero as shops do."""
    count_arguments(node, arguments, (0, 1), "cart.total | round(0)")
    if term.type.kind is not Kind.NUMBER:
        raise term.refused(f"`round` needs a number, `{term.source}` is {term.type}")
    digits = literal_number(arguments[0], node, 0, 6) if arguments else 0
    step = Decimal(1).scaleb(-digits)
    run = term.run

    def rounded(scope: Scope) -> Any:
        value = run(scope)
        if isinstance(value, Missing):
            return value
        if abs(value) >= Decimal(10) ** 18:
            return Missing(term.source)
        return value.quantize(step, ROUND_HALF_UP, ARITHMETIC)

    return replace(term, run=rounded, node=node)


def literal_number(term: Term, node: nodes.Filter, least: int, most: int) -> int:
    value = term.node.value if isinstance(term.node, nodes.Const) else None
    if not isinstance(value, Decimal) or value != int(value) or not least <= value <= most:
        raise term.refused(f"`{node.name}` needs a whole number from {least} to {most} here, not `{term.source}`")
    return int(value)


def literal_text(term: Term, node: nodes.Filter) -> str:
    value = term.node.value if isinstance(term.node, nodes.Const) else None
    if not isinstance(value, str):
        raise term.refused(f"`{node.name}` needs a text in quotes here, not `{term.source}`")
    return value


SHARED: Final[dict[str, CompileFilter]] = {
    "default": _default, "d": _default, "length": _length, "count": _length, "round": _round,
}  # fmt: skip
