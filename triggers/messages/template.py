"""One touch's text: a sandboxed Jinja2 template that refuses rather than leave a hole.

Jinja2's syntax is read by Jinja2's own parser; what runs is our own closures over the typed context (see
`triggers.expressions.compiler`): no name outside the context can be reached, nothing is called but the listed
filters and functions, loops run over lists alone and not more than two within one another, and no text grows beyond
LONGEST_TEXT characters. So a template can't reach, hang or exhaust anything, and all of its names are checked when
the rule is read.

Of statements there are `{% if %}`, `{% for %}`, `{% set %}` and `{% optional %}` (`triggers.messages.statements`).
"""

from __future__ import annotations

from functools import lru_cache

from triggers.context import Context
from triggers.expressions.compiler import LONGEST_TEXT
from triggers.expressions.expression import Reads
from triggers.expressions.names import PLAIN, Names
from triggers.expressions.syntax import SourceInvalid, line_and_column, parse_template, plain_newlines
from triggers.expressions.values import Scope
from triggers.messages.fitting import Fitted, fitted
from triggers.messages.message import Message
from triggers.messages.page import Page
from triggers.messages.refused import MessageRefused
from triggers.messages.sms import Encoding, Measure, measure
from triggers.messages.statements import TemplateCompiler, Write
from triggers.messages.writing import AS_IT_IS, Writing, cheaper, linked

__all__ = ["Message", "MessageRefused", "MessageTemplate", "TemplateInvalid", "compile_template"]


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

    def __init__(self, source: str, write: Write, reads: Reads) -> None:
        self.source = source
        self.reads = reads
        self._write = write

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        """The finished text: each line without blanks at its ends, runs of blanks as one, no empty lines; `ending`
        (how to opt out) after it; written as the rule's settings say, and made to fit into as many segments as they say
        (`triggers.messages.fitting`).

        Raises MessageRefused: missing-value (a name without a value, or a blank one), no-product-to-show, the
        product-* reasons of `triggers.messages.goods`, too-long, empty-text, too-many-segments.
        """
        scope = Scope(context)
        page = Page(None if writing.max_segments is None else [])
        self._write(scope, page)
        text, encoding, units, segments = _finished("".join(page.texts))
        if not text:
            raise MessageRefused("empty-text", "nothing is left of the text but blanks")
        saved = 0
        if ending or writing is not AS_IT_IS:
            text, encoding, units, segments, saved = _as_sent(text, ending, writing)
            if writing.max_segments is not None and segments > writing.max_segments:
                fit = _fitted(page, ending, writing, writing.max_segments)
                shown = page.products(scope, fit.dropped)
                made = Message(fit.text, *fit.measure, shown, fit.dropped, fit.shortened)
                if not fit.fits:
                    raise _does_not_fit(made, writing.max_segments)
                return made
        products = page.products(scope) if page.parts else tuple(scope.products)
        return Message(text, encoding, units, segments, products, saved=saved)

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
    compiler = TemplateCompiler(names)
    try:
        write = compiler.body(parse_template(plain).body)
    except SourceInvalid as error:
        line, column = line_and_column(plain, error.offset)
        raise TemplateInvalid(line, column, error.message, error.hint) from error
    except RecursionError as error:
        raise TemplateInvalid(1, None, "nested too deeply") from error
    return MessageTemplate(source, write, compiler.reads)


@lru_cache(maxsize=4096)  # texts without a name in them come again: 0.1 us instead of 2
def _finished(text: str) -> tuple[str, Encoding, int, int]:
    text = _tidy(text)
    return (text, *measure(text))


def _fitted(page: Page, ending: str, writing: Writing, most: int) -> Fitted:
    def finish(text: str) -> tuple[str, Measure]:
        # not kept: nobody asks for it again
        sent, encoding, units, segments, _ = _as_sent.__wrapped__(_tidy(text), ending, writing)
        return sent, Measure(encoding, units, segments)

    return fitted(page, most, writing.sacrifice, finish)


def _does_not_fit(left: Message, most: int) -> MessageRefused:
    came_to = {"encoding": left.encoding, "units": str(left.units), "segments": str(left.segments)}
    return MessageRefused("too-many-segments", "", (*came_to.items(), ("max_segments", str(most))), left)


@lru_cache(maxsize=4096)
def _as_sent(text: str, ending: str, writing: Writing) -> tuple[str, Encoding, int, int, int]:
    if ending:
        text = f"{text} {ending}"
        if len(text) > LONGEST_TEXT:
            raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters with the words about opting out")
    plain = linked(text, writing)
    text = cheaper(plain, writing)
    if len(text) > LONGEST_TEXT:
        raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters as it is written")
    measured = measure(text)
    return (text, *measured, 0 if text == plain else measure(plain).segments - measured.segments)


def _tidy(text: str) -> str:
    text = text.strip()
    if "\n" not in text:
        return " ".join(text.split())
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
