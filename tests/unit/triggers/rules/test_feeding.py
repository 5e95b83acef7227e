"""Where a shop says its feed is, and how it is looked at."""

from __future__ import annotations

import pytest

from schemas.instants import HOUR, MINUTE
from triggers.rules.feeding import Feeding
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.versions import settings_version

RULE = """\
rule: cart
trigger:
  cart_abandoned: {idle: 60m}
steps:
  - sms: "{{ shop.name }} {{ shop.url }}: your cart waits"
"""


def feed(written: str) -> Feeding | None:
    read = read_shop(f"feed: {{{written}}}\n", "shop.yaml", "main")
    assert not read.errors, read.errors
    return read.shop.feed


def test_an_address_is_enough_and_everything_else_has_a_default() -> None:
    assert feed("url: https://shop.example/feed.xml") == Feeding(url="https://shop.example/feed.xml")
    assert Shop().feed is None


def test_everything_of_it_can_be_said() -> None:
    said = "url: http://10.0.0.7/feed?a=b, every: 1h30m, allow_private: true, timeout: 5m, max_size: 500 MB"
    assert feed(said) == Feeding(
        url="http://10.0.0.7/feed?a=b",
        every=HOUR + 30 * MINUTE,
        allow_private=True,
        timeout=5 * MINUTE,
        max_size=500_000_000,
    )


@pytest.mark.parametrize(
    ("written", "path"), [("feed.xml", "feed.xml"), ("tea/./a b.xml", "tea/a b.xml"), ("..tea/x", "..tea/x")]
)
def test_a_file_is_named_from_the_folder_of_feeds(written: str, path: str) -> None:
    assert feed(f'path: "{written}"') == Feeding(path=path)


def test_a_feed_without_a_place_is_not_looked_at() -> None:
    assert feed("every: 2h") is None


@pytest.mark.parametrize(
    ("written", "column", "said"),
    [
        ("url: shop.example/feed.xml", 13, "write it with `https://`"),
        ("url: file:///etc/passwd", 13, "is no web address"),
        ("url: 'ftp://shop:secret@a.example/f'", 13, "`ftp://a.example/f` is no web address"),
        ("url: https://a.example, path: a.xml", 7, "give one of them"),
        ("path: /etc/passwd", 14, "`/etc/passwd` leads out of the folder of feeds"),
        ("path: ../feed.xml", 14, "leads out of the folder of feeds"),
        ("path: tea/../../feed.xml", 14, "leads out of the folder of feeds"),
        ("path: .", 14, "leads out of the folder of feeds"),
        ("path: a.xml, allow_private: true", 7, "leave it out"),
        ("url: https://a.example, every: 30s", 39, "between `1m` and `7d`"),
        ("url: https://a.example, every: 8d", 39, "between `1m` and `7d`"),
        ("url: https://a.example, every: 60", 39, "write `60m`, `60h` or `60d`"),
        ("url: https://a.example, timeout: 7h", 41, "give at most `6h`"),
        ("url: https://a.example, max_size: 500", 42, "write `500 MB`"),
        ("url: https://a.example, max_size: 5 TB", 42, "write it like `500 MB`"),
        ("url: https://a.example, max_size: 5 GB", 42, "give at most `4 GB`"),
        ("url: https://a.example, evry: 1h", 32, "every"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(written: str, column: int, said: str) -> None:
    (error,) = read_shop(f"feed: {{{written}}}\n", "shop.yaml", "main").errors
    assert said in f"{error.message} {error.hint}"
    assert (error.line, error.column) == (1, column)


def test_an_address_alone_is_told_how_it_is_written() -> None:
    (error,) = read_shop("feed: https://shop.example/feed.xml\n", "shop.yaml", "main").errors
    assert error.hint == "write `feed: {url: https://shop.example/feed.xml}`"


def test_no_rule_has_another_version_for_it_but_the_settings_have() -> None:
    without = read_shop("name: Tea\nurl: https://tea.example\n", "shop.yaml", "main").shop
    said = "name: Tea\nurl: https://tea.example\nfeed: {url: https://tea.example/f, every: 2h, guard: {least: 5}}\n"
    with_one = read_shop(said, "shop.yaml", "main").shop
    versions = [read_rules(RULE, "r.yaml", shop).rules[0].rule.version for shop in (without, with_one)]
    assert versions[0] == versions[1]
    assert settings_version(without, {}) != settings_version(with_one, {})


def test_a_shop_without_a_feed_keeps_the_versions_that_it_had() -> None:
    shop = read_shop("name: Tea\nurl: https://tea.example\n", "shop.yaml", "main").shop
    assert settings_version(shop, {}) == "fef140e057b17aff4d841b9e6f8486e1"
    assert read_rules(RULE, "r.yaml", shop).rules[0].rule.version == "9cabd85b5b18230312ff2f4fac6b74e9"
