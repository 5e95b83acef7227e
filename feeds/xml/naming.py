"""Which record a break is in: its id, out of bytes that no parser takes.

What is rejected by name keeps its product as it was, and everything else that is missing may vanish (`feeds.read`). So
a wrong name costs a product: an id is told only where it must be the one that the record would have if it were sound,
read as the parser reads it (encoding, references, CDATA). Where it is not told, nothing vanishes.

Each try looks at a bounded number of bytes, whatever a hostile feed holds.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

import msgspec
from lxml import etree

from feeds.xml.batches import SAFELY
from feeds.xml.repairs import Mender
from schemas.fields import MAX_ID

_ATTRIBUTE: Final = rb"""\s++[\w:.-]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+')"""
_VALUE: Final = rb"""("[^"<]{1,600}+"|'[^'<]{1,600}+')"""
_CDATA: Final = rb"<!\[CDATA\[[^\]]{0,600}+(?:\](?!\]>)[^\]]{0,600}+){0,4}+\]\]>"
_TEXT: Final = rb"((?:[^<]{1,600}+|%s){0,4}+)" % _CDATA


class IdPlace(msgspec.Struct, frozen=True):
    """Where the records of a format have their id: `pattern` finds it as it is written, `quoted` where it is the value
    of an attribute."""

    pattern: re.Pattern[bytes]
    quoted: bool


def in_attribute(record: str, attribute: str) -> IdPlace:
    """In an attribute of the start tag, in which all before it is well-formed."""
    start = rb"<(?:[\w.-]{1,40}+:)?+%s" % record.encode()
    named = rb"\s++%s\s*+=\s*+" % attribute.encode()
    return IdPlace(re.compile(rb"%s(?:%s){0,100}?%s%s" % (start, _ATTRIBUTE, named, _VALUE)), True)


def in_element(element: str, *, prefixed: bool = False) -> IdPlace:
    """In an element; with `prefixed` one that has no prefix is another."""
    prefix = rb"[\w.-]{1,40}+:" if prefixed else rb"(?:[\w.-]{1,40}+:)?+"
    return IdPlace(re.compile(rb"<%s%s(?:\s[^<>]{0,200}+)?+>%s</" % (prefix, element.encode(), _TEXT)), False)


def named(record: bytes, place: IdPlace, encoding: str | None) -> str | None:
    """The id of the record that begins so; None where it can't be told for sure."""
    found = [match[1] for match in islice(place.pattern.finditer(record), 2)]
    if len(found) != 1:
        return None
    written, _ = Mender().mend(found[0])
    try:
        parser = etree.XMLParser(**SAFELY, encoding=encoding or "utf-8")
        element = etree.fromstring((b"<i v=%s/>" if place.quoted else b"<i>%s</i>") % written, parser)
    except (etree.XMLSyntaxError, LookupError):
        return None
    text = element.get("v", "") if place.quoted else "".join(str(part) for part in element.itertext())
    product_id = " ".join(text.split())
    return product_id if 0 < len(product_id) <= MAX_ID and product_id.isprintable() else None
