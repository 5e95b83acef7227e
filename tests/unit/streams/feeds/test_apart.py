"""A feed whose records are read in a process of their own is the feed that is read at once."""

from __future__ import annotations

import errno
import gzip
import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from feeds.problems import FeedError, FeedTooLarge, Limits, ReaderDied
from feeds.read import DEFAULT_LIMITS, read
from streams.feeds.apart import RecordsApart, feed_in
from tests.fuzz.corpus import FEEDS
from tests.unit.feeds.reading import offer, yml

AT = 1_795_341_600_000_000
REAL = sorted(path for path in FEEDS.rglob("*") if path.is_file())
MANY = yml(*(offer(number, f"<name>Tea {number}</name><price>{number}</price>") for number in range(5000)))
"""Far more than a frame."""


class Came(list[object]):
    """What a feed gave in its order, and at last whether it is complete, when it turns, or why it was refused."""

    def __init__(self, stream: BinaryIO, limits: Limits = DEFAULT_LIMITS, *, apart: bool) -> None:
        super().__init__()
        try:
            with feed_in(stream, "main", at=AT, limits=limits, apart_bytes=1 if apart else sys.maxsize) as feed:
                self.append(feed.format)
                self.extend(feed)
                self.extend((feed.complete, feed.turns_at))
        except FeedError as refused:
            self.extend((type(refused), refused.detail))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "feed").open("w+b") as opened:
        yield opened


def written(file: BinaryIO, data: bytes) -> BinaryIO:
    file.write(data)
    file.seek(0)
    return file


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_every_real_feed_is_read_alike(path: Path) -> None:
    with path.open("rb") as stream:
        apart = Came(stream, apart=True)
    with path.open("rb") as stream:
        assert apart == Came(stream, apart=False)


@pytest.mark.parametrize(
    "data",
    [
        MANY,
        MANY[:-3000],
        MANY.replace(b"<name>Tea 4321</name>", b"<name>Tea"),
        MANY.replace(b"Tea 77<", b"Tea & 77<"),
        gzip.compress(MANY, mtime=0),
        gzip.compress(MANY, mtime=0)[:-4000],
    ],
    ids=["whole", "cut off", "broken", "mended", "packed", "damaged"],
)
def test_what_a_feed_has_comes_in_its_order_however_broken_it_is(file: BinaryIO, data: bytes) -> None:
    apart = Came(written(file, data), apart=True)
    assert apart == Came(io.BytesIO(data), apart=False)
    assert len(apart) > 3000


@pytest.mark.parametrize(
    "data",
    [
        b"<html>no feed</html>",
        b"<!DOCTYPE yml_catalog [<!ENTITY a 'b'>]>" + MANY[MANY.index(b"<yml_catalog") :],
        b"\x1f\x8b\x08 nothing that can be unpacked",
    ],
)
def test_a_feed_that_is_refused_is_refused_alike(file: BinaryIO, data: bytes) -> None:
    apart = Came(written(file, data), apart=True)
    assert apart == Came(io.BytesIO(data), apart=False)
    assert isinstance(apart[-2], type)


def test_limits_hold_and_what_came_before_one_was_passed_is_there(file: BinaryIO) -> None:
    limits = Limits(feed_bytes=len(MANY) // 2)
    apart = Came(written(file, MANY), limits, apart=True)
    assert apart == Came(io.BytesIO(MANY), limits, apart=False)
    assert len(apart) > 1000
    assert apart[-2] is FeedTooLarge


def test_what_takes_too_long_is_refused(file: BinaryIO) -> None:
    assert "more than 0 s" in str(Came(written(file, MANY), Limits(seconds=0.0), apart=True)[-1])


def test_reading_begins_where_the_file_stands(file: BinaryIO) -> None:
    before = b"something else\n"
    written(file, before + MANY).read(len(before))
    assert Came(file, apart=True) == Came(io.BytesIO(MANY), apart=False)


def test_what_only_has_a_file_behind_it_is_read_here(file: BinaryIO) -> None:
    with gzip.GzipFile(fileobj=written(file, gzip.compress(MANY))) as unpacked:
        assert Came(unpacked, apart=True) == Came(io.BytesIO(MANY), apart=False)  # type: ignore[arg-type] # it reads


def test_a_reader_that_is_killed_refuses_the_feed(file: BinaryIO) -> None:
    with RecordsApart(written(file, MANY), DEFAULT_LIMITS) as records:
        came = iter(records)
        next(came)
        records._process.send_signal(signal.SIGKILL)
        with pytest.raises(ReaderDied, match=r"SIGKILL; has it had enough memory\?"):
            list(came)


@pytest.mark.parametrize("cut", ["R\\0\\0", "R\\0\\0\\1\\0\\335"], ids=["its head", "its body"])
def test_a_reader_that_dies_in_the_midst_of_a_frame_refuses_the_feed(
    file: BinaryIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nprintf 'B\\0\\0\\0\\3yml{cut}' >/dev/fd/$5\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with RecordsApart(file, DEFAULT_LIMITS) as records, pytest.raises(ReaderDied, match="code 3"):
        list(records)


def test_a_file_that_cannot_be_read_is_the_error_of_the_system(tmp_path: Path) -> None:
    with (tmp_path / "feed").open("wb") as only_written, pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        RecordsApart(only_written, DEFAULT_LIMITS)


def test_a_reader_ends_with_its_block_whatever_is_left_to_read(file: BinaryIO) -> None:
    with RecordsApart(written(file, MANY), DEFAULT_LIMITS) as records:
        next(iter(records))
        assert records._process.poll() is None
    assert records._process.poll() == -signal.SIGKILL


def test_a_reader_that_nobody_listens_to_ends_in_silence(file: BinaryIO, capfd: pytest.CaptureFixture[str]) -> None:
    with RecordsApart(written(file, MANY), DEFAULT_LIMITS) as records:
        records._frames.close()
        assert records._process.wait(60) == 0
    assert capfd.readouterr() == ("", "")


def test_nothing_of_the_folder_it_is_called_in_is_run(
    file: BinaryIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("schemas.py", "random.py", "msgspec.py"):
        (tmp_path / name).write_text("raise SystemExit('run')")
    monkeypatch.chdir(tmp_path)
    assert Came(written(file, MANY), apart=True) == Came(io.BytesIO(MANY), apart=False)


def test_no_descriptor_is_left_open(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened() -> int:
        return len(os.listdir("/dev/fd"))

    before = opened()
    assert Came(written(file, MANY), apart=True)
    assert opened() == before
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        RecordsApart(file, DEFAULT_LIMITS)
    assert opened() == before


def test_small_feeds_and_pipes_are_read_here(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.feeds.apart.RecordsApart", None)
    with feed_in(written(file, MANY), "main", at=AT) as feed:
        assert sum(1 for _ in feed) == 5000
    reading, writing = os.pipe()
    os.write(writing, MANY[:1000])
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe, feed_in(pipe, "main", at=AT, apart_bytes=1) as feed:
        assert list(feed) == list(read(io.BytesIO(MANY[:1000]), at=AT))
