"""Shops' feeds on their schedules, with a web server, a broker and the command as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.stacks import Stack
from streams.syncs import is_mark
from tests.e2e.running import PATIENCE, REWAKE, Shop
from tests.topics import recreate
from tests.unit.feeds.reading import offer, yml
from tests.unit.feeds.sites import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        site.feed = yml(*(offer(number) for number in range(100)))
        yield site


@pytest.fixture(params=["real", "embedded"])
async def shop(request: pytest.FixtureRequest, prefix: str, tmp_path: Path, site: Site) -> Shop:
    stack: Stack = request.getfixturevalue(f"{request.param}_stack")
    await recreate(stack.bootstrap, app=prefix, partitions=4)
    for name, path in (("tea", "/versioned"), ("books", "/nothing")):
        folder = tmp_path / "stores" / name
        folder.mkdir(parents=True)
        feed = f"{{url: {site.url}{path}, allow_private: true, every: 1m}}"
        (folder / "shop.yaml").write_text(f"currency: RUB\nfeed: {feed}\n")
    return Shop(tmp_path, prefix, stack.bootstrap, stack.redis_url)


def environment(shop: Shop) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("REWAKE_")}
    return kept | {f"REWAKE_{key.upper()}": value for key, value in shop.settings.items()}


def synced(shop: Shop) -> dict[str, dict[str, Any]]:
    """What each shop's look came to, of one sync of them all."""
    done = subprocess.run(
        [REWAKE, "feed", "sync", "--shops", "stores", "--json"],
        env=environment(shop), cwd=shop.folder, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr  # one of the two has no feed
    return {one["shop_id"]: one for one in orjson.loads(done.stdout)["shops"]}


async def published(shop: Shop) -> list[tuple[str, bool]]:
    """Of all records of `products`, marks apart: the product, and whether it is one that has vanished."""
    return [
        (record.key.decode(), record.value is None)
        for record in await shop.records("products")
        if not is_mark(record.key)
    ]


async def test_only_what_changed_is_published_and_only_what_is_newer_is_fetched(shop: Shop, site: Site) -> None:
    first = synced(shop)
    assert (first["tea"]["what"], first["tea"]["sync"]["new"]) == ("published", 100)
    assert (first["books"]["what"], first["books"]["reason"]) == ("failed", "http-status")
    assert synced(shop)["tea"]["what"] == "unchanged"
    assert len(await published(shop)) == 100
    site.feed, site.etag = yml(*(offer(number) for number in range(1, 101))), '"two"'
    second = synced(shop)["tea"]["sync"]
    assert (second["changed"], second["vanished"], second["unchanged"]) == (1, 1, 99)
    assert sorted((await published(shop))[100:]) == [("tea:0", True), ("tea:100", False)]


class Watching:
    """`rewake feed sync --watch` as a process, and the looks that it told of."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self.process = process
        self._out = out

    def looks(self, shop_id: str) -> list[dict[str, Any]]:
        told = [orjson.loads(line) for line in self._out.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
        return [one for one in told if one["shop_id"] == shop_id]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 3 * PATIENCE
        while not holds():
            assert self.process.poll() is None, "it ended by itself"
            assert time.monotonic() < deadline
            time.sleep(0.2)


@contextmanager
def watching(shop: Shop) -> Iterator[Watching]:
    out = shop.folder / "looks.jsonl"
    with out.open("wb") as stdout, (shop.folder / "notes.log").open("wb") as stderr:
        process = subprocess.Popen(
            [REWAKE, "feed", "sync", "--shops", "stores", "--watch", "--json"],
            env=environment(shop), cwd=shop.folder, stdout=stdout, stderr=stderr,
        )  # fmt: skip
    try:
        yield Watching(process, out)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def test_a_watch_takes_what_changes_while_another_feed_fails_and_ends_when_it_is_asked_to(
    shop: Shop, site: Site
) -> None:
    with watching(shop) as watch:
        watch.until(lambda: bool(watch.looks("tea")) and bool(watch.looks("books")))
        assert watch.looks("tea")[0]["sync"]["new"] == 100
        site.feed, site.etag = yml(*(offer(number) for number in range(101))), '"two"'
        watch.until(lambda: len(watch.looks("tea")) >= 2 and len(watch.looks("books")) >= 2)
        assert watch.looks("tea")[1]["sync"]["changed"] == 1
        assert {look["reason"] for look in watch.looks("books")} == {"http-status"}
        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(PATIENCE) == 0
    assert len(await published(shop)) == 101
    assert (shop.folder / "notes.log").read_text().endswith("stopped\n")
    assert not list((shop.folder / ".rewake/feeds").glob("*/incoming-*"))
