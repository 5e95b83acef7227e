"""Arithmetic and comparisons: which types go together, and what comes of them when a value is missing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, DecimalException
from typing import Any, Final

from jinja2 import nodes

from triggers.expressions.term import Term
from triggers.expressions.types import DATE, DURATION, INSTANT, NUMBER, Kind, Type
from triggers.expressions.values import ARITHMETIC, Missing, Run, Scope, in_utc, shown

_RESULTS: Final[dict[tuple[Kind, str, Kind], Type]] = {
    **{(Kind.NUMBER, sign, Kind.NUMBER): NUMBER for sign in "+-*/"},
    (Kind.DURATION, "+", Kind.DURATION): DURATION,
    (Kind.DURATION, "-", Kind.DURATION): DURATION,
    (Kind.DURATION, "*", Kind.NUMBER): DURATION,
    (Kind.NUMBER, "*", Kind.DURATION): DURATION,
    (Kind.DURATION, "/", Kind.NUMBER): DURATION,
    (Kind.DURATION, "/", Kind.DURATION): NUMBER,
    (Kind.INSTANT, "-", Kind.INSTANT): DURATION,
    (Kind.DATE, "-", Kind.DATE): DURATION,
    (Kind.INSTANT, "+", Kind.DURATION): INSTANT,
    (Kind.INSTANT, "-", Kind.DURATION): INSTANT,
    (Kind.DATE, "+", Kind.DURATION): DATE,
    (Kind.DATE, "-", Kind.DURATION): DATE,
}

_ARITHMETIC: Final[dict[str, Callable[[Decimal, Decimal], Decimal]]] = {
    "+": ARITHMETIC.add, "-": ARITHMETIC.subtract, "*": ARITHMETIC.multiply, "/": ARITHMETIC.divide,
}  # fmt: skip

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

_ORDERED: Final = frozenset({Kind.NUMBER, Kind.INSTANT, Kind.DATE, Kind.DURATION})


def arithmetic(left: Term, sign: str, right: Term, source: str) -> tuple[Type, Run]:
    """The type and the working-out of `left sign right`; raises SourceInvalid when they don't go together."""
    result = _RESULTS.get((left.type.kind, sign, right.type.kind))
    if result is None:
        hint = "texts are joined by `~`" if sign == "+" and Kind.TEXT in (left.type.kind, right.type.kind) else ""
        raise left.refused(
            f"`{sign}` does not go with {left.type} (`{left.source}`) and {right.type} (`{right.source}`)", hint
        )
    one, other = left.run, right.run

    def work_out(scope: Scope) -> Any:
        a, b = one(scope), other(scope)
        if isinstance(a, Missing):
            return a
        if isinstance(b, Missing):
            return b
        try:
            return _worked_out(a, sign, b)
        except (DecimalException, OverflowError, ZeroDivisionError):
            return Missing(source)  # nothing comes of a division by zero

    return result, work_out


def _worked_out(a: Any, sign: str, b: Any) -> Any:
    if isinstance(a, Decimal) and isinstance(b, Decimal):
        return _ARITHMETIC[sign](a, b)
    if isinstance(a, datetime) and isinstance(b, datetime):
        return in_utc(a) - in_utc(b)
    if isinstance(a, datetime):
        moved = in_utc(a) + b if sign == "+" else in_utc(a) - b
        return moved.astimezone(a.tzinfo)
    if isinstance(a, timedelta) and isinstance(b, timedelta) and sign == "/":
        return ARITHMETIC.divide(_microseconds(a), _microseconds(b))
    if isinstance(a, timedelta) and isinstance(b, Decimal):
        return timedelta(microseconds=int(_ARITHMETIC[sign](_microseconds(a), b)))
    if isinstance(a, Decimal):
        return timedelta(microseconds=int(ARITHMETIC.multiply(a, _microseconds(b))))
    return a + b if sign == "+" else a - b


