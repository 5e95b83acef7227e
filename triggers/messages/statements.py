"""The statements of a template, as closures that write its text: outputs, `if`, `for`, `set`, `optional`.

Expressions are those of `triggers.expressions.compiler`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from jinja2 import nodes

from triggers.expressions.compiler import Compiler
from triggers.expressions.expression import Reads
from triggers.expressions.named import AUDIENCES, OWN
from triggers.expressions.names import Names
from triggers.expressions.syntax import SourceInvalid, offset_of, written
from triggers.expressions.term import Term
from triggers.expressions.types import ROOT, Kind, Type, members
from triggers.expressions.values import Missing, Run, Scope, number_text
from triggers.messages.filters import filters_in
from triggers.messages.page import Page
from triggers.messages.refused import MessageRefused

_DEEPEST_LOOP: Final = 2
_DEEPEST_BLOCK: Final = 20

_LEAVES_OUT: Final = frozenset({"missing-value", "no-product-to-show"})
"""What in an optional part leaves the part out. Anything else refuses the message there too: a product that
`missing_product: refuse` refuses, and a text beyond all bounds."""

_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""What a value may not bring into a text: control characters and line breaks. They become a blank."""

_MARKS: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Nor these, which are not seen but turn the writing around or make a GSM-7 text UCS-2. They go."""


Write = Callable[[Scope, Page], None]


@dataclass(frozen=True, slots=True)
class _LoopView:
    """`loop` within a `{% for %}`."""

    index: int
    first: bool
    last: bool
    length: int


@lru_cache(maxsize=4096)  # names and goods come again: 0.05 us instead of 0.6
def _without_marks(text: str) -> str:
    return _MARKS.sub("", _BREAKS.sub(" ", text))


class TemplateCompiler:
    """Statements; expressions are `Compiler`'s."""

    def __init__(self, names: Names) -> None:
        self._expressions = Compiler(filters_in(names.language), names, lenient=True)
        self._loops = 0
        self._blocks = 0
        self._in_optional = False
        self._outside: frozenset[str] = frozenset()  # names set outside the innermost loop or optional part

    @property
    def reads(self) -> Reads:
        return self._expressions.reads()

    def body(self, statements: Sequence[nodes.Node]) -> Write:
        writes: list[Write] = []
        self._blocks += 1
        for statement in statements:
            if self._blocks > _DEEPEST_BLOCK:
                raise SourceInvalid(offset_of(statement), f"blocks nested too deeply: {_DEEPEST_BLOCK} are the most")
            writes.extend(self._statement(statement))
        self._blocks -= 1
        if len(writes) == 1:
            return writes[0]

        def write_all(scope: Scope, page: Page) -> None:
            for write in writes:
                write(scope, page)

        return write_all

    def _statement(self, node: nodes.Node) -> list[Write]:
        match node:
            case nodes.Output():
                return [self._outputs(node.nodes)]
            case nodes.If():
                return [self._if(node)]
            case nodes.For():
                return [self._for(node)]
            case nodes.Assign():
                return [self._set(node)]
            case nodes.OverlayScope():
                return [self._optional(node)]
        tag = _TAGS.get(type(node).__name__, type(node).__name__.lower())
        raise SourceInvalid(offset_of(node), f"`{tag}` can't be used in a message", "there are: if, for, set, optional")

    def _outputs(self, outputs: Sequence[nodes.Node]) -> Write:
        """Texts as they stand, and values, in one function: a text has some five of them."""
        parts: list[str | Run] = []
        names: list[int] = []
        for output in outputs:
            if isinstance(output, nodes.TemplateData):
                parts.append(str(output.data))
                continue
            term = self._expressions.term(output)
            if term.name:
                names.append(len(parts))
            parts.append(_written_value(term))

        def write_parts(scope: Scope, page: Page) -> None:
            for part in parts:
                if type(part) is str:
                    page.add(part)
                    continue
                value = part(scope)  # type: ignore[operator]  # `str` is never subclassed here
                if type(value) is Missing:
                    raise MessageRefused(value.reason, value.name)
                page.add(number_text(value) if type(value) is Decimal else value)
            if page.names is not None:
                begin = len(page.texts) - len(parts)  # each part is one piece
                page.names += [begin + place for place in names]

        return write_parts

    def _if(self, node: nodes.If) -> Write:
        branches = [(node.test, node.body), *((branch.test, branch.body) for branch in node.elif_)]
        before = self._expressions.names
        tests: list[tuple[Run, Write]] = []
        after: list[dict[str, Term]] = []
        for test, body in branches:
            condition = self._expressions.condition(test)
            self._expressions.names = dict(before)
            tests.append((condition.run, self.body(body)))
            after.append(self._expressions.names)
            self._expressions.names = before
        self._expressions.names = dict(before)
        otherwise = self.body(node.else_)
        after.append(self._expressions.names)
        self._expressions.names = _set_in_all(after)

        def write_branch(scope: Scope, page: Page) -> None:
            for test, write in tests:
                if test(scope) is True:  # unknown counts as false
                    write(scope, page)
                    return
            otherwise(scope, page)

        return write_branch

    def _for(self, node: nodes.For) -> Write:
        if not isinstance(node.target, nodes.Name):
            raise SourceInvalid(
                offset_of(node.target), "a loop has one name", "like `{% for line in cart.lines[:2] %}`"
            )
        if node.recursive:
            raise SourceInvalid(node.lineno, "a loop can't be recursive")
        if self._loops == _DEEPEST_LOOP:
            raise SourceInvalid(node.lineno, f"loops nested too deeply: {_DEEPEST_LOOP} are the most")
        source = self._expressions.term(node.iter)
        if source.type.element is None:
            raise source.refused(f"a loop runs over a list, `{source.source}` is {source.type}")
        name = node.target.name
        self._check_new(name, node.target)
        before, outside = self._expressions.names, self._outside
        self._expressions.names = {**before, name: _variable(name, source.type.element, node.target)}
        test = self._expressions.condition(node.test).run if node.test is not None else None
        loop = _variable("loop", Type(Kind.OBJECT, view=_LoopView), node.target)
        self._expressions.names = {**self._expressions.names, "loop": loop}
        self._outside = frozenset(self._expressions.names)
        self._loops += 1
        body = self.body(node.body)
        self._loops -= 1
        self._outside, self._expressions.names = outside, dict(before)
        otherwise = self.body(node.else_) if node.else_ else None
        self._expressions.names = before
        run, what = source.run, written(node.iter)

        def write_each(scope: Scope, page: Page) -> None:
            elements = run(scope)
            if isinstance(elements, Missing):
                raise MessageRefused(elements.reason, elements.name)
            kept = []
            outer_loop = scope.variables.get("loop")
            for element in elements:
                scope.variables[name] = element
                if test is None or test(scope) is True:
                    kept.append(element)
            if not kept:
                if otherwise is None:
                    raise MessageRefused("no-product-to-show", what)
                otherwise(scope, page)
            for index, element in enumerate(kept, 1):
                scope.variables[name] = element
                scope.variables["loop"] = _LoopView(index, index == 1, index == len(kept), len(kept))
                body(scope, page)
            scope.variables["loop"] = outer_loop

        return write_each

    def _optional(self, node: nodes.OverlayScope) -> Write:
        """A part that is left out where something in it has no value, and dropped where the text does not fit."""
        if self._in_optional:
            raise SourceInvalid(node.lineno, "optional parts can't stand within one another")
        before, outside = self._expressions.names, self._outside
        self._outside, self._in_optional = outside | frozenset(before), True
        body = self.body(node.body)
        self._outside, self._in_optional, self._expressions.names = outside, False, before

        def write_optional(scope: Scope, page: Page) -> None:
            begin, length = len(page.texts), page.length
            shown, loop = scope.products, scope.variables.get("loop")
            scope.products = {}
            try:
                body(scope, page)
            except MessageRefused as refused:
                if refused.reason not in _LEAVES_OUT:
                    raise
                page.take_back(begin, length)
                scope.products, scope.variables["loop"] = shown, loop
            else:
                page.close(scope, begin, shown)

        return write_optional

    def _set(self, node: nodes.Assign) -> Write:
        if not isinstance(node.target, nodes.Name):
            raise SourceInvalid(offset_of(node.target), "one name is set at a time", 'like `{% set x = "..." %}`')
        name = node.target.name
        term = self._expressions.term(node.node)
        if name in self._outside:
            what = "an optional part" if self._in_optional else "a loop"
            raise SourceInvalid(offset_of(node.target), f"{what} can't change `{name}`, which is set outside it")
        if name not in self._expressions.names:
            self._check_new(name, node.target)
        of_currency = _currency_variable(name) if term.currency else None
        variable = _variable(name, term.type, node.target, of_currency, term.name)
        self._expressions.names = {**self._expressions.names, name: variable}
        run, currency, own_currency = term.run, term.currency, f"{name}.currency"
        none = Missing(own_currency)

        def set_name(scope: Scope, page: Page) -> None:
            scope.variables[name] = run(scope)
            scope.variables[own_currency] = none if currency is None else currency(scope)

        return set_name

    def _check_new(self, name: str, node: nodes.Node) -> None:
        assert ROOT.view is not None
        if name in members(ROOT.view) or name in (AUDIENCES, OWN) or name in self._expressions.names or name == "loop":
            raise SourceInvalid(offset_of(node), f"the name `{name}` is taken", "choose another")


