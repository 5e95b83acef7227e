"""A large feed, its records read in a process of their own while this one judges and sorts those before.

Reading is about as much work as all that follows, so a feed takes half as long on two cores
(`python -m bench feed`). The other process runs this module: the feed is its standard input, its standard output gives
frames of a kind, a length and a body, all of them in the feed's order. What is read is the same either way, and so are
the errors: only `ReaderDied` is this module's own.
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

_ROOT: Final = Path(__file__).resolve().parents[2]
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
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, msgspec.json.encode(limits).decode()],
            stdin=stream.fileno(), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # who interrupts this process doesn't mean that one: this one ends it
        )  # fmt: skip
        assert self._process.stdout is not None  # it is a pipe
        self._frames = self._process.stdout
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
            code = self._process.wait()
            how = f"killed by {signal.Signals(-code).name}; has it had enough memory?" if code < 0 else f"code {code}"
            raise ReaderDied(f"the process that read the feed ended ({how})")
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


def _send(kind: bytes, body: bytes) -> None:
    sys.stdout.buffer.write(b"".join((kind, len(body).to_bytes(4, "big"), body)))
    sys.stdout.buffer.flush()


def _read_apart(limits: Limits) -> None:
    records = ParsedRecords(sys.stdin.buffer, limits, time.monotonic)
    _send(_BEGUN, records.format.encode())
    waiting: list[bytes] = []
    size = 0
    try:
        for record in records:
            one = encoded(record)
            waiting.append(one)
            size += len(one)
            if size >= FRAME_BYTES:
                _send(_RECORDS, body_of(waiting))
                waiting = []
                size = 0
    finally:  # what was read before an error is before it
        if waiting:
            _send(_RECORDS, body_of(waiting))
    _send(_ENDED, msgspec.msgpack.encode(_Ended(damaged=records.damaged)))


def main() -> None:
    """Read the feed on standard input; argument: the limits as JSON."""
    try:
        try:
            _read_apart(msgspec.json.decode(sys.argv[1], type=Limits))
        except FeedError as error:
            _send(_ENDED, msgspec.msgpack.encode(_Ended(reason=error.reason, detail=error.detail)))
        except BrokenPipeError:
            raise
        except OSError as error:
            _send(_ENDED, msgspec.msgpack.encode(_Ended(errno=error.errno or 0, detail=error.strerror or str(error))))
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more; the interpreter would complain of what it can't write


if __name__ == "__main__":
    main()
