"""What the page about inbound SMS says of texts is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from triggers.inbound import LANGUAGES, Help, Meaning, Nothing, OptOut, Start, classify

PAGE = (Path(__file__).parents[4] / "docs" / "inbound.md").read_text(encoding="utf-8")
MEANINGS: dict[str, type[Meaning]] = {"opt-out": OptOut, "help": Help, "start": Start, "nothing": Nothing}
ROWS = re.findall(r"^\| (.+) \| (opt-out|help|start|nothing) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("text", "means"), ROWS)
def test_a_text_of_the_table_means_what_the_table_says(text: str, means: str) -> None:
    assert isinstance(classify(text, LANGUAGES, {}), MEANINGS[means])


def test_the_table_shows_every_meaning_and_the_page_every_language() -> None:
    assert {means for _, means in ROWS} == MEANINGS.keys()
    names = ("English", "Russian", "French", "German", "Spanish", "Italian", "Portuguese")
    assert len(names) == len(LANGUAGES)
    assert all(name in PAGE for name in names)