def _microseconds(value: timedelta) -> Decimal:
    return Decimal(value // timedelta(microseconds=1))


def comparison(left: Term, sign: str, right: Term) -> Run:
    """One comparison, noted as a part. Raises SourceInvalid for two types that have no common order."""
    kinds = {left.type.kind, right.type.kind}
    source = f"{left.operand} {sign} {right.operand}"
    if Kind.NOTHING in kinds:
        raise left.refused(f"`{source}` compares with none", "`... is defined` asks whether a value is there")
    by_date = kinds == {Kind.DATE, Kind.INSTANT}
    if len(kinds) > 1 and not by_date:
        raise left.refused(
            f"`{source}` compares {left.type} with {right.type}", _comparison_hint(left.type.kind, right.type.kind)
        )
    (kind, *_) = kinds
    if kind in (Kind.LIST, Kind.OBJECT):
        raise left.refused(f"`{left.source}` is {left.type} and can't be compared")
    if sign not in ("==", "!=") and kind not in _ORDERED:
        raise left.refused(f"`{sign}` needs numbers, dates or durations, `{left.source}` is {left.type}")
    one, other, compare = left.run, right.run, _COMPARISONS[sign]
    shared = _means_the_same_everywhere(left) and _means_the_same_everywhere(right)
    as_read = _dates if by_date else in_utc if kind is Kind.INSTANT else None
    show = _shower(left, right)

    def work_out(scope: Scope) -> bool | Missing:
        a, b = one(scope), other(scope)
        if type(a) is Missing or type(b) is Missing:
            missing = scope.miss(a, b)
            assert missing is not None
            if scope.noting:
                scope.note(source, None, show(a, b))
            return missing
        value = compare(a, b) if as_read is None else compare(as_read(a), as_read(b))
        if scope.noting:
            scope.note(source, value, show(a, b))
        return value

    def compared(scope: Scope) -> bool | Missing:
        if scope.noting or not shared:
            return work_out(scope)
        value: bool | Missing | None = scope.known.get(source)
        if value is None:
            value = scope.known[source] = work_out(scope)
        return value

    return compared


def _means_the_same_everywhere(term: Term) -> bool:
    """Whether the same source means the same in every rule: what an audience is, each version of a rule says itself."""
    names = [term.node] if isinstance(term.node, nodes.Name) else term.node.find_all(nodes.Name)
    return not any(name.name in ("audience", "audiences") for name in names)


def membership(left: Term, sign: str, right: Term) -> Run:
    """`in` and `not in`: one of a list, or a piece of a text."""
    source = f"{left.operand} {sign} {right.operand}"
    in_text = left.type.kind is Kind.TEXT and right.type.kind is Kind.TEXT
    if not in_text and right.type.element is None:
        raise right.refused(f"`{sign}` needs a list, `{right.source}` is {right.type}", 'write it like `in ["a", "b"]`')
    if not in_text and right.type.element != left.type:
        raise left.refused(f"`{source}` looks for {left.type} in a list of {right.type.element}")
    if left.type.kind in (Kind.OBJECT, Kind.LIST):
        raise left.refused(f"`{left.source}` is {left.type} and can't be looked for")
    one, other, negated = left.run, right.run, sign == "not in"
    show = _shower(left, right)

    def found(scope: Scope) -> bool | Missing:
        a, b = one(scope), other(scope)
        missing = scope.miss(a, b)
        if missing is None and isinstance(b, list):
            present = in_utc(a) in [in_utc(element) for element in b if not isinstance(element, Missing)]
            if not present:  # a missing element might have been the one
                missing = scope.miss(*b)
        elif missing is None:
            present = a in b
        if missing is not None:
            if scope.noting:
                scope.note(source, None, show(a, b))
            return missing
        if scope.noting:
            scope.note(source, present is not negated, show(a, b))
        return present is not negated

    return found


def _dates(value: Any) -> date:
    """An instant counts as the day it falls on in the customer's zone when it is compared with a date."""
    day: date = value.date() if isinstance(value, datetime) else value
    return day


def _comparison_hint(left: Kind, right: Kind) -> str:
    kinds = {left, right}
    if kinds == {Kind.NUMBER, Kind.DURATION}:
        return "a duration is written like `days(30)`"
    if Kind.NUMBER in kinds and kinds & {Kind.INSTANT, Kind.DATE}:
        return "an age is written like `now - orders.last > days(30)`"
    if kinds == {Kind.NUMBER, Kind.TEXT}:
        return "a number is written without quotes, a text with them"
    return ""


def _shower(left: Term, right: Term) -> Callable[[Any, Any], str]:
    """How a part shows its operands: those that are not written out in the condition itself."""
    if right.literal:
        return (lambda a, b: "") if left.literal else (lambda a, b: shown(a))
    if left.literal:
        return lambda a, b: shown(b)
    return lambda a, b: f"{shown(a)}, {shown(b)}"


def kleene(runs: Sequence[Run], *, absorbing: bool) -> Run:
    """`or` (True absorbs) and `and` (False absorbs). All are worked out: a decision shows every part. Only who does not
    ask why gets the answer as soon as it stands (an audience of twenty rules at a deadline: most end at the first)."""

    def judge(scope: Scope) -> Any:
        if not scope.noting:
            missing = None
            for run in runs:
                value = run(scope)
                if value is absorbing:
                    return absorbing
                if missing is None and isinstance(value, Missing):
                    missing = value
            return not absorbing if missing is None else missing
        values = [run(scope) for run in runs]
        if absorbing in (value for value in values if isinstance(value, bool)):
            return absorbing
        for value in values:
            if isinstance(value, Missing):
                return value
        return not absorbing

    return judge
