"""Phone numbers that take an SMS beyond doubt, told at once: written as E.164 and of a mobile's range.

`phonenumbers` reads anything that people write as a number, with some thirty patterns (measured: 17 us). Most numbers
come as `+79990000042`; for these one pattern, put together of the very same metadata, is enough to be sure of what it
would say (0.7 us). Where it is not, nothing is said here, and the library is asked; a test holds the two together for
numbers of every country and kind.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_NO_REGION: Final = "001"
"""What codes such as +800 have instead: they are no country's."""
_CODES: Final = frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))
_LENGTHS: Final = range(7, 16)
"""Digits of a number in E.164, its country code among them: ITU-T E.164 allows no more."""


class _Mobiles(NamedTuple):
    """`lengths` of mobiles, and `written` of them alone: both of the whole number, with plus and country code."""

    lengths: frozenset[int]
    written: re.Pattern[str]


def is_mobile(raw: str) -> bool:
    """Whether `raw` is E.164 as it stands, a possible number, and of a kind that `phonenumbers` calls a mobile (or a
    mobile or landline). False: not sure."""
    for end in (2, 3, 4):  # no country code begins with another
        code = raw[1:end]
        if code in _CODES:
            mobiles = _mobiles(code)
            return (
                mobiles is not None
                and len(raw) in mobiles.lengths
                and raw.isascii()  # or other scripts' digits would be digits
                and mobiles.written.fullmatch(raw) is not None
            )
    return False


@cache
def _mobiles(code: str) -> _Mobiles | None:
    """How the numbers of a country code are told; None where it is no country's, or its metadata don't say."""
    regions = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    if not regions or regions[0] == _NO_REGION:
        return None
    # Of several countries that share a code, the library takes the first that knows the number, or its beginning.
    metadata: Any = PhoneMetadata.metadata_for_region(regions[0], None)
    if metadata is None:
        return None
    numbers = metadata.general_desc
    mobiles = metadata.fixed_line if metadata.same_mobile_and_fixed_line_pattern else metadata.mobile
    if not (_says(numbers) and _says(mobiles)):
        return None
    first = (  # these kinds are looked at first
        metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip, metadata.personal_number,
        metadata.pager, metadata.uan, metadata.voicemail,
    )  # fmt: skip
    whole = [rf"(?=(?:{numbers.national_number_pattern})\Z)"]
    others = [f"(?:{desc.national_number_pattern})" for desc in first if desc and desc.national_number_pattern]
    if others:
        whole.append(rf"(?!(?:{'|'.join(others)})\Z)")
    if metadata.national_prefix_for_parsing:  # might be taken off
        whole.append(f"(?!(?:{metadata.national_prefix_for_parsing}))")
    if metadata.leading_digits:  # where several countries share the code
        whole.append(f"(?=(?:{metadata.leading_digits}))")
    lengths = {len(code) + length for length in set(numbers.possible_length) & set(mobiles.possible_length)}
    return _Mobiles(
        frozenset(1 + length for length in lengths if length in _LENGTHS),
        re.compile(rf"\+{code}(?!0){''.join(whole)}(?:{mobiles.national_number_pattern})"),
    )


def _says(desc: Any) -> bool:
    return desc is not None and bool(desc.national_number_pattern) and bool(desc.possible_length)
