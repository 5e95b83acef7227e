"""XML feeds as a stream of records, in bounded memory, that survives the breaks real feeds have.

The bytes are cut after every record's end tag and each piece is fed to libxml2's push parser on its own, which tells
which record an error is in, also in a feed of one line. Where nothing is wrong `feeds.xml.batches` takes many at once.

**A break** (XML that is not well-formed) rejects the record it is in. The parser never recovers by guessing (libxml2's
own recovery nests the records that follow in the broken one, or stops for good): it is thrown away, a new one is opened
inside the same elements, and reading goes on with the next piece. When the piece held more than the record (a comment,
the end of the categories), the record is tried once more alone. A piece that ends inside an open comment or CDATA
section is followed by nothing sound until that ends.

**Safety.** No DTD is loaded, nothing is fetched, entities are neither declared (the feed is refused) nor resolved;
elements nest 256 deep at most (libxml2's own bound without `huge_tree`), pieces and the whole are bounded by `Limits`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec
from lxml import etree

from feeds.problems import EntitiesRefused, Limits, RecordTooLarge, Rejected, Repaired, UnknownEncoding
from feeds.source import Source
from feeds.xml.batches import SAFELY, Batches, start_tags
from feeds.xml.naming import IdPlace, named
from feeds.xml.repairs import Mended, Mender

_CHUNK: Final = 64 * 1024
_MISC: Final = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_NAME: Final = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']", re.IGNORECASE)


class Grammar(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader must know of a format: tags as local names, and where a record has its id.

    `asides` are elements outside the records that the format wants too (a category, a currency).
    """

    record: str
    asides: tuple[str, ...] = ()
    id_place: IdPlace


class Element(msgspec.Struct, frozen=True, gc=False):
    """A sound element with its line. It is emptied when the reader goes on: take what you need at once. `flat`: its
    children certainly have nothing but text."""

    line: int
    element: etree._Element
    is_record: bool
    mended: tuple[Repaired, ...]
    flat: bool = False


def root_name(head: bytes) -> str | None:
    """The qualified name of the root element of the XML that begins so; None when it is no XML."""
    name = _NAME.match(head, _after_misc(head, 0))
    return name[1].decode("ascii", "replace") if name else None


def elements(source: Source, grammar: Grammar, limits: Limits) -> Iterator[Element | Rejected]:
    """The sound elements of the feed in order, and a Rejected for every break.

    Raises FeedError where the whole must be refused.
    """
    return _Reader(source, grammar, limits).run()


def _after_misc(data: bytes, at: int) -> int:
    """The offset after white space, comments, processing instructions and a DOCTYPE. A loop, not one pattern, which a
    hostile feed could make backtrack without end."""
    while found := _MISC.match(data, at):
        at = found.end()
    return at


