"""One look at a shop's feed, with a real web server and a topic in memory."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Container, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from feeds.differ import Changed, Vanished, differences
from feeds.fetching.fetch import Outside
from feeds.store import Ordered, Store
from schemas.catalogue import Product
from schemas.feed_guard import FeedGuard
from schemas.instants import DAY, HOUR, MINUTE, rfc3339
from streams.feeds.look import Look, Looking
from streams.products import Synced
from tests.unit.feeds.reading import offer, rss, yml
from tests.unit.feeds.sites import Site, serving
from triggers.rules.feeding import Feeding

NOW = 1_795_341_600_000_000


class Topic:
    """`products` in memory. Before publishing `before` is called and `trouble` raised; `published` are ids by sync."""

    def __init__(self) -> None:
        self.products: dict[tuple[str, str], Product] = {}
        self.published: list[list[str]] = []
        self.before: Callable[[], None] = lambda: None
        self.trouble: Exception | None = None

    def read(self, into: Store) -> Mapping[str, int]:
        into.apply((shop, product, one) for (shop, product), one in self.products.items())
        return {}

    def publish(
        self, new: Ordered, old: Ordered, shop_id: str, *, at: int, held: Container[str], complete: bool
    ) -> Synced:
        self.before()
        if self.trouble is not None:
            raise self.trouble
        synced, ids = Synced(sync_id="s"), []
        for found in differences(old.products(shop_id), new.products(shop_id), held=held, complete=complete):
            if isinstance(found, Changed):
                synced.changed += 1
                ids.append(found.product.product_id)
                self.products[shop_id, found.product.product_id] = found.product
            elif isinstance(found, Vanished):
                synced.vanished += 1
                del self.products[shop_id, found.previous.product_id]
        self.published.append(ids)
        return synced


class World:
    """A site, a topic, a state folder and a clock that stands still."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.topic = Topic()
        self.now = NOW
        self.notes: list[str] = []
        self.folder = folder
        self.looking = self.with_()
        site.feed = yml(offer(1), offer(2))

    def with_(self, **more: Any) -> Looking:
        async def sleep(seconds: float) -> None: ...

        return Looking(
            self.topic, self.folder / "state", lambda: self.now,
            note=self.notes.append, outside=Outside(sleep=sleep, share=lambda: 0.0), **more,
        )  # fmt: skip

    async def look(self, path: str = "/versioned", **more: Any) -> Look:
        feeding = Feeding(url=self.site.url + path, allow_private=True, **more)
        return await self.looking.look("tea", feeding)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with serving() as site:
        yield World(site, tmp_path)


async def test_a_feed_is_fetched_and_published_and_then_asked_for_by_its_version(world: World) -> None:
    first = await world.look()
    assert (first.what, first.size) == ("published", len(world.site.feed))
    assert first.outcome is not None and first.outcome.synced.changed == 2
    second = await world.look()
    assert (second.what, second.size) == ("unchanged", None)
    world.site.feed, world.site.etag = yml(offer(2), offer(3)), '"two"'
    third = await world.look()
    assert third.what == "published" and world.topic.published == [["1", "2"], ["3"]]
    assert {product for _, product in world.topic.products} == {"2", "3"}
    assert [headers.get("If-None-Match") for _, headers in world.site.asked] == [None, '"one"', '"one"']


async def test_the_same_bytes_from_a_server_without_versions_are_unchanged_too(world: World) -> None:
    await world.look("/feed.xml")
    again = await world.look("/feed.xml")
    assert (again.what, again.size) == ("unchanged", len(world.site.feed))
    assert len(world.topic.published) == 1


async def test_a_feed_that_could_not_be_published_is_fetched_again(world: World) -> None:
    world.topic.trouble = KafkaConnectionError("no broker")
    failed = await world.look()
    assert (failed.what, failed.reason) == ("failed", "kafka")
    world.topic.trouble = None
    assert (await world.look()).what == "published"


async def test_a_publication_that_broke_off_is_mended_even_when_the_feed_is_again_as_it_was(world: World) -> None:
    good = world.site.feed
    await world.look()
    world.site.feed, world.site.etag = yml(offer(1), offer(3)), '"two"'
    world.topic.trouble = KafkaConnectionError("in its midst")
    assert (await world.look()).reason == "kafka"
    world.topic.trouble = None
    world.topic.products.clear()  # what it had published by then
    world.site.feed, world.site.etag = good, '"one"'
    assert (await world.look()).what == "published"
    assert {product for _, product in world.topic.products} == {"1", "2"}


