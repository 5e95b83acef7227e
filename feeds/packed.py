"""Feeds packed with gzip or as a zip, unpacked as a stream.

What a feed is packed with is found from its first bytes. Zip is read front to back by its members' own headers, so that
it may come from a pipe; the directory at its end is not needed. What unpacks to far more than anything a shop would
write (`Limits.ratio`) is refused before it has cost anything.

A packed feed that breaks off, or whose check sum is wrong, is not refused: what came out so far is read, and `damaged`
says what happened.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, Final, Protocol

from feeds.problems import BadArchive, FeedTooLarge, Limits, TooCompressed

_CHUNK: Final = 64 * 1024
HARMLESS: Final = 16 * 1024**2
"""Bytes that may be packed as tightly as they like."""

_LOCAL: Final = b"PK\x03\x04"
_NO_MORE: Final = (b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08")
_DESCRIPTOR: Final = b"PK\x07\x08"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_UNKNOWN_SIZE: Final = 0xFFFFFFFF


class Packed(Protocol):
    """`read` gives the next bytes, at most `size`, b"" at the end; `damaged` then says what is missing, if anything."""

    damaged: str | None

    def read(self, size: int) -> bytes: ...

    def advance(self) -> bool:
        """Go on to the next file of an archive; False when there is none."""
        ...


def unpacked(stream: BinaryIO, limits: Limits) -> Packed:
    """The stream without its packing, which is found from its first bytes.

    Raises BadArchive for an archive of which nothing can be read, then and while reading TooCompressed and
    FeedTooLarge.
    """
    raw = _Raw(stream, limits)
    start = raw.peek(4)
    if start[:2] == b"\x1f\x8b":
        return _Gzip(raw, limits)
    if start == _LOCAL or start == _NO_MORE[1]:
        return _Zip(raw, limits)
    return raw


class _Raw:
    """The stream itself, counted; a little of it may be looked at, or given back."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self.damaged: str | None = None
        self.count = 0
        self._stream = stream
        self._limit = limits.feed_bytes
        self._ahead = b""

    def read(self, size: int) -> bytes:
        if self._ahead:
            given, self._ahead = self._ahead[:size], self._ahead[size:]
            return given
        data = self._stream.read(size) or b""
        self.count += len(data)
        if self.count > self._limit:
            raise FeedTooLarge(f"the feed has more than {self._limit:,} bytes")
        return data

    def advance(self) -> bool:
        return False

    def peek(self, size: int) -> bytes:
        found = self.take(size)
        self.give_back(found)
        return found

    def take(self, size: int) -> bytes:
        """Exactly so many bytes; fewer only at the end."""
        parts = []
        while size > 0 and (data := self.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def give_back(self, data: bytes) -> None:
        self._ahead = data + self._ahead


class _Inflater:
    """One deflated run of bytes. `ended` once its end was read; what follows it was given back to `raw`."""

    def __init__(self, raw: _Raw, window: int, limits: Limits, what: str) -> None:
        self._raw = raw
        self._inflate = zlib.decompressobj(window)
        self._limits = limits
        self._what = what
        self.damaged: str | None = None
        self.ended = False

    def read(self, size: int, out: int) -> bytes:
        """The next bytes, at most `size`; b"" at the end. `out` is what was unpacked of the whole feed before."""
        while not self.ended and self.damaged is None:
            packed = self._inflate.unconsumed_tail or self._raw.read(_CHUNK)
            try:
                data = self._inflate.decompress(packed, size) if packed else self._inflate.flush()
            except zlib.error as error:
                self.damaged = f"the {self._what} is damaged: {str(error).partition(': ')[2] or error}"
                return b""
            if self._inflate.eof:
                self.ended = True
                self._raw.give_back(self._inflate.unused_data)
            elif not packed:
                self.damaged = f"the {self._what} breaks off"
            out += len(data)
            if out > self._limits.feed_bytes:
                raise FeedTooLarge(f"the feed has more than {self._limits.feed_bytes:,} bytes once unpacked")
            if out > HARMLESS and out > self._limits.ratio * self._raw.count:
                raise TooCompressed(
                    f"the {self._what} unpacks to more than {self._limits.ratio} times its size; no feed does"
                )
            if data:
                return data
        return b""


class _Gzip:
    """Gzip, also of several members one after the other; what follows them and is none is left alone, as gzip does."""

    def __init__(self, raw: _Raw, limits: Limits) -> None:
        self.damaged: str | None = None
        self._raw = raw
        self._limits = limits
        self._out = 0
        self._member = self._next()

    def read(self, size: int) -> bytes:
        while True:
            data = self._member.read(size, self._out)
            self._out += len(data)
            if data:
                return data
            self.damaged = self._member.damaged
            if self.damaged is not None or self._raw.peek(2) != b"\x1f\x8b":
                return b""
            self._member = self._next()

    def advance(self) -> bool:
        return False

    def _next(self) -> _Inflater:
        return _Inflater(self._raw, 16 + zlib.MAX_WBITS, self._limits, "gzip")


class _Zip:
    """The files of a zip in the order in which they lie; folders and hidden files (`__MACOSX/`) are passed over."""

    def __init__(self, raw: _Raw, limits: Limits) -> None:
        self.damaged: str | None = None
        self._raw = raw
        self._limits = limits
        self._out = 0
        self._inflater: _Inflater | None = None
        self._left = 0
        self._check = 0
        self._flags = 0
        self._header_check = 0
        self._ended = True
        if not self.advance():
            raise BadArchive(self.damaged or "the zip holds no file")

    def read(self, size: int) -> bytes:
        if self._ended:
            return b""
        if self._inflater is not None:
            data = self._inflater.read(size, self._out)
            self._out += len(data)
        else:
            data = self._raw.read(min(size, self._left))
            self._left -= len(data)
        if data:
            self._check = zlib.crc32(data, self._check)
            return data
        self._ended = True
        self._finish()
        return b""

    def advance(self) -> bool:
        while not self._ended:
            self.read(_CHUNK)
        while self.damaged is None:
            start = self._raw.take(4)
            if start != _LOCAL:
                if start not in _NO_MORE:
                    self.damaged = "the zip breaks off"
                return False
            if self._opened():
                return True
            while not self._ended:
                self.read(_CHUNK)
        return False

    def _opened(self) -> bool:
        """Begin the file whose header follows; False when it is to be passed over."""
        fixed = self._raw.take(26)
        if len(fixed) < 26:
            self.damaged = "the zip breaks off"
            return False
        _, flags, method, _, _, check, packed, size, name_size, extra_size = struct.unpack("<5H3L2H", fixed)
        name = self._raw.take(name_size)
        extra = self._raw.take(extra_size)
        if len(extra) < extra_size:
            self.damaged = "the zip breaks off"
            return False
        if flags & _ENCRYPTED:
            raise BadArchive("the zip is encrypted; pack the feed without a password")
        if method not in (_STORED, _DEFLATED):
            raise BadArchive(f"the zip packs by method {method}; deflate is the one that is read")
        if method == _STORED and flags & _SIZES_FOLLOW and not name.endswith(b"/"):
            raise BadArchive("the zip does not say how long its file is; pack the feed with deflate")
        if _UNKNOWN_SIZE in (packed, size):
            packed = _long_size(extra, size)
        self._flags, self._header_check, self._check = flags, check, 0
        self._inflater = None if method == _STORED else _Inflater(self._raw, -zlib.MAX_WBITS, self._limits, "zip")
        self._left = packed
        self._ended = False
        last = name.rstrip(b"/").rpartition(b"/")[2]
        return not (name.endswith(b"/") or last.startswith(b".") or name.startswith(b"__MACOSX/"))

    def _finish(self) -> None:
        """After a file's last byte: was it whole, and what follows it."""
        if self._inflater is not None:
            self.damaged = self._inflater.damaged
        elif self._left:
            self.damaged = "the zip breaks off"
        check = self._header_check
        if self.damaged is None and self._flags & _SIZES_FOLLOW and self._inflater is not None:
            found = self._raw.take(24)
            body = found.removeprefix(_DESCRIPTOR)
            check = int.from_bytes(body[:4], "little")
            ends = [body.find(mark, 12, 24) for mark in (_LOCAL, *_NO_MORE)]
            end = min([end for end in ends if end >= 0], default=len(body))
            self._raw.give_back(body[end:])
            if len(body) < 12:
                self.damaged = "the zip breaks off"
        if self.damaged is None and check != self._check:
            self.damaged = "the zip is damaged: its check sum is another"


def _long_size(extra: bytes, size: int) -> int:
    """The packed size out of the extra field of zip64."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            skip = 8 if size == _UNKNOWN_SIZE else 0
            return int.from_bytes(extra[at + 4 + skip : at + 12 + skip], "little")
        at += 4 + length
    raise BadArchive("the zip says that a file has 4 GB, and nothing more of it")
