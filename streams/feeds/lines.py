"""Snapshots of products, and ends of syncs, among the lines of event files.

They bear on the run at their place: what is due before sees the products as they were, and what the snapshots of one
instant changed is one set, which is over with them, whether the end of the sync is told or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from feeds.snapshots import Snapshot, product_of
from schemas.catalogue import Catalogue, Product
from schemas.contracts import Refused, read_event
from schemas.instants import parse_rfc3339
from schemas.products import FeedSyncBegun as FeedSyncBegunContract
from schemas.products import FeedSynced as FeedSyncedContract
from schemas.products import ProductSnapshot as ProductSnapshotContract
from schemas.topics import PRODUCTS
from schemas.wire import Malformed, decode_batch
from streams.merge import Merged
from streams.syncs import change_of
from triggers.syncs import ChangedSet
from triggers.walks import Change

_decode: Final = msgspec.json.Decoder(Snapshot).decode
_TYPES: Final = (b"ProductSnapshot", b"FeedSyncBegun", b"FeedSynced")


@dataclass(frozen=True, slots=True)
class ProductSnapshot:
    """A product as of `at`, microseconds. `change`: None where it is new."""

    at: int
    product: Product
    change: Change | None
    sync_id: str

    @property
    def shop_id(self) -> str:
        return self.product.shop_id


@dataclass(frozen=True, slots=True)
class FeedSyncBegun:
    """The beginning of a sync."""

    at: int
    shop_id: str
    sync_id: str


@dataclass(frozen=True, slots=True)
class FeedSynced:
    """The end of a sync."""

    at: int
    shop_id: str
    sync_id: str


def decode_lines(values: Sequence[bytes]) -> list[Any]:
    """As `schemas.wire.decode_batch`, of lines that may also be of the topic `products`."""
    whole = b"\n".join(values)
    if not any(name in whole for name in _TYPES):
        return list(decode_batch(values))
    feeds = {index: read for index, value in enumerate(values) if (read := _read(value)) is not None}
    others = iter(decode_batch([value for index, value in enumerate(values) if index not in feeds]))
    return [feeds[index] if index in feeds else next(others) for index in range(len(values))]


def _read(value: bytes) -> ProductSnapshot | FeedSyncBegun | FeedSynced | Malformed | None:
    """None for what is of another topic."""
    if not any(name in value for name in _TYPES):
        return None
    try:
        said = read_event(value, (ProductSnapshotContract, FeedSyncBegunContract, FeedSyncedContract))
        if isinstance(said, FeedSyncBegunContract):
            return FeedSyncBegun(said.at, said.shop_id, said.sync_id)
        if isinstance(said, FeedSyncedContract):
            return FeedSynced(said.at, said.shop_id, said.sync_id)
        snapshot = _decode(value)
    except Refused as refused:
        return None if refused.reason == "unknown-type" else Malformed(refused.reason, refused.detail)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Malformed("invalid-value", str(error))
    at = parse_rfc3339(snapshot.occurred_at)
    return ProductSnapshot(at, product_of(snapshot), change_of(snapshot), snapshot.sync_id or snapshot.occurred_at)


class Following:
    """A catalogue that changes in the course of a run. The one it begins with stays as it is."""

    def __init__(self, first: Catalogue) -> None:
        self._first = first
        self.changed: dict[tuple[str, str], Product] = {}
        """What came since, by shop and product."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        found = self.changed.get((shop_id, product_id))
        return self._first.get(shop_id, product_id) if found is None else found

    def take(self, product: Product) -> None:
        self.changed[product.shop_id, product.product_id] = product


class FeedLines:
    """What a run does with them. `warn` is told of a shop's changes that are too many to be looked at."""

    def __init__(self, catalogue: Following, warn: Callable[[str, str, int], None]) -> None:
        self._catalogue = catalogue
        self._warn = warn

    def parts(self, items: Sequence[Merged], reached: int) -> Iterator[tuple[Sequence[Merged], int]]:
        """The others, cut where a feed changed something: what is due before that is to be done before the next part is
        asked for. Snapshots of one instant are in one call."""
        following: list[Merged] = []
        begin = 0
        for first, end in _instants(items):
            yield [*following, *items[begin:first]], items[first][0]
            following = list(self._over(items[first:end]))
            begin = end
        yield [*following, *items[begin:]] if begin else items, reached

    def _over(self, items: Sequence[Merged]) -> Iterator[Merged]:
        """The syncs that are over with these records, in order of shop."""
        sets: dict[str, ChangedSet] = {}
        last: dict[str, tuple[str, Merged]] = {}
        for item in items:
            event = item[5]
            changed = sets.setdefault(event.shop_id, ChangedSet())
            if isinstance(event, ProductSnapshot):
                self._catalogue.take(event.product)
                if event.change is not None:
                    changed.add(event.product.product_id, event.change, item[0])
            last[event.shop_id] = event.sync_id, item
        for shop_id in sorted(sets):
            sync_id, (at, rank, source, offset, _, _) = last[shop_id]
            over = sets[shop_id].over(shop_id, sync_id, at)
            if over.left_out:
                self._warn(shop_id, sync_id, over.left_out)
            yield at, rank, source, offset, "", over


def _instants(items: Sequence[Merged]) -> Iterator[tuple[int, int]]:
    """The runs of `items` that are the feeds' records of one instant."""
    begin = 0
    while begin < len(items):
        end = begin
        while end < len(items) and items[end][1] == PRODUCTS.rank and items[end][0] == items[begin][0]:
            end += 1
        if end > begin:
            yield begin, end
        begin = max(end, begin + 1)
