"""Many records parsed at once, where nothing can be wrong with them.

The reader (`feeds.xml.markup`) feeds the parser one record after the other, which tells which of them a break is in,
and looks in each for what can be mended. A run of records that is well-formed as it stands needs neither: it is parsed
as a small document of its own, inside the same elements, in half of the time. Whatever is not certainly the same either
way is left to the reader: a run that is not well-formed, that is anything but records side by side, or in which the
reader would see what the parser does not. `tests/property/test_batches.py` holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from lxml import etree

_DOCTYPE: Final = re.compile(rb'<!DOCTYPE\s+[\w.:-]+(?:\s+(?:SYSTEM|PUBLIC)(?:\s+"[^"<>\[]*")+)?\s*>')
_LONG_REFERENCE: Final = re.compile(rb"&#(?:x[0-9A-Fa-f]{7}|[0-9]{8})")  # the mender takes it for a bare &
_has_grandchildren: Final = etree.XPath("boolean(*/*/*)")
_OF_ONE_STATE: Final = re.compile(r"utf-?8|us-ascii|(?:windows|cp)-?125\d|koi8-[ru]|iso-8859-\d+", re.IGNORECASE)
"""Encodings in which what bytes mean does not depend on those before them."""

SAFELY: Final[Mapping[str, Any]] = {
    "resolve_entities": False, "no_network": True, "load_dtd": False, "dtd_validation": False,
    "attribute_defaults": False, "huge_tree": False, "recover": False, "remove_comments": True, "remove_pis": True,
}  # fmt: skip
"""The parser's options: nothing is fetched, resolved or guessed, and its own limits hold."""


class Batches:
    """Parses runs of records. `names`: the local names of the records and of the other elements that are wanted."""

    def __init__(self, names: tuple[str, ...], encoding: str | None, head: bytes) -> None:
        self._wanted = *(f"{{*}}{name}" for name in names), etree.ProcessingInstruction
        self._encoding = encoding or "utf-8"
        self._parser: etree.XMLParser | None = None
        self._flat_parser: etree.XMLParser | None = None
        encoding = encoding or "utf-8"
        if _OF_ONE_STATE.fullmatch(encoding) and _is_plain_prologue(head):
            with suppress(LookupError):  # of the encoding, which the reader will say
                seeing = {**SAFELY, "remove_pis": False, "encoding": encoding}
                self._parser = etree.XMLParser(**seeing)
                self._flat_parser = etree.XMLParser(**seeing, remove_blank_text=True)
        self._in_place = False
        self._parent: etree._Element | None = None
        self._end = self._before = self._after = b""
        self._depth = 0

    def stand_after(self, record: etree._Element) -> None:
        """What comes next stands right after this record."""
        parent = record.getparent()
        if parent is None or self._parser is None:
            return
        self._in_place = True
        if parent is not self._parent:
            self._parent = parent
            around = [*record.iterancestors()]
            self._end = f"</{written_name(record)}>".encode()
            self._before = start_tags(reversed(around), self._encoding)
            self._after = "".join(f"</{written_name(element)}>" for element in around).encode()
            self._depth = len(around)

    def lose_place(self) -> None:
        """Nobody can tell where the next bytes stand."""
        self._in_place = False

    def run_in(self, data: bytes) -> int:
        """How many of the bytes are worth trying: up to the last record's end; 0: none."""
        last = data.rfind(self._end) if self._in_place else -1
        return 0 if last < 0 else last + len(self._end)

    def parsed(self, run: bytes) -> tuple[list[Any], bool] | None:
        """The records that the run is, their lines counted from 1, and whether all of their children have nothing but
        text; None where the reader must look at it."""
        if b"#" in run and _LONG_REFERENCE.search(run):
            return None
        if self._flat_parser is not None:
            records = self._records(run, self._flat_parser)
            if records is None or not records or not _has_grandchildren(records[0].getparent()):
                return None if records is None else (records, True)
            self._flat_parser = None  # it loses white space between elements within texts; the others will be the same
        records = self._records(run, self._parser)
        return None if records is None else (records, False)

    def _records(self, run: bytes, parser: etree.XMLParser | None) -> list[Any] | None:
        try:
            root = etree.fromstring(b"".join((self._before, run, self._after)), parser)
        except etree.XMLSyntaxError:
            return None
        inner = root
        for _ in range(self._depth - 1):
            if len(inner) != 1:
                return None  # the run has closed an element around it
            inner = inner[0]
        records = [*inner]
        tag = records[0].tag if records else None
        alone = [*inner.iterdescendants(*self._wanted)] == records and all(record.tag == tag for record in records)
        return records if alone else None


def start_tags(elements: Iterable[etree._Element], encoding: str) -> bytes:
    """The start tags of elements that lie one in the other, on one line, with their namespaces and nothing else, as a
    feed in this encoding has them."""
    tags = []
    for element in elements:
        spaces = "".join(
            f" xmlns{':' + known if known else ''}={quoteattr(uri)}" for known, uri in element.nsmap.items()
        )
        tags.append(f"<{written_name(element)}{spaces}>")
    written = "".join(tags)
    try:
        return written.encode(encoding, "xmlcharrefreplace")
    except LookupError:  # of libxml2's encodings Python lacks a few: any name will do then, but no broken one
        return written.encode("ascii", "replace").replace(b"?", b"_")


def written_name(element: etree._Element) -> str:
    """With its prefix. Not by etree.QName, which refuses a name with an undeclared prefix."""
    prefix = f"{element.prefix}:" if element.prefix else ""
    return prefix + str(element.tag).rpartition("}")[2]


def _is_plain_prologue(head: bytes) -> bool:
    """Whether nothing before the root element bears on what follows: at most a DOCTYPE without declarations."""
    begin = head.find(b"<!DOCTYPE")
    return begin < 0 or (_DOCTYPE.match(head, begin) is not None and head.find(b"<!DOCTYPE", begin + 1) < 0)
