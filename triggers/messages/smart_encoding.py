"""Characters that make a text UCS-2 for nothing, written as GSM-7 has them.

Where a whole text becomes GSM-7 by it (and needs no more segments than before), typographic signs, blanks, styled
letters and letters that only look Latin are replaced; what is read stays the same. Where it can't, as in any text in
Cyrillic, or with an emoji, no visible character is touched: it would be uglier and cost as much. What is not seen at
all (soft hyphens, zero-width blanks) goes, and a letter with its accents becomes one character (Unicode's NFC).

So the result never needs more segments; doing it again changes nothing; a text of GSM-7 stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from triggers.messages.sms import DEFAULT_ALPHABET, EXTENSION, encoding, measure

_GSM: Final = frozenset(DEFAULT_ALPHABET + EXTENSION)

QUOTES: Final = {ord(one): '"' for one in "“”„‟«»″ʺ〝〞〟❝❞"} | {ord(one): "'" for one in "‘’‚‛‹›′ʹʻʼʽˈ´`❛❜"}
"""CLDR, Latin-ASCII.xml: quotation marks and primes; of guillemets the one sign of their kind that GSM-7 has."""

DASHES: Final = {ord(one): "-" for one in "‐‑‒–—―−⁃﹘﹣"}
"""CLDR, Latin-ASCII.xml: hyphens, dashes, the minus sign."""

BLANKS: Final = dict.fromkeys((0x09, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ") | (
    dict.fromkeys((0x0B, 0x85, 0x2028, 0x2029), "\n")
)
"""Unicode's White_Space but for those of GSM-7: non-breaking and thin blanks, and what ends a line."""

SIGNS: Final = {
    ord(one): sign
    for one, sign in {
        "…": "...", "‥": "..", "․": ".", "•": "-", "‣": "-", "×": "x", "⁄": "/", "∕": "/", "∗": "*", "∶": ":",
        "©": "(C)", "®": "(R)", "™": "(TM)", "№": "No", "‼": "!!", "⁇": "??", "⁈": "?!", "⁉": "!?",
    }.items()
}  # fmt: skip
"""CLDR, Latin-ASCII.xml and Any-Publishing.xml (from Unicode's compatibility decompositions); bullets as the dashes
that a text without them has."""

MONEY: Final = {
    "₽": "RUB", "₴": "UAH", "₸": "KZT", "₺": "TRY", "₹": "INR", "₪": "ILS", "₩": "KRW", "₫": "VND", "₾": "GEL",
    "₼": "AZN", "֏": "AMD", "₱": "PHP", "₦": "NGN",
}  # fmt: skip
"""The signs of currencies that GSM-7 lacks, by the codes of ISO 4217; such a code stands apart from its number."""

FRACTIONS: Final = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
"""UnicodeData.txt, <fraction>; apart from a number before it, as CLDR has it: 1½ is 1 1/2."""

STYLED: Final = {
    code: plain
    for first, last in ((0xFF01, 0xFF5E), (0xFB00, 0xFB06), (0x0132, 0x0133), (0x2160, 0x217F), (0xFFE0, 0xFFE6),
                        (0x1D400, 0x1D7FF))
    for code in range(first, last + 1)
    if (plain := unicodedata.normalize("NFKC", chr(code))) != chr(code) and all(one in _GSM for one in plain)
}  # fmt: skip
"""UnicodeData.txt: the plain letters, digits and signs of full-width forms (<wide>), ligatures and Roman numerals
(<compat>) and mathematical alphabets (<font>)."""

UNSEEN: Final = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))
"""Default_Ignorable_Code_Point of Unicode, as far as no letter and no emoji looks otherwise without it."""

JOINERS: Final = dict.fromkeys((0x34F, 0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A),
                                *range(0xFE00, 0xFE10)))  # fmt: skip
"""Those that other writings or emojis need: they go where the whole text becomes GSM-7, which has neither."""

CYRILLIC_TWINS: Final = dict(zip(
    map(ord, "АВЕКМНОРСТУХЅІЈԚԜаеорсухѕіјһԛԝ"), "ABEKMHOPCTYXSIJQWaeopcyxsijhqw", strict=True
))  # fmt: skip
"""Unicode Technical Standard #39, confusables.txt: Cyrillic letters that look as a Latin one does."""

GREEK_TWINS: Final = dict(zip(map(ord, "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"), "ABEZHIKMNOPTYXo", strict=True))
"""The same of Greek ones. GSM-7 (3GPP TS 23.038, 6.2.1) has but those capitals of Greek that are no twin: it means
Greek capitals to be written so."""

_ALWAYS: Final = {**BLANKS, **QUOTES, **DASHES, **SIGNS, **STYLED, **UNSEEN, **JOINERS, **GREEK_TWINS}
_IN_LATIN: Final = {**_ALWAYS, **CYRILLIC_TWINS}
_LONG_DASH: Final = re.compile(r"(?<=[^\W\d_])[—―](?=[^\W\d_])")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile("[A-Za-zÀ-ɏ]")
_MONEY: Final = re.compile(f"[{''.join(MONEY)}]")
_FRACTION: Final = re.compile(f"[{''.join(FRACTIONS)}]")


def smart(pieces: Sequence[str]) -> list[str]:
    """A text in pieces, of which every other one, from the second on, is a link: these stay byte for byte."""
    text = "".join(pieces)
    if encoding(text) == "gsm-7":
        return list(pieces)
    before = measure(text)
    clean = _each(pieces, _clean)
    latin = _is_latin(clean[::2])
    plain = _each(clean, lambda one: _plain(one, latin))
    after = measure("".join(plain))
    if after.encoding == "gsm-7" and after.segments <= before.segments:
        return plain
    after = measure("".join(clean))
    return clean if after.segments <= before.segments and after.units <= before.units else list(pieces)


def _each(pieces: Sequence[str], change: Callable[[str], str]) -> list[str]:
    return [one if place % 2 else change(one) for place, one in enumerate(pieces)]


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.translate(UNSEEN))


def _plain(text: str, latin: bool) -> str:
    text = _LONG_DASH.sub(" - ", text)
    text = _MONEY.sub(_money, text)
    text = _FRACTION.sub(_fraction, text)
    return text.translate(_IN_LATIN if latin else _ALWAYS)


def _money(sign: re.Match[str]) -> str:
    text, begin, end = sign.string, *sign.span()
    before = " " if text[begin - 1 : begin].isalnum() else ""
    return before + MONEY[sign.group()] + (" " if text[end : end + 1].isalnum() else "")


def _fraction(sign: re.Match[str]) -> str:
    text, begin = sign.string, sign.start()
    return (" " if text[begin - 1 : begin].isdigit() else "") + FRACTIONS[sign.group()]


def _is_latin(texts: Iterable[str]) -> bool:
    """Whether more words have a Latin letter than are of Cyrillic twins alone: those are slips then, no Cyrillic."""
    latin = cyrillic = 0
    for text in texts:
        for word in _WORD.findall(text):
            if _LATIN.search(word):
                latin += 1
            elif all(ord(one) in CYRILLIC_TWINS for one in word):
                cyrillic += 1
    return latin > cyrillic
