"""One sync of a shop's feed: a local file is read into a store, compared with what the topic holds, published.

Whoever syncs calls `sync_feed`: `rewake feed sync` with a file, an address or a folder of shops, and `--watch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from feeds.differ import differences
from feeds.fetching.conditional import KeptFeed
from feeds.guard import Counts, reasons
from feeds.held import HeldFeed, HeldNote
from feeds.sorting import SortedProducts
from feeds.store import Ordered, ProductStore, Store
from feeds.tally import Tally, read_counted
from schemas.catalogue import Product
from schemas.feed_guard import DEFAULT_GUARD, FeedGuard
from schemas.instants import rfc3339
from streams.feeds.apart import feed_in
from streams.products import ProductsReader, Synced, sync

_BATCH: Final = 1000


class NothingSound(Exception):
    """The feed has no sound product: nothing of it may be published. `tally` says what it has."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("no sound product was found")
        self.tally = tally


class Stopped(Exception):
    """Reading was asked to stop before its end: nothing was published."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """How much one sync may change, and where a feed that changes more is kept; `source`: where it came from. Whoever
    syncs holds the folder of `held`, and gives a feed that can seek."""

    held: HeldFeed
    source: str
    guard: FeedGuard = DEFAULT_GUARD


class HeldBack(Exception):
    """The feed looks wrong: nothing of it was published, and it is kept until somebody accepts it."""

    def __init__(self, tally: Tally, note: HeldNote) -> None:
        super().__init__("the feed is held: " + ", ".join(reason.what for reason in note.reasons))
        self.tally = tally
        self.note = note


class ProductsTopic(Protocol):
    """Where what a feed changed goes; `KafkaProducts`, and a fake in tests."""

    def read(self, into: Store) -> Mapping[str, int]:
        """Everything that the topic holds, into an empty store; when the newest sync of each shop was, finished or not
        (microseconds)."""

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        """As `streams.products.sync`."""


@dataclass(frozen=True, slots=True)
class KafkaProducts:
    """The topic `products`. `options` are those of any aiokafka client; `wall` gives microseconds since the epoch;
    `on_bad(offset, why)` hears of records that are no snapshots. ProductsTopicUnusable, aiokafka's errors as they are.
    """

    options: Mapping[str, Any]
    wall: Callable[[], int]
    on_bad: Callable[[int, str], None]

    def read(self, into: Store) -> Mapping[str, int]:
        return asyncio.run(self._read(into))

    async def _read(self, into: Store) -> Mapping[str, int]:
        reader = ProductsReader(into, self.options, wall=self.wall, on_bad=self.on_bad)
        try:
            await reader.start()
            await reader.catch_up()
        finally:
            await reader.stop()
        return reader.synced_at

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        return asyncio.run(sync(new, old, shop_id, self.options, at=at, held=held, complete=complete))


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The topic of a shop whose last good feed is kept: that is forgotten before anything is published. A publication
    that breaks off leaves the topic as no version of the feed is, and then none may be taken for unchanged."""

    topic: ProductsTopic
    kept: KeptFeed

    def read(self, into: Store) -> Mapping[str, int]:
        return self.topic.read(into)

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        self.kept.forget()
        return self.topic.publish(new, old, shop_id, at=at, held=held, complete=complete)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the feed has, and what of it was published."""

    tally: Tally
    synced: Synced

    def as_dict(self) -> dict[str, Any]:
        return {**self.tally.as_dict(), "sync": self.synced.as_dict()}


def sync_feed(
    feed: BinaryIO,
    shop_id: str,
    topic: ProductsTopic,
    *,
    folder: Path,
    wall: Callable[[], int],
    stopping: Callable[[], bool] = lambda: False,
    guarded: Guarded | None = None,
) -> Outcome:
    """Read the feed, compare it with the topic, publish the difference.

    `folder` takes the two stores while it lasts: an empty one, the caller's to remove. `wall` gives microseconds since
    the epoch. `stopping` is asked while the feed is read. It blocks; the stores live in the calling thread. With
    `guarded` the differences are counted before they are published, and a feed that is sound takes the place of one
    that was held.

    FeedError when the feed is refused, NothingSound, HeldBack, Stopped: then nothing was published. What the topic
    raises passes.
    """
    with SortedProducts(folder) as new, ProductStore(folder / "topic.sqlite3") as old:
        tally = read_into(new, feed, shop_id, at=wall(), stopping=stopping)
        if not tally.products:
            raise NothingSound(tally)
        synced_at = topic.read(old)
        if guarded is not None:
            counts = counted(new, old, shop_id, tally, guarded.guard)
            if why := reasons(counts):
                size = feed.seek(0, SEEK_END)
                note = HeldNote(
                    shop_id=shop_id, source=guarded.source, held_at=rfc3339(wall()), size=size,
                    products=tally.products, known=counts.known, new=counts.new, changed=counts.changed,
                    vanished=counts.vanished, unchanged=counts.unchanged, reasons=why,
                    synced_at=instant(synced_at.get(shop_id)),
                )  # fmt: skip
                guarded.held.keep(feed, note)
                raise HeldBack(tally, note)
        synced = topic.publish(new, old, shop_id, at=wall(), held=tally.held, complete=tally.complete)
        if guarded is not None:
            guarded.held.drop()
    return Outcome(tally, synced)


def counted(new: Ordered, old: Ordered, shop_id: str, tally: Tally, guard: FeedGuard) -> Counts:
    """What publishing the feed (`new`) would change of what the topic has (`old`)."""
    counts = Counts(guard)
    found = differences(old.products(shop_id), new.products(shop_id), held=tally.held, complete=tally.complete)
    for difference in found:
        counts.take(difference)
    return counts


def instant(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def read_into(
    found: SortedProducts,
    feed: BinaryIO,
    shop_id: str,
    *,
    at: int,
    stopping: Callable[[], bool] = lambda: False,
) -> Tally:
    """The sound products of the feed, sorted, and what reading it came to. FeedError, Stopped."""
    taken = 0
    add = found.add

    def take(product: Product) -> None:
        nonlocal taken
        taken += 1
        if taken % _BATCH == 0 and stopping():
            raise Stopped
        add(product)

    with feed_in(feed, shop_id, at=at) as records:
        return read_counted(records, take)
