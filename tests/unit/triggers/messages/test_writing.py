"""Finished texts, written so that they cost less."""

from __future__ import annotations

import pytest

from triggers.messages.sms import measure
from triggers.messages.writing import AS_IT_IS, Writing, dear_letters, written

LATIN = Writing("mosmetro")
SMART = Writing(smart_encoding=True)
BOTH = Writing("mosmetro", True)


@pytest.mark.parametrize(
    ("writing", "text"),
    [
        (AS_IT_IS, "«Ваш чайник» — 1 990 ₽"),
        (LATIN, "«Vash chaynik» — 1 990 ₽"),
        (SMART, "«Ваш чайник» — 1 990 ₽"),
        (BOTH, '"Vash chaynik" - 1 990 RUB'),
    ],
)
def test_a_text_is_written_as_it_is_said(writing: Writing, text: str) -> None:
    assert written("«Ваш чайник» — 1 990 ₽", writing) == text


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Чай: https://чай.рф/зелёный?имя=“я” — тут", "Chay: https://чай.рф/зелёный?имя=“я” — tut"),
        ("Чай: HTTP://TEA.EXAMPLE/ЧАЙ", "Chay: HTTP://TEA.EXAMPLE/ЧАЙ"),
        ("https://a.example/№1\nhttps://b.example/№2 №3", "https://a.example/№1\nhttps://b.example/№2 №3"),
        ("“https://tea.example/a”№3 №4", "“https://tea.example/a”№3 №4"),  # it ends at a blank
        ("“Чай” https://tea.example/a?b=c №3", '"Chay" https://tea.example/a?b=c No3'),
    ],
)
def test_a_link_stays_byte_for_byte(text: str, latin: str) -> None:
    assert written(text, BOTH) == latin


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Ждёт «https://tea.example/a».", 'Zhdet "https://tea.example/a".'),
        ("„https://tea.example/a“ №3", '"https://tea.example/a" No3'),
        ("https://tea.example/a_(b)… №3", "https://tea.example/a_(b)... No3"),
        ("https://tea.example/a— №3", "https://tea.example/a- No3"),
    ],
)
def test_the_marks_behind_a_link_are_written_like_the_rest(text: str, latin: str) -> None:
    assert written(text, BOTH) == latin


def test_what_would_need_more_segments_in_latin_letters_is_left_in_cyrillic() -> None:
    text = "щ" * 45
    dearer = Writing("wikipedia")
    assert measure(text).segments == 1
    assert measure("shch" * 45).segments == 2
    assert written(text, dearer) == text
    assert written("щ" * 40, dearer) == "shch" * 40
    assert written(f"“{text}", dearer) == f"“{text}"


def test_the_letters_that_save_nothing_are_named() -> None:
    assert dear_letters(AS_IT_IS) == dear_letters(SMART) == dear_letters(LATIN) == dear_letters(BOTH) == ""
    assert dear_letters(Writing("gost_779_alt")) == "ъыьэ"
    assert dear_letters(Writing("gost_779_alt", True)) == ""
    assert dear_letters(Writing("gost_779", True)) == "ёжчшщэюя"
