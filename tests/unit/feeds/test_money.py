"""Prices as feeds write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.money import CURRENCIES, NAMES, amount, currency, plain_amount, price


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
        (".5", "0.5"),
        (",50", "0.50"),
        (" 12 ", "12"),
    ],
)
def test_an_amount_is_read_as_the_shop_means_it(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "free", "1.2.3", "1,2,3", "1,29,00", "12-14", "1e5", "٣٤", "NaN", "Infinity", "1 2", "9" * 13),
        *("1.23456", ".", ",", "5.", "1299 999", "1 29 900", "1,.5", ",299,000", "1 299 9"),
    ],
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
        ("1299 р", "1299", "р"),
        ("1 299 р.", "1299", "р."),
        ("$12", "12", "$"),
        ("12 $", "12", "$"),
        ("₽1299", "1299", "₽"),
        ("1299₽", "1299", "₽"),
        ("руб.1299", "1299", "руб."),
        ("$.50", "0.50", "$"),
        ("1299,-", "1299", None),
        ("1299.-", "1299", None),
        ("1299,–", "1299", None),
        ("1299:-", "1299", None),
        ("CHF 12.--", "12", "CHF"),
        ("€ 1.299,-", "1299", "€"),
        ("1'299.–", "1299", None),
        ("1 299,- Kč", "1299", "Kč"),
        ("1,299.- USD", "1299", "USD"),
        ("$12.00 CAD", "12", "CAD"),
        ("CAD 12 $", "12", "CAD"),
        ("¥1200 CNY", "1200", "CNY"),
        ("kr 100 SEK", "100", "SEK"),
        ("12.00\u00a0\u200fد.إ", "12", "د.إ"),
    ],
)
def test_a_price_is_read_with_the_currency_beside_it(text: str, value: str, code: str | None) -> None:
    assert price(text) == (Decimal(value), code)


@pytest.mark.parametrize(
    "text",
    [
        *("12-13", "1299-1499", "12 - 13", "1299-", "−5", "5%", "1299.", "1299 999", "$5 EUR", "₽ 100 шт",),
        *("от 100 руб", "100 руб 200 руб", "1 299 руб 50 коп"),
        *("USD.50", "12,-5", "12,50,-", "1.299.-", "-$5", "2026-11-22", "٣٤ USD"),
    ],
)
def test_what_is_no_price_has_no_amount(text: str) -> None:
    assert price(text)[0] is None


@pytest.mark.parametrize("text", ["от 100", "5 шт", "100 р./кг", "from 12", "100 kr", "Rs. 500", "$$5", "12 coins"])
def test_a_word_that_is_no_currency_makes_a_number_no_price(text: str) -> None:
    _, beside = price(text)
    assert beside is not None
    assert currency(beside) is None


def test_a_price_without_a_digit_has_neither_amount_nor_currency() -> None:
    assert price("on request") == (None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("RUR", "RUB"), ("rub", "RUB"), (" KZT ", "KZT"), ("руб.", "RUB"), ("₽", "RUB"), ("XXX", None), ("$", "USD")),
        *(("coins", None), ("р", "RUB"), ("р.", "RUB"), ("руб", "RUB"), ("US$", "USD"), ("CA$", "CAD"), ("zł", "PLN")),
        *(("Kč", "CZK"), ("грн", "UAH"), ("грн.", "UAH"), ("тг", "KZT"), ("сум", "UZS"), ("₸", "KZT"), ("₴", "UAH")),
        *(("¥", "JPY"), ("₹", "INR"), ("₺", "TRY"), ("₩", "KRW"), ("₪", "ILS"), ("kr", None), (".", None)),
    ],
)
def test_a_currency_is_its_iso_code_and_rur_is_rub(text: str, code: str | None) -> None:
    assert currency(text) == code


def test_every_name_of_a_currency_is_written_as_it_is_looked_up_and_names_one() -> None:
    assert all(name == name.upper() and not name.endswith(".") for name in NAMES)
    assert set(NAMES.values()) <= CURRENCIES


SPACES = (" ", "\u00a0", "\u2009", "\u202f", "'", "’")
STYLES = [("", "."), ("", ","), (",", "."), (".", ","), *((space, mark) for space in SPACES for mark in ".,")]
CALLED = st.sampled_from([*sorted(CURRENCIES), *NAMES, *(f"{name.lower()}." for name in NAMES if name.isalpha())])


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, Decimal]:
    """An amount in one of the styles of shops, and what it is."""
    value = draw(st.decimals(min_value=0, max_value=10**9, places=2))
    group, mark = draw(st.sampled_from(STYLES))
    whole, cents = f"{int(value):,}".replace(",", group), f"{value}".partition(".")[2]
    how = draw(st.sampled_from(["cents", "dash", "whole"]))
    if how == "cents":
        return ("" if value < 1 and draw(st.booleans()) else whole) + mark + cents, value
    if how == "dash":
        swedish = mark == "," and draw(st.booleans())
        return whole + (":" if swedish else mark) + draw(st.sampled_from(["-", "–", "—", "--"])), Decimal(int(value))
    # a point alone before three digits is the decimal mark
    return (f"{int(value)}" if group == "." else whole), Decimal(int(value))


@given(numbers(), CALLED, st.sampled_from(["", " ", "\u00a0"]), st.booleans())
def test_every_amount_in_every_style_is_read_beside_every_name_of_a_currency(
    number: tuple[str, Decimal], name: str, gap: str, before: bool
) -> None:
    text, value = number
    if before and (not gap and name[-1].isalpha() and text[0] == "."):
        gap = " "  # `USD.50` is refused
    assert price(f"{name}{gap}{text}" if before else f"{text}{gap}{name}") == (value, name)
    assert currency(name) == NAMES.get(name.upper().removesuffix("."), name)


@given(numbers(), numbers(), st.sampled_from(["-", " - ", "–", "/", " или ", "…", ";", " x ", "..", "+"]), CALLED)
def test_two_amounts_are_never_one_price(
    first: tuple[str, Decimal], second: tuple[str, Decimal], between: str, name: str
) -> None:
    both = f"{first[0]}{between}{second[0]}"
    assert [price(text)[0] for text in (both, f"{both} {name}", f"{name} {both}")] == [None] * 3


@given(st.text(max_size=120) | st.text("0123456789.,-+'’ \u00a0–$€₽рубUSDkг/%:xи", max_size=120))
def test_whatever_the_text_is_an_amount_is_a_bounded_number_that_stands_there(text: str) -> None:
    value, beside = price(text)
    assert beside is None or beside in text.translate({0x200E: None, 0x200F: None})
    if value is not None:
        assert abs(value) < 10**12 and value.as_tuple().exponent in range(-4, 1)
        digits = "".join(char for char in text if char in "0123456789")
        assert digits.lstrip("0").startswith(str(abs(int(value))).lstrip("0"))


@given(numbers(), CALLED, st.sampled_from(["от", "from", "ca.", "шт", "/ кг", "в мес.", "coins"]))
def test_an_amount_with_other_words_is_no_price_in_a_known_currency(
    number: tuple[str, Decimal], name: str, word: str
) -> None:
    text = number[0]
    for around in (f"{word} {text}", f"{text} {word}", f"{word} {text} {name}", f"{text} {name} {word}"):
        value, beside = price(around)
        assert value is None or (beside is not None and currency(beside) is None)


@given(st.text(st.sampled_from("0123456789.,+-٣ e"), max_size=20))
def test_a_plain_amount_is_what_amount_reads_or_none(text: str) -> None:
    assert plain_amount(text) in (None, amount(text))


def test_digits_with_a_point_are_a_plain_amount() -> None:
    assert [plain_amount(text) for text in ("1299", "0.5", "12.00", "1.", "-1", "1,5", "", "1" * 13)] == [
        Decimal(1299), Decimal("0.5"), Decimal(12), None, None, None, None, None,
    ]  # fmt: skip
