"""Where a text may be parted: between two letters as people see them, and where a product's name may end.

What people see as one letter (Unicode Standard Annex #29) may be several characters: a letter and its accents, a
syllable of an Indian script or of Hangul, a flag, an emoji with its colour or its family.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

SHORTEST_NAME: Final = 10
"""A name that is cut keeps at least so many characters, the dots not counted."""
LONGEST_WORD: Final = 20
"""Longer words may be cut inside: of scripts without blanks a whole sentence is one."""

ELLIPSIS: Final = "..."

_JOINER: Final = "\u200d"
_HANGING: Final = " ,.;:!-\u2010\u2013\u2014\u2015/+&(\u00ab\u201c\u201e\u2026\u200d"
_NEVER_FIRST: Final = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")


def may_cut(text: str, place: int) -> bool:
    """Whether what stands before `place` and what stands behind it are seen as different letters."""
    before, behind = text[place - 1], text[place]
    if before.isascii() and behind.isascii():
        return True
    if before == _JOINER or behind in _NEVER_FIRST or unicodedata.category(behind) in ("Mn", "Mc", "Me"):
        return False
    if unicodedata.combining(before) == _VIRAMA and behind.isalpha():
        return False
    if "\U0001f3fb" <= behind <= "\U0001f3ff" or "\U000e0020" <= behind <= "\U000e007f":  # colours, and tags of flags
        return False
    if _is_flag_half(before) and _is_flag_half(behind):
        halves = 1
        while halves < place and _is_flag_half(text[place - halves - 1]):
            halves += 1
        return halves % 2 == 0
    return not _joins_syllable(before, behind)


_VIRAMA: Final = 9
"""The combining class of signs that tie a consonant to the next one (UnicodeData.txt)."""


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _joins_syllable(before: str, behind: str) -> bool:
    """Parts of one syllable of Hangul (HangulSyllableType.txt): leading consonants, a vowel, what follows it."""
    if "\u1160" <= behind <= "\u11ff" or "\ud7b0" <= behind <= "\ud7ff":
        return _leads(before) or "\u1160" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7ff"
    return _leads(before) and (_leads(behind) or "\uac00" <= behind <= "\ud7a3")


def _leads(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97f"


def beginnings(name: str) -> Iterator[str]:
    """What may be left of a name, without dots and each shorter than the one before it: whole words of it, and parts of
    a word of more than LONGEST_WORD characters that is no link; no part of a number that is written with blanks, and
    never less than SHORTEST_NAME characters. `name` has no blanks but single ones, and none at its ends."""
    inner = _inner_places(name)
    shortest = len(name)
    for place in range(len(name) - 1, SHORTEST_NAME - 1, -1):
        if name[place] == " ":
            if name[place - 1].isdigit() and name[place + 1].isdigit():  # 1 990
                continue
        elif place not in inner:
            continue
        if may_cut(name, place):
            left = name[:place].rstrip(_HANGING)
            if SHORTEST_NAME <= len(left) < shortest:
                shortest = len(left)
                yield left


def _inner_places(name: str) -> frozenset[int]:
    """The places within its long words."""
    places: list[int] = []
    begin = 0
    for word in name.split(" "):
        if len(word) > LONGEST_WORD and "://" not in word:
            places += range(begin + 1, begin + len(word))
        begin += len(word) + 1
    return frozenset(places)
