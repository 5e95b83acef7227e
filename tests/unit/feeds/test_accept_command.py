"""`rewake feed sync` and `rewake feed accept` of a feed that looks wrong, as people and programs use them."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.commands import build_root
from streams.feeds.sync import KafkaProducts
from tests.unit.feeds.reading import offer, yml
from tests.unit.feeds.sites import serving
from tests.unit.streams.products_in_memory import ProductsInMemory


class Shop:
    """A folder with a feed, and a topic in memory in the place of Kafka."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.topic = ProductsInMemory(patch)
        patch.setattr(KafkaProducts, "read", lambda _, into: self.topic.read(into))
        patch.chdir(folder)
        self.feed = folder / "feed.xml"

    def write(self, price: str, count: int = 40) -> None:
        some = (offer(number, f"<name>Tea</name><price>{price}</price>") for number in range(count))
        self.feed.write_bytes(yml(*some))

    def sync(self, *more: str, **how: Any) -> Result:
        return self.run("sync", "feed.xml", *more, **how)

    def run(self, *arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(build_root(), ["feed", *arguments], input=stdin)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path, monkeypatch)
    made.write("100")
    assert made.sync().exit_code == 0
    made.write("10000")
    return made


def test_a_feed_that_looks_wrong_is_held_with_why_and_the_command_that_releases_it(shop: Shop) -> None:
    before = len(shop.topic.log)
    done = shop.sync()
    assert (done.exit_code, len(shop.topic.log)) == (1, before)
    assert done.stderr.splitlines() == [
        "error: the feed of shop main is held: nothing was published, its products stay as they are",
        "  40 of 40 prices jumped (x100 in the median); 50% may change by more than 5 times",
        "    for instance 0 Tea: 100 -> 10000",
        "    for instance 1 Tea: 100 -> 10000",
        "    for instance 10 Tea: 100 -> 10000",
        "a sound feed is taken by the next sync. If this one is right, publish it with:",
        "  rewake feed accept --shop main",
    ]


def test_the_command_that_is_named_says_all_that_was_said_to_the_sync(shop: Shop) -> None:
    shop.sync("--state", "a folder", "--bootstrap", "kafka:9092", "--shop", "tea")
    shop.write("0")
    done = shop.sync("--state", "a folder", "--bootstrap", "kafka:9092", "--shop", "tea")
    assert done.stderr.splitlines()[-1] == "  rewake feed accept --shop tea --state 'a folder' --bootstrap kafka:9092"
    assert "all 40 prices are 0" in done.stderr
    assert "40 of 40 prices jumped (to 0 in the median, 40 to 0)" in done.stderr


