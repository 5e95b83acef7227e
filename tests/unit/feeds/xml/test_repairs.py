"""Mending of markup that has one sound reading."""

from __future__ import annotations

import pytest

from feeds.xml.repairs import Mender


@pytest.mark.parametrize(
    ("raw", "mended", "reasons"),
    [
        (b"<n>Tom & Jerry</n>", b"<n>Tom &amp; Jerry</n>", ["bare-ampersand"]),
        (b"<u>a?b=1&c=2</u>", b"<u>a?b=1&amp;c=2</u>", ["bare-ampersand"]),
        (b"<u>a&copy=2</u>", b"<u>a&amp;copy=2</u>", ["bare-ampersand"]),
        (b"<n>a&nbsp;b</n>", b"<n>a&#160;b</n>", ["html-entity"]),
        (b"<n>a&foo;b</n>", b"<n>a&amp;foo;b</n>", ["bare-ampersand"]),
        (b"<n>1 < 2</n>", b"<n>1 &lt; 2</n>", ["bare-less-than"]),
        (b"<n>AT&amp;T &#8381; &#x20BD; &lt;</n>", b"<n>AT&amp;T &#8381; &#x20BD; &lt;</n>", []),
        (b"<n><![CDATA[Tom & Jerry < 3]]></n>", b"<n><![CDATA[Tom & Jerry < 3]]></n>", []),
        (b"<!-- a & b --><n>&</n>", b"<!-- a & b --><n>&amp;</n>", ["bare-ampersand"]),
    ],
)
def test_what_can_mean_one_thing_only_is_mended(raw: bytes, mended: bytes, reasons: list[str]) -> None:
    piece, notes = Mender().mend(raw)
    assert piece == mended
    assert [reason for _, reason, _ in notes] == reasons


def test_a_cdata_section_stays_open_from_one_piece_to_the_next() -> None:
    mender = Mender()
    assert mender.mend(b"<n><![CDATA[a & b</offer>")[0] == b"<n><![CDATA[a & b</offer>"
    assert mender.inside == b"]]>"
    assert mender.mend(b" & ]]></n> & ")[0] == b" & ]]></n> &amp; "
    assert mender.inside is None
