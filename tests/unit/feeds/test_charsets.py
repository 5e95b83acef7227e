"""Which old encoding does text look like?"""

from __future__ import annotations

import pytest

from feeds.charsets import guessed, holds_utf8


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("Чай зелёный листовой, 100 г", "cp1251", "windows-1251"),
        ("ЧАЙНИК ЭЛЕКТРИЧЕСКИЙ ИЗ НЕРЖАВЕЮЩЕЙ СТАЛИ", "cp1251", "windows-1251"),
        ("Größe XL, weiß, für Männer", "cp1252", "windows-1252"),
        ("Théière émaillée façonnée à la main", "cp1252", "windows-1252"),
        ("Τσάι του βουνού από την Κρήτη", "cp1253", None),
        ("תה ירוק איכותי מהרי הגליל", "cp1255", None),
        ("شاي أخضر صيني فاخر", "cp1256", None),
        ("plain", "ascii", None),
    ],
)
def test_russian_and_western_text_is_told_and_nothing_else_is_guessed(
    text: str, encoding: str, expected: str | None
) -> None:
    assert guessed(text.encode(encoding)) == expected


def test_one_sound_line_with_letters_beyond_ascii_shows_that_text_is_utf_8() -> None:
    old = "Чай".encode("cp1251")
    assert holds_utf8(old + b"\n" + "Чай".encode())
    assert not holds_utf8(old + b"\nplain")
