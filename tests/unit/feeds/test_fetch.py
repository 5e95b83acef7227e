"""The fetcher against a real HTTP server on this machine."""

from __future__ import annotations

import gzip
import io
import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from feeds.fetch import FetchError, FetchLimits, fetch, is_public

FEED = b"<yml_catalog/>" * 1000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/feed.xml":
            self.answer(200, FEED)
        elif self.path == "/gzip":
            self.answer(200, gzip.compress(FEED), {"Content-Encoding": "gzip"})
        elif self.path == "/bomb":
            self.answer(200, gzip.compress(b"x" * 3_000_000), {"Content-Encoding": "gzip"})
        elif self.path == "/moved":
            self.answer(302, b"", {"Location": "/feed.xml"})
        elif self.path == "/loop":
            self.answer(302, b"", {"Location": "/loop"})
        elif self.path == "/to-file":
            self.answer(302, b"", {"Location": "file:///etc/hostname"})
        elif self.path == "/to-metadata":
            self.answer(302, b"", {"Location": "http://169.254.169.254/latest"})
        elif self.path == "/host":
            self.answer(200, self.headers["Host"].encode())
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif self.path == "/silent":
            self.server.released.wait(20)  # type: ignore[attr-defined]  # set by the fixture
            self.close_connection = True
        else:
            self.answer(404, b"no")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Answers that hang do so until `released`."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.released = threading.Event()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.released.set()
        server.shutdown()
        serving.join()
        server.server_close()


def got(url: str, limits: FetchLimits | None = None) -> bytes:
    to = io.BytesIO()
    size = fetch(url, to, allow_private=True, limits=limits or FetchLimits())
    assert size == len(to.getvalue())
    return to.getvalue()


def refusal(url: str, limits: FetchLimits | None = None, *, allow_private: bool = True) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(url, io.BytesIO(), allow_private=allow_private, limits=limits or FetchLimits())
    return caught.value.reason


@pytest.mark.parametrize("path", ["/feed.xml", "/gzip", "/moved"])
def test_a_feed_is_fetched_whole_unpacked_and_through_redirects(site: str, path: str) -> None:
    assert got(site + path) == FEED


def test_the_server_is_asked_by_its_name_not_by_its_address(site: str) -> None:
    port = site.rpartition(":")[2]
    assert got(f"http://localhost:{port}/host") == f"localhost:{port}".encode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433"])
def test_addresses_inside_the_house_are_refused_unless_allowed(site: str, host: str) -> None:
    port = site.rpartition(":")[2]
    assert refusal(f"http://{host}:{port}/feed.xml", allow_private=False) in ("private-address", "unknown-host")


def test_a_redirect_is_judged_like_the_first_address(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # the test server stands for a public one, everything else is judged as ever
    monkeypatch.setattr("feeds.fetch.is_public", lambda address: str(address) == "127.0.0.1" or is_public(address))
    assert refusal(site + "/to-metadata", allow_private=False) == "private-address"
    to = io.BytesIO()
    assert fetch(site + "/moved", to) == len(FEED)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nothing", "http-status"),
        ("/loop", "too-many-redirects"),
        ("/to-file", "bad-url"),
        ("/short", "broken-off"),
    ],
)
def test_what_can_not_be_fetched_has_its_own_reason(site: str, path: str, reason: str) -> None:
    assert refusal(site + path) == reason


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://x.example/", "feed.xml", "http://", ""])
def test_only_http_and_https_addresses_are_fetched(url: str) -> None:
    assert refusal(url) == "bad-url"


@pytest.mark.parametrize("path", ["/feed.xml", "/bomb"])
def test_the_size_after_unpacking_is_limited(site: str, path: str) -> None:
    assert refusal(site + path, FetchLimits(size=10_000)) == "too-large"


def test_a_silent_server_is_given_up(site: str) -> None:
    assert refusal(site + "/silent", FetchLimits(wait=0.2)) == "timeout"


def test_the_whole_may_take_so_long(site: str) -> None:
    assert refusal(site + "/feed.xml", FetchLimits(seconds=0)) == "timeout"


def test_nobody_listening_is_unreachable() -> None:
    assert refusal("http://127.0.0.1:1/feed.xml") == "unreachable"


def test_a_host_that_does_not_exist_is_named() -> None:
    assert refusal("http://nowhere.invalid/feed.xml") == "unknown-host"
