"""One touch's text: a sandboxed Jinja2 template that refuses rather than leave a hole.

Jinja2's syntax is read by Jinja2's own parser; what runs is our own closures over the typed context (see
`triggers.expressions.compiler`): no name outside the context can be reached, nothing is called but the listed
filters and functions, loops run over lists alone and not more than two within one another, and no text grows beyond
LONGEST_TEXT characters. So a template can't reach, hang or exhaust anything, and all of its names are checked when
the rule is read.

Of statements there are `{% if %}`, `{% for %}` and `{% set %}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec
from jinja2 import nodes

from triggers.context import Context
from triggers.expressions.compiler import LONGEST_TEXT, Compiler
from triggers.expressions.expression import Reads
from triggers.expressions.named import AUDIENCES, OWN
from triggers.expressions.names import PLAIN, Names
from triggers.expressions.syntax import (
    SourceInvalid,
    line_and_column,
    offset_of,
    parse_template,
    plain_newlines,
    written,
)
from triggers.expressions.term import Term
from triggers.expressions.types import ROOT, Kind, Type, members
from triggers.expressions.values import Missing, Run, Scope, number_text
from triggers.messages.filters import FILTERS
from triggers.messages.refused import MessageRefused
from triggers.messages.sms import Encoding, measure
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.messages.writing import written as written_so

__all__ = ["Message", "MessageRefused", "MessageTemplate", "TemplateInvalid", "compile_template"]

_DEEPEST_LOOP: Final = 2
_DEEPEST_BLOCK: Final = 20

_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""What a value may not bring into a text: control characters and line breaks. They become a blank."""

_MARKS: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Nor these, which are not seen but turn the writing around or make a GSM-7 text UCS-2. They go."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """A rendered SMS. `products` are the ids the text showed, in order."""

    text: str
    encoding: Literal["gsm-7", "ucs-2"]
    units: int
    segments: int
    products: tuple[str, ...] = ()


class TemplateInvalid(Exception):
    """A template that can't be: where (`line` and `column` count from 1), what is wrong, what to do."""

    def __init__(self, line: int, column: int | None, message: str, hint: str = "") -> None:
        super().__init__(f"{line}:{column}: {message}" + (f"; {hint}" if hint else ""))
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint


class MessageTemplate:
    """One compiled template; immutable. Made by `compile_template`; equal when they mean the same: their sources, and
    the audiences that these name."""

    __slots__ = ("_write", "reads", "source")

    def __init__(self, source: str, write: _Write, reads: Reads) -> None:
        self.source = source
        self.reads = reads
        self._write = write

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        """The finished text: each line without blanks at its ends, runs of blanks as one, no empty lines; `ending`
        (how to opt out) after it; written as the rule's settings say, a coupon's code excepted.

        Raises MessageRefused: missing-value (a name without a value, or a blank one), no-product-to-show, the
        product-* reasons of `triggers.messages.goods`, too-long, empty-text.
        """
        scope = Scope(context)
        page = _Page()
        self._write(scope, page)
        text, encoding, units, segments = _finished("".join(page.texts))
        if not text:
            raise MessageRefused("empty-text", "nothing is left of the text but blanks")
        if ending or writing is not AS_IT_IS:
            offered = context.incentive
            code = offered.code if offered.kind == "coupon" else None
            text, encoding, units, segments = _as_sent(text, ending, writing, code)
        return Message(text, encoding, units, segments, tuple(scope.products))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, MessageTemplate)
            and other.source == self.source
            and other.reads.audiences == self.reads.audiences
        )

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"MessageTemplate({self.source!r})"


def compile_template(source: str, names: Names = PLAIN) -> MessageTemplate:
    """Raises TemplateInvalid with its place, what is wrong and a suggestion."""
    plain = plain_newlines(source)
    compiler = _TemplateCompiler(names)
    try:
        write = compiler.body(parse_template(plain).body)
    except SourceInvalid as error:
        line, column = line_and_column(plain, error.offset)
        raise TemplateInvalid(line, column, error.message, error.hint) from error
    except RecursionError as error:
        raise TemplateInvalid(1, None, "nested too deeply") from error
    return MessageTemplate(source, write, compiler.reads)


