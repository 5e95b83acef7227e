"""What is measured of a large feed, each in a process of its own: `python -m bench.feed_jobs JOB PATH...`.

The last line on standard output is one JSON object. `peak_mb` is the most that was resident of this process and, added
to it, of the one that reads for it, whenever that was (VmHWM: a `ru_maxrss` of a child counts its parent's memory too).
`cpu_seconds` are of both.

  bare FEED            the loop to beat: iterparse, the children's texts read, the element cleared, siblings dropped
  sorted FEED FOLDER   our read as `rewake feed sync` does it up to the difference: judged, and sorted on disk
  elements FEED, judged FEED, encoded FEED    how far of it one is after each stage
  fill FEED STORE      the product store as a worker fills it from the snapshots that a first sync publishes
  sync FEED STORE FOLDER   a sync of the feed against what the store holds, up to the records that would be published
  lookups STORE OFFERS     a process that opens the store: resident memory, microseconds a look-up
"""

from __future__ import annotations

import hashlib
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from lxml import etree

from bench.big_feed import SHOP, id_of
from bench.processes import memory_of
from feeds.differ import differences
from feeds.read import DEFAULT_LIMITS, read
from feeds.snapshots import decode, read_key
from feeds.sorting import SortedProducts
from feeds.source import Source
from feeds.store import Change, Ordered, ProductStore, Store
from schemas.catalogue import Product
from streams.feeds.sync import read_into, sync_feed
from streams.products import Synced, records_of

AT: Final = 1_795_000_000_000_000
"""The instant of the first sync; the second is a day later."""

_DAY: Final = 86_400_000_000
_BATCH: Final = 1000
LOOKUPS: Final = 20_000
HOT: Final = 1_000
FROM_DISK: Final = 2_000
_LOOK_SECONDS: Final = 0.1


def bare(feed: str) -> dict[str, Any]:
    count = 0
    for _, element in etree.iterparse(feed, tag="offer"):
        for child in element:
            child.text  # noqa: B018  # reading it is what is measured
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
        count += 1
    return {"offers": count}


def sorted_(feed: str, folder: str) -> dict[str, Any]:
    with SortedProducts(Path(folder)) as found, Path(feed).open("rb") as stream:
        tally = read_into(found, stream, SHOP, at=AT)
        seconds = time.perf_counter() - BEGAN
        ordered = sum(1 for _ in found.products(SHOP))
    return {"offers": tally.products, "seconds": seconds, "in_order": ordered}


def elements(feed: str) -> dict[str, Any]:
    from feeds.formats import yml
    from feeds.xml.markup import elements as found_in

    with Path(feed).open("rb") as stream:
        count = sum(1 for _ in found_in(Source(stream, DEFAULT_LIMITS), yml._GRAMMAR, DEFAULT_LIMITS))
    return {"elements": count}


def judged(feed: str) -> dict[str, Any]:
    with Path(feed).open("rb") as stream:
        return {"offers": sum(1 for found in read(stream, SHOP, at=AT) if isinstance(found, Product))}


def encoded(feed: str) -> dict[str, Any]:
    encode = msgspec.msgpack.Encoder(decimal_format="string").encode
    with Path(feed).open("rb") as stream:
        return {"offers": sum(1 for found in read(stream, SHOP, at=AT) if isinstance(found, Product) and encode(found))}


def fill(feed: str, store: str) -> dict[str, Any]:
    with (
        Path(feed).open("rb") as stream, ProductStore(Path(store)) as filled,
        SortedProducts(Path(f"{store}-runs")) as found,
    ):  # fmt: skip
        read_into(found, stream, SHOP, at=AT)
        began = time.perf_counter()
        batch: list[Change] = []
        for key, value in records_of(differences((), found.products(SHOP)), Synced(sync_id="first"), AT):
            batch.append((*read_key(key), None if value is None else decode(value)))
            if len(batch) >= _BATCH:
                filled.apply(batch)
                batch.clear()
        filled.apply(batch, position=1, caught_up_at=AT)
        return {"products": filled.count(), "seconds": time.perf_counter() - began}


