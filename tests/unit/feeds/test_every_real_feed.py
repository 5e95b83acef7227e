"""Every file of the real feeds gives a known result, and the page shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.feed_files import feed_files
from bench.real_feeds import Outcome, main, outcome, outcomes, rendered

PAGE = Path(__file__).parents[3] / "docs" / "feeds.md"
NO_FEED = Outcome(complete=False, refused="unknown-format")
BROKEN = {"bad-availability": 6, "bad-old-price": 1, "bad-picture": 1}

KNOWN = {
    "facebook/catalog_80.csv": Outcome("delimited", 80),
    "google/arabic_rss_1018_dup_ids.xml": Outcome("google-rss", 860, rejected={"duplicate-id": 158}),
    "google/broken_rss_263.xml": Outcome("google-rss", 22),
    "google/retail_api/LICENSE": NO_FEED,
    "google/retail_api/products.json": Outcome("google-retail", 316),
    "google/retail_api/products_some_invalid.json": Outcome("google-retail", 3, repaired={"bad-availability": 1}),
    "google/retail_api/user_events.json": NO_FEED,
    "google/retail_api/user_events_some_invalid.json": NO_FEED,
    "google/tsv_263.tsv": Outcome("delimited", 3),
    "yml/bom_102.xml": Outcome("yml", 102),
    "yml/broken_bare_ampersand.xml": Outcome("yml", 6, rejected={"broken-xml": 1}, repaired=BROKEN),
    "yml/case_empty_offers.xml": Outcome("yml", 0),
    "yml/case_malformed.xml": Outcome("yml", 0, rejected={"cut-off": 1}, complete=False),
    "yml/case_minimal.xml": Outcome("yml", 1),
    "yml/case_nested_categories.xml": Outcome("yml", 1),
    "yml/case_no_categories.xml": Outcome("yml", 1),
    "yml/case_no_shop.xml": Outcome("yml", 0),
    "yml/case_vendor_model.xml": Outcome("yml", 2),
    "yml/crlf_132.xml": Outcome("yml", 132),
    "yml/mixed_types_654.xml": Outcome("yml", 654),
    "yml/ozon_2959.xml": Outcome("yml", 2957, rejected={"duplicate-id": 2}),
    "yml/shops.dtd": NO_FEED,
    "yml/tiny_3.xml": Outcome("yml", 3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_real_feed_gives_its_known_result(shared_data: Path, name: str) -> None:
    assert outcome(shared_data / "feeds" / name) == KNOWN[name]


def test_no_file_of_the_folder_is_left_out(shared_data: Path) -> None:
    assert list(feed_files(shared_data)) == sorted(KNOWN)


def test_the_page_shows_what_the_real_feeds_gave() -> None:
    shown = PAGE.read_text(encoding="utf-8").partition("<!-- begin real-feeds -->\n")[2].partition("\n<!-- end")[0]
    assert shown == rendered(KNOWN)


def test_the_command_prints_the_table(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--data", str(shared_data)])
    assert capsys.readouterr().out == rendered(outcomes(feed_files(shared_data))) + "\n"


def test_a_folder_without_feeds_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the data is not there"):
        main(["--data", str(tmp_path)])
