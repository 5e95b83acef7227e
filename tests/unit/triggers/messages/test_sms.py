"""Encoding, units and segments against the published cases of split-sms and the tables of 3GPP TS 23.038."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from triggers.messages.sms import DEFAULT_ALPHABET, EXTENSION, Measure, measure, parts

CASES = Path(__file__).parents[5] / "shared" / "data" / "sms"

# split-sms was told to send these two as GSM-7 and put a blank for every character that GSM-7 lacks. A carrier does no
# such thing: one such character makes the message UCS-2 (3GPP TS 23.038, 6.2.3). What the blanks come to is checked.
FORCED_TO_GSM = ("Split 160 two-byte character message", "Split 160 surrogate-pairs character message")


def published(name: str) -> list[dict[str, Any]]:
    if not CASES.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the reference cases are missing: {CASES}")
        pytest.skip("the reference cases lie in ../shared/data/sms, outside the project")
    cases: list[dict[str, Any]] = json.loads((CASES / name).read_text(encoding="utf-8"))
    return cases


def test_gsm_messages_are_cut_as_published() -> None:
    checked = 0
    for case in published("split_gsm.json"):
        contents = [part["content"] for part in case["parts"]]
        message = case["message"]
        if case["description"] in FORCED_TO_GSM:
            assert measure(message).encoding == "ucs-2"
            message = "".join(contents)
        assert parts(message) == contents, case["description"]
        assert measure(message) == Measure("gsm-7", case["totalBytes"], len(contents)), case["description"]
        assert [measure(content).units for content in contents] == [part["bytes"] for part in case["parts"]]
        checked += 1
    assert checked == 11


def test_unicode_messages_are_cut_as_published() -> None:
    checked = 0
    for case in published("split_unicode.json"):
        contents = [part["content"] for part in case["parts"]]
        assert parts(case["message"]) == contents, case["description"]
        measured = measure(case["message"])
        assert measured.segments == len(contents), case["description"]
        if case["message"]:  # an empty text needs no character outside GSM-7, so it is not sent as UCS-2
            assert measured == Measure("ucs-2", case["totalBytes"] // 2, len(contents)), case["description"]
        checked += 1
    assert checked == 10


def test_the_default_alphabet_has_the_127_characters_of_the_standard() -> None:
    assert len(set(DEFAULT_ALPHABET)) == 127
    assert DEFAULT_ALPHABET[0x00] == "@"
    assert DEFAULT_ALPHABET[0x09] == "Ç"  # the capital: the small one is not in the table
    assert DEFAULT_ALPHABET[0x10] == "Δ"
    assert DEFAULT_ALPHABET[0x1F - 1] == "É"  # 0x1B is the escape, so later codes lie one place lower
    assert DEFAULT_ALPHABET[0x7F - 1] == "à"
    assert all(measure(character) == Measure("gsm-7", 1, 1) for character in DEFAULT_ALPHABET)


def test_a_character_of_the_extension_table_costs_two_units() -> None:
    assert sorted(EXTENSION) == sorted("\f^{}\\[~]|€")
    assert all(measure(character) == Measure("gsm-7", 2, 1) for character in EXTENSION)


@pytest.mark.parametrize("character", ["ç", "`", "\u00a0", "“", "…", "ё", "\t", "₽", "\x1b"])
def test_one_character_outside_the_tables_makes_the_whole_text_ucs_2(character: str) -> None:
    assert measure("a" * 69 + character) == Measure("ucs-2", 70, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, Measure("gsm-7", 160, 1)),
        ("a" * 161, Measure("gsm-7", 161, 2)),
        ("a" * 306, Measure("gsm-7", 306, 2)),
        ("a" * 307, Measure("gsm-7", 307, 3)),
        ("я" * 70, Measure("ucs-2", 70, 1)),
        ("я" * 71, Measure("ucs-2", 71, 2)),
        ("я" * 134, Measure("ucs-2", 134, 2)),
        ("я" * 135, Measure("ucs-2", 135, 3)),
        ("€" * 80, Measure("gsm-7", 160, 1)),
        ("🐳" * 35, Measure("ucs-2", 70, 1)),
    ],
)
def test_the_bounds_are_160_and_153_or_70_and_67(text: str, expected: Measure) -> None:
    assert measure(text) == expected


def test_an_escape_pair_moves_whole_to_the_next_segment() -> None:
    text = "a" * 152 + "€" + "b" * 152
    assert measure(text) == Measure("gsm-7", 306, 3)  # 306 units would fit in two, if the pair could be split
    assert parts(text) == ["a" * 152, "€" + "b" * 151, "b"]


def test_a_surrogate_pair_moves_whole_to_the_next_segment() -> None:
    text = "я" * 66 + "🐳" + "ю" * 66
    assert measure(text) == Measure("ucs-2", 134, 3)
    assert parts(text) == ["я" * 66, "🐳" + "ю" * 65, "ю"]


FAMILY = "👨\u200d👩\u200d👧\u200d👦"  # four emojis and three joiners: one picture, eleven code units
WAVE = "👋🏽"  # a hand and its skin colour
FLAG = "🇷🇺"  # two letters
HEART = "❤\ufe0f"  # a sign and what makes it a picture


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("مرحبا بكم", 9),
        ("مَرْحَبًا", 9),  # five letters, each mark a unit more
        ("\u200fسلة 5\u200e", 7),  # the marks of direction as well
        ("שלום", 4),
        ("שָׁלוֹם", 7),
        ("ё", 1),
        ("е\u0308", 2),
        ("สวัสดี", 6),
        ("नमस्ते", 6),
        ("한국", 2),
        ("\u1112\u1161\u11ab", 3),  # one syllable of three signs
        ("👋", 2),
        (WAVE, 4),
        (FLAG, 4),
        (HEART, 2),
        (FAMILY, 11),
        ("1\ufe0f\u20e3", 3),
    ],
)
def test_every_script_counts_by_its_code_units_whatever_is_seen_or_where_it_is_written_from(
    text: str, units: int
) -> None:
    assert measure(text) == Measure("ucs-2", units, 1)
    assert measure(text * 70).units == units * 70
    assert units == len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("letter", "mark"), [("ب", "\u064e"), ("ש", "\u05b8"), ("е", "\u0308"), ("ท", "\u0e35"), ("e", "\u0301")]
)
def test_a_letter_and_its_mark_are_two_units_and_fill_a_segment_as_such(letter: str, mark: str) -> None:
    assert measure((letter + mark) * 35) == Measure("ucs-2", 70, 1)
    assert measure((letter + mark) * 36) == Measure("ucs-2", 72, 2)
    assert measure((letter + mark) * 67) == Measure("ucs-2", 134, 2)  # 67 is odd: the 34th is cut, and joined again
    assert parts((letter + mark) * 67) == [(letter + mark) * 33 + letter, mark + (letter + mark) * 33]


@pytest.mark.parametrize("emoji", ["🐳", WAVE, FLAG, FAMILY, "ש🐳", "مَ🐳"])
@pytest.mark.parametrize("shift", range(12))
def test_no_part_begins_or_ends_with_half_a_pair_and_each_is_as_full_as_it_can_be(emoji: str, shift: int) -> None:
    text = "ж" * shift + emoji * 40
    cut = parts(text)
    assert "".join(cut) == text
    assert len(cut) == measure(text).segments
    for part in cut:
        part.encode("utf-8")  # half a pair could not be
        assert len(part.encode("utf-16-le")) // 2 <= 67
    for part, following in pairwise(cut):
        assert len((part + following[0]).encode("utf-16-le")) // 2 > 67


def test_right_to_left_texts_are_cut_in_the_order_in_which_they_are_read() -> None:
    text = "".join(chr(0x5D0 + number % 27) for number in range(134))
    assert parts(text) == [text[:67], text[67:]]


def test_an_empty_text_is_still_one_message() -> None:
    assert measure("") == Measure("gsm-7", 0, 1)
    assert parts("") == [""]


def test_a_surrogate_that_stands_alone_counts_as_one_unit() -> None:
    assert measure("\ud83d") == Measure("ucs-2", 1, 1)
    assert measure("\ud83d\udc33" * 35) == Measure("ucs-2", 70, 1)
