"""The table of what the example rules cost over real feeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.example_costs import main, measured, rendered
from bench.feed_files import feed_files

PAGE = Path(__file__).parents[3] / "docs" / "messages.md"


def test_the_page_shows_what_the_examples_cost_over_the_real_feeds(shared_data: Path) -> None:
    shown = PAGE.read_text(encoding="utf-8").partition("<!-- begin example-costs -->\n")[2].partition("\n<!-- end")[0]
    assert shown == rendered(feed_files(shared_data))


def test_a_feed_without_links_leaves_texts_about_goods_unmade(shared_data: Path) -> None:
    row = measured(shared_data / "feeds" / "yml" / "ozon_2959.xml", "ozon")
    assert row is not None
    assert row[:3] == ["`ozon`", "2,957", "none made"]
    assert measured(shared_data / "feeds" / "yml" / "shops.dtd", "dtd") is None


def test_a_folder_without_feeds_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the data is not there"):
        main(["--data", str(tmp_path)])
