"""The formats of feeds, one module each, found by lying in this package.

A format's module has a constant `FORMAT`. To add one, add its file, its test and its section of docs/feeds.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache

import msgspec

from feeds.draft import Draft
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """`recognises` judges by the feed's first bytes (64 KB) alone, never by a name; `read` gives records in order."""

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Source, Limits], Iterator[Draft | Rejected | Repaired]]


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is, in order of module name."""
    found = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").FORMAT for name in found)


def recognise(head: bytes) -> Format | None:
    """The format of the feed that begins with `head`; None when it is none of ours."""
    return next((known for known in formats() if known.recognises(head)), None)


def unknown(head: bytes) -> str:
    """Why the feed that begins with `head` is none of ours, as far as its first bytes tell."""
    start = head.lstrip()[:1000].lower()
    if not start:
        return "the feed is empty"
    if start.startswith((b"\x1f\x8b", b"pk\x03\x04")):
        return "the feed is packed twice; pack it once"
    if b"<html" in start or start.startswith(b"<!doctype html"):
        return "a web page, not a feed; does the address ask for a login?"
    if b"schemas.openxmlformats.org" in start or b"application/vnd.oasis.opendocument" in start:
        return "an office document, not a feed; save the table as CSV"
    if b"<rss" in start:
        return "RSS without Google's attributes (xmlns:g=\"http://base.google.com/ns/1.0\")"
    return f"the feed is in none of the known formats ({', '.join(sorted(known.name for known in formats()))})"
