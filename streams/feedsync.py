"""One sync of a shop's feed: a local file is read into a store, compared with what the topic holds, published.

Whoever syncs calls `sync_feed`: `rewake feed sync` with a file, an address or a folder of shops, and `--watch`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from feeds.store import Change, ProductStore, Store
from feeds.tally import Tally, read_counted
from schemas.catalogue import Product
from streams.products import ProductsReader, Synced, sync

_BATCH: Final = 1000


class NothingSound(Exception):
    """The feed has no sound product: nothing of it may be published. `tally` says what it has."""

    def __init__(self, tally: Tally) -> None:
        super().__init__("no sound product was found")
        self.tally = tally


class Stopped(Exception):
    """Reading was asked to stop before its end: nothing was published."""


class ProductsTopic(Protocol):
    """Where what a feed changed goes; `KafkaProducts`, and a fake in tests."""

    def read(self, into: Store) -> None:
        """Everything that the topic holds, into an empty store."""

    def publish(
        self, new: Store, old: Store, shop_id: str, *, at: int, held: Container[str], complete: bool
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

    def read(self, into: Store) -> None:
        asyncio.run(self._read(into))

    async def _read(self, into: Store) -> None:
        reader = ProductsReader(into, self.options, wall=self.wall, on_bad=self.on_bad)
        try:
            await reader.start()
            await reader.catch_up()
        finally:
            await reader.stop()

    def publish(
        self, new: Store, old: Store, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        return asyncio.run(sync(new, old, shop_id, self.options, at=at, held=held, complete=complete))


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
) -> Outcome:
    """Read the feed, compare it with the topic, publish the difference.

    `folder` takes the two stores while it lasts: an empty one, the caller's to remove. `wall` gives microseconds since
    the epoch. `stopping` is asked while the feed is read. It blocks; the stores live in the calling thread.

    FeedError when the feed is refused, NothingSound, Stopped: then nothing was published. What the topic raises passes.
    """
    with ProductStore(folder / "feed.sqlite3") as new, ProductStore(folder / "topic.sqlite3") as old:
        tally = _read_into(new, feed, shop_id, at=wall(), stopping=stopping)
        if not tally.products:
            raise NothingSound(tally)
        topic.read(old)
        synced = topic.publish(new, old, shop_id, at=wall(), held=tally.held, complete=tally.complete)
    return Outcome(tally, synced)


def _read_into(store: Store, feed: BinaryIO, shop_id: str, *, at: int, stopping: Callable[[], bool]) -> Tally:
    batch: list[Change] = []

    def take(product: Product) -> None:
        batch.append((shop_id, product.product_id, product))
        if len(batch) >= _BATCH:
            if stopping():
                raise Stopped
            store.apply(batch)
            batch.clear()

    tally = read_counted(feed, shop_id, take, at=at)
    store.apply(batch)
    return tally
