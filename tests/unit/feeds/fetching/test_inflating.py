"""A compressed download, unpacked a piece at a time."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.fetching.inflating import PIECE, Inflating, NotGzip
from feeds.packed import HARMLESS
from feeds.problems import TooCompressed


def unpacked(coding: str, data: bytes, chunk: int) -> bytes:
    inflating = Inflating(coding)
    found = [piece for at in range(0, len(data), chunk) for piece in inflating.take(data[at : at + chunk])]
    inflating.end()
    return b"".join(found)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 300))
def test_what_was_packed_comes_out_however_it_arrives(parts: list[bytes], chunk: int) -> None:
    assert unpacked("gzip", b"".join(map(gzip.compress, parts)), chunk) == b"".join(parts)
    assert unpacked("", b"".join(parts), chunk) == b"".join(parts)


@pytest.mark.parametrize("chunk", [1000, 10**6])
def test_what_unpacks_to_more_than_feeds_do_is_refused_from_some_size_on(chunk: int) -> None:
    bomb = gzip.compress(bytes(HARMLESS + 2 * PIECE))
    inflating = Inflating("gzip")
    taken = 0
    with pytest.raises(TooCompressed, match="the gzip unpacks to more than 200 times its size"):
        for at in range(0, len(bomb), chunk):
            taken += sum(map(len, inflating.take(bomb[at : at + chunk])))
    assert taken <= HARMLESS
    assert len(unpacked("gzip", gzip.compress(bytes(HARMLESS)), chunk)) == HARMLESS


def test_how_tightly_it_may_be_packed_is_a_limit() -> None:
    text = b"".join(b"<offer id='%07d'/>" % number for number in range(HARMLESS // 16))
    packed = gzip.compress(text)
    assert b"".join(Inflating("gzip").take(packed)) == text
    with pytest.raises(TooCompressed):
        list(Inflating("gzip", ratio=2).take(packed))


def test_a_bomb_comes_out_in_pieces() -> None:
    inflating = Inflating("x-gzip")
    pieces = [len(piece) for piece in inflating.take(gzip.compress(bytes(10 * PIECE)))]
    assert sum(pieces) == 10 * PIECE and max(pieces) <= PIECE


@given(st.data())
def test_a_stream_that_ends_in_its_midst_is_told_from_a_whole_one(data: st.DataObject) -> None:
    packed = gzip.compress(b"sencha " * 50)
    cut = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(NotGzip):
        unpacked("gzip", packed[:cut], 7)


def test_what_is_no_gzip_is_told() -> None:
    with pytest.raises(NotGzip):
        unpacked("gzip", b"<yml_catalog/>", 100)


def test_an_empty_answer_is_empty() -> None:
    assert unpacked("gzip", b"", 10) == b""
