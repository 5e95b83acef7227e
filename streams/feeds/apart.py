"""A large feed, its records read in a process of their own while this one judges and sorts those before.

Reading is more work than all that follows, so a feed takes two thirds of the time on two cores
(`python -m bench feed`). The other process runs `main`: the feed is its standard input, and into a pipe of its own it
writes frames of a kind, a length and a body, all of them in the feed's order. What is read is the same either way, and
so are the errors: only `ReaderDied` is this module's own.
"""

from __future__ import annotations

import fcntl
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec

from feeds import problems
from feeds.problems import FeedError, Limits, ReaderDied
from feeds.read import DEFAULT_LIMITS, Feed
from feeds.records import ParsedRecords, Record

APART_BYTES: Final = 8 * 1024**2
"""A smaller file is read before the other process has begun."""

FRAME_BYTES: Final = 32 * 1024
_PIPE_BYTES: Final = 256 * 1024
"""So much may be read ahead: several frames, for the two to be seldom at each other's pace."""

_ROOT: Final = str(Path(__file__).resolve().parents[2])
_PROGRAM: Final = f"import sys; sys.path.append(sys.argv[1]); import {__name__} as apart; apart.main(*sys.argv[2:])"
"""The folder it is called in is none of its sources (-P), and this module's own comes behind all others."""

_BEGUN, _RECORDS, _ENDED = b"B", b"R", b"E"


class _Ended(msgspec.Struct, omit_defaults=True):
    """How reading ended: `damaged` as `feeds.records` has it, a FeedError by its reason, or an OSError."""

    damaged: str | None = None
    reason: str | None = None
    detail: str = ""
    errno: int | None = None


@contextmanager
def feed_in(
    stream: BinaryIO, shop_id: str, *, at: int, limits: Limits = DEFAULT_LIMITS, apart_bytes: int = APART_BYTES
) -> Iterator[Feed]:
    """The feed in `stream`, as `feeds.read.read` gives it. A file of `apart_bytes` and more is read apart where there
    are two cores: it is read from where it stands, and stands anywhere afterwards.

    FeedError when it is refused, here or in the midst of reading.
    """
    if (os.cpu_count() or 1) > 1 and _bytes_left(stream) >= apart_bytes:
        with RecordsApart(stream, limits) as records:
            yield Feed(records, shop_id, at, limits)
    else:
        yield Feed(ParsedRecords(stream, limits, time.monotonic), shop_id, at, limits)


def _bytes_left(stream: BinaryIO) -> int:
    """Of a file of the system, not of what merely has one behind it; 0 for everything else."""
    raw = stream.raw if isinstance(stream, io.BufferedReader | io.BufferedRandom) else stream
    return os.fstat(raw.fileno()).st_size - stream.tell() if isinstance(raw, io.FileIO) and raw.seekable() else 0


class RecordsApart:
    """`feeds.records.Records` of a file, read in a process of its own, which ends with the `with` block at the latest.

    FeedError when the format is unknown, or nothing can be unpacked.
    """

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self.format = ""
        self._damaged: str | None = None
        os.lseek(stream.fileno(), stream.tell(), os.SEEK_SET)  # what this process has read ahead, that one must read
        ours, theirs = os.pipe()
        self._frames = os.fdopen(ours, "rb")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, _ROOT, str(theirs), msgspec.json.encode(limits).decode()],
                stdin=stream.fileno(), stdout=subprocess.DEVNULL, pass_fds=(theirs,),
                start_new_session=True,  # who interrupts this process doesn't mean that one: this one ends it
            )  # fmt: skip
        except BaseException:
            self._frames.close()
            raise
        finally:
            os.close(theirs)
        with suppress(OSError, AttributeError):  # where a pipe has one size only, that does
            fcntl.fcntl(self._frames, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        try:
            self.format = self._frame(_BEGUN).decode()
        except BaseException:
            self.close()
            raise

    @property
    def damaged(self) -> str | None:
        return self._damaged

    def __iter__(self) -> Iterator[Record]:
        while body := self._frame(_RECORDS):
            yield from records_in(body)

    def _frame(self, kind: bytes) -> bytes:
        """The body of the next frame; b"" after the last. What ended the reading is raised."""
        head = self._frames.read(5)
        size = int.from_bytes(head[1:], "big")
        body = self._frames.read(size)
        is_whole = len(head) == 5 and len(body) == size  # who dies may do so in the midst of a frame
        if is_whole and head[:1] == kind:
            return body
        if not is_whole or head[:1] != _ENDED:
            if is_whole:  # of another kind than can be
                self._process.kill()
            raise ReaderDied(f"the process that read the feed ended ({_how(self._process.wait())})")
        ended = msgspec.msgpack.decode(body, type=_Ended)
        if ended.errno is not None:
            raise OSError(ended.errno, ended.detail)
        if ended.reason is not None:
            raise _ERRORS[ended.reason](ended.detail)
        self._damaged = ended.damaged
        return b""

    def close(self) -> None:
        """End the process. Twice is no error."""
        self._process.kill()
        self._process.wait()
        self._frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _how(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    name = signal.Signals(-code).name
    return f"killed by {name}{'; has it had enough memory?' if -code == signal.SIGKILL else ''}"


_ERRORS: Final = {
    error.reason: error
    for error in vars(problems).values()
    if isinstance(error, type) and issubclass(error, FeedError)
}


encoded: Final = msgspec.msgpack.Encoder().encode
"""A record as bodies of frames have it."""

records_in: Final = msgspec.msgpack.Decoder(list[Record]).decode
"""The records of a frame's body."""


def body_of(records: list[bytes]) -> bytes:
    """The body of a frame of these encoded records: MessagePack's `array 32` of them."""
    return b"".join((b"\xdd", len(records).to_bytes(4, "big"), *records))


def main(descriptor: str, limits: str) -> None:
    """Read the feed on standard input, write its frames to the descriptor; the limits are JSON."""
    with open(int(descriptor), "wb") as frames:
        try:
            _write(frames, msgspec.json.decode(limits, type=Limits))
        except BrokenPipeError:
            os._exit(0)  # nobody listens any more; the interpreter would complain of what it can't write


def _write(frames: BinaryIO, limits: Limits) -> None:
    try:
        ended = _Ended(damaged=_write_records(frames, limits))
    except FeedError as error:
        ended = _Ended(reason=error.reason, detail=error.detail)
    except BrokenPipeError:
        raise
    except OSError as error:
        ended = _Ended(errno=error.errno or 0, detail=error.strerror or str(error))
    _send(frames, _ENDED, msgspec.msgpack.encode(ended))


def _write_records(frames: BinaryIO, limits: Limits) -> str | None:
    """Why the archive is damaged, where it is."""
    records = ParsedRecords(sys.stdin.buffer, limits, time.monotonic)
    _send(frames, _BEGUN, records.format.encode())
    waiting: list[bytes] = []
    size = 0
    try:
        for record in records:
            one = encoded(record)
            waiting.append(one)
            size += len(one)
            if size >= FRAME_BYTES:
                _send(frames, _RECORDS, body_of(waiting))
                waiting = []
                size = 0
    finally:  # what was read before an error is before it
        if waiting:
            _send(frames, _RECORDS, body_of(waiting))
    return records.damaged


def _send(frames: BinaryIO, kind: bytes, body: bytes) -> None:
    frames.write(b"".join((kind, len(body).to_bytes(4, "big"), body)))
    frames.flush()
