"""A record that is rejected keeps its product only under the id that the product has: no other may be told."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from feeds.xml.naming import in_attribute, in_element, named
from tests.unit.feeds.reading import read_all

Make = Callable[[Sequence[str], str], bytes]

IDS = (
    *("1", "a b", "a  b", " lead", "Q&A", "a<b", "a>b", "арт-7", "it's", "x]y", "a,b", "a;b", "l\tt", "7&amp;", '5"'),
    *("nb\u00a0sp", "z" * 128, "a\u00ady"),
)
GOOGLE = 'xmlns:g="http://base.google.com/ns/1.0"'


def written(begin: str, end: str) -> Make:
    def make(records: Sequence[str], encoding: str) -> bytes:
        text = "\n".join((f'<?xml version="1.0" encoding="{encoding}"?>{begin}', *records, end))
        return text.encode(encoding, "xmlcharrefreplace")

    return make


YML = written("<yml_catalog><shop><offers>", "</offers></shop></yml_catalog>")
RSS = written(f"<rss {GOOGLE}><channel>", "</channel></rss>")
ATOM = written(f'<feed xmlns="http://www.w3.org/2005/Atom" {GOOGLE}>', "</feed>")


def never_lost(
    make: Callable[[Sequence[Any], str], bytes], sound: Sequence[Any], broken: Sequence[Any], encoding: str = "utf-8"
) -> None:
    """What the sound feed has is in the broken one: as a product, or rejected by its name, or nothing may vanish."""
    there = set(read_all(make(sound, encoding)).ids)
    done = read_all(make(broken, encoding))
    kept = {*done.ids, *(product_id for product_id, _ in done.reasons)}
    assert len(there) >= 3 and (there <= kept or not done.feed.complete), (there - kept, done.reasons)
    assert all(product_id is None or product_id.isprintable() for product_id, _ in done.reasons)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16", "utf-7"])
@pytest.mark.parametrize("product_id", IDS)
@pytest.mark.parametrize(
    "record",
    [
        '<offer id="{}"><name>x</BREAK></offer>',
        "<offer type = 'a>' group_id='g id=\"2\"' id = \"{}\"><name>x</BREAK></offer>",
        '<offer id="first"><name>x</BREAK></offer></offers><offers><offer id="{}"><name>x</BREAK></offer>',
        '<offer id="{}"><name><![CDATA[<offer id="9">]]></name><vendor>x</BREAK></offer>',
        '<offer id="{}"><name>x</name>END',
        '<offer id="first"><name>x</name>END<offer id="{}"><name>x</name>END',
    ],
)
def test_an_offer_that_is_broken_keeps_its_product(record: str, product_id: str, encoding: str) -> None:
    broken = record.format(html.escape(product_id))
    around = ['<offer id="n1"/>', broken, '<offer id="n2"/>']
    sound = broken.replace("</BREAK>", "</vendor>" if "<vendor>" in broken else "</name>").replace("END", "</offer>")
    never_lost(YML, [around[0], sound, around[2]], [one.replace("END", "") for one in around], encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251", "utf-16"])
@pytest.mark.parametrize("product_id", IDS)
@pytest.mark.parametrize(
    ("make", "record"),
    [
        (RSS, "<item><g:id>{}</g:id><title>x</BREAK></item>"),
        (RSS, "<item><g:id><![CDATA[{}]]></g:id><title>x</BREAK></item>"),
        (RSS, "<item><id>other</id><title>x</BREAK><g:id>{}</g:id></item>"),
        (RSS, '<item><id>other</id><g:id a="b">{}</g:id><title>x</BREAK></item>'),
        (ATOM, "<entry><id>other</id><g:id>{}</g:id><title>x</BREAK></entry>"),
        (ATOM, "<entry><id>{}</id><title>x</BREAK></entry>"),
    ],
)
def test_an_item_that_is_broken_keeps_its_product(make: Make, record: str, product_id: str, encoding: str) -> None:
    broken = record.format(product_id if "CDATA" in record else html.escape(product_id))
    tag = "item" if make is RSS else "entry"
    around = [f"<{tag}><g:id>n1</g:id></{tag}>", f"<{tag}><g:id>n2</g:id></{tag}>"]
    never_lost(
        make, [around[0], broken.replace("BREAK", "title"), around[1]], [around[0], broken, around[1]], encoding
    )


def table(mark: str) -> Callable[[Sequence[Sequence[str]], str], bytes]:
    def make(rows: Sequence[Sequence[str]], encoding: str) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=mark, lineterminator="\n").writerows([["id", "title", "price"], *rows])
        return text.getvalue().encode(encoding)

    return make


@pytest.mark.parametrize("mark", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("product_id", IDS)
@pytest.mark.parametrize("rest", [["x", "1", "more"], ["x"]])
def test_a_row_of_other_cells_keeps_its_product(rest: list[str], product_id: str, mark: str) -> None:
    around = [["n1", "x", "1"], ["n2", "x", "1"]]
    sound, broken = ([around[0], [product_id, *cells], around[1]] for cells in (["x", "1"], rest))
    never_lost(table(mark), sound, broken)


@pytest.mark.parametrize("product_id", [*IDS, 5, 5.5])
@pytest.mark.parametrize("key", ["product_id", "id"])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("value", ["x", '"x', '"\udcff"'])
def test_an_object_that_is_broken_keeps_its_product(
    value: str, ascii_only: bool, key: str, product_id: str | float
) -> None:
    def line(some: str | float) -> str:
        images = [] if isinstance(some, str) else [{key: "an image"}]
        return json.dumps({key: some, "title": "VALUE", "images": images}, ensure_ascii=ascii_only)

    def make(records: Sequence[str], encoding: str) -> bytes:
        return "\n".join(records).encode(encoding, "surrogateescape")

    lines = [line(some) for some in ("n1", product_id, "n2")]
    never_lost(make, lines, [lines[0], lines[1].replace('"VALUE"', value), lines[2]])


def test_ids_that_would_write_to_a_terminal_are_not_told() -> None:
    place = in_attribute("offer", "id")
    assert named(b'<offer id="1">', place, None) == "1"
    assert named(b'<offer id="\x1b[31m">', place, None) is None
    assert named("<offer id='1\u202e'>".encode(), place, "utf-8") is None
    assert named(b'<offer id="1">', place, "no such encoding") is None


@pytest.mark.parametrize(
    "hostile",
    [
        b"<offer " * 600_000, b"<offer a " * 400_000, b"<offer " + b'a="" ' * 700_000, b'<offer id="' * 300_000,
        b"<g:id><![CDATA[" * 250_000, b"<g:id><![CDATA[]" * 250_000, b"<g:id a" * 500_000, b"<a." * 1_000_000,
        b"<" + b"a" * 4_000_000, b"<g:id>" + b"a" * 4_000_000,
    ],
)  # fmt: skip
def test_no_hostile_record_is_looked_at_for_longer_than_its_length_asks(hostile: bytes) -> None:
    """Some of these took hours: what takes a second at most here ends, and that is all that is asked."""
    for place in (in_attribute("offer", "id"), in_element("id"), in_element("id", prefixed=True)):
        assert named(hostile, place, None) is None


def test_what_libxml2_quotes_of_the_feed_is_not_told() -> None:
    done = read_all(YML(['<offer id="1"/>', "<offer id='2'><name><![CDATA[secret", "lines"], "utf-8"))
    assert [one.detail for one in done.rejected] == ["CData section not finished"]
