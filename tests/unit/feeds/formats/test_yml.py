"""Yandex Market YML, on small feeds and on those of real shops."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from feeds.read import read
from schemas.catalogue import Product
from tests.unit.feeds.reading import Read, offer, read_all, yml


def real(shared_data: Path, name: str) -> Read:
    return read_all((shared_data / "feeds" / "yml" / name).read_bytes())


def test_simple_offers_with_a_bom_a_dtd_line_and_rur(shared_data: Path) -> None:
    first = real(shared_data, "bom_102.xml").products[0]
    assert first.product_id == "226060062"
    assert first.name == "Холст с памятными датами"
    assert (first.price, first.currency) == (Decimal(1040), "RUB")
    assert first.category_path == ("Подарки для родителей",)
    assert first.url == "https://www.islandgift.ru/product/106"


def test_vendor_model_offers_with_crlf_are_called_by_vendor_and_model(shared_data: Path) -> None:
    first = real(shared_data, "crlf_132.xml").products[0]
    assert first.name == "Bernina Bernette E56"
    assert first.category_path == ("Швейные машины", "Механические швейные машины")
    assert first.url == "http://shwei.ru/index.php?t=product&id_product=4"


def test_mixed_offers_with_groups_prices_and_paths_in_one_name(shared_data: Path) -> None:
    products = real(shared_data, "mixed_types_654.xml").products
    first = products[0]
    assert (first.product_id, first.group_id, first.vendor) == ("WW90DG6U94LBLD", "WW90DG6U94", "Samsung")
    assert (first.price, first.old_price, first.currency) == (Decimal(344990), Decimal(369990), "KZT")
    assert first.category_path == ("Products", "Бытовая техника", "Стиральные машины", "Стиральные машины")
    assert first.name == "9 КГ Стиральная машина СТАНДАРТ AI Ecobubble Автодозатор, WIFI"
    assert sum(product.available for product in products) == 524
    assert all(product.name and product.url for product in products)


def test_stock_by_outlet_and_twice_used_ids(shared_data: Path) -> None:
    done = real(shared_data, "ozon_2959.xml")
    assert (done.products[0].stock, done.products[0].price) == (100, Decimal(15188))
    assert done.products[0].old_price == Decimal(20504)
    assert [(found.line, found.product_id) for found in done.rejected] == [
        (20228, "1111175726_1"),
        (20235, "1111175727_1"),
    ]


def test_the_broken_feed_loses_the_broken_offer_alone(shared_data: Path) -> None:
    done = real(shared_data, "broken_bare_ampersand.xml")
    assert done.ids == ["102", "103", "104", "105", "106", "107"]
    (found,) = done.rejected
    assert (found.line, found.product_id, found.reason) == (27, "101", "broken-xml")
    assert [product.price for product in done.products][:3] == [Decimal("1500.00"), Decimal("350.00"), Decimal("0.00")]
    assert done.products[0].available is False
    assert done.products[3].picture is None


def test_a_category_that_is_its_own_parent_ends_the_path() -> None:
    head = '<category id="5" parentId="5">Self</category><category id="6" parent_id="5">Leaf</category>'
    (product,) = read_all(yml(offer(1, "<categoryId>6</categoryId>"), head=head)).products
    assert product.category_path == ("Self", "Leaf")


def test_a_hostile_chain_of_categories_has_the_nearest_names_alone() -> None:
    """Kept whole for each of them, the paths of 100,000 would fill any memory."""
    head = "".join(f'<category id="{n}" parentId="{n - 1}">c{n} > d</category>' for n in range(1, 3000))
    (product,) = read_all(yml(offer(1, "<categoryId>2999</categoryId>"), head=head)).products
    assert (len(product.category_path), product.category_path[-2:]) == (50, ("c2999", "d"))


def test_an_unknown_category_has_no_path() -> None:
    (product,) = read_all(yml(offer(1, "<categoryId>99</categoryId>"))).products
    assert (product.category_id, product.category_path) == ("99", ())


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-8", "utf-16"])
def test_declared_encodings_are_read(encoding: str) -> None:
    text = yml(offer(1, "<name>Чай & пуэр</name>")).decode()
    done = read_all(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
    assert done.products[0].name == "Чай & пуэр"


@pytest.mark.parametrize("encoding", ["windows-1251", "utf-16"])
def test_declared_encodings_are_read_after_a_break_too(encoding: str) -> None:
    text = yml(offer(1, "<name>x</a>"), offer(2, "<name>Чай</name>")).decode()
    done = read_all(f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding))
    assert [product.name for product in done.products] == ["Чай"]


@pytest.mark.parametrize("records", [1, 100])
def test_a_byte_order_mark_wins_over_the_encoding_that_is_declared(records: int) -> None:
    some = [offer(number, "<name>Чай</name>") for number in range(records)]
    done = read_all(b"\xef\xbb\xbf" + yml(*some, declaration='<?xml version="1.0" encoding="windows-1251"?>'))
    assert ({one.name for one in done.products}, len(done.products), done.rejected) == ({"Чай"}, records, [])


def test_an_offer_without_a_currency_takes_the_feed_s_main_one() -> None:
    head = '<currencies><currency id="RUR" rate="1"/><currency id="USD" rate="90"/></currencies>'
    assert read_all(yml(offer(1, "<price>5</price>"), head=head)).products[0].currency == "RUB"


def test_rates_change_no_price_and_a_currency_with_a_rate_is_not_the_main_one() -> None:
    head = '<currencies><currency id="USD" rate="CBRF" plus="3"/><currency id="RUB" rate="1.0"/></currencies>'
    offers = (offer(1, "<price>5</price><currencyId>USD</currencyId>"), offer(2, "<price>5</price>"))
    found = [(product.price, product.currency) for product in read_all(yml(*offers, head=head)).products]
    assert found == [(Decimal(5), "USD"), (Decimal(5), "RUB")]


def test_params_keep_their_unit_and_pictures_after_the_first_are_left() -> None:
    inner = (
        '<param name="speed" unit="ppm">15</param><param name="empty"/><picture>https://x.example/1</picture>'
        "<picture>https://x.example/2</picture><custom_label_1>b</custom_label_1><custom_label_0>a</custom_label_0>"
    )
    (product,) = read_all(yml(offer(1, inner))).products
    assert product.params == (("speed", "15 ppm"),)
    assert product.picture == "https://x.example/1"
    assert product.labels == ("a", "b")


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        ("<vendor>HP</vendor>", "HP"), ("<name/><vendor>HP</vendor>", "HP"), ("<name> </name><title>T</title>", "T"),
        ("<title>T</title><vendor>HP</vendor><model>M</model>", "T"),
        ("<model>HP 12</model><vendor>hp</vendor>", "HP 12"),
        ("<name>N</name><title>T</title><typePrefix>P</typePrefix><model>M</model>", "N"), ("<title/>", None),
    ],
)  # fmt: skip
def test_an_offer_is_called_by_the_best_that_it_has(inner: str, name: str | None) -> None:
    assert [product.name for product in read_all(yml(offer(1, inner))).products] == [name]


def test_a_vendor_model_offer_without_a_name() -> None:
    inner = "<typePrefix>Printer</typePrefix><vendor>HP</vendor><model>LaserJet</model>"
    assert read_all(yml(offer(1, inner))).products[0].name == "Printer HP LaserJet"


def test_the_sample_shop_s_feed_is_whole() -> None:
    path = Path(__file__).parents[4] / "examples" / "tea-house" / "feed.xml"
    with path.open("rb") as stream:
        found = list(read(stream))
    assert [product.product_id for product in found if isinstance(product, Product)] == [
        f"tea-{number:02}" for number in range(1, 31)
    ]
    assert len(found) == 30
