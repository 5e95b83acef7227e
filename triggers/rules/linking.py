"""The conditions of a shop's audiences and segments, compiled in the order in which they are built on one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import nodes

from triggers.expressions import (
    Audience,
    Expression,
    ExpressionInvalid,
    Names,
    Value,
    compile_expression,
    compile_value,
)
from triggers.expressions.bounds import contradiction
from triggers.expressions.syntax import SourceInvalid, offset_of, parse_expression, plain_newlines
from triggers.rules.audiences import AudienceSource
from triggers.rules.documents import Document, Path
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.segments import WITHOUT as SEGMENTS_WITHOUT
from triggers.rules.segments import Segment, unreached

DEEPEST: Final = 10
"""Audiences that are built on one another."""

_NO_TOUCH: Final = "an audience is asked for without a touch"
WITHOUT: Final[Mapping[str, str]] = dict.fromkeys(("journey", "incentive", "event", "product", "products"), _NO_TOUCH)
"""Names that the condition of an audience can't use, and why."""

_NOBODY: Final = compile_expression("false")


@dataclass(frozen=True, slots=True)
class Linked:
    """`audiences` by name; of one with a mistake there is a stand-in, so that who names it is not wrong as well."""

    audiences: Mapping[str, Audience]
    segments: tuple[Segment, ...]
    errors: tuple[RuleError, ...]
    warnings: tuple[RuleWarning, ...] = ()


def link(sources: Sequence[AudienceSource], segments: Mapping[str, str], document: Document | None) -> Linked:
    """`segments`: the conditions of the shop's, in their order, as `document` holds them."""
    linking = _Linking(sources, tuple(segments))
    for name in linking.named:
        linking.resolve(name)
    errors = linking.errors
    found: list[Segment] = []
    names = Names(audiences=linking.audiences, segments=(), without=SEGMENTS_WITHOUT)
    for name, source in segments.items():
        assert document is not None
        condition = condition_at(document, ("segments", name), source, names, errors)
        if condition is not None:
            found.append(Segment(name, condition))
    warnings: list[RuleWarning] = []
    for name, message in unreached(found):
        assert document is not None
        place = document.key_place(("segments", name))
        warnings.append(RuleWarning(document.file, place.line, place.column, message, "nobody is ever in it"))
    for name, read in linking.named.items():
        clash = contradiction(linking.audiences[name].where.reads.bounds)
        if clash is not None:
            place, message = read.document.place(("where",)), f"`{clash[0]}` and `{clash[1]}` exclude each other"
            warnings.append(RuleWarning(read.document.file, place.line, place.column, message, "nobody is ever in it"))
    return Linked(linking.audiences, tuple(found), tuple(errors), tuple(warnings))


def condition_at(
    document: Document, path: Path, source: str, names: Names, errors: list[RuleError]
) -> Expression | None:
    """The condition that is written there; where it is none its mistake is added to `errors`."""
    try:
        return compile_expression(source.rstrip(), names)
    except ExpressionInvalid as error:
        errors.append(document.error(document.inside(path, error.column - 1), error.message, error.hint or None))
        return None


class _Linking:
    """`named`: every audience by its name, in order of files."""

    def __init__(self, sources: Sequence[AudienceSource], segments: tuple[str, ...]) -> None:
        self.audiences: dict[str, Audience] = {}
        self.errors: list[RuleError] = []
        self.named: dict[str, AudienceSource] = {}
        self._segments = segments
        self._open: list[str] = []
        for source in sources:
            former = self.named.setdefault(source.written.audience, source)
            if former is not source:
                place, first = source.document.place(("audience",)), former.document.place(("audience",))
                hint = f"the first is at {former.document.file}:{first.line}"
                message = f"a second audience `{source.written.audience}`"
                self.errors.append(source.document.error(place, message, hint))

    def resolve(self, name: str) -> None:
        """Compile an audience after all that it is built on."""
        if name in self.audiences:
            return
        self._open.append(name)
        source = self.named[name]
        sound = True
        for path, text in source.sources.items():
            for other, offset in _built_on(text):
                if other in self.named and not self._resolved(other, source, path, offset):
                    sound = False
        # also one that is not sound is compiled, for its other mistakes
        audience = self._compiled(source, () if sound else tuple(self.named))
        self._open.pop()
        self.audiences[name] = audience if sound else _stand_in(name)

    def _resolved(self, name: str, source: AudienceSource, path: Path, offset: int) -> bool:
        """Whether it could be; else what is wrong stands among the errors."""
        place = source.document.inside(path, offset)
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            self.errors.append(source.document.error(place, f"an audience is built on itself: `{circle}`"))
            return False
        if name not in self.audiences and len(self._open) >= DEEPEST:
            message = f"audiences are built on one another {DEEPEST} deep at most"
            self.errors.append(source.document.error(place, message, " -> ".join([*self._open, name])))
            return False
        self.resolve(name)
        return True

    def _compiled(self, source: AudienceSource, unready: Sequence[str]) -> Audience:
        written, document = source.written, source.document
        known = {name: _stand_in(name) for name in unready} | self.audiences
        names = Names(audiences=known, segments=self._segments, without=WITHOUT)
        where = condition_at(document, ("where",), written.where, names, self.errors)
        fields: dict[str, Value] = {}
        for name, text in written.fields.items():
            try:
                fields[name] = compile_value(text.rstrip(), names)
            except ExpressionInvalid as error:
                place = document.inside(("fields", name), error.column - 1)
                self.errors.append(document.error(place, error.message, error.hint or None))
        return Audience(written.audience, where or _NOBODY, fields, frozenset(written.extra))


def _stand_in(name: str) -> Audience:
    return Audience(name, _NOBODY, {}, frozenset())


def _built_on(source: str) -> Iterator[tuple[str, int]]:
    """The audiences that a source names, and at which of its characters."""
    try:
        tree = parse_expression(plain_newlines(source.rstrip()))
    except SourceInvalid:  # said when it is compiled
        return
    for node in (*tree.find_all(nodes.Getattr), tree):
        if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "audiences":
            yield node.attr, offset_of(node)
