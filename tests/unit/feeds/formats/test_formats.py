"""Which format a feed is in, and what is said of one in none."""

from __future__ import annotations

import io
import zipfile

import pytest

from feeds.formats import formats, recognise
from feeds.problems import UnknownFormat
from tests.unit.feeds.reading import gzipped, read_all


def test_formats_are_found_by_lying_in_the_package_and_have_names_of_their_own() -> None:
    names = [known.name for known in formats()]
    assert sorted(names) == ["delimited", "google-atom", "google-retail", "google-rss", "rewake", "yml"]


@pytest.mark.parametrize(
    "head",
    [
        b"<yml_catalog>",
        b'<rss xmlns:g="http://base.google.com/ns/1.0">',
        b'<feed xmlns:g="http://base.google.com/ns/1.0">',
        b"id,title\n1,x",
        b'{"id":"1","title":"x"}',
        b'{"product_id":"1"}',
        b'{"product_id":"1","id":"2","title":"x"}',
    ],
)
def test_a_beginning_is_of_one_format_alone(head: bytes) -> None:
    known = recognise(head)
    assert known is not None
    assert [each.name for each in formats() if each.recognises(head)] == [known.name]


def office(member: str, data: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(member, data)
        archive.writestr("sheet", b"<worksheet/>")
    return target.getvalue()


TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (gzipped(b" \n"), "empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        (b"\n<html lang='en'>", "a web page"),
        (gzipped(gzipped(b"<yml_catalog/>")), "packed twice"),
        (office("[Content_Types].xml", TYPES), "save the table as CSV"),
        (office("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), "save the table as CSV"),
        (b"<rss><channel><item/></channel></rss>", "without Google's attributes"),
        (b"hello", "none of the known formats (delimited, google-atom, "),
    ],
)
def test_a_feed_of_no_known_format_is_refused_with_what_it_seems_to_be(data: bytes, said: str) -> None:
    with pytest.raises(UnknownFormat) as refused:
        read_all(data)
    assert said in refused.value.detail
