"""One look at a shop's feed: fetched if it changed, synced, and kept as the last good one.

A look never raises: what went wrong is its result, so that one shop's feed never stops another's.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TypeVar

from aiokafka.errors import KafkaError

from feeds.fetching.conditional import InUse, KeptFeed, Note
from feeds.fetching.fetch import OUTSIDE, Fetched, FetchError, FetchLimits, Outside, Validators, fetch, without_password
from feeds.held import HeldFeed, HeldNote
from feeds.problems import FeedError
from schemas.feed_guard import DEFAULT_GUARD, FeedGuard
from schemas.instants import DAY, SECOND
from streams.feeds.sync import Forgetting, Guarded, HeldBack, NothingSound, Outcome, ProductsTopic, sync_feed
from streams.products import ProductsTopicUnusable
from triggers.rules.feeding import Feeding

READ_AGAIN: Final = DAY
"""So long after a feed was published it is read again though it did not change: the topic may have lost something."""

_PIECE: Final = 1024 * 1024

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Look:
    """What became of it. `size`: the bytes that were fetched or copied, None where none were; `held`: why the guard
    held the feed back; `reason` a stable word and `detail` a sentence where it failed; `retries` the failures to fetch
    before it went well."""

    shop_id: str
    what: Literal["published", "unchanged", "held", "failed"]
    size: int | None = None
    outcome: Outcome | None = None
    held: HeldNote | None = None
    reason: str = ""
    detail: str = ""
    retries: int = 0

    @property
    def failed(self) -> bool:
        return self.what == "failed"

    @property
    def troubled(self) -> bool:
        """Whether somebody has to look at it."""
        return self.what in ("failed", "held")

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "shop_id": self.shop_id,
            "what": self.what,
            **({} if self.size is None else {"bytes": self.size}),
            **({} if self.outcome is None else self.outcome.as_dict()),
            **({} if self.held is None else {"held": self.held.as_dict()}),
            **({"reason": self.reason, "detail": self.detail} if self.failed else {}),
            **({"retries": self.retries} if self.retries else {}),
        }


class _Failed(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Looking:
    """What all looks share. Every shop has a folder of its own in `state`; feeds in files are read below `files` alone,
    and not at all where that is None. `guards` say what one sync of a shop may change. `wall` gives microseconds since
    the epoch; `note` hears, in a line, of fetches that are tried again, and of faults with where they were."""

    topic: ProductsTopic
    state: Path
    wall: Callable[[], int]
    files: Path | None = None
    guards: Mapping[str, FeedGuard] = field(default_factory=dict)
    note: Callable[[str], None] = lambda line: None
    outside: Outside = OUTSIDE
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Feeds are fetched side by side and read one after the other: each takes a processor, and memory."""

    async def look(self, shop_id: str, feeding: Feeding) -> Look:
        """Cancelled, it ends as soon as what is being published is."""
        looked = _Looked(shop_id, feeding, self)
        try:
            return await looked.run()
        except HeldBack as back:
            return Look(shop_id, "held", looked.size, held=back.note, retries=looked.retries)
        except _Failed as error:
            failed = error.reason, str(error)
        except (FetchError, FeedError) as error:
            failed = error.reason, error.detail
        except NothingSound as error:
            failed = "nothing-sound", str(error)
        except InUse as error:
            failed = "in-use", str(error)
        except (KafkaError, ProductsTopicUnusable) as error:
            failed = "kafka", str(error)
        except (OSError, sqlite3.Error) as error:
            failed = "disk", str(error)
        except Exception as error:  # noqa: BLE001  # told with where it was; the other shops' feeds go on
            self.note(f"{shop_id}: {traceback.format_exc()}")
            failed = "fault", f"a fault of ours: {type(error).__name__}: {error}"
        return Look(shop_id, "failed", looked.size, reason=failed[0], detail=failed[1], retries=looked.retries)


