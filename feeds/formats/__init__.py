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
