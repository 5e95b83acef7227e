"""What becomes of the links of a text."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggers.messages.links import Links, ended, with_parameters

UTM = (("utm_source", "sms"), ("utm_campaign", "Корзина 5 %"))
ESCAPED = "utm_source=sms&utm_campaign=%D0%9A%D0%BE%D1%80%D0%B7%D0%B8%D0%BD%D0%B0%205%20%25"


@pytest.mark.parametrize(
    ("link", "made"),
    [
        ("https://shop.example", "https://shop.example?{}"),
        ("https://shop.example/p/1", "https://shop.example/p/1?{}"),
        ("https://shop.example/p?id=1", "https://shop.example/p?id=1&{}"),
        ("https://shop.example/p?id=1#reviews", "https://shop.example/p?id=1&{}#reviews"),
        ("https://shop.example/p#reviews", "https://shop.example/p?{}#reviews"),
        ("https://shop.example/p?utm_source=market&id=1", "https://shop.example/p?id=1&{}"),
        ("https://shop.example/p?utm%5Fsource=market", "https://shop.example/p?{}"),
        ("https://shop.example/p?a=b%20c&flag", "https://shop.example/p?a=b%20c&flag&{}"),
        ("https://shop.example/p?", "https://shop.example/p?{}"),
    ],
)
def test_parameters_stand_at_the_end_of_the_query_and_replace_their_namesakes(link: str, made: str) -> None:
    assert with_parameters(link, UTM) == made.format(ESCAPED)


def test_an_empty_parameter_is_left_out_and_takes_its_namesake_away() -> None:
    assert with_parameters("https://shop.example/?v=b&id=1", (("v", ""),)) == "https://shop.example/?id=1"


@pytest.mark.parametrize(
    ("written", "link", "rest"),
    [
        ("https://a.example/p.", "https://a.example/p", "."),
        ("https://a.example/p?!", "https://a.example/p", "?!"),
        ("https://a.example/p/", "https://a.example/p/", ""),
        ("https://a.example/p)", "https://a.example/p", ")"),
        ("https://a.example/p_(tea)", "https://a.example/p_(tea)", ""),
        ("https://a.example/p_(tea)),", "https://a.example/p_(tea)", "),"),
        ("https://a.example/p»", "https://a.example/p", "»"),
        ("https://a.example/p“,", "https://a.example/p", "“,"),
        ("https://a.example/p”.", "https://a.example/p", "”."),
        ("https://a.example/?q=«tea»", "https://a.example/?q=«tea»", ""),
        ("https://a.example/p؟", "https://a.example/p", "؟"),
    ],
)
def test_the_marks_that_end_a_sentence_do_not_belong_to_a_link(written: str, link: str, rest: str) -> None:
    assert ended(written) == (link, rest)


def test_every_link_of_a_text_is_written_and_nothing_else_changes() -> None:
    links = Links((("m", "{message}"), ("c", "{rule}-{variant}"))).of(rule="cart", step="1", shop="main")
    sent = links.sent_as("f00d", "b", lambda link, message_id: link)
    text = "Ваш чайник (https://a.example/p_1) и чай: HTTP://b.example/?x=1. {message} http:// https://"
    assert sent.written(text) == (
        "Ваш чайник (https://a.example/p_1?m=f00d&c=cart-b) и чай: HTTP://b.example/?x=1&m=f00d&c=cart-b. "
        "{message} http:// https://"
    )


def test_a_link_has_a_host_and_may_end_in_slashes() -> None:
    links = Links((("m", "1"),))
    assert links.written("https://» https://a.example/p//») ok") == "https://» https://a.example/p//?m=1») ok"


def test_a_shortener_is_given_the_whole_link_and_the_messages_id() -> None:
    def short(link: str, message_id: str) -> str:
        return f"https://s.example/{len(link)}-{message_id}"

    sent = Links((("m", "{message}"),)).sent_as("f00d", "", short)
    assert sent.written("Look: https://a.example/p!") == "Look: https://s.example/26-f00d!"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=12)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), WORDS), max_size=3, unique_by=lambda pair: pair[0]),
    st.lists(st.tuples(st.sampled_from("cdefg"), st.text("xyz1", max_size=3)), max_size=4),
)
def test_a_reader_of_the_link_finds_exactly_what_was_appended_behind_what_was_there(
    parameters: list[tuple[str, str]], there: list[tuple[str, str]]
) -> None:
    link = "https://a.example/p" + ("?" + "&".join(f"{name}={value}" for name, value in there) if there else "")
    made = with_parameters(link, tuple(parameters))
    names = [name for name, _ in parameters]
    kept = [pair for pair in there if pair[0] not in names]
    assert parse_qsl(urlsplit(made).query, keep_blank_values=True) == [*kept, *parameters]
    assert with_parameters(made, tuple(parameters)) == made
    assert made.isascii() and " " not in made
