"""A web server on this machine that serves a feed in all the ways that servers do."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FEED = b"<yml_catalog/>" * 1000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.reached.set()
        zipped = gzip.compress(FEED)
        match self.path:
            case "/feed.xml":
                self.answer(200, self.server.feed)
            case "/versioned":
                self.versioned()
            case "/gzip":
                self.answer(200, zipped, {"Content-Encoding": "gzip"})
            case "/two-gzips":
                self.answer(200, gzip.compress(FEED[:100]) + gzip.compress(FEED[100:]), {"Content-Encoding": "gzip"})
            case "/half-a-gzip":
                self.answer(200, zipped[: len(zipped) // 2], {"Content-Encoding": "gzip"})
            case "/no-gzip":
                self.answer(200, FEED, {"Content-Encoding": "gzip"})
            case "/brotli":
                self.answer(200, FEED, {"Content-Encoding": "br"})
            case "/bomb":
                self.answer(200, gzip.compress(b"x" * 30_000_000), {"Content-Encoding": "gzip"})
            case "/moved":
                self.answer(302, b"", {"Location": "/feed.xml"})
            case "/loop":
                self.answer(302, b"", {"Location": "/loop"})
            case "/to-file":
                self.answer(302, b"", {"Location": "file:///etc/hostname"})
            case "/to-nowhere":
                self.answer(302, b"", {"Location": "http://127.0.0.1:nonsense/"})
            case "/host":
                self.answer(200, self.headers["Host"].encode())
            case "/who":
                self.answer(200, self.headers.get("Authorization", "nobody").encode())
            case "/short":
                self.cut_off()
            case "/short-at-first":
                if len([path for path, _ in self.server.asked if path == self.path]) < 3:
                    self.cut_off()
                else:
                    self.answer(200, self.server.feed)
            case "/silent":
                self.server.released.wait(20)
                self.close_connection = True
            case "/drips":
                self.drip()
            case "/drips-headers":
                self.drip(b"HTTP/1.1 200 OK\r\n")
            case _:
                self.answer(404, b"no")

    def versioned(self) -> None:
        if self.headers.get("If-None-Match") == self.server.etag:
            self.answer(304, b"")
        else:
            more = {"ETag": self.server.etag, "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
            self.answer(200, self.server.feed, more)

    def cut_off(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def drip(self, begin: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") -> None:
        """Something all the time, and never the whole."""
        self.close_connection = True
        self.wfile.write(begin)
        while not self.server.released.wait(0.02):
            try:
                self.wfile.write(b"x")
            except OSError:
                return

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class Site(ThreadingHTTPServer):
    """`asked` are paths and headers of all requests, `reached` that there was one, `feed` and `etag` what is served;
    answers that hang do so until `released`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.released = threading.Event()
        self.reached = threading.Event()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.feed = FEED
        self.etag = '"one"'

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what is tested."""


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.released.set()
        site.shutdown()
        thread.join()
        site.server_close()
