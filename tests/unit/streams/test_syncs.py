"""What a sync publishes, and what it is taken for."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from feeds.store import MemoryStore
from schemas.catalogue import Product
from schemas.instants import HOUR
from schemas.topics import PRODUCTS
from streams import products
from streams.chunks.chunk import Columns
from streams.partition.syncing import SyncScreen
from streams.products import sync
from streams.syncs import begin_key, begin_mark, is_mark, mark, mark_key, published_at
from tests.unit.triggers.driving import MINUTE, MONDAY
from triggers.syncs import SyncOver
from triggers.walks import Change


def held(*some: Product) -> MemoryStore:
    store = MemoryStore()
    store.apply([("main", one.product_id, one) for one in some])
    return store


def product(id: str, price: int, stock: int | None = None) -> Product:
    return Product(product_id=id, price=Decimal(price), stock=stock)


async def published(
    monkeypatch: pytest.MonkeyPatch, syncs: list[tuple[MemoryStore, MemoryStore]]
) -> list[list[tuple[bytes, bytes | None]]]:
    """What each call of `publish` was given, of the syncs of (new, old), an hour apart."""
    calls: list[list[tuple[bytes, bytes | None]]] = []

    async def publish(records: Iterable[tuple[bytes, bytes | None]], options: Any, *, topic: str) -> int:
        calls.append(list(records))
        return len(calls[-1])

    monkeypatch.setattr(products, "publish", publish)
    for number, (new, old) in enumerate(syncs):
        await sync(new, old, "main", {}, at=MONDAY + number * HOUR)
    return calls


def taken(records: list[tuple[bytes, bytes | None]]) -> list[SyncOver]:
    screen = SyncScreen(PRODUCTS, True, MINUTE)
    columns = Columns(
        0, len(records), list(range(len(records))), [key for key, _ in records], [value for _, value in records],
        [0] * len(records), False,
    )  # fmt: skip
    return [event for stretch in screen.sort(columns, MONDAY + 2 * HOUR).stretches for event in stretch.events]


async def test_the_marks_of_a_sync_are_published_before_and_after_everything_else_has_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = held(product("a", 10, 5), product("b", 10)), held(product("a", 9, 0), product("c", 1))
    calls = await published(monkeypatch, [(first, held()), (second, first)])
    assert [[is_mark(key) for key, _ in call] for call in calls] == [
        [True], [False, False], [True], [True], [False, False, False], [True]
    ]  # fmt: skip
    marks = [call[0][0] for call in calls if is_mark(call[0][0])]
    assert marks == [begin_key("main"), mark_key("main")] * 2


async def test_what_two_syncs_publish_is_the_changes_of_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = held(product("a", 10, 5), product("b", 10)), held(product("a", 9, 0), product("c", 1))
    calls = await published(monkeypatch, [(first, held()), (second, first)])
    (over,) = taken([record for call in calls for record in call])
    assert over.at == MONDAY + HOUR
    assert over.changes == {"a": Change(Decimal(10), Decimal(9), True, False, 5, 0)}


async def test_a_sync_that_failed_half_way_and_the_next_one_are_one_set(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = held(product("a", 10), product("b", 10)), held(product("a", 9), product("b", 9))
    half = held(product("a", 9), product("b", 10))
    begun, failed, _, again, then, end = await published(monkeypatch, [(half, first), (second, half)])
    (over,) = taken([*begun, *failed, *again, *then, *end])
    assert list(over.changes) == ["a", "b"] and over.at == MONDAY + HOUR


def test_a_mark_of_either_kind_tells_when_its_sync_was() -> None:
    begun, over = begin_mark("tea", "s", MONDAY), mark("tea", "s", MONDAY, 5)
    assert published_at(begin_key("tea"), begun) == published_at(mark_key("tea"), over) == ("tea", MONDAY)
    for key, value in ((mark_key("tea"), begun), (begin_key("main"), begun), (mark_key("tea"), b"{"), (None, None)):
        assert published_at(key, value) is None
