"""What a folder of shops says of their feeds, read again while they are watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.instants import HOUR, MINUTE
from streams.commands.feed.settings import ShopFeeds, feeds_or_exit

GOOD = "currency: RUB\nfeed: {url: https://tea.example/feed.xml, every: 30m}\n"
BROKEN = "currency: RUB\nfeed: {url: tea.example}\n"


def write(shop: str, text: str) -> Path:
    file = Path("shops") / shop / "shop.yaml"
    (file.parent / "rules").mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def shops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShopFeeds:
    monkeypatch.chdir(tmp_path)
    write("tea", GOOD)
    write("books", GOOD.replace("tea", "books"))
    return feeds_or_exit(Path("shops"), None)


def test_settings_that_are_as_they_were_are_not_told_of(shops: ShopFeeds) -> None:
    write("tea", GOOD)
    (Path("shops") / "tea/rules/a.yaml").write_text("nonsense: true\n")
    assert shops.renew() == []


def test_what_changed_is_taken_on_and_told_in_one_line(shops: ShopFeeds) -> None:
    guards = shops.guards
    write("tea", GOOD.replace("30m", "1h, allow_private: true, guard: {vanished: 5%}"))
    write("books", "currency: RUB\n")
    write("jam", GOOD.replace("tea", "jam"))
    assert shops.renew() == [
        "settings taken on: books has no feed any more, jam is new, tea (every, allow_private, guard)"
    ]
    assert list(shops.feeds) == ["jam", "tea"]
    assert (shops.feeds["tea"].every, shops.feeds["tea"].allow_private) == (HOUR, True)
    assert shops.guards is guards and guards["tea"].vanished != guards["jam"].vanished
    assert shops.renew() == []


def test_settings_that_are_wrong_leave_the_last_good_ones_and_others_are_taken_on(shops: ShopFeeds) -> None:
    file = write("tea", BROKEN)
    write("books", GOOD.replace("tea", "books").replace("30m", "1h"))
    wrong, taken = shops.renew()
    assert wrong.startswith(f"{file}:2:13: ") and wrong.endswith("; the settings of tea stay as they were")
    assert taken == "settings taken on: books (every)"
    assert shops.feeds["tea"].every == 30 * MINUTE and not shops.sound
    assert shops.renew() == []
    write("tea", GOOD)
    assert shops.renew() == ["settings are right again, and as they were"]
    assert shops.sound


def test_a_shop_that_is_new_and_wrong_is_not_watched_until_it_is_right(shops: ShopFeeds) -> None:
    write("jam", BROKEN)
    assert len(shops.renew()) == 1 and list(shops.feeds) == ["books", "tea"]
    write("jam", GOOD)
    assert shops.renew() == ["settings taken on: jam is new"]


def test_a_folder_that_is_not_there_for_a_while_ends_no_watch(shops: ShopFeeds) -> None:
    before = dict(shops.feeds)
    Path("shops").rename("away")
    (wrong,) = shops.renew()
    assert wrong == "shops: there is no such folder; the settings stay as they were"
    assert shops.feeds == before
    Path("away").rename("shops")
    assert shops.renew() == ["settings are right again, and as they were"]
    assert shops.feeds == before


def test_a_folder_that_goes_while_it_is_read_is_read_the_next_time(
    shops: ShopFeeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(folder: Path) -> None:
        raise FileNotFoundError(2, "No such file or directory", "shops/jam")

    write("tea", GOOD.replace("30m", "1h"))
    with monkeypatch.context() as patched:
        patched.setattr("streams.rules.folder.read_rulebook", gone)
        assert shops.renew() == ["shops/jam: No such file or directory; the settings stay as they were"]
    assert shops.renew() == ["settings taken on: tea (every)"]


def test_the_settings_of_one_shop_are_found_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = write("tea", GOOD)
    alone = feeds_or_exit(file.parent, None)
    assert list(alone.feeds) == ["main"]
    file.write_text(BROKEN)
    assert alone.renew()[0].endswith("; the settings of main stay as they were")
    assert alone.feeds["main"].every == 30 * MINUTE
    file.write_text(GOOD.replace("30m", "2h"))
    assert alone.renew() == ["settings taken on: main (every)"]


def test_a_shop_that_was_named_stays_the_only_one(shops: ShopFeeds) -> None:
    alone = feeds_or_exit(Path("shops"), "tea")
    write("books", "currency: RUB\n")
    write("jam", GOOD)
    assert alone.renew() == []
    assert list(alone.feeds) == ["tea"]
