"""Hostile and oversized feeds: each limit has its own error, and the parser reaches for nothing."""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from feeds.problems import (
    EntitiesRefused,
    FeedError,
    FeedTooLarge,
    Limits,
    RecordTooLarge,
    TooMany,
    TooSlow,
    UnknownEncoding,
    UnknownFormat,
)
from feeds.read import read
from tests.unit.feeds.reading import offer, read_all, yml

BOMB = """<?xml version="1.0"?><!DOCTYPE yml_catalog [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""


def test_a_feed_that_declares_entities_is_refused() -> None:
    with pytest.raises(EntitiesRefused, match="entities"):
        read_all(yml(offer(1, "<name>&c;</name>"), declaration=BOMB))


def test_declared_entities_are_refused_also_when_the_prologue_hides_them() -> None:
    hidden = '<!DOCTYPE yml_catalog [<!-- ]><yml_catalog --><!ENTITY a SYSTEM "file:///etc/hostname">]>'
    with pytest.raises(FeedError):
        read_all(yml(offer(1, "<name>&a;</name>"), declaration=hidden))


def test_an_external_dtd_is_tolerated_and_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shops.dtd").write_text('<!ATTLIST offer group_id CDATA "from-the-dtd"><!ENTITY nbsp "leaked">')
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for system in ("shops.dtd", f"http://127.0.0.1:{server.server_port}/shops.dtd"):
            declaration = f'<?xml version="1.0"?><!DOCTYPE yml_catalog SYSTEM "{system}">'
            done = read_all(yml(offer(1, "<name>a&nbsp;b</name>"), declaration=declaration))
            assert done.products[0].name == "a b"
            assert done.products[0].group_id is None
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_a_feed_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(FeedTooLarge, match="1,000 bytes"):
        read_all(yml(*(offer(number) for number in range(100))), Limits(feed_bytes=1000))


def test_a_record_larger_than_the_limit_is_refused() -> None:
    data = yml(offer(1), offer(2, f"<name>{'x' * 400_000}</name>"))
    with pytest.raises(RecordTooLarge, match="after line 2"):
        read_all(data, Limits(record_bytes=100_000))


def test_too_many_products_and_too_many_categories_are_refused() -> None:
    with pytest.raises(TooMany, match="2 products"):
        read_all(yml(offer(1), offer(2), offer(3)), Limits(products=2))
    head = "".join(f'<category id="{number}">C</category>' for number in range(3))
    with pytest.raises(TooMany, match="2 categories"):
        read_all(yml(offer(1), head=head), Limits(categories=2))


def test_a_text_that_is_too_long_is_left_out_and_reported() -> None:
    done = read_all(yml(offer(1, f"<name>{'x' * 2001}</name><vendor>V</vendor>")))
    assert (done.products[0].name, done.products[0].vendor) == (None, "V")
    assert done.repairs == [("1", "text-too-long")]


def test_an_encoding_nobody_knows_is_named() -> None:
    with pytest.raises(UnknownEncoding, match="foo-1"):
        read_all(yml(offer(1), declaration='<?xml version="1.0" encoding="foo-1"?>'))


@pytest.mark.parametrize(
    "data",
    [b"", b"   ", b"id\tname\n1\tx\n", b'{"id": 1}', b"<html></html>", b"<rss><channel/></rss>", b"<feed/>"],
)
def test_bytes_of_no_known_format_are_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        read_all(data)


def test_memory_holds_one_record_at_a_time() -> None:
    """A feed far larger than a chunk is read while only a part of it has been asked for."""

    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            start = yml().partition(b"<offers>")[0] + b"<offers>" if self.given == 0 else b""
            piece = start + "".join(offer(self.given + number) for number in range(1000)).encode()
            self.given += 1000
            return piece

    stream = Endless()
    feed = read(stream)  # type: ignore[arg-type]  # a raw stream is enough
    for _ in range(20_000):
        next(feed)
    assert stream.given < 40_000


def test_a_feed_that_takes_longer_than_it_may_is_refused() -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 10.0
        return now

    offers = yml(*(offer(number) for number in range(50_000)))
    with pytest.raises(TooSlow, match="took more than 15 s"):
        list(read(io.BytesIO(offers), limits=Limits(seconds=15.0), clock=clock))
    assert len(list(read(io.BytesIO(offers), limits=Limits(seconds=1e9), clock=clock))) == 50_000