def test_programs_are_told_in_numbers(shop: Shop) -> None:
    done = shop.sync("--json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)["held"]
    assert (said["changed"], said["reasons"][0]["median"]) == (40, "100")


@pytest.mark.parametrize(
    ("count", "price", "said"),
    [
        (5, "100", "35 of 40 products are gone; 30% may be at once"),
        (40, "on request", "40 of 40 products lost their price; 50% may at once"),
        (40, "1", "40 of 40 prices jumped (/100 in the median)"),
    ],
)
def test_every_reason_is_said_in_words(shop: Shop, count: int, price: str, said: str) -> None:
    shop.write(price, count)
    assert said in shop.sync().stderr


def test_goods_that_are_all_sold_out_are_said_in_words(shop: Shop) -> None:
    shop.write("100")
    shop.feed.write_bytes(shop.feed.read_bytes().replace(b"<offer ", b'<offer available="false" '))
    assert "40 of 40 products can't be ordered any more; 90% may be sold out at once" in shop.sync().stderr


def test_the_shop_s_own_guard_is_taken(shop: Shop) -> None:
    (shop.feed.parent / "shops" / "main").mkdir(parents=True)
    (shop.feed.parent / "shops" / "main" / "shop.yaml").write_text("feed: {guard: {factor: 200}}\n")
    assert shop.sync().exit_code == 0


def test_a_guard_that_can_not_be_read_is_told_and_not_taken_for_the_usual_one(shop: Shop) -> None:
    (shop.feed.parent / "shops" / "main").mkdir(parents=True)
    (shop.feed.parent / "shops" / "main" / "shop.yaml").write_text("feed: {guard: {factor: ten}}\n")
    done = shop.sync()
    assert (done.exit_code, "shops/main/shop.yaml:1:" in done.stderr) == (2, True), done.stderr


def test_a_feed_from_standard_input_is_held_too(shop: Shop) -> None:
    assert shop.run("sync", "-", stdin=shop.feed.read_bytes()).exit_code == 1
    assert shop.run("accept", "--yes").exit_code == 0
    assert set(shop.topic.prices().values()) == {"10000"}


def test_what_is_held_is_shown_and_published_by_yes(shop: Shop) -> None:
    shop.sync()
    shop.feed.unlink()  # it is the file as it was held that counts
    done = shop.run("accept", "--yes")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("the feed of shop main from feed.xml, held at ")
    assert lines[1] == "  40 of 40 prices jumped (x100 in the median); 50% may change by more than 5 times"
    assert lines[-2] == "would publish: 40 changed (of them 0 new), 0 vanished; 0 unchanged"
    assert lines[-1] == "published: 40 changed (of them 0 new), 0 vanished; 0 unchanged"
    assert set(shop.topic.prices().values()) == {"10000"}
    again = shop.run("accept", "--yes")
    assert (again.exit_code, "no feed of shop main is held in .rewake/feeds" in again.stderr) == (1, True)


def test_nothing_is_published_where_nobody_can_be_asked(shop: Shop) -> None:
    shop.sync()
    done = shop.run("accept")
    assert (done.exit_code, "--yes is needed" in done.stderr) == (2, True)
    assert set(shop.topic.prices().values()) == {"100"}


@pytest.mark.parametrize(("answer", "code", "price"), [("y\n", 0, "10000"), ("n\n", 1, "100")])
def test_who_sits_there_is_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, price: str
) -> None:
    monkeypatch.setattr(sys.modules["streams.commands.feed.accept"], "can_ask", lambda: True)
    shop.sync()
    done = shop.run("accept", stdin=answer)
    assert (done.exit_code, "Publish it?" in done.stderr) == (code, True)
    assert set(shop.topic.prices().values()) == {price}


def test_what_another_sync_overtook_is_refused_with_what_to_do(shop: Shop) -> None:
    shop.sync()
    shop.write("101")
    assert shop.sync("--state", "elsewhere").exit_code == 0
    done = shop.run("accept", "--yes")
    assert done.exit_code == 1
    assert "and another sync of shop main was at" in done.stderr
    assert "hint: sync it again" in done.stderr


def test_what_was_never_held_can_not_be_accepted(shop: Shop) -> None:
    done = shop.run("accept", "--yes", "--shop", "tea")
    assert (done.exit_code, "no feed of shop tea is held" in done.stderr) == (1, True)
    assert shop.run("accept", "--shop", "a:b").exit_code == 2


def test_programs_are_told_what_was_accepted(shop: Shop) -> None:
    shop.sync()
    done = shop.run("accept", "--yes", "--json")
    assert json.loads(done.stdout)["sync"]["changed"] == 40


def test_a_sync_waits_for_no_other_of_its_shop(shop: Shop) -> None:
    from feeds.fetching.conditional import KeptFeed

    with KeptFeed(Path(".rewake/feeds/main")).held():
        done = shop.sync()
    assert (done.exit_code, "is in use by another process" in done.stderr) == (1, True)


def test_a_feed_from_a_pipe_is_held_too(shop: Shop) -> None:
    pipe = shop.feed.parent / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[shop.feed.read_bytes()])
    writer.start()
    done = shop.run("sync", "pipe")
    writer.join()
    assert (done.exit_code, "is held" in done.stderr) == (1, True), done.stderr


def test_the_password_of_an_address_is_never_shown_or_written(shop: Shop) -> None:
    shop.write("100")
    with serving() as site:
        for price, codes in (("100", 0), ("10000", 1), ("on request", 1)):
            shop.write(price)
            site.feed = shop.feed.read_bytes()
            address = site.url.replace("http://", "HTTP://shop:secret@") + "/feed.xml"  # a scheme is of either case
            done = shop.run("sync", address, "--allow-private")
            assert (done.exit_code, "secret" in done.stdout + done.stderr) == (codes, False), done.stderr
        assert "Authorization" in site.asked[0][1]
    assert all(b"secret" not in file.read_bytes() for file in Path(".rewake").rglob("*") if file.is_file())
