"""Where names may be cut."""

from __future__ import annotations

import pytest

from triggers.messages.cuts import LONGEST_WORD, SHORTEST_NAME, beginnings, may_cut

ACUTE, JOINER = "\u0301", "\u200d"


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("ab", ["a", "b"]),
        (f"e{ACUTE}a", [f"e{ACUTE}", "a"]),
        (f"e{ACUTE}\u0323a", [f"e{ACUTE}\u0323", "a"]),
        (f"👩{JOINER}👧x", [f"👩{JOINER}👧", "x"]),
        ("👍\U0001f3ffx", ["👍\U0001f3ff", "x"]),
        ("❤\ufe0fx", ["❤\ufe0f", "x"]),
        ("🇷🇺🇩🇪🇫", ["🇷🇺", "🇩🇪", "🇫"]),
        ("x🇷🇺", ["x", "🇷🇺"]),
        ("🏴\U000e0067\U000e007fx", ["🏴\U000e0067\U000e007f", "x"]),
        ("\u0915\u094d\u0937\u093f\u0915", ["\u0915\u094d\u0937\u093f", "\u0915"]),
        ("\u0e01\u0e33\u0e01", ["\u0e01\u0e33", "\u0e01"]),
        ("\u1112\u1161\u11ab\u1100\u1173", ["\u1112\u1161\u11ab", "\u1100\u1173"]),
        ("\ud55c\uae00", ["\ud55c", "\uae00"]),
        ("\uac00\u11a8x", ["\uac00\u11a8", "x"]),
    ],
)
def test_what_people_see_as_one_letter_is_never_parted(text: str, letters: list[str]) -> None:
    places = [place for place in range(1, len(text)) if may_cut(text, place)]
    ends = [*places, len(text)]
    assert [text[begin:end] for begin, end in zip([0, *places], ends, strict=True)] == letters


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Kettle of steel, red", ["Kettle of steel"]),
        ("Kettle", []),
        ("Electrical kettle", ["Electrical"]),
        ("Kettle of - steel", []),
        ("Old brown kettle of steel", ["Old brown kettle of", "Old brown kettle"]),
        ("Kettle of steel - 2 l", ["Kettle of steel - 2", "Kettle of steel"]),
        ("Mug for only 1 990 roubles", ["Mug for only 1 990", "Mug for only"]),
        (f"Kettle of steel {ACUTE}mat - x", [f"Kettle of steel {ACUTE}mat", "Kettle of steel"]),  # on the blank
        ("See https://shop.example/a-very-long-link now", ["See https://shop.example/a-very-long-link"]),
    ],
)
def test_whole_words_are_left_of_a_name(name: str, left: list[str]) -> None:
    assert list(beginnings(name)) == left


def test_a_very_long_word_is_cut_inside_but_no_letter_of_it() -> None:
    word = f"e{ACUTE}" * LONGEST_WORD
    assert list(beginnings(word)) == [word[:length] for length in range(len(word) - 2, SHORTEST_NAME - 1, -2)]
    assert list(beginnings("a" * LONGEST_WORD)) == []
