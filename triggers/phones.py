"""Phone numbers that take an SMS beyond doubt, told at once: written as E.164 and of a mobile's range.

`phonenumbers` reads anything that people write as a number, with some thirty patterns (measured: 17 us). Most numbers
come as `+79990000042`; for these three patterns of the very same metadata are enough to be sure of what it would say
(1.3 us). Where they are not, nothing is said here, and the library is asked; a test holds the two together for numbers
of every country and kind.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_E164: Final = re.compile(r"\+([1-9][0-9]{6,14})\Z")
_NO_REGION: Final = "001"
"""What codes such as +800 have instead: they are no country's."""


class _Plan(NamedTuple):
    """`numbers`, `mobiles`: (lengths, pattern) of all national numbers and of those with a mobile. `others`: of the
    kinds that are looked at first. `prefix`: what might be taken off as a national prefix. `leading`: how the numbers
    of this country begin where several share the code."""

    digits: int
    numbers: tuple[frozenset[int], re.Pattern[str]]
    mobiles: tuple[frozenset[int], re.Pattern[str]]
    others: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    leading: re.Pattern[str] | None


def is_mobile(raw: str) -> bool:
    """Whether `raw` is E.164 as it stands, a possible number, and of a kind that `phonenumbers` calls a mobile (or a
    mobile or landline). False: not sure."""
    written = _E164.match(raw)
    if written is None:
        return False
    digits = written[1]
    plan = _plan(digits[:1]) or _plan(digits[:2]) or _plan(digits[:3])
    if plan is None:
        return False
    national = digits[plan.digits :]
    length = len(national)
    return (
        length in plan.mobiles[0]
        and length in plan.numbers[0]
        and national[0] != "0"
        and plan.mobiles[1].fullmatch(national) is not None
        and plan.numbers[1].fullmatch(national) is not None
        and (plan.others is None or plan.others.fullmatch(national) is None)
        and (plan.prefix is None or plan.prefix.match(national) is None)
        and (plan.leading is None or plan.leading.match(national) is not None)
    )


@cache  # of at most three digits
def _plan(code: str) -> _Plan | None:
    """How the numbers of a country code are told; None where it is none, or its metadata don't say."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    if not regions or regions[0] == _NO_REGION:
        return None
    # Of several countries that share a code, the library takes the first that knows the number, or its beginning.
    metadata: Any = PhoneMetadata.metadata_for_region(regions[0], None)
    if metadata is None:
        return None
    numbers = _pattern(metadata.general_desc)
    mobiles = _pattern(metadata.fixed_line if metadata.same_mobile_and_fixed_line_pattern else metadata.mobile)
    if numbers is None or mobiles is None:
        return None
    first = (
        metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip, metadata.personal_number,
        metadata.pager, metadata.uan, metadata.voicemail,
    )  # fmt: skip
    others = [f"(?:{desc.national_number_pattern})" for desc in first if desc and desc.national_number_pattern]
    prefix = metadata.national_prefix_for_parsing
    return _Plan(
        len(code), numbers, mobiles,
        re.compile("|".join(others)) if others else None, re.compile(prefix) if prefix else None,
        re.compile(metadata.leading_digits) if metadata.leading_digits else None,
    )  # fmt: skip


def _pattern(desc: Any) -> tuple[frozenset[int], re.Pattern[str]] | None:
    if desc is None or not desc.national_number_pattern or not desc.possible_length:
        return None
    return frozenset(desc.possible_length), re.compile(desc.national_number_pattern)
