"""Letters that look like Latin ones, by the letter they look like; written in lower case, accents apart.

Source: confusables.txt of Unicode Technical Standard 39 (Unicode Security Mechanisms), the single letters whose
look-alike is a letter of the Latin alphabet. Copyright (c) 1991-2024 Unicode, Inc.; Unicode License v3.

Two letters of one look are one letter here, so that a word is the same whichever alphabet its letters were taken from;
which alphabet that is does not matter, for the words of every language are folded the same way.
"""

from __future__ import annotations

from typing import Final

LOOK_LIKE: Final[dict[str, str]] = {
    "a": "ɑαа\u13aa\u15c5\ua4ee\U000102a0\U00016f40",
    "b": "ƅβвь\u13cf\u13f4\u1472\u15af\u15f7\ua4d0\ua7b5\U00010282\U000102a1\U00010301",
    "c": "с\u13df\u1d04\u2ca5\ua4da\U000102a2\U00010302\U0001043d\U0001051c",
    "d": "ԁ\u13a0\u13e7\u146f\u15de\u15ea\ua4d2\ua4d3",
    "e": "εеҽ\u13ac\u2d39\ua4f0\uab32\U00010286\U000118c6\U000118ce",
    "f": "ϝք\u15b4\u1e9d\ua4dd\ua799\uab35\U00010287\U000102a5\U00010525\U000118c2",
    "g": "ƍɡԍց\u13c0\u13f3\u1d83\ua4d6",
    "h": "нһհ\u13bb\u13c2\u157c\u2c8f\ua4e7\U000102cf",
    "i": "ıɩɪιіӏ\u13a5\ua647\U000118c3",
    "j": "ʝϳј\u13ab\u148d\ua4d9",
    "k": "κк\u13e6\u16d5\u2c95\ua4d7\U00010518",
    "l": (
        "ǀ\u13de\u14aa\u16c1\u2c93\u2cd1\u2d4f\ua4e1\ua4f2\U0001028a\U00010309\U00010443\U00010526"
        "\U000118d2\U00016f16\U00016f28"
    ),
    "m": "μϻм\u13b7\u15f0\u16d6\u2c99\ua4df\U000102b0\U00010311",
    "n": "ոռ\u2c9b\ua4e0\U00010513",
    "o": (
        "οσоօ\u0b20\u0d20\u101d\u10ff\u12d0\u1d0f\u1d11\u2c9f\u2d54\ua4f3\uab3d\U00010292\U000102ab"
        "\U0001042c\U000104ea\U00010516\U000118c8\U000118d5\U000118d7"
    ),
    "p": "ρр\u13e2\u146d\u2ca3\ua4d1\U00010295",
    "q": "ԛգզ\u2d55",
    "r": "ʀг\u13a1\u13b1\u13d2\u1587\u1d26\u2c85\ua4e3\uab47\uab48\U000104dc\U00016f35",
    "s": "ƽѕտ\u13d5\u13da\ua4e2\ua731\U00010296\U00010448\U000118c1\U00016f3a",
    "t": "τт\u13a2\u2ca7\ua4d4\U00010297\U000102b1\U00010315\U00016f0a",
    "u": "ʋս\u1200\u144c\u1d1c\ua4f4\ua79f\uab4e\uab52\U000104f6\U000118d8\U00016f42",
    "v": "ѵ\u13d9\u142f\u1d20\u2d38\ua4e6\ua6df\U0001051d\U00011706\U000118c0\U00016f08",
    "w": "ɯѡԝա\u13b3\u13d4\u1d21\ua4ea\U0001170a\U0001170e\U0001170f",
    "x": "χх\u1541\u157d\u16b7\u2cad\u2d5d\ua4eb\uab53\U00010290\U000102b4\U00010317\U00010527",
    "y": "ɣʏγуү\u10e7\u13a9\u13bd\u1d8c\u1eff\u2ca9\ua4ec\uab5a\U000102b2\U000118dc\U00016f43",
    "z": "ζ\u13c3\u1d22\ua4dc\U000118c4\U000118c9",
}

GREEK: Final[dict[str, str]] = {
    "ν": "v", "Ν": "n", "υ": "u", "Υ": "y", "η": "n", "Η": "h", "ω": "w", "γ": "y", "τ": "t", "χ": "x",
}  # fmt: skip
"""Greek letters that look otherwise when they are small: looked at as they stand."""
