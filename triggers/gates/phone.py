"""`phone`: a number that can take an SMS, or a call where that is all, as E.164.

Passes: `usable`. Refuses, ending the journey: `no-phone`, `invalid-phone` (not a number, or of no possible length for
its country; without a default region a number must begin with `+`), `landline`, `not-a-mobile` (toll-free, premium and
the like). For a call alone a landline is `usable` too, and what nobody lives at is a `special-number`.

A number needs to be *possible*, not *valid*: numbering plans open new ranges faster than any list of them, and an
operator answers for what does not exist. Its type is judged where the plan is known to hold it. Where one range serves
landlines and mobiles alike (the United States), it passes. Source: Google's libphonenumber, as `phonenumbers`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from triggers.phones import is_mobile
from triggers.verdicts import Answer, Verdict, constant

_NO_SMS: Final = frozenset({
    PhoneNumberType.TOLL_FREE, PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
})


def phone(raw: str | None, region: str | None) -> tuple[str | None, Verdict]:
    """The number in E.164 (None when refused) and the verdict. `region`: the shop's default, ISO 3166 alpha-2."""
    if raw is None or not raw.strip():
        return None, _refusal("no-phone")
    if is_mobile(raw):
        return raw, _USABLE
    number, reason = by_library(raw, region)
    if reason is not None:
        return None, _refusal(reason)
    return number, _USABLE


_USABLE: Final = constant(Verdict(gate="phone", answer=Answer.PASS, reason="usable"))


def to_call(raw: str | None, region: str | None) -> tuple[str | None, Verdict]:
    """For a call: the number in E.164 (None when refused) and the verdict."""
    if raw is None or not raw.strip():
        return None, _refusal("no-phone")
    number, kind = _read(raw, region)
    if number is None:
        return None, _refusal("invalid-phone")
    if kind in _NO_SMS:
        return None, _refusal("special-number")
    return number, _USABLE


def _refusal(reason: str) -> Verdict:
    return Verdict(gate="phone", answer=Answer.REFUSE, reason=reason, ends_journey=True)


@lru_cache(maxsize=16_384)
def by_library(raw: str, region: str | None) -> tuple[str | None, str | None]:
    """The number in E.164, or why it can take no SMS."""
    number, kind = _read(raw, region)
    if number is None:
        return None, "invalid-phone"
    if kind == PhoneNumberType.FIXED_LINE:
        return None, "landline"
    if kind in _NO_SMS:
        return None, "not-a-mobile"
    return number, None


def _read(raw: str, region: str | None) -> tuple[str | None, int]:
    """The number in E.164 and its PhoneNumberType; None for what is no possible number."""
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None, PhoneNumberType.UNKNOWN
    if not phonenumbers.is_possible_number(number):
        return None, PhoneNumberType.UNKNOWN
    # UNKNOWN for a number that the plan does not hold: asking whether it is valid would match the plan once more.
    kind = phonenumbers.number_type(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), kind
