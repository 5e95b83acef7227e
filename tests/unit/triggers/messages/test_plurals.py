"""The form of a word that goes with a number, by the language that its forms are of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.triggers.shoppers import context
from triggers.expressions import Names
from triggers.messages.plurals import fits, plural_form
from triggers.messages.template import TemplateInvalid, compile_template


def rendered(source: str, **given: Any) -> str:
    return compile_template(source).render(context(**given)).text


@pytest.mark.parametrize(
    ("number", "word"),
    [(0, "товаров"), (1, "товар"), (2, "товара"), (4, "товара"), (5, "товаров"), (11, "товаров"), (12, "товаров"),
     (14, "товаров"), (21, "товар"), (22, "товара"), (25, "товаров"), (101, "товар"), (111, "товаров"),
     ("1.5", "товара")],
)  # fmt: skip
def test_three_forms_are_chosen_as_in_russian(number: object, word: str) -> None:
    source = f"{{{{ {number} | plural('товар', 'товара', 'товаров') }}}}"
    assert rendered(source, language="en") == word
    assert rendered(source, shop_language="ru") == word


@pytest.mark.parametrize(("number", "word"), [(0, "items"), (1, "item"), (2, "items"), (21, "items"), ("1.5", "items")])
def test_two_forms_are_chosen_as_in_english(number: object, word: str) -> None:
    assert rendered(f"{{{{ {number} | plural('item', 'items') }}}}", language="ru") == word


def test_the_shops_language_decides_where_it_has_as_many_forms() -> None:
    assert rendered("{{ 21 | plural('rzecz', 'rzeczy', 'rzeczy wiele') }}", shop_language="pl") == "rzeczy wiele"
    assert rendered("{{ 0 | plural('article', 'articles') }}", shop_language="fr") in ("article", "articles")


@pytest.mark.parametrize(
    ("language", "forms", "by_number"),
    [
        ("ar", "zero one two few many other",
         {0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", "1.5": "other"}),
        ("ar-EG", "zero one two few many other", {0: "zero", 103: "few", 111: "many", 200: "other"}),
        ("pl", "one few many other",
         {1: "one", 2: "few", 5: "many", 21: "many", 22: "few", 112: "many", "1.5": "other"}),
        ("cs", "one few many other", {1: "one", 3: "few", 5: "other", "1.5": "many"}),
        ("sl", "one two few other", {1: "one", 2: "two", 3: "few", 5: "other", 101: "one", "1.5": "few"}),
        ("ga", "one two few many other", {1: "one", 2: "two", 5: "few", 8: "many", 11: "other"}),
        ("br", "one two few other", {1: "one", 2: "two", 3: "few", 5: "other", 1_000_000: "other"}),
    ],
)  # fmt: skip
def test_four_to_six_forms_are_those_of_the_language_that_has_as_many(
    language: str, forms: str, by_number: dict[object, str]
) -> None:
    words = ", ".join(f"'{form}'" for form in forms.split())
    for number, form in by_number.items():
        source = f"{{{{ {number} | plural({words}) }}}}"
        assert rendered(source, language=language, shop_language="en") == form, number
        assert rendered(source, language=None, shop_language=language) == form, number
        assert rendered(source, language="zh", shop_language="en") == forms.split()[-1]


def test_of_words_in_the_shops_language_a_customers_does_not_change_the_form() -> None:
    source = "{{ 21 | plural('towar', 'towary', 'towarów', 'towaru') }}"
    names = Names(language="ru")
    assert compile_template(source, names).render(context(language="pl", shop_language="ru")).text == "towar"
    assert compile_template(source).render(context(language="pl", shop_language="ru")).text == "towarów"


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 6, "`plural` is given 6 words, English has 2 (one, other), and it is the shop's language"),
        ("pl", 5, "`plural` is given 5 words, Polish has 3 (one, few, many) or 4 (with other), and it is"),
        ("ja", 4, "`plural` is given 4 words, Japanese has 1 (other), and it is"),
    ],
)
def test_more_words_than_the_shops_language_has_forms_are_refused_where_they_stand(
    language: str, count: int, said: str
) -> None:
    words = ", ".join(f"'{number}'" for number in range(count))
    with pytest.raises(TemplateInvalid) as refused:
        compile_template(f"You have\n{{{{ cart.count | plural({words}) }}}}", Names(language=language))
    assert (refused.value.line, refused.value.message.startswith(said)) == (2, True), refused.value.message
    assert "`customer.language`" in refused.value.hint


@pytest.mark.parametrize("count", [0, 1, 7])
def test_less_than_two_words_or_more_than_six_are_refused_whatever_the_language(count: int) -> None:
    words = ", ".join(f"'{number}'" for number in range(count))
    with pytest.raises(TemplateInvalid, match="wrong number of arguments"):
        compile_template(f"{{{{ cart.count | plural({words}) }}}}")


def two_or_three(number: Decimal, forms: tuple[str, ...], language: str | None) -> str:
    """As `plural` chose of two and three forms before there could be more."""
    rule = Locale.parse(language.replace("-", "_")).plural_form if language else None

    def met(rule: Any) -> list[str]:
        found = {rule(one) for one in range(201)}
        return [name for name in ("zero", "one", "two", "few", "many", "other") if name in found]

    if rule is None or len(met(rule)) != len(forms):
        rule = Locale("en" if len(forms) == 2 else "ru").plural_form
    category, categories = rule(abs(number)), met(rule)
    return forms[categories.index(category)] if category in categories else forms[1]


@given(
    st.decimals(-1_000_000, 1_000_000, places=1) | st.integers(0, 130).map(Decimal),
    st.sampled_from([("a", "b"), ("a", "b", "c")]),
    st.sampled_from(["en", "ru", "pl", "ar", "fr", "he", "lv", "ja", "cs", "ro", "pt-BR", None]),
    st.sampled_from(["en", "ar", "pl", None]),
)
def test_two_and_three_forms_mean_what_they_always_did(
    number: Decimal, forms: tuple[str, ...], shop: str | None, customer: str | None
) -> None:
    assert plural_form(number, forms, (customer, shop)) == plural_form(number, forms, (shop,))
    assert plural_form(number, forms, (shop,)) == two_or_three(number, forms, shop)


@pytest.mark.parametrize(
    ("language", "counts"),
    [("en", {2, 3}), ("ja", {2, 3}), ("ru", {2, 3, 4}), ("ar", {2, 3, 6}), ("ga", {2, 3, 5}), ("br", {2, 3, 4, 5})],
)
def test_a_language_takes_as_many_forms_as_it_has_and_any_takes_two_or_three(language: str, counts: set[int]) -> None:
    assert {count for count in range(2, 7) if fits(language, count)} == counts
