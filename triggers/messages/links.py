"""The links of a finished text: the parameters that a rule appends to each, and where a shortener comes in.

A link is what phones take for one: `http://` or `https://` and all that follows it up to a blank, without the marks
that end a sentence, and without a closing bracket that nothing in it opens. A comma or a semicolon right behind which
the next link begins is none of it either. What else stands in the text is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Protocol
from urllib.parse import quote, unquote_plus

_PARTING: Final = ",;،؛，；、"
_LINK: Final = re.compile(rf"https?://(?![/?#])(?:[^\s{_PARTING}]+|[{_PARTING}](?!https?://))+", re.IGNORECASE)
_ENDS: Final = ".,;:!?…'\"’«“‘›‹–—،؛؟۔。、，！？"
_BRACKETS: Final = {")": "(", "]": "[", "}": "{", ">": "<", "»": "«", "”": "“"}
PLACE: Final = re.compile(r"\{([^{}]*)\}")
PLACES: Final = ("message", "rule", "shop", "step", "variant")
"""What may stand in braces in a parameter: the id of the SMS's command, and the names of what it comes from."""


class Shortener(Protocol):
    """Makes a link shorter before the text is measured. It has to answer at once, without asking anybody, and always
    alike for the same two: texts are made again after a crash, and by whoever checks what was decided."""

    def __call__(self, link: str, message_id: str) -> str: ...


def as_it_is(link: str, message_id: str) -> str:
    """No shortener."""
    return link


@dataclass(frozen=True, slots=True)
class Links:
    """`parameters`: names and values, the latter as they are before they are escaped; those of the names in PLACES that
    are not known yet still stand in braces in them. `message_id`: what a shortener is told; "" before it is known."""

    parameters: tuple[tuple[str, str], ...]
    message_id: str = ""
    shortener: Shortener = as_it_is

    def of(self, **known: str) -> Links:
        """With these of PLACES in their places."""
        filled = tuple((name, PLACE.sub(lambda found: known.get(found[1], found[0]), value))
                       for name, value in self.parameters)  # fmt: skip
        return replace(self, parameters=filled)

    def sent_as(self, message_id: str, variant: str, shortener: Shortener) -> Links:
        """For one message: everything is known."""
        return replace(self.of(message=message_id, variant=variant), message_id=message_id, shortener=shortener)

    def written(self, text: str) -> str:
        """The text with every link of it made so."""
        pieces = parted(text)
        pieces[1::2] = [self._made(link) for link in pieces[1::2]]
        return "".join(pieces)

    def _made(self, link: str) -> str:
        return self.shortener(with_parameters(link, self.parameters), self.message_id)


def parted(text: str) -> list[str]:
    """The text in pieces, of which every other one, from the second on, is a link."""
    pieces, begin = [], 0
    for found in _LINK.finditer(text):
        link, _ = ended(found.group())
        if not link.endswith("://"):  # a host is left
            pieces += [text[begin : found.start()], link]
            begin = found.start() + len(link)
    pieces.append(text[begin:])
    return pieces


def ended(link: str) -> tuple[str, str]:
    """Where a link ends that stands in a sentence: the link, and what follows it up to the next blank."""
    end = len(link)
    while end:
        last = link[end - 1]
        opening = _BRACKETS.get(last)
        if last not in _ENDS and (opening is None or link.count(opening, 0, end) >= link.count(last, 0, end)):
            break
        end -= 1
    return link[:end], link[end:]


def with_parameters(link: str, parameters: tuple[tuple[str, str], ...]) -> str:
    """The link with them at the end of its query, in their order, escaped (RFC 3986); one of the same name that the
    link had gives way, and what is empty is not appended. The fragment stays behind the query."""
    address, hash_, fragment = link.partition("#")
    page, mark, query = address.partition("?")
    names = {name for name, _ in parameters}
    kept = [one for one in query.split("&") if mark and one and unquote_plus(one.partition("=")[0]) not in names]
    kept += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters if value]
    return page + ("?" + "&".join(kept) if kept else "") + hash_ + fragment
