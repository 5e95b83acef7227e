"""Products of Google's Retail API: JSON Lines, arrays, bodies of requests."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.problems import UnknownFormat
from schemas.instants import parse_rfc3339
from tests.unit.feeds.reading import read_all

NOW = parse_rfc3339("2026-11-22T12:00:00Z")


def line(**fields: Any) -> bytes:
    return json.dumps({"id": "1", "title": "Pen", **fields}, ensure_ascii=False).encode() + b"\n"


def test_the_real_catalogue_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "google" / "retail_api" / "products.json").read_bytes(), at=NOW)
    assert (done.feed.format, len(done.products), done.rejected, done.repaired) == ("google-retail", 316, [], [])
    first = done.products[0]
    assert (first.product_id, first.name, first.vendor) == ("GGCOGOAC101259", "#IamRemarkable Pen", "#IamRemarkable")
    assert (first.price, first.old_price, first.currency) == (Decimal(16), Decimal("45.0"), "USD")
    assert (first.available, first.stock, first.category_path) == (True, 50, ("Office",))
    assert first.params == (("material", "Metal, Recycled Plastic"), ("color", "Light blue, Blue, Dark blue"))
    assert Counter(product.available for product in done.products) == {True: 154, False: 162}
    assert all(product.url and product.picture and product.price is not None for product in done.products)


def test_the_real_catalogue_with_invalid_values_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "google" / "retail_api" / "products_some_invalid.json").read_bytes())
    assert (len(done.products), done.rejected) == (3, [])
    assert [(found.line, found.reason) for found in done.repaired] == [(1, "bad-availability")]
    assert done.products[0].available is False


@pytest.mark.parametrize("name", ["user_events.json", "user_events_some_invalid.json"])
def test_events_are_no_feed(shared_data: Path, name: str) -> None:
    with pytest.raises(UnknownFormat):
        read_all((shared_data / "feeds" / "google" / "retail_api" / name).read_bytes())


WINDOW = {"priceEffectiveTime": "2026-11-20T00:00:00Z", "priceExpireTime": "2026-11-23T00:00:00Z"}


@pytest.mark.parametrize(
    ("times", "price", "old"),
    [
        ({}, "16", "45"),
        (WINDOW, "16", "45"),
        ({"priceEffectiveTime": WINDOW["priceEffectiveTime"]}, "16", "45"),
        ({"priceExpireTime": "2026-11-21T00:00:00Z"}, "45", None),
        ({"priceEffectiveTime": "2026-11-23T00:00:00Z"}, "45", None),
    ],
)
def test_a_price_with_times_holds_within_them(times: dict[str, str], price: str, old: str | None) -> None:
    money = {"price": 16, "originalPrice": 45.0, "currencyCode": "USD", **times}
    (product,) = read_all(line(priceInfo=money), at=NOW).products
    assert product.price == Decimal(price)
    assert product.old_price == (None if old is None else Decimal(old))


def test_numbers_are_read_as_they_are_written_never_as_floats() -> None:
    money = b'{"id": "1", "title": "Pen", "priceInfo": {"price": 16.10, "currencyCode": "EUR"}, "availableQuantity": 3}'
    (product,) = read_all(money).products
    assert (str(product.price), product.stock) == ("16.10", 3)


def test_attributes_sizes_and_tags_are_kept() -> None:
    data = line(
        attributes={"origin": {"text": ["China"]}, "year": {"numbers": [2026]}, "odd": 5},
        sizes=["S", "M"], materials=["Cotton"], tags=["new", "gift"], primaryProductId="group",
        categories=["Apparel > Shirts", "Gifts"], availability="AVAILABILITY_UNSPECIFIED",
    )  # fmt: skip
    (product,) = read_all(data).products
    assert product.params == (("origin", "China"), ("year", "2026"), ("size", "S, M"), ("material", "Cotton"))
    assert (product.labels, product.group_id) == (("new", "gift"), "group")
    assert (product.category_path, product.available) == (("Apparel", "Shirts"), True)


@pytest.mark.parametrize(
    "fields",
    [
        {"priceInfo": [1], "images": "x", "attributes": 7, "brands": "b", "categories": {}, "colorInfo": None},
        {"priceInfo": {"price": ["1"]}, "images": [1, {"uri": 5}], "attributes": [1, {"key": 1, "value": 2}]},
        {"title": "\ud800 half a character", "brands": ["\udfff"]},
    ],
)
def test_fields_of_another_shape_than_google_s_are_passed_over(fields: dict[str, Any]) -> None:
    data = json.dumps({"id": "1", "title": "Pen", "uri": "https://x.example/1", **fields}).encode()
    (product,) = read_all(data).products
    assert product.url == "https://x.example/1"
    assert product.name is not None and product.name.encode()


def test_a_product_without_an_id_is_rejected_and_a_number_is_an_id() -> None:
    done = read_all(line() + b'{"title": "x"}\n{"id": 7, "title": "y"}\n{"id": null, "title": "z"}\n')
    assert done.ids == ["1", "7"]
    assert [(found.line, found.reason) for found in done.rejected] == [(2, "no-id"), (4, "no-id")]
