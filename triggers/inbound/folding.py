"""A text as words that are the same however they are written: case, accents, widths, look-alikes and noise apart.

What is kept of a text are clauses of words. Lower case; compatibility forms as what they stand for (full-width, circled
and mathematical letters: Unicode's NFKD); accents off; letters of other alphabets as the Latin ones that they look
like (`look_alikes`); invisible characters and apostrophes gone; a letter written several times in a row once; `0` and
`1` inside a word as the letters that they look like; letters that stand apart (`S T O P`, `s.t.o.p`) put together.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from triggers.inbound.look_alikes import GREEK, LOOK_LIKE

Words = tuple[str, ...]

_LOOKS: Final = {look: letter for letter, looks in LOOK_LIKE.items() for look in looks}
_ENDS: Final = frozenset(".!?,;:\n\r\u2028\u2029\u3002\uff01\uff1f\u061f\u060c\u2026")
"""Between clauses: a `not` before one of these does not belong to what follows."""
_APOSTROPHES: Final = dict.fromkeys(map(ord, "'`´‘’‛ʼʹ′＇"))
_INVISIBLE: Final = frozenset(("Mn", "Me", "Cf", "Cs", "Co", "Cn"))
_SIGNS: Final = {"🛑": " stop "}
_APART: Final = 3
"""So many letters that stand apart are a word: `a b` is none."""


def _boxed() -> dict[int, str]:
    """Letters in squares and circles, and regional indicators, which have no compatibility form."""
    return {
        begin + number: chr(ord("a") + number) for begin in (0x1F150, 0x1F170, 0x1F1E6) for number in range(26)
    }  # fmt: skip


_BOXED: Final = _boxed()


def fold(text: str) -> list[Words]:
    """The clauses of a text, none of them empty."""
    for sign, meant in _SIGNS.items():
        text = text.replace(sign, meant)
    folded: list[str] = []
    for character in unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).translate(_BOXED)):
        look = GREEK.get(character)
        if look is None:
            small = character.casefold()
            look = _LOOKS.get(small, small)
        if character in _ENDS:
            folded.append(" . ")
        elif character.isalnum():
            folded.append(look)
        elif unicodedata.category(character) not in _INVISIBLE:
            folded.append(" ")
    tokens = _together("".join(folded).split())
    clauses: list[list[str]] = [[]]
    for token in tokens:
        if token == ".":
            clauses.append([])
        elif token == "t" and clauses[-1] and clauses[-1][-1].endswith("n"):
            clauses[-1][-1] += "t"  # don t
        else:
            clauses[-1].append(word(token))
    return [tuple(clause) for clause in clauses if clause]


def word(token: str) -> str:
    """One folded word: digits that stand for letters, repeated letters once, `i` and `l` alike."""
    if not token.isdigit():
        token = token.replace("0", "o").replace("1", "l")
    return _REPEATED.sub(r"\1", token.replace("i", "l"))


def words(phrase: str) -> Words:
    """A word, or several, of our own lists, folded as texts are."""
    return tuple(found for clause in fold(phrase) for found in clause)


def _together(tokens: list[str]) -> list[str]:
    """Letters that stand apart as one word, whatever is between them."""
    made: list[str] = []
    run: list[str] = []
    for token in [*tokens, ""]:
        if len(token) == 1 and (token.isalpha() or (token == "." and run)):
            run.append(token)
            continue
        letters = [one for one in run if one != "."]
        if len(letters) >= _APART:
            made.append("".join(letters))
            if run[-1] == ".":
                made.append(".")
        else:
            made += run
        run = []
        if token:
            made.append(token)
    return made


_REPEATED: Final = re.compile(r"([^\W\d])\1+")