class _Held:
    """In place of the topic: the products of a store. What would be published is counted, by product."""

    def __init__(self, store: str) -> None:
        self._store = store
        self.published: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def read(self, into: Store) -> Mapping[str, int]:
        self.seconds["read and sorted"] = time.perf_counter() - BEGAN
        return {}

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        began = time.perf_counter()
        synced = Synced(sync_id="second")
        with ProductStore(Path(self._store)) as known:
            found = differences(known.products(shop_id), new.products(shop_id), held=held, complete=complete)
            for key, value in records_of(found, synced, at):
                self.published[read_key(key)[1]] = "gone" if value is None else "there"
        self.seconds["compared"] = time.perf_counter() - began
        return synced


def sync(feed: str, store: str, folder: str) -> dict[str, Any]:
    topic = _Held(store)
    with Path(feed).open("rb") as stream:
        outcome = sync_feed(stream, SHOP, topic, folder=Path(folder), wall=lambda: AT + _DAY)
    ids = hashlib.sha256("\n".join(f"{key} {what}" for key, what in sorted(topic.published.items())).encode())
    return {**outcome.synced.as_dict(), "published": len(topic.published), "ids": ids.hexdigest(), "by": topic.seconds}


def lookups(store: str, offers: str) -> dict[str, Any]:
    chance = random.Random(1)
    ids = [id_of(chance.randrange(int(offers))) for _ in range(LOOKUPS)]
    with Path(store).open("rb") as file:  # what the system keeps of it in memory is dropped
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with ProductStore(Path(store)) as held:
        opened = memory_of(os.getpid())
        disk = _timed(held, ids[:FROM_DISK])
        spread = _timed(held, ids)
        _timed(held, ids[:HOT])
        hot = _timed(held, [ids[number % HOT] for number in range(LOOKUPS)])
        return {
            "products": held.count(), "opened_mb": opened, "used_mb": memory_of(os.getpid()),
            "from_disk_us": disk, "random_us": spread, "hot_us": hot,
        }  # fmt: skip


def _timed(store: ProductStore, ids: list[str]) -> dict[str, float]:
    """Microseconds: p50 and p99. KeyError when one is not there."""
    took = []
    for product_id in ids:
        began = time.perf_counter_ns()
        found = store.get(SHOP, product_id)
        took.append((time.perf_counter_ns() - began) / 1000)
        if found is None:
            raise KeyError(product_id)
    cuts = statistics.quantiles(took, n=100)
    return {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)}


JOBS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "bare": bare, "sorted": sorted_, "elements": elements, "judged": judged, "encoded": encoded, "fill": fill,
    "sync": sync, "lookups": lookups,
}  # fmt: skip

BEGAN = time.perf_counter()
CPU = sum(os.times()[:4])
"""Seconds of CPU of this process and of those it has waited for, when the work began."""


class _Readers(threading.Thread):
    """Looks at the processes that this one has begun while they live."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._peaks: dict[int, float] = {}

    def run(self) -> None:
        while True:
            for task in Path("/proc/self/task").iterdir():
                for pid in map(int, (task / "children").read_text().split()):
                    with suppress(OSError):  # it has just ended
                        self._peaks[pid] = memory_of(pid, "VmHWM") or self._peaks.get(pid, 0.0)
            time.sleep(_LOOK_SECONDS)

    def peak_mb(self) -> float:
        return sum(self._peaks.values())


if __name__ == "__main__":
    readers = _Readers()
    readers.start()
    BEGAN = time.perf_counter()
    result = JOBS[sys.argv[1]](*sys.argv[2:])
    result.setdefault("seconds", time.perf_counter() - BEGAN)
    result["cpu_seconds"] = sum(os.times()[:4]) - CPU
    result["peak_mb"] = memory_of(os.getpid(), "VmHWM") + readers.peak_mb()
    print(orjson.dumps(result).decode())
