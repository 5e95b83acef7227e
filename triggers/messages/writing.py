"""How finished texts are written, so that they cost less: the settings `writing` of a shop, a rule and a step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from triggers.messages.links import Links
from triggers.messages.smart_encoding import smart
from triggers.messages.sms import encoding, measure
from triggers.messages.transliteration import transliterated

Sacrifice = Literal["drop_optional", "shorten_names"]


@dataclass(frozen=True, slots=True)
class Writing:
    """`transliterate`: a scheme of `triggers.messages.transliteration.SCHEMES`; `smart_encoding`: see the module of
    that name. `max_segments`: a text has to fit into so many, and `sacrifice` says what is given up for it, in this
    order; empty: nothing. `links`: what becomes of the links, before anything else; None: they stay as they are."""

    transliterate: str | None = None
    smart_encoding: bool = False
    max_segments: int | None = None
    sacrifice: tuple[Sacrifice, ...] = ("drop_optional", "shorten_names")
    links: Links | None = None


AS_IT_IS: Final = Writing()

_RUSSIAN: Final = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_LINK: Final = re.compile(r"(?i:https?://)\S+")


def written(text: str, writing: Writing, kept: Sequence[str] = ()) -> str:
    """A finished text as it is sent. Its links are made first; they, and what of `kept` stands in it (a coupon's code),
    then stay byte for byte. It needs no more segments than with them: a text that would need more in Latin letters is
    not transliterated."""
    if writing.links is not None:
        text = writing.links.written(text)
    if writing.transliterate is None and not writing.smart_encoding:
        return text
    made = _written(text, writing, kept)
    if writing.transliterate is not None and measure(made).segments > measure(text).segments:
        return _written(text, Writing(smart_encoding=writing.smart_encoding), kept)
    return made


def dear_letters(writing: Writing) -> str:
    """The Russian letters that are transliterated into what GSM-7 lacks: with one of them a text costs as much as in
    Cyrillic."""
    if writing.transliterate is None:
        return ""
    return "".join(
        letter
        for letter in _RUSSIAN
        if any(encoding(_written(f"a{one}a", writing, ())) != "gsm-7" for one in (letter, letter.upper()))
    )


def _written(text: str, writing: Writing, kept: Sequence[str]) -> str:
    pieces, keep = _pieces(text, kept)
    scheme = writing.transliterate
    if scheme is not None:
        pieces = [one if stays else transliterated(one, scheme) for one, stays in zip(pieces, keep, strict=True)]
    return "".join(smart(pieces, keep) if writing.smart_encoding else pieces)


def _pieces(text: str, kept: Sequence[str]) -> tuple[list[str], list[bool]]:
    """A text in pieces, and of each whether it is to stay as it is."""
    named = sorted((one for one in kept if one), key=len, reverse=True)
    words = [rf"(?<!\w){re.escape(one)}(?!\w)" for one in named]
    stays = re.compile("|".join([_LINK.pattern, *words])) if words else _LINK
    pieces: list[str] = []
    keep: list[bool] = []
    end = 0
    for found in stays.finditer(text):
        pieces += (text[end : found.start()], found.group())
        keep += (False, True)
        end = found.end()
    return [*pieces, text[end:]], [*keep, False]
