"""The bytes of a feed as the formats read them: unpacked, counted, never UTF-16, with a head to know the format by.

UTF-16 is turned into UTF-8 here, so that everything after may look for `<` and `&` among the bytes: in all the other
encodings that feeds declare (UTF-8, windows-125x, KOI8, ISO 8859, GBK, Shift-JIS) those bytes stand for themselves.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import BinaryIO, Final

from feeds.packed import unpacked
from feeds.problems import Limits, TooSlow

Clock = Callable[[], float]
"""Seconds that never go back, from the shell: this reads none itself."""

HEAD_BYTES: Final = 64 * 1024
_MARKED: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Source:
    """`head` is the beginning (up to 64 KB), `read` gives everything from the beginning, head included.

    `encoding` is the encoding to use against what the document declares; None: what it declares. `damaged` says, once
    all was read, that a packed feed breaks off or has the wrong check sum. Raises FeedError (FeedTooLarge once the
    limit is passed, BadArchive, TooCompressed, TooSlow where there is a clock).
    """

    def __init__(self, stream: BinaryIO, limits: Limits, clock: Clock | None = None) -> None:
        self._packed = unpacked(stream, limits)
        self._limits = limits
        self._clock = clock
        self._began = 0.0 if clock is None else clock()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._ended = False
        self._pending = b""
        self.encoding: str | None = None
        self.head = b""
        self._begin()

    @property
    def damaged(self) -> str | None:
        return self._packed.damaged

    def advance(self) -> bool:
        """Begin again with the next file of an archive; False when there is none."""
        if not self._packed.advance():
            return False
        self._begin()
        return True

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; b"" at the end."""
        if self._clock is not None and self._clock() - self._began > self._limits.seconds:
            raise TooSlow(f"reading the feed took more than {self._limits.seconds:g} s")
        if self._pending:
            given, self._pending = self._pending, b""
            return given
        while not self._ended:
            given = self._decoded(self._raw(size))
            if given:
                return given
        return b""

    def _begin(self) -> None:
        self._decoder = None
        self._ended = False
        self.encoding = None
        start = b""
        while len(start) < 4 and not self._ended:
            start += self._raw(4 - len(start))
        codec = _utf_16(start)
        if codec is not None:
            self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
            self.encoding = "utf-8"
        head = self._decoded(start)
        while len(head) < HEAD_BYTES and not self._ended:
            head += self._decoded(self._raw(HEAD_BYTES - len(head)))
        self.head = head.removeprefix(codecs.BOM_UTF8)
        if len(self.head) < len(head):  # the mark wins over what the document says of itself
            self.encoding = "utf-8"
        self._pending = self.head

    def _raw(self, size: int) -> bytes:
        data = self._packed.read(size)
        if not data:
            self._ended = True
        return data

    def _decoded(self, data: bytes) -> bytes:
        if self._decoder is None:
            return data
        return self._decoder.decode(data, final=self._ended).encode()


def _utf_16(start: bytes) -> str | None:
    """By its mark, or because every second byte of the first four is 0 (`<`, a letter of ASCII, `{`)."""
    if len(start) >= 2 and start[:2] in _MARKED:
        return _MARKED[start[:2]]
    if len(start) < 4:
        return None
    zeros = [byte == 0 for byte in start]
    if zeros == [False, True, False, True]:
        return "utf-16-le"
    if zeros == [True, False, True, False]:
        return "utf-16-be"
    return None
