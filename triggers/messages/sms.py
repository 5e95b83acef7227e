"""How many SMS a text costs: encoding, units and segments, exactly.

Sources: 3GPP TS 23.038 (the GSM 7 bit default alphabet, section 6.2.1; its extension table, 6.2.1.1; UCS-2, 6.2.3)
and 3GPP TS 23.040 (concatenation, section 9.2.3.24.1: a user data header of 6 octets in each segment, which leaves
153 septets or 67 UCS-2 characters of 160 and 70).

A text that the default alphabet and its extension table can spell is `gsm-7`; one character outside makes the whole
text `ucs-2`. Its *units* are what the text itself needs: septets (two for a character of the extension table, which is
sent as escape and code) or UTF-16 code units (two for a character beyond U+FFFF, as every phone reads UCS-2). A pair
is never split over two segments: the segment that would have split it leaves its last unit empty, so the segments of a
long text may hold fewer than their capacity, and `units` counts no such gap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeVar

Encoding = Literal["gsm-7", "ucs-2"]

DEFAULT_ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The 127 characters of 3GPP TS 23.038, table 6.2.1, in the order of their codes (0x1B is the escape, no character)."""

EXTENSION: Final = "\f^{}\\[~]|€"
"""3GPP TS 23.038, table 6.2.1.1: each costs two septets."""

SEPTETS_ALONE: Final = 160
UNITS_ALONE: Final = 70
"""Units of a text that is one segment: septets, and UTF-16 code units."""

SEPTETS: Final = 153
OCTETS: Final = 134
"""What each segment of a longer text holds: septets, and octets of UTF-16 (67 code units)."""

_GSM: Final = re.compile(f"[{re.escape(DEFAULT_ALPHABET + EXTENSION)}]*")
_PLAIN: Final = re.compile(f"[{re.escape(DEFAULT_ALPHABET)}]*")
_EXTENDED: Final = re.compile(f"[{re.escape(EXTENSION)}]")
_ESCAPE: Final = "\x1b"
_Units = TypeVar("_Units", str, bytes)


class Measure(NamedTuple):
    """`units`: septets or UTF-16 code units of the text itself; `segments`: messages it is sent and charged as."""

    encoding: Encoding
    units: int
    segments: int


def encoding(text: str) -> Encoding:
    """The alphabet a text is sent in (3GPP TS 23.038)."""
    return "gsm-7" if _GSM.fullmatch(text) else "ucs-2"


def measure(text: str) -> Measure:
    """Encoding, units and segments of a text; an empty one is still one message (3GPP TS 23.038 and 23.040).

    A surrogate that stands alone counts as the one code unit it is.
    """
    if _PLAIN.fullmatch(text):  # most that are gsm-7
        units = len(text)
        return Measure("gsm-7", units, 1 if units <= SEPTETS_ALONE else -(-units // SEPTETS))
    if _GSM.fullmatch(text):
        units = len(text) + len(_EXTENDED.findall(text))
        if units <= SEPTETS_ALONE:
            return Measure("gsm-7", units, 1)
        return Measure("gsm-7", units, len(_cuts(_septets(text), SEPTETS, 1, _splits_escape)))
    code_units = _code_units(text)
    units = len(code_units) // 2
    if units <= UNITS_ALONE:
        return Measure("ucs-2", units, 1)
    return Measure("ucs-2", units, len(_cuts(code_units, OCTETS, 2, _splits_surrogates)))


def parts(text: str) -> list[str]:
    """The text of each segment, in order; joined they are the text (3GPP TS 23.040, 9.2.3.24.1)."""
    kind, units, _ = measure(text)
    if units <= (SEPTETS_ALONE if kind == "gsm-7" else UNITS_ALONE):
        return [text]
    if kind == "gsm-7":
        septets = _septets(text)
        return [septets[begin:end].replace(_ESCAPE, "") for begin, end in _cuts(septets, SEPTETS, 1, _splits_escape)]
    code_units = _code_units(text)
    cuts = _cuts(code_units, OCTETS, 2, _splits_surrogates)
    return [code_units[begin:end].decode("utf-16-le", "surrogatepass") for begin, end in cuts]


def _septets(text: str) -> str:
    """One character a septet: those of the extension table stand behind an escape."""
    return _EXTENDED.sub(lambda found: _ESCAPE + found.group(), text)


def _code_units(text: str) -> bytes:
    """Two octets a UTF-16 code unit."""
    return text.encode("utf-16-le", "surrogatepass")


def _splits_escape(septets: str, place: int) -> bool:
    return septets[place - 1] == _ESCAPE


def _splits_surrogates(code_units: bytes, place: int) -> bool:
    high, low = code_units[place - 1], code_units[place + 1]
    return 0xD8 <= high <= 0xDB and 0xDC <= low <= 0xDF


def _cuts(units: _Units, capacity: int, step: int, splits: Callable[[_Units, int], bool]) -> list[tuple[int, int]]:
    """Where each segment begins and ends: as full as it can be without ending between the halves of a pair. A unit is
    `step` places of `units` long."""
    cuts: list[tuple[int, int]] = []
    begin = 0
    while begin < len(units):
        end = begin + capacity
        if end >= len(units):
            end = len(units)
        elif splits(units, end):
            end -= step
        cuts.append((begin, end))
        begin = end
    return cuts
