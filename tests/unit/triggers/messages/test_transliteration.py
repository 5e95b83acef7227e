"""Cyrillic in Latin letters: every sample of iuliia.ru's schemes, and what the library leaves open."""

from __future__ import annotations

import json
import os
from pathlib import Path

import iuliia
import pytest

from triggers.messages.transliteration import SCHEMES, transliterated

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "sms" / "iuliia"


def test_the_published_samples_come_out_exactly() -> None:
    if not SAMPLES.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the reference samples are missing: {SAMPLES}")
        pytest.skip("the reference samples lie in ../shared/data/sms/iuliia, outside the project")
    checked = 0
    for path in SAMPLES.glob("*.json"):
        scheme = json.loads(path.read_text(encoding="utf-8"))
        for written, latin in scheme["samples"]:
            assert transliterated(written, scheme["name"]) == latin, path.name
            checked += 1
    assert checked > 60


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_writes_its_own_samples(scheme: str) -> None:
    samples = iuliia.schemas.get(scheme).samples
    assert samples
    for written, latin in samples:
        assert transliterated(written, scheme) == latin


def test_all_schemes_are_there_by_name_and_origin() -> None:
    assert len(SCHEMES) == 28
    assert list(SCHEMES) == sorted(SCHEMES)
    assert SCHEMES["mosmetro"] == "Moscow Metro map"
    assert SCHEMES["gost_52535"] == "GOST R 52535.1-2006"
    assert all(SCHEMES.values())


@pytest.mark.parametrize(
    ("written", "latin"),
    [
        ("ЩУКА НА КРЮЧКЕ", "SCHUKA NA KRYUCHKE"),
        ("Щука, ЩУКА, щука", "Schuka, SCHUKA, schuka"),
        ("СИНИЙ2", "SINY2"),
        ("Ж", "Zh"),
        ("iPhone 15 и ЧЕХОЛ", "iPhone 15 i CHEKHOL"),
    ],
)
def test_a_word_in_capitals_stays_in_capitals(written: str, latin: str) -> None:
    assert transliterated(written, "mosmetro") == latin


def test_a_letter_of_two_characters_is_the_letter_that_is_seen() -> None:
    assert transliterated("е\u0308лка, и\u0306од", "wikipedia") == "yolka, yod"
    assert transliterated("ёлка, йод", "wikipedia") == "yolka, yod"


@pytest.mark.parametrize("text", ["", "Hello “you” — é 5 ₽", "e\u0301", "Αθήνα", "שלום", "🐳"])
def test_what_has_no_cyrillic_stays_character_for_character(text: str) -> None:
    assert transliterated(text, "mosmetro") == text


def test_nothing_is_read_when_a_text_is_transliterated(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*arguments: object, **named: object) -> None:
        raise AssertionError(f"opens {arguments[0]}")

    monkeypatch.setattr("builtins.open", opened)
    for scheme in SCHEMES:
        assert transliterated("нечитанное", scheme) != "нечитанное"
