"""The workers' disk: a folder of RocksDB's, made when one of them needs it and removed with all that is in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from streams.rows import RowStore
from streams.rows.rocks import RocksFolder


class Disk:
    def __init__(self) -> None:
        self._folder: Path | None = None
        self._parts: list[RocksFolder] = []

    def stores(self) -> Callable[[], RowStore]:
        """Of one process of a worker. A killed one's part of the folder stays locked: here it has not really ended."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="rewake-simulation-"))
        part = RocksFolder(self._folder)
        self._parts.append(part)
        return part.store

    def remove(self) -> None:
        for part in self._parts:
            part.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
