"""Tables of products as text: Google Merchant TSV and Facebook catalogue CSV.

https://support.google.com/merchants/answer/160567, https://www.facebook.com/business/help/120325381656392

The first line names the columns, and its names decide: it is a table of products when two of them are attributes of
Google Merchant or Facebook. The mark that parts the cells is the one (tab, comma, semicolon, `|`) that finds most of
them. A name may be written `image link` or `g:image_link`; of columns with one name the first counts.

**Quotes** work as in RFC 4180: a quoted cell may hold marks and line breaks. Where a line with quotes is none of that
(`24" monitor` at the beginning of a cell) but parted at the marks alone has the right number of cells, its quotes stand
for themselves. A row with another number of cells is rejected; when it goes over several lines, reading goes on with
its second line, so that a quote that was never closed costs one row.

**Encoding.** Such text declares none. It is UTF-8 (a mark at the beginning is passed over; UTF-16 is turned into it
before). In a feed whose rows are not, and look like windows-1251 or windows-1252, they are read as that and it is
reported.

**The end.** The format has no end mark. The last cell of a feed whose last line has no line break may be cut off, so it
is left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from feeds.charsets import guessed, holds_utf8
from feeds.draft import Draft
from feeds.formats import Format
from feeds.merchant import NAMES, merchant_draft
from feeds.problems import Limits, NoIdColumn, RecordTooLarge, Rejected, Repaired
from feeds.source import Source

_MARKS: Final = ("\t", ",", ";", "|")
_EXCEL: Final = re.compile(rb"\"?sep=.\"?", re.IGNORECASE)  # a line for Excel before the names of the columns
_OTHER_NAMES: Final = {"image[0].url": "image_link"}
_QUOTED: Final = re.compile(r'"[^"]*"')
_CHUNK: Final = 256 * 1024
_READ_AGAIN: Final = 64 * 1024**2
"""So many bytes of rows that went over several lines are looked at twice; a hostile feed has no more of that."""


class Line(msgspec.Struct, gc=False):
    """One line of the feed with its line break. `sound` is False when its bytes are no text, `ended` when the feed
    ends without a line break."""

    number: int
    text: str
    sound: bool = True
    ended: bool = True


class Row(msgspec.Struct, gc=False):
    """A row's cells at its first line."""

    line: int
    cells: list[str]
    ended: bool
    literal: bool


def _recognises(head: bytes) -> bool:
    return _mark(_first_line(head))[0] >= 2


def _first_line(head: bytes) -> str:
    line, *others = re.split(rb"[\r\n]+", head.lstrip(b"\r\n ")[:8192], maxsplit=2)
    if _EXCEL.fullmatch(line) and others:
        line = others[0]
    return "" if line.startswith((b"<", b"{", b"[")) else line.decode("utf-8", "replace")


def _mark(line: str) -> tuple[int, str]:
    """How many names are known, and the mark that finds them."""
    found = ((len({_name(cell) for cell in line.split(mark)} & NAMES), mark) for mark in _MARKS)
    return max(found, key=lambda each: each[0])


def _name(cell: str) -> str:
    name = "_".join(cell.strip().strip('"').lower().replace("_", " ").split()).removeprefix("g:")
    return _OTHER_NAMES.get(name, name)


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    mark = _mark(_first_line(source.head))[1]
    lines = _Lines(source, limits)
    rows = _Rows(lines, mark, limits)
    header = next(rows.all(), None)
    if isinstance(header, Row) and _EXCEL.fullmatch(mark.join(header.cells).strip().encode()):
        header = next(rows.all(), None)
    if not isinstance(header, Row) or not header.ended:
        yield Rejected(1, None, "cut-off", "the feed ends within its first line, the names of the columns")
        return
    names = [_name(cell) for cell in header.cells]
    if "id" not in names:
        raise NoIdColumn(_without_id(header, names))
    columns = {}
    for place, name in enumerate(names):
        if name in NAMES or name == "product_detail":
            if name not in columns:
                columns[name] = place
            elif name != "product_detail":
                detail = f"{name} names the columns {columns[name] + 1} and {place + 1}; the first counts"
                yield Repaired(header.line, None, "duplicate-column", detail)
    rows.width, rows.id_at = len(names), columns["id"]
    for row in rows.all():
        yield from lines.notes()
        if isinstance(row, Rejected):
            yield row
        else:
            yield _draft(row, columns, limits)


