"""A feed that was held back, kept on the disk with what is wrong with it until it is accepted or another one is sound.

It lies in its shop's folder (that of `feeds.fetching.conditional`), `held` beside `held.json`: the file as it was read,
so that what is accepted is the very feed that was looked at.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, Final

import msgspec

from feeds.guard import Reason

_FILE: Final = "held"
_NOTE: Final = "held.json"


class HeldNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of it: the shop, where it came from, when it was held, its bytes and products, what of it is new,
    changed, vanished and as it was, and why it is held. `synced_at`: when the shop's newest sync was then (RFC 3339,
    as `held_at`; left out: there was none); `accepted_at`: when somebody began to publish it."""

    shop_id: str
    source: str
    held_at: str
    size: int
    products: int
    known: int
    new: int
    changed: int
    vanished: int
    unchanged: int
    reasons: tuple[Reason, ...]
    synced_at: str | None = None
    accepted_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return told


class HeldFeed:
    """Of one shop, in its folder. One process at a time: whoever uses it holds the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / _FILE
        self._note = folder / _NOTE

    def keep(self, feed: BinaryIO, note: HeldNote) -> None:
        """The feed, from its beginning, in the place of what was held before; `feed` must be one that can seek.
        OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._note.unlink(missing_ok=True)  # without its note the file is nothing
        part = self._folder / f"{_FILE}.part"
        feed.seek(0)
        with part.open("wb") as file:
            copyfileobj(feed, file, 1024 * 1024)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file)
        self.note(note)

    def note(self, note: HeldNote) -> None:
        """What is known of it is this now."""
        part = self._folder / f"{_NOTE}.part"
        with part.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._note)

    def known(self) -> HeldNote | None:
        """What is held, None: nothing is. OSError where it can't be read."""
        try:
            note = msgspec.json.decode(self._note.read_bytes(), type=HeldNote)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            return None
        return note if self._file.exists() else None

    def open(self) -> BinaryIO:
        return self._file.open("rb")

    def drop(self) -> None:
        """Nothing is held any more."""
        self._note.unlink(missing_ok=True)
        self._file.unlink(missing_ok=True)
