"""What the demo plays: the sample shop's rules and goods, its shoppers' events, and a few records that are broken."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from feeds.read import read
from feeds.store import MemoryStore
from schemas.catalogue import Product
from schemas.instants import HOUR
from schemas.partitioner import customer_key, partition_of
from schemas.topics import topic_of
from schemas.wire import DEFAULT_SHOP, CustomerEvent, decode_batch
from streams.eventfiles import Line
from streams.rules.folder import read_rulebook
from streams.simulation import storefront
from triggers.rules.model import RuleBook

START: Final = datetime(2025, 11, 24, tzinfo=UTC)
"""Long ago by any machine's clock: a shopper from the future would go to `dead-letters`."""

_PLACES: Final = (
    Path(__file__).resolve().parents[2] / "examples" / "tea-house",  # a clone
    Path(sys.prefix) / "share" / "rewake" / "tea-house",  # an installed wheel
)


class SampleMissing(Exception):
    """The sample shop's files are not where they belong; the message says where that is."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that no worker can use. `share`: when it is published, 0 to 1 of the whole. `reason`: what the dead
    letter has to say. `partition` None: the right one for its key."""

    share: float
    topic: str
    key: bytes
    value: bytes
    reason: str
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """`lines` in order of time. `repeated`: numbers of those that are published twice. `begin`, `end`: microseconds,
    the span in which the shop is open."""

    rules: Path
    book: RuleBook
    goods: MemoryStore
    lines: list[Line]
    repeated: frozenset[int]
    broken: tuple[Broken, ...]
    begin: int
    end: int

    @property
    def customers(self) -> int:
        return len({line.event.customer_id for line in self.lines if isinstance(line.event, CustomerEvent)})


def folder() -> Path:
    """Where the sample shop lies."""
    for place in _PLACES:
        if (place / "shop.yaml").is_file():
            return place
    raise SampleMissing(f"the sample shop is missing: it belongs in {_PLACES[0]}")


def make(*, customers: int, days: float, seed: int, partitions: int) -> Sample:
    """Read the shop and its feed, make up its shoppers. Raises SampleMissing."""
    place = folder()
    read_book = read_rulebook(place)
    if read_book.errors:
        raise SampleMissing("the sample shop's rules have mistakes:\n" + "\n".join(map(str, read_book.errors)))
    raw = [orjson.dumps(event) for _, event in storefront(seed, customers, START, days)]
    lines = [Line(event, value) for event, value in zip(decode_batch(raw), raw, strict=True)]
    begin = int(START.timestamp()) * 1_000_000
    length = max(1, round(days * 24)) * HOUR  # the storefront's own rounding
    return Sample(
        rules=place,
        book=read_book.book,
        goods=goods(place / "feed.xml"),
        lines=lines,
        repeated=frozenset(len(lines) * part // 4 for part in (1, 2, 3)),
        broken=broken(partitions),
        begin=begin,
        end=begin + length,
    )


def goods(feed: Path) -> MemoryStore:
    """The feed's products."""
    store = MemoryStore()
    try:
        with feed.open("rb") as stream:
            found = [item for item in read(stream, DEFAULT_SHOP) if isinstance(item, Product)]
    except FileNotFoundError as error:
        raise SampleMissing(f"the sample shop's feed is missing: {feed}") from error
    store.apply([(product.shop_id, product.product_id, product) for product in found])
    return store


def broken(partitions: int) -> tuple[Broken, ...]:
    """What storefronts get wrong, one of each kind."""
    who = "careless"
    key = customer_key(DEFAULT_SHOP, who)
    carts, orders = topic_of("CartItemAdded").name, topic_of("OrderPlaced").name
    noon = "2025-11-24T12:00:00Z"
    fields = {"event_id": "broken", "customer_id": who, "occurred_at": noon}
    added = {"type": "CartItemAdded", **fields, "product_id": "tea-01"}
    return (
        Broken(0.1, carts, key, orjson.dumps(added)[:-20], "not-json"),
        Broken(0.25, carts, key, orjson.dumps({**added, "type": "CartSetOnFire"}), "unknown-type"),
        Broken(0.4, carts, key, orjson.dumps({k: v for k, v in added.items() if k != "product_id"}), "missing-field"),
        Broken(
            0.55, orders, key, orjson.dumps({"type": "OrderPlaced", **fields, "order_id": "1", "total": "a lot"}),
            "invalid-value",
        ),
        Broken(
            0.7, carts, key, orjson.dumps({**added, "occurred_at": "2199-01-01T00:00:00Z"}), "from-the-future",
        ),
        Broken(
            0.85, carts, key, orjson.dumps(added), "wrong-partition",
            partition=(partition_of(key, partitions) + 1) % partitions,
        ),
    )  # fmt: skip
