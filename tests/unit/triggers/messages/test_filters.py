"""Money, dates and shortening."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from babel import localedata

from tests.unit.triggers.shoppers import MOSCOW, Feed, context, line, product
from triggers.messages.filters import shortened
from triggers.messages.template import MessageRefused, compile_template


def rendered(source: str, **given: Any) -> str:
    return compile_template(source).render(context(**given)).text


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("1990", "RUB", "ru", "1 990 ₽"),
        ("1990.50", "RUB", "ru", "1 990,50 ₽"),
        ("1990", "RUB", "en", "RUB 1,990"),
        ("19.50", "USD", "en", "$19.50"),
        ("19.00", "EUR", "de-DE", "19 €"),
        ("1234567.80", "EUR", "fr", "1 234 567,80 €"),
        ("1500", "JPY", "en", "¥1,500"),
    ],
)
def test_money_is_written_as_in_the_customers_language(amount: str, currency: str, language: str, text: str) -> None:
    assert rendered(f"{{{{ {amount} | money('{currency}') }}}}", language=language) == text


def test_money_has_no_blank_that_would_make_a_gsm_text_ucs_2() -> None:
    message = compile_template("{{ 1234567 | money('EUR') }}").render(context(language="fr"))
    assert message.encoding == "gsm-7"


def test_the_currency_is_that_of_the_value() -> None:
    feed = Feed(product("a", price=Decimal("5"), currency="EUR"))
    goods = context(line("a", price="100", currency="USD"), feed=feed)
    source = "{{ cart.lines[0].price | money }} {{ cart.total | money }} {{ orders.total | money }}"
    assert compile_template(source).render(goods).text == "€5 $100 RUB 4,500"


def test_the_currency_follows_a_value_through_arithmetic_and_names() -> None:
    feed = Feed(product("a", price=Decimal("5"), currency="EUR"))
    source = "{% set double = cart.lines[0].price * 2 %}{{ double | money }} {{ (double + 1) | round | money }}"
    assert compile_template(source).render(context(line("a"), feed=feed)).text == "€10 €11"


def test_money_without_any_currency_is_refused() -> None:
    with pytest.raises(MessageRefused) as refused:
        rendered("{{ orders.total | money }}", currency=None)
    assert (refused.value.reason, refused.value.detail) == ("missing-value", "shop.currency")


@pytest.mark.parametrize(
    ("language", "shop_language", "text"),
    [("ru", "en", "12 декабря"), ("en", "ru", "December 12"), (None, "ru", "12 декабря"),
     ("xx-nonsense", "ru", "12 декабря"), ("de-AT", "ru", "12. Dezember"),
     (None, None, "December 12"), ("../../etc", "en", "December 12")],
)  # fmt: skip
def test_dates_are_in_the_customers_language_then_the_shops(
    language: str | None, shop_language: str | None, text: str
) -> None:
    assert rendered("{{ incentive.valid_until | date }}", language=language, shop_language=shop_language) == text


def test_a_date_can_be_given_a_pattern() -> None:
    assert rendered("{{ incentive.valid_until | date('dd.MM') }}") == "12.12"
    assert (
        rendered("{{ incentive.valid_until | date('d MMMM yyyy, EEEE') }}", language="ru") == "12 декабря 2026, суббота"
    )


def test_instants_are_written_in_the_zone_they_are_in() -> None:
    late = datetime(2026, 12, 1, 0, 30, tzinfo=MOSCOW)  # still November in UTC
    assert rendered("{{ now | date('dd.MM HH:mm') }}", now=late) == "01.12 00:30"
    assert rendered("{{ customer.birthday | date }}", birthday=date(2000, 2, 29)) == "February 29"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("Kettle", 6, "Kettle"),
        ("Electric kettle Bosch", 15, "Electric..."),
        ("Electric kettle Bosch", 18, "Electric kettle..."),
        ("Чайник электрический", 10, "Чайник…"),
        ("Электрочайник", 8, "Электро…"),
        ("Chair, white", 9, "Chair..."),
        ("  many   blanks  ", 11, "many blanks"),
        ("Кофе" + "е\u0301" * 5, 8, "Кофее\u0301…"),
        ("🇷🇺🇺🇸🇩🇪🇫🇷", 6, "🇷🇺🇺🇸…"),
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 11, "👨‍👩‍👧‍👦…"),
        ("हिन्दीचाय", 6, "हि…"),
        ("إبريقالشاي", 6, "إبريق…"),
    ],
)
def test_a_long_name_is_cut_at_a_word_within_the_length(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short
    assert len(short) <= most


def test_every_language_that_babel_knows_can_be_a_customers() -> None:
    template = compile_template(
        "{{ 1990.5 | money('EUR') }} {{ incentive.valid_until | date }} {{ cart.count | plural('a', 'b') }}"
    )
    languages = localedata.locale_identifiers()
    assert len(languages) > 500
    assert all(template.render(context(language=language)).text for language in languages)
