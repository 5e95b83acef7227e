"""How finished texts are written, so that they cost less: the settings `writing` of a shop, a rule and a step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from triggers.messages.links import Links, parted
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

    def of_variant(self, name: str) -> Writing:
        """The same of the text's variant of that name."""
        return self if self.links is None else replace(self, links=self.links.of(variant=name))


AS_IT_IS: Final = Writing()

_RUSSIAN: Final = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"


def written(text: str, writing: Writing) -> str:
    """A finished text as it is sent: its links first, then its letters."""
    return cheaper(linked(text, writing), writing)


def linked(text: str, writing: Writing) -> str:
    """With its links as they are sent."""
    return text if writing.links is None else writing.links.written(text)


def cheaper(text: str, writing: Writing) -> str:
    """In cheaper letters. Links stay byte for byte. It needs no more segments than it did: a text that would need more
    in Latin letters is not transliterated."""
    if writing.transliterate is None and not writing.smart_encoding:
        return text
    made = _cheaper(text, writing.transliterate, writing.smart_encoding)
    if writing.transliterate is not None and measure(made).segments > measure(text).segments:
        return _cheaper(text, None, writing.smart_encoding)
    return made


def dear_letters(writing: Writing) -> str:
    """The Russian letters that are transliterated into what GSM-7 lacks: with one of them a text costs as much as in
    Cyrillic."""
    if writing.transliterate is None:
        return ""
    return "".join(
        letter
        for letter in _RUSSIAN
        if any(
            encoding(_cheaper(f"a{one}a", writing.transliterate, writing.smart_encoding)) != "gsm-7"
            for one in (letter, letter.upper())
        )
    )


def _cheaper(text: str, scheme: str | None, smartly: bool) -> str:
    pieces = parted(text)
    if scheme is not None:
        pieces[::2] = [transliterated(one, scheme) for one in pieces[::2]]
    return "".join(smart(pieces) if smartly else pieces)