async def test_a_refused_feed_leaves_the_last_good_one_and_is_asked_for_by_its_version(world: World) -> None:
    await world.look()
    good = world.site.feed
    world.site.feed, world.site.etag = b"<html>404</html>", '"two"'
    failed = await world.look()
    assert (failed.what, failed.reason) == ("failed", "unknown-format")
    assert (world.folder / "state/tea/feed").read_bytes() == good
    assert {product for _, product in world.topic.products} == {"1", "2"}
    world.site.feed, world.site.etag = good, '"one"'
    assert (await world.look()).what == "unchanged"


@pytest.mark.parametrize("way", ["/versioned", "/feed.xml"])
async def test_an_unchanged_feed_is_read_again_after_a_day(world: World, way: str) -> None:
    await world.look(way)
    world.topic.products.clear()  # the topic has lost it
    world.now += DAY - 1
    assert (await world.look(way)).what == "unchanged"
    world.now += 1
    again = await world.look(way)
    assert again.outcome is not None and again.outcome.synced.changed == 2
    world.now += HOUR
    assert (await world.look(way)).what == "unchanged"


async def test_an_unchanged_feed_is_read_again_when_a_sale_price_begins_and_when_it_ends(world: World) -> None:
    begins, ends = (rfc3339(NOW + hours * HOUR).replace("Z", "+00:00") for hours in (2, 4))
    world.site.feed = rss(
        "<item><g:id>1</g:id><g:price>10 EUR</g:price><g:sale_price>7 EUR</g:sale_price>"
        f"<g:sale_price_effective_date>{begins}/{ends}</g:sale_price_effective_date></item>"
    )
    told = []
    for _ in range(6):
        looked = await world.look()
        told.append((looked.what, str(world.topic.products["tea", "1"].price)))
        world.now += HOUR
    assert told == [
        ("published", "10"), ("unchanged", "10"), ("published", "7"), ("unchanged", "7"), ("published", "10"),
        ("unchanged", "10"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "more", "reason"),
    [
        ("/nothing", {}, "http-status"),
        ("/short", {}, "broken-off"),
        ("/versioned", {"max_size": 10}, "too-large"),
        ("/drips", {"timeout": 200_000}, "timeout"),
    ],
)
async def test_a_feed_that_can_not_be_fetched_fails_by_its_reason(
    world: World, path: str, more: dict[str, int], reason: str
) -> None:
    failed = await world.look(path, **more)
    assert (failed.what, failed.reason, failed.outcome) == ("failed", reason, None)
    assert failed.detail and world.topic.published == []


async def test_an_address_inside_a_network_is_refused_unless_the_shop_allows_it(world: World) -> None:
    failed = await world.looking.look("tea", Feeding(url=world.site.url + "/feed.xml"))
    assert (failed.reason, world.site.asked) == ("private-address", [])


async def test_failures_to_fetch_are_told_and_counted(world: World) -> None:
    world.site.feed = yml(offer(1))
    done = await world.look("/short-at-first")
    assert done.retries == 2 and [note[:16] for note in world.notes] == ["tea: broken-off:"] * 2
    assert done.what == "published"


async def test_a_feed_without_a_sound_product_publishes_nothing(world: World) -> None:
    world.site.feed = yml()
    assert (await world.look()).reason == "nothing-sound"


async def test_a_fault_of_ours_is_told_with_where_it_was_and_stops_nothing(world: World) -> None:
    world.topic.trouble = ZeroDivisionError("oh")
    failed = await world.look()
    assert (failed.reason, failed.detail) == ("fault", "a fault of ours: ZeroDivisionError: oh")
    assert "Traceback" in world.notes[0]


async def test_a_full_or_forbidden_disk_fails_one_look(world: World) -> None:
    (world.folder / "state").write_text("a file where the folder goes")
    assert (await world.look()).reason == "disk"


async def test_a_shop_whose_feed_another_process_is_at_is_left_to_it(world: World) -> None:
    site_waits = asyncio.create_task(world.look("/silent", timeout=MINUTE))
    await asyncio.to_thread(world.site.reached.wait, 20)
    assert (await world.look()).reason == "in-use"
    site_waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await site_waits
    assert (await world.look()).what == "published"