class _Reader:
    """One reading of one feed. `_line` is the line of the piece's first byte, `_base` what the parser's lines lack."""

    def __init__(self, source: Source, grammar: Grammar, limits: Limits) -> None:
        self._source = source
        self._grammar = grammar
        self._limits = limits
        self._mender = Mender()
        self._root = root_name(source.head) or ""
        declared = _DECLARED.match(source.head)
        self._encoding = source.encoding or (declared[1].decode("ascii", "replace") if declared else None)
        names = b"|".join(name.encode() for name in (grammar.record, *grammar.asides))
        self._cut = re.compile(rb"</(?:[\w.-]+:)?(?:%s)\s*>" % names)
        self._start = re.compile(rb"<(?:[\w.-]+:)?%s(?=[\s/>])" % grammar.record.encode())
        self._parser = self._fresh(source.encoding)
        self._batches = Batches((grammar.record, *grammar.asides), self._encoding, source.head)
        self._line = 1
        self._base = 0
        self._bases = [(0, 0)]  # what the parser's lines lack, by the last of its lines for which that was otherwise
        self._open: list[tuple[etree._Element, int, bool]] = []  # records begun: their line, and are they sound
        self._scaffold = b""
        self._seen = False  # has the document shown an element, so that its DOCTYPE is behind us
        self._broken = False
        self._last: etree._Element

    def run(self) -> Iterator[Element | Rejected]:
        """Cut after each end tag that matters, unless all of it can be taken at once."""
        buffer = b""
        limit = self._limits.record_bytes
        while chunk := self._source.read(_CHUNK):
            searched = max(0, len(buffer) - 64)  # an end tag may lie across two chunks
            buffer += chunk
            at = self._batches.run_in(buffer)
            parsed = self._batches.parsed(buffer[:at]) if at else None
            if parsed is None:
                at = 0
            else:
                searched = at
                yield from self._batch(buffer[:at], *parsed)
            for end in self._cut.finditer(buffer, searched):
                yield from self._next(buffer[at : end.end()])
                at = end.end()
            buffer = buffer[at:]
            if len(buffer) > limit:
                raise RecordTooLarge(f"after line {self._line}: {limit:,} bytes and more without a record's end")
        yield from self._next(buffer, last=True)

    def _batch(self, run: bytes, records: list[Any], flat: bool) -> Iterator[Element]:
        before = self._line - 1
        lines = run.count(b"\n")
        self._line += lines
        if lines:  # the parser sees one of them, to know what was before from what comes after
            self._parser.feed(b"\n")
            self._base += lines - 1
            self._bases.append((before + lines - self._base, self._base))
        for record in records:
            yield Element(before + (record.sourceline or 1), record, True, (), flat)

    def _next(self, piece: bytes, last: bool = False) -> Iterator[Element | Rejected]:
        start = 0
        if self._broken and self._mender.inside is not None:
            # what broke left a comment or CDATA section open: nothing is sound before that ends
            end = piece.find(self._mender.inside)
            start = len(piece) if end < 0 else end + len(self._mender.inside)
            if end >= 0:
                self._mender.inside = None
        lines = piece.count(b"\n")
        self._line += piece.count(b"\n", 0, start)
        lines -= piece.count(b"\n", 0, start)
        yield from self._tail(piece[start:]) if last else self._piece(piece[start:])
        self._line += lines

    def _piece(self, raw: bytes) -> Iterator[Element | Rejected]:
        self._batches.lose_place()
        piece, mended = self._mender.mend(raw)
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            broken: etree.XMLSyntaxError | None = error
        else:
            broken = None
        records = 0
        for found in self._events(raw, mended):
            records += isinstance(found, Element) and found.is_record
            yield found
        if broken is None:
            return
        if _code(broken) == etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING:
            raise UnknownEncoding(f"line 1: {_said(broken)}")
        starts = [found.start() for found in self._start.finditer(piece)]
        if not starts:
            yield self._break(broken, None)
            self._reopen(self._line + piece.count(b"\n"))
            return
        line = self._said_at(broken)
        again = self._line + piece.count(b"\n", 0, starts[-1])
        reopened_before = self._broken
        self._reopen(again)
        try:
            self._parser.feed(piece[starts[-1] :])
        except etree.XMLSyntaxError as error:
            # of several that begin here nobody knows how many are lost
            yield self._break(error, self._named(piece[starts[0] :]) if len(starts) == 1 else None)
            self._reopen(self._line + piece.count(b"\n"))
        else:
            # the first error after reopening may only be the end of an element that the new parser never saw begin
            of_before = reopened_before and len(starts) == 1
            if not (of_before and _code(broken) == etree.ErrorTypes.ERR_TAG_NAME_MISMATCH):
                yield Rejected(line, None, "broken-xml", _said(broken))
            yield from self._events(raw, mended)

    def _tail(self, raw: bytes) -> Iterator[Element | Rejected]:
        """What follows the last record's end tag: the elements still open must end here."""
        piece, mended = self._mender.mend(raw)
        starts = [found.start() for found in islice(self._start.finditer(piece), 2)]
        closing = re.search(rb"</%s\s*>" % re.escape(self._root.encode()), piece)
        ended = closing is not None and _after_misc(piece, closing.end()) == len(piece)
        if self._broken and not starts:
            if not ended:
                yield Rejected(
                    self._line + piece.count(b"\n"), None, "cut-off", f"the feed ends before </{self._root}>"
                )
            return
        try:
            self._parser.feed(piece)
            self._parser.close()
        except etree.XMLSyntaxError as error:
            yield from self._events(raw, mended)
            reason = "broken-xml" if ended else "cut-off"
            yield self._break(error, self._named(piece[starts[0] :]) if len(starts) == 1 else None, reason)
        else:
            yield from self._events(raw, mended)

    def _events(self, raw: bytes, mended: list[Mended]) -> Iterator[Element | Rejected]:
        record = self._grammar.record
        for event, element in self._parser.read_events():
            line = self._base + (element.sourceline or 1)
            if not self._seen:
                self._seen = True
                _refuse_entities(element)
            name = str(element.tag).rpartition("}")[2]
            is_record = name == record
            if ":" in name:  # a prefix that nobody declared: nothing of ours
                self._last = element
                if event == "end" and not self._open and name.endswith(f":{record}"):
                    _forget(element)
                continue
            if event == "start":
                if is_record:
                    yield from self._unclosed(raw, line)
                    self._open.append((element, line, True))
                self._last = element
                continue
            sound = self._open.pop()[2] if is_record and self._open else True
            if sound and (is_record or element.getparent() is not None):
                notes = self._notes(raw, mended) if mended else ()
                mended = []
                yield Element(line, element, is_record, notes)
            if is_record:
                _forget(element)
                if sound and not self._open and self._mender.inside is None:
                    self._batches.stand_after(element)

    def _unclosed(self, raw: bytes, inner_line: int) -> Iterator[Rejected]:
        """A record that begins within another means that the outer one was never closed."""
        for place, (outer, line, sound) in enumerate(self._open):
            if sound:
                starts = [found.start() for found in islice(self._start.finditer(raw), 3)]
                sure = len(starts) == 2 and len(self._open) == 1
                product_id = self._named(raw[starts[0] : starts[1]]) if sure else None
                detail = f"the record is not closed before the next one begins in line {inner_line}"
                yield Rejected(line, product_id, "broken-xml", detail)
                self._open[place] = (outer, line, False)
                self._broken = True

    def _break(
        self, error: etree.XMLSyntaxError, product_id: str | None, reason: str = "broken-xml"
    ) -> Rejected:
        if _code(error) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            reason = "too-deep" if "depth" in error.msg else "too-large"
        elif reason == "broken-xml" and _code(error) == etree.ErrorTypes.ERR_INVALID_ENCODING:
            reason = "bad-encoding"
        return Rejected(self._said_at(error), product_id, reason, _said(error))

    def _named(self, record: bytes) -> str | None:
        return named(record, self._grammar.id_place, self._encoding)

    def _notes(self, raw: bytes, mended: list[Mended]) -> tuple[Repaired, ...]:
        """One Repaired a kind, at the line of its first place."""
        first: dict[tuple[str, str], list[int]] = {}
        for offset, reason, detail in mended:
            first.setdefault((reason, detail), []).append(offset)
        return tuple(
            Repaired(
                self._line + raw.count(b"\n", 0, offsets[0]),
                None,
                reason,
                detail if len(offsets) == 1 else f"{detail} ({len(offsets)} times)",
            )
            for (reason, detail), offsets in first.items()
        )

    def _reopen(self, line: int) -> None:
        """Throw the parser away and open a new one inside the elements that were open; its first byte is in `line`."""
        self._broken = True
        if self._seen and not self._scaffold:
            self._scaffold = _opening(self._last, self._grammar.record, self._encoding)
        self._open = []
        try:
            self._parser = self._fresh(self._encoding)
        except LookupError:
            raise UnknownEncoding(f"line 1: no encoding known here is called {self._encoding!r}") from None
        if self._scaffold:
            self._parser.feed(self._scaffold)
        self._base = line - 1
        self._bases = [(0, self._base)]

    def _said_at(self, error: etree.XMLSyntaxError) -> int:
        """The line of an error, which the parser may say long after."""
        line = error.lineno or 1
        return line + self._bases[bisect_left(self._bases, (line, 0)) - 1][1]

    def _fresh(self, encoding: str | None) -> Any:
        names = {self._root.rpartition(":")[2], self._grammar.record, *self._grammar.asides} - {""}
        return etree.XMLPullParser(
            events=("start", "end"),
            tag=[f"{{*}}{name}" for name in sorted(names)],
            **SAFELY,
            encoding=encoding,
        )


