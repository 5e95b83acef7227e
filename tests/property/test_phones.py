"""What is told of a phone number at once is what the library says of it, for numbers of every country and kind."""

from __future__ import annotations

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from triggers.gates.phone import by_library
from triggers.phones import is_mobile

EXAMPLES = sorted({
    phonenumbers.format_number(example, PhoneNumberFormat.E164)
    for region in phonenumbers.SUPPORTED_REGIONS
    for kind in PhoneNumberType.values()
    if (example := phonenumbers.example_number_for_type(region, kind)) is not None
})


def agree(raw: str) -> bool:
    """Whether the number was told at once; then the library, whatever the shop's country, must say the same."""
    told = is_mobile(raw)
    if told:
        assert by_library(raw, None) == (raw, None), raw
        assert by_library(raw, "RU") == by_library(raw, "DE") == (raw, None), raw
    return told


def test_every_countrys_examples_of_every_kind_are_told_as_the_library_does() -> None:
    mobiles = [raw for raw in EXAMPLES if agree(raw)]
    assert len(mobiles) > 150


def test_mobiles_of_large_countries_are_told_at_once() -> None:
    for raw in ("+79990000042", "+16502530000", "+4915123456789", "+33612345678", "+919876543210", "+8613812345678"):
        assert agree(raw), raw


def test_what_is_not_plainly_a_mobile_is_left_to_the_library() -> None:
    for raw in ("", "+", "79990000042", "+7 999 000-00-42", "+7999000004", "+74951234567", "+78001234567",
                "+80012345678", "+٧9990000042", "+79990000042\n", "+0", "+390612345678"):
        assert not is_mobile(raw), raw


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=1500, deadline=None)
def test_numbers_near_the_examples_are_told_as_the_library_does(example: str, data: st.DataObject) -> None:
    digits = list(example)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(1, len(digits) - 1))
        digits[place] = data.draw(st.sampled_from("0123456789"))
    cut = data.draw(st.integers(0, 2))
    agree("".join(digits)[: len(digits) - cut] + data.draw(st.sampled_from(["", "", "0", "7"])))
