"""Which language the texts of a rule are in: its shop's, unless the rule asks for that of the customer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from triggers.expressions import Audience

_LANGUAGE: Final = "customer.language"
_ASKED: Final = re.compile(r"\bcustomer\s*\.\s*language\b")
_NAMED: Final = re.compile(r"\baudiences\s*\.\s*(\w+)")
_UNMEANT: Final = ("description",)


def language_of(root: Mapping[str, Any], shops: str, audiences: Mapping[str, Audience], own: str) -> str | None:
    """The shop's; None where a condition or a text of the rule, or an audience that it names, asks for the customer's.
    `root`: the rule as it is written, which may have mistakes; `own`: the name of the audience that it is for."""
    texts = [text for name, part in root.items() if name not in _UNMEANT for text in _texts(part)]
    named = {own, *(name for text in texts for name in _NAMED.findall(text))}
    asked = any(_ASKED.search(text) for text in texts)
    asked = asked or any(_LANGUAGE in audiences[name].reads.names for name in named if name in audiences)
    return None if asked else shops


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from _texts(one)
    elif isinstance(part, list):
        for one in part:
            yield from _texts(one)