def _refuse_entities(element: etree._Element) -> None:
    declared: Any = element.getroottree().docinfo.internalDTD  # the stubs say it is always there and has no entities
    if declared is not None and any(True for _ in declared.iterentities()):
        raise EntitiesRefused("the feed declares entities in its DOCTYPE; write the characters themselves")


def _opening(inner: etree._Element, record: str, encoding: str | None) -> bytes:
    """The start tags of the elements around `inner`, on one line, but for records; around the root: the root's own."""
    around = list(reversed(list(inner.iterancestors()))) or [inner]
    names = [str(element.tag).rpartition("}")[2] for element in around]
    return start_tags(around[: names.index(record)] if record in names else around, encoding or "utf-8")


def _forget(record: etree._Element) -> None:
    """Empty the record and drop everything before it, so that memory holds one record at a time."""
    record.clear()
    element: etree._Element | None = record
    while element is not None:
        parent = element.getparent()
        if parent is not None:
            while element.getprevious() is not None:
                del parent[0]
        element = parent


def _code(error: etree.XMLSyntaxError) -> int:
    return int(getattr(error, "code", 0) or 0)  # the stubs leave it out


def _said(error: etree.XMLSyntaxError) -> str:
    """libxml2's own words without the place, which is of its own counting, and without what it quotes of the feed."""
    said = re.sub(r" line \d+(?= and )", "", (error.msg or "not well-formed").strip())
    return re.sub(r", line \d+, column \d+.*$|\n.*$", "", said, flags=re.DOTALL)
