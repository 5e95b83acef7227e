"""The shop's feed: what it sells, and syncs that tell how this changes now and then.

A sync publishes as `rewake feed sync` does: that it begins, what differs from what the topic holds, with what that said
before, and that it is over. Some break off, and the next one goes on from what had arrived. Another shop's syncs lie
between, and what is no record of a sync.

On the stream clock nobody waits for the topic `products` once it was read whole: what comes later counts for its
instant only if it is read before time has passed that. So either all of it is there before anybody is at work, or each
sync is published before marketing says anything of a later instant; what marketing says and what had been published
before that, a worker takes together (tests.simulation.shared).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import orjson

from feeds.snapshots import encode, key_of
from schemas.catalogue import Product
from schemas.instants import rfc3339
from schemas.topics import MARKETING_EVENTS, PRODUCTS
from streams.syncs import begin_key, begin_mark, mark, mark_key
from tests.simulation.shelf import PRICES, SOLD
from tests.simulation.world import DAY, Batch, Sent, World

PLACE: Final = (PRODUCTS.name, 0)
MARGIN: Final = 0.02
"""Virtual seconds between a sync's last record and what marketing says of a later instant."""

Record = tuple[str, bytes, bytes | None]
"""(what it is, key, value)."""


def feed(rng: random.Random, world: World, *, first: bool) -> list[Batch]:
    """All that is published to `products`. `first`: before anybody is at work."""
    drawn = sorted({world.happens(rng.uniform(0.02, 0.98) * world.until) for _ in range(rng.randint(2, 7))})
    syncs = _Syncs(rng)
    made: list[Batch] = []
    since = 0.0
    for at in drawn:
        earliest, latest = (0.0, 0.0) if first else _published(world, at)
        latest = max(latest, since)
        since = min(max(earliest, since), latest)
        for part in _parts(rng, list(syncs.next(at))):
            since = rng.uniform(since, latest)
            made += _batch(rng, since, latest, at, part)
    return made


def _published(world: World, at: int) -> tuple[float, float]:
    """Between when a sync of this instant may be published."""
    later = [
        batch.at
        for batch in world.batches
        if batch.place[0] == MARKETING_EVENTS.name and any(one.happened > at for one in batch.records)
    ]
    latest = max(min(later, default=world.until) - MARGIN, 0.0)
    began = world.happens(0.0)
    return min((at - began) / (2 * DAY) * world.until, latest), latest


def _parts(rng: random.Random, records: list[Record]) -> Iterator[list[Record]]:
    while records:
        count = rng.randint(1, max(len(records) * 2 // 3, 1))
        part, records = records[:count], records[count:]
        yield part


def _batch(rng: random.Random, when: float, latest: float, at: int, records: list[Record]) -> Iterator[Batch]:
    def sent(record: Record) -> Sent:
        kind, key, value = record
        return Sent(when, PLACE, key, value, at, "", kind)

    fate = "commit" if rng.random() < 0.15 else "plain"
    yield Batch(when, PLACE, [sent(one) for one in records], fate, rng.uniform(when, latest))
    if rng.random() < 0.1:  # what an aborted transaction holds: it would change a lot if it were read
        cheap = Product(product_id="sku-1", price=PRICES[0] / 10, available=True, stock=1)
        was = Product(product_id="sku-1", price=PRICES[-1], available=False, stock=9)
        poison = [
            ("poison", key_of("main", "sku-1"), encode(cheap, was, "poison", at)),
            ("poison", mark_key("main"), mark("main", "poison", at, 1)),
        ]
        yield Batch(when, PLACE, [sent(one) for one in poison], "abort", rng.uniform(when, latest))


class _Syncs:
    """Of the shop, one after the other, and what the topic holds after each."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._topic: dict[str, Product] = {}
        self._feed = {
            product_id: Product(
                product_id=product_id, price=rng.choice(PRICES), available=rng.random() < 0.8, stock=rng.randint(0, 9)
            )
            for product_id in SOLD
        }
        if rng.random() < 0.8:  # it was there long before
            self._topic = dict(self._feed)
        self._number = 0

    def next(self, at: int) -> Iterator[Record]:
        """The next sync's records."""
        rng = self._rng
        self._number += 1
        sync_id = f"sync-{self._number}"
        for product_id in SOLD:
            if rng.random() < 0.6:
                self._change(product_id)
        yield "sync begins", begin_key("main"), begin_mark("main", sync_id, at)
        differ = [one for one in SOLD if self._feed.get(one) != self._topic.get(one)]
        broken = rng.random() < 0.25
        for product_id in differ[: rng.randint(0, len(differ))] if broken else differ:
            yield self._difference(product_id, sync_id, at)
            if rng.random() < 0.1:
                yield self._strange(at)
        if rng.random() < 0.3:
            yield from self._elsewhere(at)
        if not broken:
            over = "sync over", mark_key("main"), mark("main", sync_id, at, len(differ))
            yield over
            if rng.random() < 0.15:
                yield over

    def _change(self, product_id: str) -> None:
        rng = self._rng
        known = self._feed.get(product_id)
        if known is not None and rng.random() < 0.12:
            del self._feed[product_id]
            return
        stock = rng.choice([None, 0, *range(10)])
        self._feed[product_id] = Product(
            product_id=product_id, price=rng.choice([None, *PRICES, *PRICES]), available=rng.random() < 0.75,
            stock=stock,
        )  # fmt: skip

    def _difference(self, product_id: str, sync_id: str, at: int) -> Record:
        now, former = self._feed.get(product_id), self._topic.pop(product_id, None)
        key = key_of("main", product_id)
        if now is None:
            return f"{product_id} left", key, None
        self._topic[product_id] = now
        return f"{product_id}", key, encode(now, former, sync_id, at)

    def _elsewhere(self, at: int) -> Iterator[Record]:
        """Another shop, whose customers are none of this world."""
        price = self._rng.choice(PRICES)
        product = Product(product_id="cup-1", shop_id="cups", price=price, available=True)
        former = Product(product_id="cup-1", shop_id="cups", price=price * 2, available=True)
        yield "cups", key_of("cups", "cup-1"), encode(product, former, f"cups-{at}", at)
        if self._rng.random() < 0.6:
            yield "cups over", mark_key("cups"), mark("cups", f"cups-{at}", at, 1)

    def _strange(self, at: int) -> Record:
        """Of these only marks are dead letters here."""
        kind = self._rng.choice(["no snapshot", "no mark", "another's mark", "a mark from the future"])
        if kind == "no snapshot":
            return kind, key_of("main", "sku-1"), b"{"
        if kind == "no mark":
            return kind, mark_key("main"), orjson.dumps({"type": "FeedSynced", "occurred_at": rfc3339(at)})
        if kind == "another's mark":
            return kind, mark_key("main"), mark("cups", "wrong", at, 1)
        return kind, mark_key("main"), mark("main", "later", at + 90 * DAY, 1)
