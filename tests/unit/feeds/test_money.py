"""Prices as feeds write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.money import amount, currency, plain_amount, price


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("490", "490"),
        ("490.00", "490.00"),
        ("490,5", "490.5"),
        ("1 299,00", "1299.00"),
        ("1\u00a0299,00", "1299.00"),
        ("1\u202f299\u202f000", "1299000"),
        ("1'299.50", "1299.50"),
        ("1,299.00", "1299.00"),
        ("1.299,00", "1299.00"),
        ("1,299", "1299"),
        ("0,299", "0.299"),
        ("1,299,000", "1299000"),
        ("1.299.000", "1299000"),
        ("1.299", "1.299"),
        ("-5", "-5"),
        ("0,00", "0.00"),
        (" 12 ", "12"),
    ],
)
def test_an_amount_is_read_as_the_shop_means_it(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", "free", "1.2.3", "1,2,3", "1,29,00", "12-14", "1e5", "٣٤", "NaN", "Infinity", "1 2", "9" * 13, "1.23456", "."],
)
def test_an_amount_that_can_not_be_told_is_none(text: str) -> None:
    assert amount(text) is None


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("129.00 USD", "129.00", "USD"),
        ("USD 129.00", "129.00", "USD"),
        ("129.00USD", "129.00", "USD"),
        ("1 299,00 руб.", "1299.00", "руб."),
        ("€5", "5", "€"),
        ("-3 EUR", "-3", "EUR"),
        ("7", "7", None),
    ],
)
def test_a_price_is_read_with_the_currency_beside_it(text: str, value: str, code: str | None) -> None:
    assert price(text) == (Decimal(value), code)


def test_a_price_without_a_digit_has_neither_amount_nor_currency() -> None:
    assert price("on request") == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [("RUR", "RUB"), ("rub", "RUB"), (" KZT ", "KZT"), ("руб.", "RUB"), ("₽", "RUB"), ("XXX", None), ("coins", None)],
)
def test_a_currency_is_its_iso_code_and_rur_is_rub(text: str, code: str | None) -> None:
    assert currency(text) == code


@given(st.text(st.sampled_from("0123456789.,+-٣ e"), max_size=20))
def test_a_plain_amount_is_what_amount_reads_or_none(text: str) -> None:
    assert plain_amount(text) in (None, amount(text))


def test_digits_with_a_point_are_a_plain_amount() -> None:
    assert [plain_amount(text) for text in ("1299", "0.5", "12.00", "1.", "-1", "1,5", "", "1" * 13)] == [
        Decimal(1299), Decimal("0.5"), Decimal(12), None, None, None, None, None,
    ]  # fmt: skip
