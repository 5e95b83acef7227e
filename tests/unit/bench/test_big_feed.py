"""The large feed, and what differs in the second one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench import big_feed, feed_jobs
from bench.big_feed import Change, changes, id_of, write
from bench.figures import feed
from bench.processes import RunFailed
from feeds.differ import Changed, Unchanged, Vanished, differences
from feeds.sorting import SortedProducts
from feeds.tally import Tally
from schemas.catalogue import Product
from streams.feeds.sync import read_into

OFFERS = 1_000


def products(path: Path, folder: Path) -> tuple[list[Product], Tally]:
    with path.open("rb") as stream, SortedProducts(folder) as found:
        tally = read_into(found, stream, "big", at=0)
        return list(found.products("big")), tally


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("feeds")
    write(folder / "a.xml", OFFERS)
    write(folder / "b.xml", OFFERS, later=True)
    return folder / "a.xml", folder / "b.xml"


def test_it_is_sound_of_about_a_kilobyte_an_offer_and_the_same_each_time(
    feeds: tuple[Path, Path], tmp_path: Path
) -> None:
    found, tally = products(feeds[0], tmp_path / "runs")
    assert (len(found), tally.rejected, tally.repaired) == (OFFERS, {}, {})
    assert all(len(product.category_path) == 3 and product.params and product.price for product in found)
    assert 900 * OFFERS < write(tmp_path / "again.xml", OFFERS) < 1_300 * OFFERS
    assert (tmp_path / "again.xml").read_bytes() == feeds[0].read_bytes()


def test_one_offer_in_a_hundred_differs_a_day_later_and_no_other(feeds: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = (products(path, tmp_path / path.stem)[0] for path in feeds)
    due = changes(OFFERS)
    assert Counter(due.values()) == dict.fromkeys(Change, 2)
    assert len(new) == OFFERS
    found = {}
    for each in differences(old, new):
        if isinstance(each, Vanished):
            found[each.previous.product_id] = Change.VANISHED
        elif isinstance(each, Changed):
            now, before = each.product, each.previous
            found[now.product_id] = (
                Change.NEW if before is None else Change.PRICE if now.price != before.price
                else Change.STOCK if now.stock != before.stock else Change.NAME
            )  # fmt: skip
        else:
            assert isinstance(each, Unchanged)
    assert found == due


def test_ids_are_distinct_and_in_no_order() -> None:
    ids = [id_of(number) for number in range(10_000)]
    assert len(set(ids)) == len(ids)
    assert ids != sorted(ids)


def test_a_second_sync_that_would_publish_something_else_is_no_figure(feeds: tuple[Path, Path], tmp_path: Path) -> None:
    store = str(tmp_path / "store.sqlite3")
    assert feed_jobs.fill(str(feeds[0]), store)["products"] == OFFERS
    feed._check(feed_jobs.sync(str(feeds[1]), store, str(tmp_path / "second")), OFFERS)
    same = feed_jobs.sync(str(feeds[0]), store, str(tmp_path / "same"))
    assert (same["published"], same["unchanged"]) == (0, OFFERS)
    with pytest.raises(RunFailed, match="0 records; 10 offers differ"):
        feed._check(same, OFFERS)


def test_the_bare_loop_sees_every_offer(feeds: tuple[Path, Path]) -> None:
    assert feed_jobs.bare(str(feeds[0])) == {"offers": OFFERS}


def test_a_generator_of_nothing_writes_a_feed_without_offers(tmp_path: Path) -> None:
    assert big_feed.write(tmp_path / "none.xml", 0) > 0
    assert changes(0) == {}
