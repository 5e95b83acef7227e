"""A compressed download, unpacked a bounded piece at a time: a bomb of a thousand to one is never in memory whole, and
not much of it on the disk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from feeds.packed import HARMLESS
from feeds.problems import Limits, TooCompressed

PIECE: Final = 1024 * 1024
"""Bytes of the pieces that come out, at most."""

CODINGS: Final = frozenset(("", "identity", "gzip", "x-gzip"))
"""Values of `Content-Encoding` that `Inflating` knows."""

_GZIP: Final = 16 + zlib.MAX_WBITS


class NotGzip(ValueError):
    """What arrived is no gzip stream, or ends in the midst of one."""


class Inflating:
    """`take` what arrives, in order, then `end`. `ratio`: how many times its size it may unpack to."""

    def __init__(self, coding: str, ratio: int = Limits().ratio) -> None:
        self._plain = coding in ("", "identity")
        self._decoder = zlib.decompressobj(_GZIP)
        self._begun = False
        self._ratio = ratio
        self._arrived = 0
        self._out = 0

    def take(self, data: bytes) -> Iterator[bytes]:
        """What it unpacks to. NotGzip, TooCompressed."""
        if self._plain:
            yield data
            return
        self._arrived += len(data)
        while data:
            if self._decoder.eof:  # gzip streams may follow one another
                self._decoder = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._decoder.decompress(data, PIECE)
            except zlib.error as error:
                raise NotGzip(str(error)) from None
            data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
            self._out += len(piece)
            if self._out > HARMLESS and self._out > self._ratio * self._arrived:
                raise TooCompressed(f"the gzip unpacks to more than {self._ratio} times its size; no feed does")
            if piece:
                yield piece

    def end(self) -> None:
        """NotGzip when the stream is not over."""
        if not self._plain and self._begun and not self._decoder.eof:
            raise NotGzip("the compressed stream ends in its midst")
