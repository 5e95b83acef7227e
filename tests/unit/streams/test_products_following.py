"""The topic `products` followed into a store, when the disk is full for a while."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from msgspec.structs import replace

from feeds.snapshots import encode, key_of
from feeds.store import Change, MemoryStore
from schemas.catalogue import Product
from schemas.price_history import begun
from streams import products
from streams.products import ProductsReader

GOODS = Product(product_id="p1", name="Kettle", url="https://shop.example/p1")


class FullOnce(MemoryStore):
    """The disk is full at the first change."""

    full = True

    def apply(self, changes: Iterable[Change], *, position: int | None = None, caught_up_at: int | None = None) -> None:
        changes = list(changes)
        if changes and self.full:
            self.full = False
            raise sqlite3.OperationalError("database or disk is full")
        super().apply(changes, position=position, caught_up_at=caught_up_at)


class OneRecord:
    """A consumer of a topic with one record."""

    def __init__(self) -> None:
        self.at = 0

    async def getmany(self, place: TopicPartition, **_: Any) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0)
        if self.at:
            return {}
        self.at = 1
        value = encode(GOODS, previous=None, sync_id="s", occurred_at=0)
        return {place: [SimpleNamespace(offset=0, key=key_of("main", "p1"), value=value)]}

    async def position(self, place: TopicPartition) -> int:
        return self.at

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.at = offset

    def highwater(self, place: TopicPartition) -> int:
        return 1


async def test_what_could_not_be_stored_is_read_again_and_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "AGAIN_SECONDS", 0)
    monkeypatch.setattr(products, "AIOKafkaConsumer", lambda **_: OneRecord())
    store = FullOnce()
    reader = ProductsReader(store, {}, wall=lambda: 0, on_bad=lambda offset, why: None)
    following = asyncio.create_task(reader.run())
    for _ in range(100):
        await asyncio.sleep(0)
    assert store.get("main", "p1") == replace(GOODS, price_history=begun("1970-01-01T00:00:00Z", None, None))
    assert (store.position, following.done()) == (1, False)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
