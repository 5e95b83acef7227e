"""`rewake feed sync` for the shops of a folder, with a real web server and a topic in memory."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from schemas.instants import parse_rfc3339
from streams.commands import build_root
from tests.unit.feeds.reading import offer, yml
from tests.unit.feeds.sites import Site, serving
from tests.unit.streams.products_in_memory import ProductsInMemory

REWAKE = str(Path(sys.executable).with_name("rewake"))


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        site.feed = yml(*(offer(number) for number in range(30)))
        yield site


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> ProductsInMemory:
    topic = ProductsInMemory(monkeypatch)
    monkeypatch.setattr("streams.feeds.sync.KafkaProducts", lambda options, wall, on_bad: topic)
    return topic


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def shop(name: str, feed: str, rule: str = "") -> None:
    folder = Path("shops") / name
    (folder / "rules").mkdir(parents=True)
    (folder / "shop.yaml").write_text(f"currency: RUB\n{feed}\n")
    if rule:
        (folder / "rules/a.yaml").write_text(rule)


def at(site: Site, path: str = "/versioned", **more: str) -> str:
    fields = {"url": site.url + path, "allow_private": "true", **more}
    return f"feed: {{{', '.join(f'{name}: {value}' for name, value in fields.items())}}}"


def sync(*arguments: str) -> Result:
    return CliRunner().invoke(build_root(), ["feed", "sync", "--shops", "shops", *arguments])


def test_the_feeds_of_all_shops_are_synced_and_the_next_time_only_what_changed(
    site: Site, topic: ProductsInMemory
) -> None:
    shop("tea", at(site))
    shop("books", at(site, "/feed.xml"))
    shop("none", "")
    first = sync()
    assert first.exit_code == 0, first.stderr
    size = f"{len(site.feed):,} bytes"
    assert sorted(first.stdout.splitlines()) == [
        f"{name}: {size}; 30 products, published: 30 changed (of them 30 new), 0 vanished; 0 unchanged"
        for name in ("books", "tea")
    ]
    assert len(topic.products()) == 60
    assert sorted(sync().stdout.splitlines()) == [f"books: {size}; unchanged", "tea: unchanged"]


def test_one_shop_alone_can_be_named(site: Site, topic: ProductsInMemory) -> None:
    shop("tea", at(site))
    shop("books", at(site))
    assert sync("--shop", "tea").stdout.startswith("tea: ")
    assert {product.shop_id for product in topic.products()} == {"tea"}


def test_a_feed_that_fails_stops_no_other_and_the_command_leaves_with_1(site: Site, topic: ProductsInMemory) -> None:
    shop("books", at(site, "/nothing"))
    shop("inside", f"feed: {{url: {site.url}/feed.xml}}")
    shop("tea", at(site))
    done = sync()
    assert done.exit_code == 1
    assert "books: failed: http-status: 127.0.0.1 answered 404" in done.stderr
    assert "inside: failed: private-address: 127.0.0.1 is an address inside a network" in done.stderr
    assert "hint: `allow_private: true` in the `feed` of its shop.yaml allows it" in done.stderr
    assert done.stdout.startswith("tea: ") and len(topic.products()) == 30


def test_json_says_the_same_to_programs(site: Site, topic: ProductsInMemory) -> None:
    shop("books", at(site, "/nothing"))
    shop("tea", at(site))
    done = sync("--json")
    books, tea = json.loads(done.stdout)["shops"]
    assert done.exit_code == 1
    assert books == {
        "shop_id": "books", "what": "failed", "reason": "http-status", "detail": "127.0.0.1 answered 404"
    }  # fmt: skip
    assert (tea["what"], tea["bytes"], tea["products"], tea["sync"]["new"]) == ("published", len(site.feed), 30, 30)


def test_a_feed_that_lost_most_of_its_goods_is_held(site: Site, topic: ProductsInMemory) -> None:
    shop("tea", at(site))
    sync()
    site.feed, site.etag = yml(offer(1)), '"two"'
    done = sync()
    assert done.exit_code == 1
    assert "tea: " in done.stderr and "held" in done.stderr and "vanished" in done.stderr
    assert "rewake feed accept" in done.stderr
    assert len(topic.products()) == 30


def test_a_rule_that_is_wrong_is_no_feeds_business_and_settings_that_are_wrong_are_told(
    site: Site, topic: ProductsInMemory
) -> None:
    shop("tea", at(site), rule="nonsense: true\n")
    assert sync().exit_code == 0
    shop("books", "feed: {url: books.example/feed}")
    done = sync()
    assert done.exit_code == 1
    assert "shops/books/shop.yaml:2:13" in done.stderr and "write it with `https://`" in done.stderr
    assert done.stdout == "tea: unchanged\n"


def test_files_are_read_where_they_are_allowed(topic: ProductsInMemory) -> None:
    shop("tea", "feed: {path: tea.xml}")
    Path("exports").mkdir()
    Path("exports/tea.xml").write_bytes(yml(offer(1)))
    assert "failed: file-refused" in sync().stderr
    assert sync("--files", "exports").exit_code == 0
    assert len(topic.products()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shops", "nowhere"], "there is no folder nowhere"),
        (["--shops", "shops"], "no shop of shops has a feed"),
        (["--shops", "shops", "--shop", "tea"], "shop tea of shops has no feed"),
        (["--shops", "shops", "--shop", "books"], "shops has no shop books"),
        (["--shops", "shops", "--allow-private"], "--allow-private is for one address"),
        (["feed.xml", "--watch"], "--watch is for the feeds of a folder of shops"),
        (["feed.xml", "--files", "shops"], "--files is for the feeds of a folder of shops"),
        (["feed.xml", "--shop", "a:b"], "a shop's id has letters"),
    ],
)
def test_wrong_use_exits_with_2_and_says_what_is_wrong(arguments: list[str], said: str) -> None:
    shop("tea", "")
    done = CliRunner().invoke(build_root(), ["feed", "sync", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr


def test_watching_goes_on_until_it_is_asked_to_stop_and_ends_what_it_publishes(
    site: Site, topic: ProductsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop("tea", at(site))
    publish = topic.publish

    def asked_to_stop(*stores: Any, **more: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return publish(*stores, **more)

    monkeypatch.setattr(topic, "publish", asked_to_stop)
    done = sync("--watch")
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "watching 1 feed: tea; Ctrl-C stops",
        "stopping; what is being published is published first",
        "stopped",
    ]
    assert len(topic.products()) == 30


def test_a_watch_takes_on_what_changes_in_the_settings_and_keeps_the_last_good_ones(
    site: Site, topic: ProductsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop("tea", at(site))
    file = Path("shops/tea/shop.yaml")
    publish, lines = topic.publish, []

    def change(*stores: Any, **more: Any) -> Any:
        if site.asked[-1][0] == "/feed.xml":  # where the feed is now
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            file.write_text("currency: RUB\nfeed: {url: nowhere}\n")
        return publish(*stores, **more)

    def said(line: str, style: str | None = None) -> None:
        lines.append(line)
        if "stay as they were" in line:
            file.write_text(f"currency: RUB\n{at(site, '/feed.xml', every='2h')}\n")

    monkeypatch.setattr("streams.feeds.watch.NAP", 0.02)
    monkeypatch.setattr("streams.commands.feed.shops.note", said)
    monkeypatch.setattr(topic, "publish", change)
    assert sync("--watch").exit_code == 0
    assert [path for path, _ in site.asked] == ["/versioned", "/feed.xml"]
    assert " shops/tea/shop.yaml:2:13: " in lines[1] and lines[1].endswith("; the settings of tea stay as they were")
    assert lines[2].endswith("Z settings taken on: tea (url, every)")


def test_programs_are_told_of_each_look_when_it_is_over(site: Site) -> None:
    shop("tea", at(site, "/nothing"))
    command = [REWAKE, "feed", "sync", "--shops", "shops", "--watch", "--json", "--bootstrap", "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watching:
        assert watching.stdout is not None
        told = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(20) == 0
    assert (told["shop_id"], told["what"], told["reason"]) == ("tea", "failed", "http-status")
    assert parse_rfc3339(told["at"]) < parse_rfc3339(told["next_at"])


def test_a_watch_serves_its_metrics_where_a_port_is_set(
    site: Site, topic: ProductsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop("tea", at(site))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("REWAKE_HTTP_PORT", str(port))
        refused = sync("--watch")
    assert refused.exit_code == 2 and f"port {port} of REWAKE_HTTP_PORT can't be used" in refused.stderr
    publish, pages = topic.publish, []

    def asked_for_metrics(*stores: Any, **more: Any) -> Any:
        pages.append(httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        os.kill(os.getpid(), signal.SIGTERM)
        return publish(*stores, **more)

    monkeypatch.setattr(topic, "publish", asked_for_metrics)
    assert sync("--watch").exit_code == 0
    assert "# TYPE rewake_feed_looks_total counter" in pages[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_whose_kafka_is_away_says_when_it_tries_again_and_ends_cleanly(
    site: Site, number: signal.Signals
) -> None:
    shop("tea", at(site, every="1h"))
    shop("books", at(site, "/silent"))
    command = [REWAKE, "feed", "sync", "--shops", "shops", "--watch", "--bootstrap", "127.0.0.1:1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stderr is not None
        said = ""
        while "tea: failed: kafka: " not in said:
            line = watching.stderr.readline()
            assert line, said
            said += line
        assert "; next try " in line
        watching.send_signal(number)
        said += watching.stderr.read()
        assert watching.wait(20) == 0, said
    assert said.endswith("stopped\n") and "Traceback" not in said
    assert not list(Path(".rewake/feeds").glob("*/incoming-*"))
