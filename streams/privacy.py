"""Phones: hashed where a hash will do, masked wherever a person may read.

`phone_hmac` keys suppressions, phone links and Redis; `mask_phone` and `mask_phones` are for logs and screens.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from pydantic import SecretStr

_SHOWN_AT_THE_END: Final = 4

# Digits with the separators people put between them: seven or more behind a plus, wherever they stand; ten or more
# without one; nine in groups. Shorter numbers stay, so that totals and offsets can be read.
_SEPARATOR = r"[ \t().\-\u00a0\u2010-\u2015/]"
_CANDIDATE: Final = re.compile(
    rf"""
      (?:\+|%2[Bb])\d(?:{_SEPARATOR}{{0,3}}\d){{6,14}}         # international, as it is or escaped in a URL
    | (?<![\w+.\-])(?<!\d:)                                 # not inside an id, a decimal or a time
      (?:
          00\d(?:{_SEPARATOR}{{0,3}}\d){{6,14}}
        | \(?\d{{2,5}}\)?(?:{_SEPARATOR}{{1,2}}\(?\d{{2,5}}\)?){{2,5}}  # grouped: 8 (999) 000-00-42
        | \d{{10,15}}                                        # bare: 79990000042
      )
      (?![\w\-]|[.:]\d)                                     # nor at the head of one
    """,
    re.VERBOSE,
)
_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_DATE: Final = re.compile(r"(?:19|20)\d\d[-./ ](?:0[1-9]|1[0-2])[-./ ](?:0[1-9]|[12]\d|3[01])")


def phone_hmac(secret: SecretStr, phone: str) -> str:
    """HMAC-SHA-256 of a phone in E.164, lower-case hex. Same secret, same phone, same hash, for ever.

    Without the secret it can't be turned back by trying all phones. Raises ValueError when it is not E.164, as two
    spellings of one phone would not meet.
    """
    if re.fullmatch(r"\+[1-9]\d{6,14}", phone, re.ASCII) is None:
        raise ValueError("the phone is not in E.164 (+ and 7 to 15 digits)")
    return hmac.new(secret.get_secret_value().encode(), phone.encode(), hashlib.sha256).hexdigest()


def mask_phone(phone: str) -> str:
    """`+79990000042` -> `+7******0042`: the first and the last four digits, separators dropped.

    What has fewer than eight digits shows its last two only.
    """
    bare = phone.lstrip(" (").replace("%2b", "+").replace("%2B", "+")
    digits = re.sub(r"\D", "", bare)
    international = bare.startswith(("+", "00"))
    if bare.startswith("00"):
        digits = digits[2:]
    plus = "+" if international else ""
    if len(digits) < 8:
        return f"{plus}{'*' * max(len(digits) - 2, 0)}{digits[-2:]}"
    return f"{plus}{digits[0]}{'*' * (len(digits) - 1 - _SHOWN_AT_THE_END)}{digits[-_SHOWN_AT_THE_END:]}"


def mask_phones(text: str) -> str:
    """The text with everything that looks like a phone masked. Rather one number too many than one phone too few."""
    return _CANDIDATE.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    said = found[0]
    digits = sum(character.isdigit() for character in said)
    if digits < 7 or digits > 17 or _DATE.match(said) or _ADDRESS.fullmatch(said):
        return said
    if digits < 9 and not said.startswith(("+", "00", "%")):
        return said
    return mask_phone(said)
