"""Phones are masked for people and hashed for machines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from streams.privacy import mask_phone, mask_phones, phone_hmac

SECRET = SecretStr("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+79990000042", "+7******0042"),
        ("8 (999) 000-00-42", "8******0042"),
        ("00 44 20 7946 0018", "+4*******0018"),
        ("%2B79990000042", "+7******0042"),
        ("12345", "***45"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_a_masked_phone_shows_its_first_and_last_four_digits(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    "phone",
    [
        "+79990000042",
        "79990000042",
        "89990000042",
        "+7 999 000-00-42",
        "+7 (999) 000 00 42",
        "8 (999) 000-00-42",
        "(999) 000-00-42",
        "999-000-0042",
        "+7.999.000.00.42",
        "+7\u00a0999\u00a0000\u00a000\u00a042",
        "007 999 000 00 42",
        "%2B79990000042",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "to {}.", '{{"phone":"{}"}}', "phone={},next", "<{}>", "tel:{}", "key: {}\n", "({})", "«{}»"]
)
def test_a_phone_in_any_spelling_and_any_place_is_masked(phone: str, around: str) -> None:
    masked = mask_phones(around.format(phone))
    assert "9990000" not in "".join(c for c in masked if c.isdigit())
    assert masked.count("*") >= 5


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T10:00:00.123456Z",
        "2026-11-21 10:00:00",
        "offset 1234567, lag 12345678 records in 0.123456 s",
        "partition 7 of 16",
        "command 3f2a9990000042bc9990000042aa11dd",
        "9f0c1234-5678-4321-8765-123456789012",
        "127.0.0.1:9092",
        "price 1990.00 RUB, 58 units",
        "1.1.1.1 and 192.168.100.200",
        "sku-7999000004",
        "version 0.15.3",
    ],
)
def test_times_ids_addresses_and_counts_stay_readable(text: str) -> None:
    assert mask_phones(text) == text


@given(st.from_regex(r"\+[1-9][0-9]{9,13}", fullmatch=True), st.text(" :,;=\"'<>[]{}\n", max_size=3))
def test_no_international_phone_survives(phone: str, around: str) -> None:
    assert phone not in mask_phones(f"{around}{phone}{around}")


def test_the_hash_of_a_phone_depends_on_the_phone_and_the_secret_alone() -> None:
    known = phone_hmac(SECRET, "+79990000042")
    assert known == phone_hmac(SecretStr(SECRET.get_secret_value()), "+79990000042")
    assert known == "4014308584e2684e96276b35e1018b384c9d339b624cae742f9ea7c375302702"
    assert known != phone_hmac(SECRET, "+79990000043")
    assert known != phone_hmac(SecretStr("another secret of enough characters"), "+79990000042")


@pytest.mark.parametrize("phone", ["79990000042", "+7 999 000 00 42", "+7999000004२", "", "+12", "+79990000042\n"])
def test_only_e164_is_hashed_because_two_spellings_would_not_meet(phone: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        phone_hmac(SECRET, phone)
