"""The bytes of a feed as the formats read them: with a head to recognise the format by, counted, never UTF-16.

UTF-16 is turned into UTF-8 here, so that everything after may look for `<` and `&` among the bytes: in all the other
encodings that feeds declare (UTF-8, windows-125x, KOI8, ISO 8859, GBK, Shift-JIS) those bytes stand for themselves.
"""

from __future__ import annotations

import codecs
from typing import BinaryIO, Final

from feeds.problems import FeedTooLarge, Limits

HEAD_BYTES: Final = 64 * 1024
_UTF_16: Final = {
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


class Source:
    """`head` is the beginning (up to 64 KB), `read` gives everything from the beginning, head included.

    `encoding` is the encoding to use against what the document declares; None: what it declares.
    Raises FeedTooLarge once the limit is passed.
    """

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._stream = stream
        self._left = limits.feed_bytes
        self._limit = limits.feed_bytes
        self._decoder: codecs.IncrementalDecoder | None = None
        self.encoding: str | None = None
        self._ended = False
        start = self._raw(4)
        codec = _UTF_16.get(start[:2])
        if codec is not None:
            self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
            self.encoding = "utf-8"
        head = self._decoded(start)
        while len(head) < HEAD_BYTES and not self._ended:
            head += self._decoded(self._raw(HEAD_BYTES))
        self.head = head.removeprefix(codecs.BOM_UTF8)
        self._pending = self.head

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; b"" at the end."""
        if self._pending:
            given, self._pending = self._pending, b""
            return given
        while not self._ended:
            given = self._decoded(self._raw(size))
            if given:
                return given
        return b""

    def _raw(self, size: int) -> bytes:
        data = self._stream.read(size)
        if not data:
            self._ended = True
        self._left -= len(data)
        if self._left < 0:
            raise FeedTooLarge(f"the feed has more than {self._limit:,} bytes")
        return data

    def _decoded(self, data: bytes) -> bytes:
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final=self._ended).encode()
