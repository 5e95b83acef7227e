"""Cyrillic in Latin letters, by the schemes of iuliia.ru.

The schemes are those of the library `iuliia`, all of them loaded when this module is: nothing is read later. Two things
are done around it, as the library looks at one letter and its neighbours alone: a letter that was put together of two
characters is made one first (`е` and U+0308 are `ё`), and a word in capitals stays in capitals (`ЩУКА` is `SCHUKA`,
where the library says `SchUKA`). A word is what letters alone make: `СИНИЙ2` ends in `ИЙ`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

import iuliia

_SCHEMES: Final = dict(iuliia.schemas.items())

SCHEMES: Final[dict[str, str]] = {
    name: (scheme.description or "").rstrip(".").removesuffix("transliteration schema").strip()
    for name, scheme in _SCHEMES.items()
}
"""The names of all schemes, in order, and whose they are. (To ask for a description loads a scheme.)"""

_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_WORD: Final = re.compile(r"[^\W\d_]+")


def transliterated(text: str, scheme: str) -> str:
    """A text with its Cyrillic letters in Latin ones; what is not Cyrillic stays as it is. `scheme` is of `SCHEMES`."""
    if _CYRILLIC.search(text) is None:
        return text
    return _WORD.sub(lambda found: _word(found.group(), scheme), unicodedata.normalize("NFC", text))


@lru_cache(maxsize=16_384)  # words come again: 0.1 us instead of 3
def _word(word: str, scheme: str) -> str:
    if _CYRILLIC.search(word) is None:
        return word
    latin = str(_SCHEMES[scheme].translate(word))
    return latin.upper() if len(word) > 1 and word.isupper() else latin
