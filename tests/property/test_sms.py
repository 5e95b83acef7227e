"""The measure against an independent reference that packs character by character, as the standard tells it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from triggers.messages.sms import measure, parts

# 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1, written out by code point and not taken from the code under test.
BASIC = {
    0x40, 0xA3, 0x24, 0xA5, 0xE8, 0xE9, 0xF9, 0xEC, 0xF2, 0xC7, 0x0A, 0xD8, 0xF8, 0x0D, 0xC5, 0xE5, 0x394, 0x5F, 0x3A6,
    0x393, 0x39B, 0x3A9, 0x3A0, 0x3A8, 0x3A3, 0x398, 0x39E, 0xC6, 0xE6, 0xDF, 0xC9, 0xA4, 0xA1, 0xC4, 0xD6, 0xD1, 0xDC,
    0xA7, 0xBF, 0xE4, 0xF6, 0xF1, 0xFC, 0xE0,
    *(set(range(0x20, 0x40)) - {0x24}), *range(0x41, 0x5B), *range(0x61, 0x7B),
}  # fmt: skip
EXTENDED = {0x0C, 0x5E, 0x7B, 0x7D, 0x5C, 0x5B, 0x7E, 0x5D, 0x7C, 0x20AC}


def reference(text: str) -> tuple[str, int, list[str]]:
    """Encoding, units and segments; each character's cost in a list, packed one after the other."""
    points = [ord(character) for character in text]
    if all(point in BASIC or point in EXTENDED for point in points):
        encoding, alone, each = "gsm-7", 160, 153
        costs = [2 if point in EXTENDED else 1 for point in points]
    else:
        encoding, alone, each = "ucs-2", 70, 67
        costs = [2 if point > 0xFFFF else 1 for point in points]
    if sum(costs) <= alone:
        return encoding, sum(costs), [text]
    segments, filled = [""], 0
    for character, cost in zip(text, costs, strict=True):
        if filled + cost > each:
            segments.append("")
            filled = 0
        segments[-1] += character
        filled += cost
    return encoding, sum(costs), segments


gsm_texts = st.text(st.sampled_from([chr(point) for point in sorted(BASIC | EXTENDED)] + ["€"] * 40), max_size=700)
mixed_texts = st.text(st.sampled_from("ая🐳€{a☃👩‍"), max_size=400)
any_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(gsm_texts | mixed_texts | any_texts)
@example("€" * 77 + "a" * 153)
@example("a" * 152 + "€" * 77)
@example("🐳" * 34 + "я")
def test_the_measure_is_that_of_packing_character_by_character(text: str) -> None:
    encoding, units, segments = reference(text)
    assert measure(text) == (encoding, units, len(segments))
    assert parts(text) == segments


@given(gsm_texts | mixed_texts)
def test_the_parts_joined_are_the_text_and_none_exceeds_its_segment(text: str) -> None:
    cut = parts(text)
    assert "".join(cut) == text
    encoding, units, segments = measure(text)
    if segments > 1:
        capacity = 153 if encoding == "gsm-7" else 67
        assert all(sum(reference_cost(encoding, character) for character in part) <= capacity for part in cut)
    assert units == sum(reference_cost(encoding, character) for character in text)


def reference_cost(encoding: str, character: str) -> int:
    return 2 if (ord(character) in EXTENDED if encoding == "gsm-7" else ord(character) > 0xFFFF) else 1
