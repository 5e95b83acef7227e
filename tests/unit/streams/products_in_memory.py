"""The topic `products` in memory, with the records that a sync really writes: for whoever syncs and accepts feeds."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Mapping
from typing import Any

import pytest

from feeds.snapshots import decode, read_key
from feeds.store import Ordered, Store
from schemas.catalogue import Product
from streams import products
from streams.products import Synced, sync
from streams.syncs import is_mark, published_at


class BrokerAway(Exception):
    """What the topic raises in the midst of publishing."""


class ProductsInMemory:
    """`log` is all that was ever published; the topic is its newest record by key. After `left` more records (None:
    any number) publishing fails."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.log: list[tuple[bytes, bytes | None]] = []
        self.left: int | None = None
        patch.setattr(products, "publish", self._publish)

    def read(self, into: Store) -> Mapping[str, int]:
        into.apply((one.shop_id, one.product_id, one) for one in self.products())
        synced: dict[str, int] = {}
        for key, value in self._kept().items():
            told = published_at(key, value)
            if told is not None:
                synced[told[0]] = max(told[1], synced.get(told[0], 0))
        return synced

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        return asyncio.run(sync(new, old, shop_id, {}, at=at, held=held, complete=complete))

    def products(self) -> list[Product]:
        return [decode(value) for key, value in self._kept().items() if not is_mark(key) and value is not None]

    def prices(self) -> dict[str, str]:
        return {one.product_id: str(one.price) for one in self.products()}

    def published(self, begin: int = 0) -> dict[str, bool]:
        """Of the records from `begin` on, marks apart: by product, whether it is one that has vanished."""
        return {read_key(key)[1]: value is None for key, value in self.log[begin:] if not is_mark(key)}

    def _kept(self) -> dict[bytes, bytes | None]:
        return dict(self.log)

    async def _publish(
        self, records: Iterable[tuple[bytes, bytes | None]], options: Any, *, topic: str = ""
    ) -> int:
        for record in records:
            if self.left == 0:
                raise BrokerAway
            self.left = None if self.left is None else self.left - 1
            self.log.append(record)
        return 0
