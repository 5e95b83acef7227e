"""The topic `products` on both stacks: what a sync publishes, every store is filled with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from feeds.snapshots import encode, key_of
from feeds.store import MemoryStore, Store
from schemas.catalogue import Product
from streams import stacks
from streams.products import TRUSTED_FOR, ProductsReader, ProductsTopicUnusable, Synced, publish, sync
from tests.unit.feeds.reading import fed

NOW = 1_763_700_000_000_000


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


@pytest.fixture
def options(stack: stacks.Stack) -> dict[str, Any]:
    return {"bootstrap_servers": stack.bootstrap}


@pytest.fixture
async def topic(options: dict[str, Any], prefix: str) -> str:
    name = f"{prefix}-products"
    await create(options, name, 1)
    return name


async def create(options: dict[str, Any], name: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    finally:
        await admin.close()


@asynccontextmanager
async def reader(
    store: Store, options: dict[str, Any], topic: str, now: int = NOW, bad: list[tuple[int, str]] | None = None
) -> AsyncIterator[ProductsReader]:
    def on_bad(offset: int, why: str) -> None:
        assert bad is not None, why
        bad.append((offset, why))

    made = ProductsReader(store, options, wall=lambda: now, on_bad=on_bad, topic=topic)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def product(product_id: str, price: str = "10", shop: str = "main") -> Product:
    return Product(product_id=product_id, shop_id=shop, name=f"Tea {product_id}", price=Decimal(price))


def held_by(products: Iterable[Product]) -> MemoryStore:
    store = MemoryStore()
    store.apply([(each.shop_id, each.product_id, each) for each in products])
    return store


def kept(store: Store, shop: str = "main") -> list[Product]:
    return [fed(each) for each in store.products(shop)]


async def synced(options: dict[str, Any], topic: str, feed: list[Product], **keywords: Any) -> Synced:
    old = MemoryStore()
    async with reader(old, options, topic) as following:
        await following.catch_up()
    return await sync(held_by(feed), old, "main", options, at=NOW, topic=topic, **keywords)


async def test_a_second_sync_publishes_only_what_changed(options: dict[str, Any], topic: str) -> None:
    first = await synced(options, topic, [product("a"), product("b"), product("c")])
    assert (first.changed, first.new, first.vanished, first.unchanged) == (3, 3, 0, 0)
    second = await synced(options, topic, [product("a"), product("b", "12"), product("d")])
    assert (second.changed, second.new, second.vanished, second.unchanged) == (2, 1, 1, 1)
    store = MemoryStore()
    async with reader(store, options, topic) as following:
        assert await following.catch_up() == 10  # the marks of both syncs among them
        assert following.synced_at == {"main": NOW}
    assert kept(store) == [product("a"), product("b", "12"), product("d")]


async def test_a_store_goes_on_where_it_stood(options: dict[str, Any], topic: str) -> None:
    await synced(options, topic, [product("a"), product("b")])
    store = MemoryStore()
    async with reader(store, options, topic) as following:
        assert await following.catch_up() == 4
    await synced(options, topic, [product("a")])
    async with reader(store, options, topic) as following:
        assert await following.catch_up() == 3
    assert kept(store) == [product("a")]


async def test_a_store_that_was_away_too_long_is_filled_again(options: dict[str, Any], topic: str) -> None:
    await synced(options, topic, [product("a")])
    store = MemoryStore()
    async with reader(store, options, topic) as following:
        await following.catch_up()
    store.apply([("main", "gone", product("gone"))])  # its tombstone has been compacted away meanwhile
    async with reader(store, options, topic, now=NOW + TRUSTED_FOR) as following:
        assert await following.catch_up() == 0
    assert store.count() == 2
    async with reader(store, options, topic, now=NOW + 2 * TRUSTED_FOR + 1) as following:
        assert await following.catch_up() == 3
    assert kept(store) == [product("a")]


async def test_a_store_of_another_topic_is_filled_again(options: dict[str, Any], topic: str) -> None:
    await synced(options, topic, [product("a")])
    store = held_by([product("stranger")])
    store.apply((), position=1000, caught_up_at=NOW)
    async with reader(store, options, topic) as following:
        await following.catch_up()
    assert kept(store) == [product("a")]


async def test_a_running_reader_sees_what_is_published(options: dict[str, Any], topic: str) -> None:
    store = MemoryStore()
    async with reader(store, options, topic) as following:
        assert await following.catch_up() == 0
        running = asyncio.create_task(following.run())
        await synced(options, topic, [product("a")])
        async with asyncio.timeout(20):
            while following.position < 3:  # noqa: ASYNC110  # the store is no asyncio object
                await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert store.position == 3 and store.get("main", "a") is not None


async def test_records_that_are_no_snapshots_are_reported_and_passed_over(options: dict[str, Any], topic: str) -> None:
    good = encode(product("a"), None, "s", NOW)
    await publish(
        [
            (b"no-colon", good),
            (b"main:a", b"{"),
            (b"main:b", good),
            (b"\xff:a", None),
            (key_of("main", "a"), good),
        ],
        options,
        topic=topic,
    )
    bad: list[tuple[int, str]] = []
    store = MemoryStore()
    async with reader(store, options, topic, bad=bad) as following:
        await following.catch_up()
    assert [offset for offset, _ in bad] == [0, 1, 2, 3]
    assert kept(store) == [product("a")]


async def test_another_shop_s_products_are_left_alone(options: dict[str, Any], topic: str) -> None:
    await publish([(key_of("tea", "x"), encode(product("x", shop="tea"), None, "s", NOW))], options, topic=topic)
    await synced(options, topic, [product("a")])
    assert (await synced(options, topic, [product("b")])).vanished == 1
    store = MemoryStore()
    async with reader(store, options, topic) as following:
        await following.catch_up()
    assert kept(store, "tea") == [product("x", shop="tea")]


async def test_an_incomplete_feed_and_held_products_take_nothing_away(options: dict[str, Any], topic: str) -> None:
    await synced(options, topic, [product("a"), product("b"), product("c")])
    broken = await synced(options, topic, [product("a")], complete=False)
    assert (broken.vanished, broken.held) == (0, 2)
    partly = await synced(options, topic, [product("a")], held={"b"})
    assert (partly.vanished, partly.held) == (1, 1)


async def test_a_topic_that_is_missing_or_split_is_refused(options: dict[str, Any], prefix: str) -> None:
    with pytest.raises(ProductsTopicUnusable, match="rewake topics create"):
        async with reader(MemoryStore(), options, f"{prefix}-missing"):
            pass
    await create(options, f"{prefix}-split", 2)
    with pytest.raises(ProductsTopicUnusable, match="one partition"):
        async with reader(MemoryStore(), options, f"{prefix}-split"):
            pass
