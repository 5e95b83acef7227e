"""What holds of every text that is written so that it costs less."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from triggers.messages.links import ended
from triggers.messages.smart_encoding import CYRILLIC_TWINS, GREEK_TWINS, JOINERS, MONEY, SIGNS, STYLED, UNSEEN
from triggers.messages.sms import encoding, measure
from triggers.messages.transliteration import SCHEMES
from triggers.messages.writing import Writing, written

TABLES = (CYRILLIC_TWINS, GREEK_TWINS, JOINERS, SIGNS, STYLED, UNSEEN)
SPECIAL = sorted({chr(code) for table in TABLES for code in table} | set(MONEY))
PIECES = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="abc XYZ 019.,!", max_size=60),
    st.text(alphabet="абвгдеёжзийщъьэюяАВЕЩ ", max_size=60),
    st.text(alphabet=SPECIAL, max_size=8),
    st.sampled_from(["https://tea.example/чай“ ", "http://x.y ", "ht\u00adtps://a.b/“ ", "https://", "e\u0301"]),
    st.just("…" * 60),
)
TEXTS = st.lists(PIECES, max_size=8).map("".join)
SMART = Writing(smart_encoding=True)
WRITINGS = st.builds(
    Writing, transliterate=st.one_of(st.none(), st.sampled_from(sorted(SCHEMES))), smart_encoding=st.booleans()
)


def links(text: str) -> list[str]:
    found = [ended(one)[0] for one in re.findall(r"https?://[^\s/?#]\S*", text, re.IGNORECASE)]
    return [one for one in found if not one.endswith("://")]


@given(TEXTS, WRITINGS)
def test_a_text_never_needs_more_segments_than_before(text: str, writing: Writing) -> None:
    assert measure(written(text, writing)).segments <= measure(text).segments


@given(TEXTS)
@example("ht\u00adtps://a.b/“ я")
@example("“a” " + "…" * 60)
def test_smart_encoding_done_again_changes_nothing(text: str) -> None:
    once = written(text, SMART)
    assert written(once, SMART) == once


@given(TEXTS)
def test_smart_encoding_leaves_a_text_of_gsm_7_as_it_is(text: str) -> None:
    once = written(text, SMART)
    assert encoding(text) == "ucs-2" or once == text
    assert encoding(once) == "gsm-7" or len(once) <= len(text)  # nothing was spelt out in vain


@given(TEXTS, WRITINGS)
def test_links_stay_in_their_order_byte_for_byte(text: str, writing: Writing) -> None:
    kept = iter(links(written(text, writing)))
    assert all(link in kept for link in links(text))