def _without_id(header: Row, names: Sequence[str]) -> str:
    alike = [name for name in names if re.search(r"(?:^|_)(?:id|sku|article|code)$", name) and name != "item_group_id"]
    hint = f"; if the products' ids stand in {alike[0][:40]!r}, name it 'id'" if alike else "; add one with their ids"
    said = ", ".join(name[:40] for name in names[:10])
    return f"line {header.line}: no column is named 'id' (there are {said}){hint}"


def _draft(row: Row, columns: dict[str, int], limits: Limits) -> Draft:
    cells = row.cells
    texts = {name: text for name, place in columns.items() if (text := cells[place].strip())}
    notes = []
    if row.literal:
        notes.append(Repaired(row.line, None, "bare-quote", "quotes that part no cells read as themselves"))
    if not row.ended:
        cut = next((name for name, place in columns.items() if place == len(cells) - 1), None)
        if cut is not None and texts.pop(cut, None) is not None:
            detail = f"the feed ends without a line break, so {cut} may be cut off; left out"
            notes.append(Repaired(row.line, None, "unended-line", detail))
    details = []
    for detail in texts.pop("product_detail", "").split(","):
        parts = [part.strip() for part in detail.split(":")]
        if len(parts) == 3 and parts[1] and parts[2]:
            details.append((parts[1], parts[2]))
    return merchant_draft(row.line, texts, details, limits, tuple(notes))


