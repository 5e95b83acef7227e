"""Rows on the local disk, in RocksDB: for more customers than memory holds.

A `RocksFolder` is one worker's; each of its stores is a database of its own that begins empty and is deleted when it is
closed. Nothing is logged ahead and nothing synced: after a crash the rows come from the changelog.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from streams.rows.interface import Loaded

CACHE_BYTES: Final = 256 << 20
"""Of blocks read, over all partitions of a worker."""

WRITE_BUFFER_BYTES: Final = 16 << 20
"""Of a partition, before it is written to a file; two of them at most."""

PAGE_KEYS: Final = 1000
"""Read at once when all keys are asked for."""

_SLOTS: Final = 64


class NoRocks(Exception):
    """RocksDB can't be used here; the message says why, for people."""


class RocksFolder:
    """The first part of a folder that no other process holds, so that several workers may share it. Raises NoRocks."""

    def __init__(self, folder: Path) -> None:
        try:
            import rocksdict
        except ImportError as error:
            raise NoRocks("REWAKE_ROWS=rocksdb needs rocksdict: pip install 'rewake[rocksdb]'") from error
        self._rocks: Any = rocksdict
        self._cache = rocksdict.Cache(CACHE_BYTES)
        self._numbers = itertools.count()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder, self._lock = _claim(folder)
            for former in self.folder.glob("rows-*"):  # of a worker that was killed
                shutil.rmtree(former)
        except OSError as error:
            raise NoRocks(f"no rows in {folder}: {error}") from error

    def store(self) -> RocksRows:
        """A new, empty one."""
        return RocksRows(self._rocks, self.folder / f"rows-{next(self._numbers)}", self._cache)

    def close(self) -> None:
        """Others may have it. To be called when all its stores are closed."""
        os.close(self._lock)


def _claim(folder: Path) -> tuple[Path, int]:
    for slot in range(_SLOTS):
        mine = folder / f"worker-{slot}"
        mine.mkdir(exist_ok=True)
        lock = os.open(mine / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return mine, lock
    raise NoRocks(f"all {_SLOTS} parts of {folder} are in use")


class RocksRows:
    """See `RowStore`."""

    def __init__(self, rocks: Any, path: Path, cache: Any) -> None:
        options = rocks.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(WRITE_BUFFER_BYTES)
        options.set_max_write_buffer_number(2)
        options.set_keep_log_file_num(1)
        blocks = rocks.BlockBasedOptions()
        blocks.set_block_cache(cache)
        blocks.set_bloom_filter(10, False)
        options.set_block_based_table_factory(blocks)
        self._rocks = rocks
        self._path = path
        self._db: Any = rocks.Rdict(str(path), options)
        unlogged = rocks.WriteOptions()
        unlogged.disable_wal = True
        self._db.set_write_options(unlogged)
        self._unlogged = unlogged
        self._count: int | None = 0

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(1 for _ in self._db.keys())  # noqa: SIM118  # no dict: iterating it is not defined
        return self._count

    def about(self) -> int:
        if self._count is not None:
            return self._count
        return int(self._db.property_int_value("rocksdb.estimate-num-keys") or 0)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.encode() in self._db

    def get(self, key: str, /) -> bytes | None:
        value: bytes | None = self._db.get(key.encode())
        return value

    def update(self, rows: Iterable[tuple[str, bytes]], /) -> None:
        db, batch, new = self._db, self._rocks.WriteBatch(raw_mode=True), set()
        for key, value in rows:
            encoded = key.encode()
            if encoded not in db:  # it was asked for or written just before: from memory
                new.add(encoded)
            batch.put(encoded, value)
        db.write(batch, self._unlogged)
        if self._count is not None:
            self._count += len(new)

    def load(self, rows: Iterable[Loaded]) -> None:
        batch = self._rocks.WriteBatch(raw_mode=True)
        for key, value in rows:
            if value is None:
                batch.delete(key.encode())
            else:
                batch.put(key.encode(), value)
        self._db.write(batch, self._unlogged)
        self._count = None  # of what came twice: whoever wants to know counts

    def heads(self, length: int) -> Iterator[tuple[str, bytes]]:
        count = 0
        for key, value in self._db.items():
            count += 1
            yield key.decode(), value[:length]
        self._count = count

    def keys(self) -> Iterator[str]:
        # By pages: an iterator holds on to the files that there were when it began, and may be asked for minutes.
        after: bytes | None = None
        while True:
            found = list(itertools.islice(self._db.keys(from_key=after), PAGE_KEYS + 1))
            if after is not None and found and found[0] == after:
                del found[0]
            if not found:
                return
            for key in found:
                yield key.decode()
            after = found[-1]

    def close(self) -> None:
        with contextlib.suppress(Exception):  # closed twice, or the disk is gone: there is nothing to save
            self._db.close()
        self._count = 0
        shutil.rmtree(self._path, ignore_errors=True)