class _Page:
    """The text as it grows, never beyond its bound."""

    __slots__ = ("length", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.length = 0

    def add(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_TEXT:
            raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters")
        self.texts.append(text)


_Write = Callable[[Scope, _Page], None]


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


class _TemplateCompiler:
    """Statements; expressions are `Compiler`'s."""

    def __init__(self, names: Names) -> None:
        self._expressions = Compiler(FILTERS, names, lenient=True)
        self._loops = 0
        self._blocks = 0
        self._outside: frozenset[str] = frozenset()  # names set outside the innermost loop

    @property
    def reads(self) -> Reads:
        return self._expressions.reads()

    def body(self, statements: Sequence[nodes.Node]) -> _Write:
        writes: list[_Write] = []
        self._blocks += 1
        for statement in statements:
            if self._blocks > _DEEPEST_BLOCK:
                raise SourceInvalid(offset_of(statement), f"blocks nested too deeply: {_DEEPEST_BLOCK} are the most")
            writes.extend(self._statement(statement))
        self._blocks -= 1
        if len(writes) == 1:
            return writes[0]

        def write_all(scope: Scope, page: _Page) -> None:
            for write in writes:
                write(scope, page)

        return write_all

    def _statement(self, node: nodes.Node) -> list[_Write]:
        match node:
            case nodes.Output():
                return [self._outputs([self._output(part) for part in node.nodes])]
            case nodes.If():
                return [self._if(node)]
            case nodes.For():
                return [self._for(node)]
            case nodes.Assign():
                return [self._set(node)]
        tag = _TAGS.get(type(node).__name__, type(node).__name__.lower())
        raise SourceInvalid(offset_of(node), f"`{tag}` can't be used in a message", "there are: if, for, set")

    def _outputs(self, parts: Sequence[str | Run]) -> _Write:
        """Texts as they stand, and values, in one function: a text has some five of them."""

        def write_parts(scope: Scope, page: _Page) -> None:
            for part in parts:
                if type(part) is str:
                    page.add(part)
                    continue
                value = part(scope)  # type: ignore[operator]  # `str` is never subclassed here
                if type(value) is Missing:
                    raise MessageRefused(value.reason, value.name)
                page.add(number_text(value) if type(value) is Decimal else value)

        return write_parts

    def _output(self, node: nodes.Node) -> str | Run:
        if isinstance(node, nodes.TemplateData):
            return str(node.data)
        term = self._expressions.term(node)
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

    def _if(self, node: nodes.If) -> _Write:
        branches = [(node.test, node.body), *((branch.test, branch.body) for branch in node.elif_)]
        before = self._expressions.names
        tests: list[tuple[Run, _Write]] = []
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

        def write_branch(scope: Scope, page: _Page) -> None:
            for test, write in tests:
                if test(scope) is True:  # unknown counts as false
                    write(scope, page)
                    return
            otherwise(scope, page)

        return write_branch

    def _for(self, node: nodes.For) -> _Write:
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

        def write_each(scope: Scope, page: _Page) -> None:
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

    def _set(self, node: nodes.Assign) -> _Write:
        if not isinstance(node.target, nodes.Name):
            raise SourceInvalid(offset_of(node.target), "one name is set at a time", 'like `{% set x = "..." %}`')
        name = node.target.name
        term = self._expressions.term(node.node)
        if name in self._outside:
            raise SourceInvalid(offset_of(node.target), f"a loop can't change `{name}`, which is set outside it")
        if name not in self._expressions.names:
            self._check_new(name, node.target)
        variable = _variable(name, term.type, node.target, _currency_variable(name) if term.currency else None)
        self._expressions.names = {**self._expressions.names, name: variable}
        run, currency = term.run, term.currency

        def set_name(scope: Scope, page: _Page) -> None:
            scope.variables[name] = run(scope)
            if currency is not None:
                scope.variables[f"{name}.currency"] = currency(scope)

        return set_name

    def _check_new(self, name: str, node: nodes.Node) -> None:
        assert ROOT.view is not None
        if name in members(ROOT.view) or name in (AUDIENCES, OWN) or name in self._expressions.names or name == "loop":
            raise SourceInvalid(offset_of(node), f"the name `{name}` is taken", "choose another")


def _variable(name: str, type_: Type, node: nodes.Node, currency: Run | None = None) -> Term:
    return Term(type_, lambda scope: scope.variables[name], node, currency=currency)


def _currency_variable(name: str) -> Run:
    return lambda scope: scope.variables[f"{name}.currency"]


def _set_in_all(branches: Sequence[dict[str, Term]]) -> dict[str, Term]:
    """The names that are set, to one type, whichever branch was taken."""
    first, *others = branches
    return {
        name: term
        for name, term in first.items()
        if all(name in other and other[name].type == term.type for other in others)
    }


@lru_cache(maxsize=4096)  # texts without a name in them come again: 0.1 us instead of 2
def _finished(text: str) -> tuple[str, Encoding, int, int]:
    text = _tidy(text)
    return (text, *measure(text))


@lru_cache(maxsize=4096)
def _as_sent(text: str, ending: str, writing: Writing, code: str | None) -> tuple[str, Encoding, int, int]:
    if ending:
        text = f"{text} {ending}"
        if len(text) > LONGEST_TEXT:
            raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters with the words about opting out")
    text = written_so(text, writing, () if code is None else (code,))
    if len(text) > LONGEST_TEXT:
        raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters as it is written")
    return (text, *measure(text))


def _tidy(text: str) -> str:
    text = text.strip()
    if "\n" not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


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
