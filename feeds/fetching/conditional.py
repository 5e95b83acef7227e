"""A shop's last good feed, kept on the disk with what its server named it by, so that it is fetched only when changed.

What arrives is written beside it and takes its place only once it was published: a feed that is refused, or held, or
that the topic could not take is fetched again, and the last good one stays.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import msgspec

from feeds.fetching.fetch import Fetched, Validators

_FILE: Final = "feed"
_NOTE: Final = "feed.json"
_LOCK: Final = "lock"
_INCOMING: Final = "incoming-"
_PRIVATE: Final = 0o700
"""Of the folder: a feed behind a password is nobody else's on this machine."""


class InUse(Exception):
    """Another process is at this shop's feed."""


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of the kept file: where it came from, its bytes and their hash, its server's validators, when it
    was published, and from when on it has other prices though it is the same (microseconds since the epoch; None:
    never).
    """

    source: str
    size: int
    digest: str
    published_at: int
    turns_at: int | None = None
    validators: Validators = Validators()


class KeptFeed:
    """The folder of one shop. `with kept.held() as scratch:` around everything else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.file = folder / _FILE

    @contextmanager
    def held(self) -> Iterator[Path]:
        """Alone in the folder within; gives an empty one on the same disk, for what arrives. InUse, OSError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        with (self._folder / _LOCK).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InUse(f"{self._folder} is in use by another process") from None
            self._tidy()
            with TemporaryDirectory(prefix=_INCOMING, dir=self._folder) as scratch:
                yield Path(scratch)

    def known(self, source: str) -> Note | None:
        """What is known of the kept file, if it came from there and is whole."""
        try:
            note = msgspec.json.decode((self._folder / _NOTE).read_bytes(), type=Note)
            whole = note.source == source and self.file.stat().st_size == note.size
        except (OSError, msgspec.DecodeError):
            return None
        return note if whole else None

    def keep(self, arrived: Path, source: str, fetched: Fetched, *, at: int, turns_at: int | None = None) -> None:
        """What arrived was published: it is the last good feed now."""
        # without a note the file is nothing: a crash in between costs one more fetch
        (self._folder / _NOTE).unlink(missing_ok=True)
        arrived.replace(self.file)
        note = Note(
            source=source,
            size=fetched.size,
            digest=fetched.digest,
            published_at=at,
            turns_at=turns_at,
            validators=fetched.validators,
        )
        self._write(note)

    def again(self, note: Note, *, at: int, turns_at: int | None = None) -> None:
        """The kept file was published once more."""
        self._write(msgspec.structs.replace(note, published_at=at, turns_at=turns_at))

    def forget(self) -> None:
        """Something else of the shop was published: the next look fetches and reads whatever there is."""
        (self._folder / _NOTE).unlink(missing_ok=True)

    def open(self) -> BinaryIO:
        return self.file.open("rb")

    def _write(self, note: Note) -> None:
        part = self._folder / f"{_NOTE}.part"
        with part.open("wb") as file:
            file.write(msgspec.json.encode(note))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / _NOTE)

    def _tidy(self) -> None:
        """What a process left behind that was killed."""
        for left in self._folder.glob(f"{_INCOMING}*"):
            rmtree(left, ignore_errors=True)
