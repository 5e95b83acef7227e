"""Where the owner of a phone may be: never less than libphonenumber says."""

from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType, timezone, tzdata
from phonenumbers.phonenumberutil import is_number_type_geographical

from triggers.calendars.phone_zones import _LONGEST, NUMBERED_BY_PLACE, phone_zones


def names(phone: str) -> set[str]:
    found = phone_zones(phone)
    return set() if found is None else {tz.key for tz in found.zones}


@pytest.mark.parametrize(
    ("phone", "zones"),
    [
        ("+393401234567", {"Europe/Rome", "Europe/Vatican"}),
        ("+12125550123", {"America/New_York"}),
        ("+14155552671", {"America/Los_Angeles"}),
        ("+18765550123", {"America/Jamaica"}),
        ("+919876543210", {"Asia/Calcutta", "Asia/Kolkata"}),
        ("+882161234567", set()),  # satellites
        ("+80012345678", set()),
        ("", set()),
        ("12", set()),
    ],
)
def test_a_number_tells_its_place_or_its_country(phone: str, zones: set[str]) -> None:
    assert names(phone) == zones


def test_a_russian_mobile_may_be_in_any_zone_of_the_country_also_in_those_that_libphonenumber_takes_together() -> None:
    assert {"Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka", "Asia/Anadyr"} <= names("+79990000042")


def test_several_zones_are_named_without_a_digit_of_the_phone_but_its_countrys_code() -> None:
    everywhere, two = phone_zones("+79990000042"), phone_zones("+18505551234")
    assert everywhere is not None and everywhere.name == "+7"
    assert two is not None and two.name == "America/Chicago, America/New_York"


MOBILES = [
    number
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (number := phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)) is not None
]


@pytest.mark.parametrize("number", MOBILES, ids=phonenumbers.region_code_for_number)
def test_every_mobile_may_be_wherever_libphonenumber_says(number: phonenumbers.PhoneNumber) -> None:
    said = timezone.time_zones_for_number(number)
    if number.country_code == 1:  # a mobile that can be no landline would be of all North America
        said = timezone.time_zones_for_geographical_number(number)
    assert set(said) <= names(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)) | {"Etc/Unknown"}


def test_mobiles_are_numbered_by_place_where_libphonenumber_says_so() -> None:
    by_place = {
        str(code)
        for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        if is_number_type_geographical(PhoneNumberType.MOBILE, code)
    }
    assert by_place | {"1"} == NUMBERED_BY_PLACE
    longest = max(len(prefix) for prefix in tzdata.TIMEZONE_DATA if prefix.startswith(tuple(NUMBERED_BY_PLACE)))
    assert longest <= tzdata.TIMEZONE_LONGEST_PREFIX < _LONGEST
