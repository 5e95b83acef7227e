"""Records that are parsed many at once give what they give one by one."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.draft import Draft
from feeds.formats import formats
from feeds.problems import FeedError, Limits, Rejected, Repaired
from feeds.xml.batches import Batches

LIMITS = Limits()


class Pieces:
    """A source that hands out its bytes in pieces of given sizes, then the rest."""

    encoding: str | None = None
    damaged: str | None = None

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self.head = data
        self._data = data
        self._sizes = iter(sizes)

    def read(self, size: int) -> bytes:
        taken = next(self._sizes, len(self._data))
        given, self._data = self._data[:taken], self._data[taken:]
        return given


def found_in(data: bytes, sizes: list[int], format: str) -> list[Draft | Rejected | Repaired | str]:
    known = next(each for each in formats() if each.name == format)
    found: list[Draft | Rejected | Repaired | str] = []
    try:
        found.extend(known.read(Pieces(data, sizes), LIMITS))  # type: ignore[arg-type]  # all of a Source that is used
    except FeedError as error:
        found.append(f"{error.reason}: {error.detail}")
    return found


def both(data: bytes, sizes: list[int], format: str = "yml") -> tuple[list[object], list[object], int]:
    """What is found many at once, what one by one, and how many records came many at once."""
    taken = 0
    parsed = Batches.parsed

    def counted(self: Batches, run: bytes) -> object:
        nonlocal taken
        found = parsed(self, run)
        taken += len(found[0]) if found is not None else 0
        return found

    with patch.object(Batches, "parsed", counted):
        many = found_in(data, sizes, format)
    with patch.object(Batches, "run_in", lambda self, data: 0):
        return [*many], [*found_in(data, sizes, format)], taken


def feed(offers: list[str], head: str = "") -> bytes:
    return f"{head}<yml_catalog><shop><offers>{''.join(offers)}</offers></shop></yml_catalog>".encode()


OFFER = '\n<offer id="{0}">\n<name>Tea {0}</name><price>{0}.50</price></offer>'

contents = st.one_of(
    st.sampled_from((
        "<name>Tea</name>", "<name>Чай <b>лесной</b> x</name>", "<name/>",
        "<name><b>a</b> <i>b</i>\n<i>c</i></name>",
        "<name> </name>", '<name xml:id="a">a</name>', "<param name='p'> <b>1</b> <b>2</b> </param>",
        '<param name="a" unit="b">1</param>',
        "<param name='a'>1</param>", "<picture>https://x.example/?a=1&amp;b=2</picture>", "<name>a & b</name>",
        "<name>a&nbsp;b</name>", "<name>1 < 2</name>", "<name><![CDATA[a & <b> c]]></name>", "<!-- a & b -->",
        "<name><![CDATA[</offer>]]></name>", "<?pi a & b?>", "<name>&#65;</name>", "<name>&#00000065;</name>",
        "<name>&#x0000041;</name>", "<category id='9'>C</category>", "<offer id='7'><name>in</name></offer>",
        "<outlets><outlet instock='3'/></outlets>", "<name>]]></name>", "<name>\x01</name>", "<name>\r\n a\t</name>",
        "</offers><offers>", "</offer>", "<x:name>a</x:name>", "<name xmlns='u'>a</name>", "<name>x</nam>",
        "<name a='1' a='2'>x</name>", "<currency id='USD' rate='1'/>", "<name>\ufffe</name>", "<name>&lt;b&gt;</name>",
        "<price>1</price><price>2</price>", "<!--", "-->", "<![CDATA[", "]]>", "<a>" * 260 + "</a>" * 260,
    )),
    st.text(st.sampled_from("<>&;/!-[]?\"'= abZ1#x\n\x01Ж"), max_size=20),
)  # fmt: skip
between = st.sampled_from(
    ("", "", "", "\n", "<!-- b -->", "<promo/>", "<?p x?>", "text", "</offers><offers>", "<x:offer/>")
)
sizes = st.lists(st.integers(1, 400), min_size=1, max_size=8)


@st.composite
def offer_lists(draw: st.DrawFn) -> list[str]:
    offers = [OFFER.format(number) for number in range(draw(st.integers(3, 12)))]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(1, len(offers) - 1))
        offers[place] = f'{draw(between)}\n<offer id="o{place}">{draw(contents)}{draw(contents)}</offer>{draw(between)}'
    return offers


@settings(deadline=None, max_examples=400)
@given(
    offer_lists(), sizes,
    st.sampled_from(("", '<?xml version="1.0"?><!DOCTYPE yml_catalog SYSTEM "shops.dtd">',
                     '<!DOCTYPE yml_catalog [<!ATTLIST offer group_id CDATA "g">]>',
                     '<!-- <!DOCTYPE a> --><!DOCTYPE yml_catalog [<!ATTLIST offer group_id CDATA "g">]>')),
)  # fmt: skip
def test_any_feed_reads_the_same_many_at_once_and_one_by_one(offers: list[str], sizes: list[int], head: str) -> None:
    many, one, _ = both(feed(offers, head), [len(head.encode()) + 120, *sizes])
    assert many == one


@settings(deadline=None)
@given(st.binary(max_size=6), st.integers(0, 800), sizes)
def test_any_bytes_anywhere_read_the_same(noise: bytes, at: int, sizes: list[int]) -> None:
    data = feed([OFFER.format(number) for number in range(12)])
    many, one, _ = both(data[:at] + noise + data[at:], [120, *sizes])
    assert many == one


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (feed([OFFER.format(number) for number in range(20)]), "yml"),
        (feed([OFFER.format(number) for number in range(20)], '<!DOCTYPE yml_catalog SYSTEM "shops.dtd">'), "yml"),
        (
            '<?xml version="1.0" encoding="windows-1251"?>'.encode("cp1251")
            + feed([OFFER.format(number) for number in range(20)]).decode().replace("Tea", "Чай").encode("cp1251"),
            "yml",
        ),
        (
            b'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>'
            + b"".join(b"<item><g:id>%d</g:id><g:title>a &amp; b</g:title></item>\n" % number for number in range(20))
            + b"</channel></rss>",
            "google-rss",
        ),
    ],
)
def test_sound_records_come_many_at_once_after_the_first_piece(data: bytes, format: str) -> None:
    many, one, taken = both(data, [400, 300, 300], format)
    assert many == one
    assert len(many) == 20
    assert taken >= 10


def test_a_declaration_that_gives_attributes_to_records_is_heeded() -> None:
    head = '<!DOCTYPE yml_catalog [<!ATTLIST offer group_id CDATA "g">]>'
    many, one, taken = both(feed([OFFER.format(number) for number in range(9)], head), [300, 200])
    assert (many, taken) == (one, 0)