class _Lines:
    """The feed's lines as text. `back` takes some of them back, to be given again."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._raw = _raw_lines(source, limits)
        self._number = 0
        self._head = source.head
        self._utf8 = holds_utf8(source.head)
        self._other: str | None = None
        self._back: list[Line] = []
        self._notes: list[Repaired] = []

    def next(self) -> Line | None:
        if self._back:
            return self._back.pop()
        raw = next(self._raw, None)
        if raw is None:
            return None
        self._number += 1
        ended = raw.endswith(b"\n")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return self._in_another_encoding(raw, ended)
        if not self._utf8 and self._other is None and not raw.isascii():
            self._utf8 = True
        return Line(self._number, text, True, ended)

    def back(self, lines: list[Line]) -> None:
        self._back.extend(reversed(lines))

    def notes(self) -> list[Repaired]:
        """What is to be reported since it was asked last."""
        given, self._notes = self._notes, []
        return given

    def _in_another_encoding(self, raw: bytes, ended: bool) -> Line:
        if not self._utf8 and self._other is None:
            self._other = guessed(raw if self._head.isascii() else self._head)
            if self._other is not None:
                detail = f"the text is not UTF-8; read as {self._other}, which it looks like"
                self._notes.append(Repaired(self._number, None, "guessed-encoding", detail))
        if self._other is not None:
            try:
                return Line(self._number, raw.decode(self._other), True, ended)
            except UnicodeDecodeError:
                pass
        return Line(self._number, raw.decode("utf-8", "replace"), False, ended)


def _raw_lines(source: Source, limits: Limits) -> Iterator[bytes]:
    """The bytes of the lines, each with its line break; a feed without any `\\n` in its head has `\\r` for that."""
    old = b"\n" not in source.head and b"\r" in source.head
    rest = b""
    number = 1
    while chunk := source.read(_CHUNK):
        if old:
            chunk = chunk.replace(b"\r", b"\n")
        if b"\n" not in chunk:
            rest += chunk
        else:
            first, *between, last = chunk.split(b"\n")
            yield rest + first + b"\n"
            for line in between:
                yield line + b"\n"
            number += 1 + len(between)
            rest = last
        if len(rest) > limits.record_bytes:
            raise RecordTooLarge(f"line {number} has {limits.record_bytes:,} bytes and more")
    if rest:
        yield rest


class _Rows:
    """The rows. Those of another number of cells than `width` (0: any) are rejected."""

    def __init__(self, lines: _Lines, mark: str, limits: Limits) -> None:
        self._lines = lines
        self._mark = mark
        self._limits = limits
        self._again = _READ_AGAIN
        self.width = 0
        self.id_at = 0

    def all(self) -> Iterator[Row | Rejected]:
        while (line := self._lines.next()) is not None:
            if not line.text.strip():
                continue
            if not line.sound:
                yield self._rejected(line, "bad-encoding", "not UTF-8, which the feed is otherwise")
            elif '"' in line.text:
                yield self._quoted(line)
            else:
                cells = self._parted(line)
                yield Row(line.number, cells, line.ended, False) if self._fits(cells) else self._misfit(line, cells)

    def _parted(self, line: Line) -> list[str]:
        """The line parted at the marks alone."""
        return line.text.rstrip("\r\n").split(self._mark)

    def _fits(self, cells: list[str]) -> bool:
        while len(cells) > self.width > 0 and not cells[-1].strip():
            cells.pop()
        return self.width in (0, len(cells))

    def _quoted(self, line: Line) -> Row | Rejected:
        taken = [line]
        open_at_end = False

        def texts() -> Iterator[str]:
            nonlocal open_at_end
            yield line.text
            size = len(line.text)
            while (following := self._lines.next()) is not None:
                taken.append(following)
                size += len(following.text)
                if size > self._limits.record_bytes:
                    return
                yield following.text
            open_at_end = True

        cells: list[str] | None
        try:
            cells = next(csv.reader(texts(), delimiter=self._mark, strict=True))
            why = ""
        except csv.Error as error:
            cells, why = None, str(error)
        if cells is not None and self._fits(cells):
            bad = next((each for each in taken if not each.sound), None)
            if bad is not None:
                detail = f"line {bad.number} is not UTF-8, which the feed is otherwise"
                return self._rejected(line, "bad-encoding", detail)
            return Row(line.number, cells, taken[-1].ended, False)
        if open_at_end and not taken[-1].ended:
            return self._rejected(line, "cut-off", "the feed ends within a quoted cell")
        if cells is not None and len(taken) == 1:
            return self._misfit(line, cells)
        why = why or "a quoted cell of several lines does not end where it should"
        self._again -= sum(len(each.text) for each in taken[1:])
        if self._again < 0:
            return Rejected(line.number, None, "bad-quotes", f"{why}; {len(taken) - 1} lines after it are lost as well")
        self._lines.back(taken[1:])
        literal = self._parted(line)
        if self.width in (0, len(literal)):
            return Row(line.number, literal, line.ended, True)
        return self._rejected(line, "bad-quotes", why)

    def _misfit(self, line: Line, cells: list[str]) -> Rejected:
        if not line.ended and len(cells) < self.width:
            return self._rejected(line, "cut-off", "the feed ends within a row")
        return self._rejected(line, "wrong-cells", f"{len(cells)} cells where the first line names {self.width}")

    def _rejected(self, line: Line, reason: str, detail: str) -> Rejected:
        """The id is known where it stands in the first column, which what is wrong can't have moved; if it is quoted,
        where that ends before the first mark."""
        cells = self._parted(line) if self.id_at == 0 and self.width else []
        sure = len(cells) > 1 and line.sound and ('"' not in cells[0] or _QUOTED.fullmatch(cells[0]))
        product_id = " ".join(cells[0].strip('"').split()) if sure else ""
        return Rejected(line.number, product_id if product_id.isprintable() and product_id else None, reason, detail)


FORMAT = Format(name="delimited", recognises=_recognises, read=_read)
