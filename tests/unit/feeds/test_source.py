"""The bytes of a feed: their head, their number, their encoding."""

from __future__ import annotations

import io

import pytest

from feeds.problems import FeedTooLarge, Limits
from feeds.source import HEAD_BYTES, Source


def read_whole(source: Source) -> bytes:
    parts = []
    while data := source.read(1000):
        parts.append(data)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, 3, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 3 * HEAD_BYTES])
def test_everything_is_given_and_the_head_is_its_beginning(size: int) -> None:
    data = bytes(97 + place % 26 for place in range(size))
    source = Source(io.BytesIO(data), Limits())
    assert source.head == data[:HEAD_BYTES]
    assert read_whole(source) == data
    assert (source.encoding, source.damaged) == (None, None)


@pytest.mark.parametrize("text", ["<a>Чай</a>", "id,title\n1,Чай\n", '{"id": "1"}', "[{}]"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_turned_into_utf_8_with_and_without_a_mark(text: str, encoding: str) -> None:
    source = Source(io.BytesIO(text.encode(encoding)), Limits())
    assert source.encoding == "utf-8"
    assert read_whole(source).removeprefix(b"\xef\xbb\xbf") == text.encode()
    assert source.head == text.encode()


def test_a_byte_order_mark_of_utf_8_is_passed_over() -> None:
    assert read_whole(Source(io.BytesIO(b"\xef\xbb\xbf<a/>"), Limits())) == b"<a/>"


@pytest.mark.parametrize("start", [b"", b"\0\0\0\0", b"a\0b", b"\xff", b"\xd0\xa7\0\0"])
def test_other_bytes_are_left_as_they_are(start: bytes) -> None:
    assert read_whole(Source(io.BytesIO(start), Limits())) == start


def test_more_bytes_than_allowed_are_refused_while_reading() -> None:
    source = Source(io.BytesIO(b"x" * 200_000), Limits(feed_bytes=150_000))
    with pytest.raises(FeedTooLarge, match="150,000"):
        read_whole(source)


def test_a_plain_feed_has_no_second_file() -> None:
    assert Source(io.BytesIO(b"x"), Limits()).advance() is False