class _Looked:
    def __init__(self, shop_id: str, feeding: Feeding, with_: Looking) -> None:
        self._shop_id = shop_id
        self._feeding = feeding
        self._with = with_
        self._kept = KeptFeed(with_.state / shop_id)
        self.size: int | None = None
        self.retries = 0

    async def run(self) -> Look:
        with self._kept.held() as scratch:
            url = self._feeding.url
            source = f"file:{self._feeding.path}" if url is None else without_password(url)
            note = self._kept.known(source)
            arrived = scratch / "feed"
            fetched = await self._arrive(arrived, note)
            if fetched is not None:
                self.size = fetched.size
            same = note is not None and (fetched is None or fetched.digest == note.digest)
            if note is not None and same and not self._stale(note):
                if fetched is not None:  # the same under another name
                    self._kept.keep(arrived, source, fetched, at=note.published_at, turns_at=note.turns_at)
                self._guarded(source).held.drop()  # what was held is not the shop's feed any more
                return self._look("unchanged")
            outcome = await self._sync(arrived if fetched is not None else self._kept.file, source, scratch)
            now, turns_at = self._with.wall(), outcome.tally.turns_at
            if fetched is not None:
                self._kept.keep(arrived, source, fetched, at=now, turns_at=turns_at)
            elif note is not None:
                self._kept.again(note, at=now, turns_at=turns_at)
            return self._look("published", outcome)

    def _stale(self, note: Note) -> bool:
        """Whether the kept feed is to be read again, though it is the shop's still: sale prices begin and end."""
        now = self._with.wall()
        return now - note.published_at >= READ_AGAIN or (note.turns_at is not None and now >= note.turns_at)

    def _guarded(self, source: str) -> Guarded:
        held = HeldFeed(self._with.state / self._shop_id)
        return Guarded(held, source, self._with.guards.get(self._shop_id, DEFAULT_GUARD))

    def _look(self, what: Literal["published", "unchanged"], outcome: Outcome | None = None) -> Look:
        return Look(self._shop_id, what, self.size, outcome, retries=self.retries)

    async def _arrive(self, to: Path, note: Note | None) -> Fetched | None:
        """The feed into the file; None where its server says that it did not change."""
        if self._feeding.url is None:
            return await _in_thread(lambda stopping: self._copied(to))
        limits = FetchLimits(size=self._feeding.max_size, seconds=self._feeding.timeout / SECOND)
        with to.open("wb") as file:
            return await fetch(
                self._feeding.url, file,
                known=None if note is None else note.validators,
                allow_private=self._feeding.allow_private,
                limits=limits, outside=self._with.outside, on_retry=self._retried,
            )  # fmt: skip

    def _retried(self, error: FetchError, seconds: float) -> None:
        self.retries += 1
        self._with.note(f"{self._shop_id}: {error.reason}: {error.detail}; trying again in {seconds:.1f} s")

    def _copied(self, to: Path) -> Fetched:
        """A file is copied: it may be written anew while it is read."""
        folder, name = self._with.files, self._feeding.path or ""
        if folder is None:
            raise _Failed("file-refused", f"{name} is a file, and no folder of feeds is allowed: --files names it")
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise _Failed("file-refused", f"{name} leads out of {folder}")
        if not file.is_file():
            raise _Failed("no-such-file", f"there is no file {name} in {folder}")
        digest, size = blake2b(digest_size=16), 0
        with file.open("rb") as read, to.open("wb") as written:
            while piece := read.read(_PIECE):
                size += len(piece)
                if size > self._feeding.max_size:
                    raise FetchError("too-large", f"the feed has more than {self._feeding.max_size:,} bytes")
                digest.update(piece)
                written.write(piece)
        return Fetched(size=size, digest=digest.hexdigest(), validators=Validators())

    async def _sync(self, file: Path, source: str, scratch: Path) -> Outcome:
        def work(stopping: Callable[[], bool]) -> Outcome:
            feed: BinaryIO
            with file.open("rb") as feed:
                return sync_feed(
                    feed, self._shop_id, Forgetting(self._with.topic, self._kept),
                    folder=scratch, wall=self._with.wall, stopping=stopping, guarded=self._guarded(source),
                )  # fmt: skip

        async with self._with.reading:
            return await _in_thread(work)


async def _in_thread(work: Callable[[Callable[[], bool]], _Result]) -> _Result:
    """Beside the loop; cancelled, `work` is asked to stop and waited for: its files are not taken from under it."""
    stop = threading.Event()
    running = asyncio.ensure_future(asyncio.to_thread(work, stop.is_set))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # it was asked to
        raise