def _written_value(term: Term) -> Run:
    """A text or a number that may stand in a message."""
    if term.type.kind not in (Kind.TEXT, Kind.NUMBER):
        hint = _OUTPUT_HINTS.get(term.type.kind, "")
        raise term.refused(f"`{term.source}` is {term.type} and can't be written into a text", hint)
    run = term.run
    if term.literal or term.type.kind is Kind.NUMBER:
        return run

    def without_marks(scope: Scope) -> Any:
        value = run(scope)
        if type(value) is not str or (value.isascii() and value.isprintable()):
            return value
        return _without_marks(value)

    return without_marks


def _variable(name: str, type_: Type, node: nodes.Node, currency: Run | None = None, named: bool = False) -> Term:
    return Term(type_, lambda scope: scope.variables[name], node, currency=currency, name=named)


def _currency_variable(name: str) -> Run:
    return lambda scope: scope.variables[f"{name}.currency"]


def _set_in_all(branches: Sequence[dict[str, Term]]) -> dict[str, Term]:
    """The names that are set, to one type, whichever branch was taken."""
    first, *others = branches
    return {
        name: _either([term, *(other[name] for other in others)])
        for name, term in first.items()
        if all(name in other and other[name].type == term.type for other in others)
    }


def _either(terms: Sequence[Term]) -> Term:
    """What is read under a name that was set in one of several places: an amount where it is one in any, the name of a
    product where it is one in all."""
    currency = next((term.currency for term in terms if term.currency is not None), None)
    return replace(terms[0], currency=currency, name=all(term.name for term in terms))


_OUTPUT_HINTS: Final = {
    Kind.INSTANT: "a date is written by the filter `date`",
    Kind.DATE: "a date is written by the filter `date`",
    Kind.LIST: "write one of it, or loop over it: `{% for line in cart.lines[:2] %}`",
    Kind.OBJECT: "write one of its names",
    Kind.TRUTH: "use it in `{% if %}`",
}

_TAGS: Final = {
    "FilterBlock": "filter", "CallBlock": "call", "FromImport": "from", "AssignBlock": "set ... endset",
    "ScopedEvalContextModifier": "autoescape", "Scope": "autoescape",
}  # fmt: skip
