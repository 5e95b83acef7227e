"""Feeds in gzip and zip: found from the bytes, read as streams, bombs refused, breaks told."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from feeds.packed import unpacked
from feeds.problems import BadArchive, FeedError, FeedTooLarge, Limits, TooCompressed, UnknownFormat
from tests.unit.feeds.reading import gzipped, offer, read_all, yml

FEED = yml(*(offer(number, f"<name>Tea {number * 7919}</name>") for number in range(3000)))
IDS = [str(number) for number in range(3000)]


class Pipe(io.RawIOBase):
    """Gives the bytes front to back, a few at a time, as a pipe does."""

    def __init__(self, data: bytes, most: int = 1000) -> None:
        self._data = io.BytesIO(data)
        self._most = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._most) if size >= 0 else self._most)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, seekable: bool = True) -> bytes:
    """A zip as Python writes it; not `seekable` is as a program writes it into a pipe: sizes after the bytes."""
    target = io.BytesIO()

    class Forward(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return target.write(data)  # type: ignore[arg-type]  # what zipfile gives

    with zipfile.ZipFile(target if seekable else Forward(), "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return target.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        gzipped(FEED),
        gzipped(FEED[:5000]) + gzipped(FEED[5000:]),
        gzipped(FEED) + b"\0" * 100,
        zipped(("feed.txt", FEED)),
        zipped(("feed.xml", FEED), method=zipfile.ZIP_STORED),
        zipped(("feed.xml", FEED), seekable=False),
        zipped(("export/", b""), ("__MACOSX/._feed.xml", b"\0\5\x16"), (".DS_Store", b"x" * 99), ("export/feed", FEED)),
        zipped(("readme.txt", b"the feed is beside this\n"), ("feed.xml", FEED), seekable=False),
        zipped(("readme.txt", b""), ("feed.xml", FEED), ("another.xml", yml(offer(99999)))),
        gzipped(FEED.decode().encode("utf-16")),
    ],
)
def test_a_packed_feed_reads_as_the_feed_also_from_a_pipe(packed: bytes) -> None:
    for most in (1, 1000, 10**6):
        if most == 1 and len(packed) > 20_000:
            continue
        done = read_all(Pipe(packed, most))
        assert done.feed.format == "yml"
        assert done.ids == IDS
        assert (done.rejected, done.feed.complete) == ([], True)


def test_a_zip64_header_tells_the_size_of_a_stored_file() -> None:
    name, data = b"feed.xml", FEED
    extra = struct.pack("<2H2Q", 1, 16, len(data), len(data))
    sizes = (zlib.crc32(data), 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    header = b"PK\x03\x04" + struct.pack("<5H3L2H", 45, 0, 0, 0, 0, *sizes)
    assert read_all(header + name + extra + data + b"PK\x01\x02").ids == IDS


@pytest.mark.parametrize("packed", [gzipped(FEED), zipped(("feed.xml", FEED))])
def test_a_packed_feed_that_breaks_off_keeps_what_came_out_and_nothing_is_taken_for_vanished(packed: bytes) -> None:
    done = read_all(packed[: len(packed) // 2])
    assert 0 < len(done.ids) < 3000
    assert done.ids == IDS[: len(done.ids)]
    assert [reason for _, reason in done.reasons] == ["cut-off", "damaged-archive"]
    assert "breaks off" in done.rejected[-1].detail
    assert not done.feed.complete


def test_a_table_cut_between_its_rows_is_known_to_be_cut_by_its_packing() -> None:
    table = b"id,title,link\n" + b"".join(b"%d,Tea %d,https://x.example/\n" % (n, n * 7919) for n in range(5000))
    packed = gzipped(table)
    done = read_all(packed[: len(packed) - 4])
    assert (len(done.products), [reason for _, reason in done.reasons]) == (5000, ["damaged-archive"])
    assert not done.feed.complete


@pytest.mark.parametrize(
    "packed",
    [
        gzipped(FEED)[:-8] + bytes(8),
        zipped(("feed.xml", FEED)).replace(struct.pack("<L", zlib.crc32(FEED)), bytes(4), 1),
        zipped(("feed.xml", FEED), seekable=False).replace(struct.pack("<L", zlib.crc32(FEED)), bytes(4), 1),
    ],
)
def test_a_wrong_check_sum_is_reported_and_the_feed_is_not_complete(packed: bytes) -> None:
    done = read_all(packed)
    assert done.reasons[-1] == (None, "damaged-archive")
    assert not done.feed.complete


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (b"\x1f\x8b\x08", "breaks off"),
        (b"\x1f\x8b\x08" + b"\xff" * 50, "gzip"),
        (b"PK\x03\x04", "breaks off"),
        (zipped(), "no file"),
        (zipped(("folder/", b"")), "no file"),
        (zipped(("feed.xml", FEED), method=zipfile.ZIP_LZMA), "method 14"),
        (b"PK\x03\x04" + struct.pack("<5H3L2H", 20, 1, 8, 0, 0, 0, 9, 9, 1, 0) + b"f" + bytes(9), "without a password"),
        (b"PK\x03\x04" + struct.pack("<5H3L2H", 20, 8, 0, 0, 0, 0, 0, 0, 1, 0) + b"f" + bytes(9), "how long"),
        (b"PK\x03\x04" + struct.pack("<5H3L2H", 20, 0, 0, 0, 0, 0, 0xFFFFFFFF, 9, 1, 0) + b"f", "4 GB"),
    ],
)
def test_an_archive_of_which_nothing_can_be_read_is_refused(packed: bytes, said: str) -> None:
    with pytest.raises(BadArchive, match=said):
        read_all(packed)


def test_a_zip_in_which_no_file_is_a_feed_is_refused_for_that() -> None:
    with pytest.raises(UnknownFormat):
        read_all(zipped(("a.txt", b"hello"), ("b.txt", b"world")))


@pytest.mark.parametrize("pack", [gzipped, lambda data: zipped(("feed.xml", data))])
def test_bombs_are_refused_by_what_they_unpack_to_and_by_how_tightly_they_are_packed(pack: object) -> None:
    assert callable(pack)
    bomb = pack(yml(offer(1)) + b" " * 40_000_000)
    with pytest.raises(TooCompressed, match="200 times"):
        read_all(bomb, Limits(record_bytes=10**8))
    with pytest.raises(FeedTooLarge, match="1,000,000 bytes once unpacked"):
        read_all(bomb, Limits(feed_bytes=1_000_000))
    with pytest.raises(FeedTooLarge):
        read_all(pack(b"x") + bomb, Limits(feed_bytes=1000))


def test_a_bomb_is_unpacked_a_piece_at_a_time() -> None:
    packed = unpacked(io.BytesIO(gzipped(bytes(20_000_000))), Limits())
    with pytest.raises(TooCompressed):
        while data := packed.read(1000):
            assert len(data) <= 1000


def test_a_gzip_of_empty_members_without_end_ends() -> None:
    empty = gzipped(b"")
    with pytest.raises(FeedError):
        read_all(Pipe(empty * 2000), Limits(feed_bytes=len(empty) * 1000))


def test_a_feed_packed_by_gzip_itself_as_files_lie_on_disks_is_found_from_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"  # a name that says something else
    with gzip.open(path, "wb") as file:
        file.write(FEED)
    with path.open("rb") as stream:
        assert read_all(stream).ids == IDS