async def test_a_feed_that_lost_most_of_its_goods_is_held_until_it_has_them_again(world: World) -> None:
    good = world.site.feed = yml(*(offer(number) for number in range(30)))
    await world.look()
    world.site.feed, world.site.etag = yml(offer(1)), '"two"'
    held = await world.look()
    assert (held.what, held.outcome, held.failed, held.troubled) == ("held", None, False, True)
    assert held.held is not None and [reason.what for reason in held.held.reasons] == ["vanished"]
    assert len(world.topic.products) == 30 and len(world.topic.published) == 1
    folder = world.folder / "state/tea"
    assert (folder / "held").read_bytes() == world.site.feed and (folder / "feed").read_bytes() == good
    assert (await world.look()).what == "held"  # it is fetched again, and is still so
    world.site.feed, world.site.etag = good, '"one"'
    assert (await world.look()).what == "unchanged"
    assert not (folder / "held").exists()


async def test_no_password_of_an_address_is_written_down_or_shown(world: World) -> None:
    feeding = Feeding(url=world.site.url.replace("://", "://shop:secret@") + "/versioned", allow_private=True)
    world.site.feed = yml(*(offer(number) for number in range(30)))
    told = [await world.looking.look("tea", feeding)]
    world.site.feed, world.site.etag = yml(offer(1)), '"two"'
    told.append(await world.looking.look("tea", feeding))
    written = b"".join(path.read_bytes() for path in sorted((world.folder / "state/tea").glob("*.json")))
    assert [looked.what for looked in told] == ["published", "held"] and b"127.0.0.1" in written
    assert "Authorization" in world.site.asked[0][1]
    assert "secret" not in written.decode() + repr([looked.as_dict() for looked in told]) + repr(world.notes)


async def test_a_shop_says_itself_how_much_one_sync_may_change(world: World) -> None:
    world.looking = world.with_(guards={"tea": FeedGuard(least=2, vanished=Decimal(10))})
    await world.look()
    world.site.feed, world.site.etag = yml(offer(1)), '"two"'
    assert (await world.look()).what == "held"


async def test_feeds_are_fetched_side_by_side_and_read_one_after_the_other(world: World) -> None:
    reading: list[int] = []

    def begun() -> None:
        reading.append(1)
        time.sleep(0.05)  # another one that did not wait would be here by then
        assert len(reading) == 1
        reading.pop()

    world.topic.before = begun
    feeding = Feeding(url=world.site.url + "/feed.xml", allow_private=True)
    looks = await asyncio.gather(*(world.looking.look(shop, feeding) for shop in ("tea", "books", "toys")))
    assert [looked.what for looked in looks] == ["published"] * 3, world.notes


# -- files


async def in_file(world: World, path: str, files: Path | None) -> Look:
    return await world.with_(files=files).look("tea", Feeding(path=path))


async def test_a_file_is_read_below_the_folder_that_was_allowed(world: World) -> None:
    files = world.folder / "files"
    (files / "tea").mkdir(parents=True)
    (files / "tea/feed.xml").write_bytes(yml(offer(1)))
    assert (await in_file(world, "tea/feed.xml", None)).reason == "file-refused"
    done = await in_file(world, "tea/feed.xml", files)
    assert (done.what, world.topic.published) == ("published", [["1"]])
    assert (await in_file(world, "tea/feed.xml", files)).what == "unchanged"
    (files / "tea/feed.xml").write_bytes(yml(offer(1), offer(2)))
    assert (await in_file(world, "tea/feed.xml", files)).what == "published"
    assert (await in_file(world, "tea", files)).reason == "no-such-file"
    assert (await in_file(world, "other.xml", files)).reason == "no-such-file"
    assert (await in_file(world, "../secret", files)).reason == "file-refused"


@pytest.mark.parametrize("what", ["link", "folder"])
async def test_no_link_leads_out_of_it(world: World, what: str) -> None:
    files = world.folder / "files"
    files.mkdir()
    (world.folder / "secret").mkdir()
    (world.folder / "secret/feed.xml").write_bytes(yml(offer(1)))
    target, path = ("secret/feed.xml", "feed.xml") if what == "link" else ("secret", "in/feed.xml")
    os.symlink(world.folder / target, files / path.split("/")[0])
    assert (await in_file(world, path, files)).reason == "file-refused"


async def test_a_pipe_is_no_feed(world: World) -> None:
    os.mkfifo(world.folder / "pipe")
    assert (await in_file(world, "pipe", world.folder)).reason == "no-such-file"


# -- ended


async def test_cancelled_while_it_publishes_it_ends_when_that_is_done(world: World) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        begun.set()
        assert go_on.wait(20)

    world.topic.before = slowly
    looking = asyncio.create_task(world.look())
    assert await asyncio.to_thread(begun.wait, 20)
    looking.cancel()
    await asyncio.sleep(0.05)
    assert not looking.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert world.topic.published == [["1", "2"]]
    assert not list((world.folder / "state/tea").glob("incoming-*"))
