"""What becomes of the links of a text."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggers.messages.links import Links, ended, parted, with_parameters

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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://a.example,https://b.example", ["https://a.example", "https://b.example"]),
        ("https://a.example/p;HTTP://b.example/?x=1;", ["https://a.example/p", "HTTP://b.example/?x=1"]),
        ("(https://a.example/p),https://b.example.", ["https://a.example/p", "https://b.example"]),
        ("https://a.example/p.,;https://b.example", ["https://a.example/p", "https://b.example"]),
        ("https://a.example،https://b.example，https://c.example",
         ["https://a.example", "https://b.example", "https://c.example"]),
        ("https://a.example/1,2;3,http", ["https://a.example/1,2;3,http"]),
        ("https://a.example/?to=https://b.example", ["https://a.example/?to=https://b.example"]),
        ("https://,https://b.example", ["https://b.example"]),
        ("https://a.example,https://", ["https://a.example"]),
    ],
)  # fmt: skip
def test_a_comma_or_semicolon_parts_two_links_and_nothing_else_does(text: str, found: list[str]) -> None:
    assert parted(text)[1::2] == found
    assert "".join(parted(text)) == text


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


MARKS = st.text(",;،，", min_size=1, max_size=3)
# whatever an address may hold, commas among it, but for a scheme and what could be the end of a sentence
ADDRESSES = st.builds(
    "https://a.example/{}z".format, st.text("htps:/,;?=&1é", max_size=12).filter(lambda one: "://" not in one)
)


@given(st.lists(ADDRESSES, min_size=1, max_size=5), st.data())
def test_links_that_marks_alone_part_are_found_one_by_one_with_the_commas_within_them(
    addresses: list[str], data: st.DataObject
) -> None:
    marks = [data.draw(MARKS) for _ in addresses]
    text = "".join(address + mark for address, mark in zip(addresses, marks, strict=True))
    assert parted(text) == [part for pair in zip(["", *marks], [*addresses, ""], strict=True) for part in pair][:-1]


@given(st.text("htps:/,;. ab«»)(", max_size=60))
def test_no_character_of_a_text_is_lost_and_no_link_reaches_over_a_mark_into_the_next(text: str) -> None:
    pieces = parted(text)
    assert "".join(pieces) == text
    assert all(f"{mark}{scheme}" not in link for link in pieces[1::2] for mark in ",;" for scheme in ("http://", "https://"))
