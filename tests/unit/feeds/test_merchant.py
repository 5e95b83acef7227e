"""The attributes of Google Merchant and Facebook as a draft, whatever the feed is written in."""

from __future__ import annotations

import pytest

from feeds.merchant import NAMES, merchant_draft, parts_of
from feeds.problems import Limits


@pytest.mark.parametrize(
    ("texts", "category_id", "path"),
    [
        ({"product_type": "A > B", "google_product_category": "C > D"}, None, ("A", "B")),
        ({"product_type": "A > B", "google_product_category": "2271"}, "2271", ("A", "B")),
        ({"google_product_category": "C > D", "fb_product_category": "E"}, None, ("C", "D")),
        ({"google_product_category": "2271", "fb_product_category": "E > F"}, "2271", ("E", "F")),
        ({"fb_product_category": "175"}, None, ()),
        ({}, None, ()),
    ],
)
def test_the_shop_s_own_category_comes_first_and_numbers_are_ids(
    texts: dict[str, str], category_id: str | None, path: tuple[str, ...]
) -> None:
    draft = merchant_draft(1, texts, (), Limits())
    assert (draft.category_id, draft.category_path) == (category_id, path)


def test_params_are_details_then_attributes_and_no_more_than_the_limit() -> None:
    details = [("Power", "2 kW"), ("Weight", "1 kg")]
    texts = {"color": "red", "size": ""}
    assert merchant_draft(1, texts, details, Limits()).params == (*details, ("color", "red"))
    assert merchant_draft(1, texts, details, Limits(params=1)).params == (("Power", "2 kW"),)


def test_a_path_is_parted_and_cleaned() -> None:
    assert parts_of(" Kitchen >  > Kettles ") == ("Kitchen", "Kettles")


def test_every_attribute_that_is_read_is_a_known_name() -> None:
    asked: set[str] = set()

    class Texts(dict[str, str]):
        def get(self, name: str, default: object = None) -> None:  # type: ignore[override]  # only tells what is asked
            asked.add(name)

    merchant_draft(1, Texts(), (), Limits())
    assert asked == NAMES
