"""The judge's short ways for sound texts say the same as the long ones."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from feeds.judge import _PLAIN_URL, _URL, CONTROLS, _is_one_line, one_line
from tests.unit.feeds.reading import offer, read_all, yml


def test_of_all_characters_none_is_taken_for_clean_that_is_not() -> None:
    wrong = [
        code for code in range(sys.maxunicode + 1)
        for text in (f"a{chr(code)}b", chr(code), f"{chr(code)} b")
        if _is_one_line(text) and one_line(text) != text
    ]  # fmt: skip
    assert wrong == []


@given(st.text(min_size=1))
def test_any_text_that_is_taken_for_clean_is(text: str) -> None:
    assert not _is_one_line(text) or one_line(text) == text


@given(st.from_regex(_PLAIN_URL, fullmatch=True) | st.text().map(lambda text: f"https://{text}"))
def test_an_address_taken_by_sight_is_one(text: str) -> None:
    if _PLAIN_URL.fullmatch(text):
        assert _URL.fullmatch(text)
        assert not CONTROLS.search(text)
        assert text.strip() == text


def test_params_that_many_offers_have_are_as_clean_as_the_first() -> None:
    inner = '<param name="a">x</param><param name="b"> y\n z </param><param name=" ">1</param><param name="c"> </param>'
    done = read_all(yml(*(offer(number, inner) for number in range(4))))
    assert [product.params for product in done.products] == [(("a", "x"), ("b", "y z"))] * 4
