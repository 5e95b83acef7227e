"""A feed that looks wrong, from the sync that holds it to the one that accepts it, on Apache Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from streams.syncs import begin_key, is_mark, mark_key
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop
from tests.topics import recreate
from tests.unit.feeds.reading import offer, yml


def write(shop: Shop, price: str, count: int = 40) -> None:
    some = (offer(number, f"<name>Tea {number}</name><price>{price}</price>") for number in range(count))
    (shop.folder / "feed.xml").write_bytes(yml(*some))


def sync(shop: Shop, *more: str) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(shop.command("feed", "sync", "feed.xml", "--json", *more))["sync"]
    return said


async def prices(shop: Shop) -> dict[str, str]:
    """As the topic has them: of each key the newest record."""
    newest = {record.key: record.value for record in await shop.records("products")}
    told = [orjson.loads(value) for key, value in newest.items() if value is not None and not is_mark(key)]
    return {snapshot["product_id"]: snapshot["price"] for snapshot in told}


async def test_a_feed_that_looks_wrong_waits_until_somebody_accepts_it(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix, partitions=1)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    write(shop, "100")
    assert sync(shop)["new"] == 40
    before = len(await shop.records("products"))

    write(shop, "10000")
    said = shop.refused("feed", "sync", "feed.xml")
    assert "40 of 40 prices jumped (x100 in the median)" in said
    assert said.splitlines()[-1].strip() == "rewake feed accept --shop main"
    assert len(await shop.records("products")) == before

    write(shop, "1")  # what is accepted is what was held
    accepted = orjson.loads(shop.command("feed", "accept", "--shop", "main", "--yes", "--json"))
    assert (accepted["sync"]["changed"], accepted["sync"]["unchanged"]) == (40, 0)
    assert set((await prices(shop)).values()) == {"10000"}
    published = (await shop.records("products"))[before:]
    assert (published[0].key, published[-1].key, len(published)) == (begin_key("main"), mark_key("main"), 42)
    history = [entry["price"] for entry in orjson.loads(published[1].value)["price_history"]]
    assert history == ["100", "10000"]
    assert "no feed of shop main is held" in shop.refused("feed", "accept", "--yes")


async def test_what_was_held_is_not_accepted_once_another_sync_was_made(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path
) -> None:
    await recreate(kafka.bootstrap, app=prefix, partitions=1)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url)
    write(shop, "100")
    sync(shop)
    write(shop, "100", 5)
    assert "35 of 40 products are gone; 30% may be at once" in shop.refused("feed", "sync", "feed.xml")
    write(shop, "101")
    assert sync(shop, "--state", str(tmp_path / "elsewhere"))["changed"] == 40
    assert "another sync of shop main was at" in shop.refused("feed", "accept", "--yes")
    write(shop, "102")
    assert sync(shop)["changed"] == 40  # a sound one: nothing is held any more
    assert "no feed of shop main is held" in shop.refused("feed", "accept", "--yes")
    assert set((await prices(shop)).values()) == {"102"}
