"""Google Merchant RSS, on small feeds and on those of real shops."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.feeds.reading import read_all, rss


def test_the_arabic_feed_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "google" / "arabic_rss_1018_dup_ids.xml").read_bytes())
    assert done.feed.format == "google-rss"
    assert len(done.products) == 860
    assert Counter(reason for _, reason in done.reasons) == {"duplicate-id": 158}
    assert done.repaired == []
    first = done.products[0]
    assert (first.price, first.currency, first.available) == (Decimal("6250.00"), "EGP", True)
    assert first.name == "جهاز ديناميك لإعادة تأهيل اليد ايسر"
    assert first.category_path == ("Health & Beauty", "Personal Care", "Cosmetics")
    assert first.vendor == "سوق مصر"
    assert (done.rejected[0].line, done.rejected[0].product_id) == (17207, "703")


def test_the_feed_with_cdata_and_plain_titles_gives_its_known_result(shared_data: Path) -> None:
    done = read_all((shared_data / "feeds" / "google" / "broken_rss_263.xml").read_bytes())
    assert (len(done.products), done.rejected, done.repaired) == (22, [], [])
    first = done.products[0]
    assert (first.price, first.old_price, first.currency) == (Decimal("252.00"), None, "AED")
    assert first.name == "عطر كوكو شانيل 100 مل - عالي الجودة"
    assert first.labels == ("عطور", "فاخرة", "100ml")
    assert first.category_path == ("عطور فاخرة", "عطور نسائية", "عطور عالمية")
    assert "&category=perfume&" in (first.url or "")


@pytest.mark.parametrize(
    ("word", "available"),
    [("in stock", True), ("in_stock", True), ("out of stock", False), ("preorder", False), ("backorder", False)],
)
def test_availability_words(word: str, available: bool) -> None:
    done = read_all(rss(f"<item><g:id>1</g:id><g:availability>{word}</g:availability></item>"))
    assert done.products[0].available is available
    assert done.repaired == []


def test_a_sale_price_below_the_price_makes_it_the_old_one() -> None:
    done = read_all(
        rss("<item><g:id>1</g:id><g:price>129.00 USD</g:price><g:sale_price>99.00 USD</g:sale_price></item>")
    )
    (product,) = done.products
    assert (product.price, product.old_price, product.currency) == (Decimal("99.00"), Decimal("129.00"), "USD")


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [("$12", 12, "USD"), ("1299,- Kč", 1299, "CZK"), ("1 299 р.", 1299, "RUB"), ("$12.00 CAD", 12, "CAD")],
)
def test_a_price_is_read_with_the_sign_that_shops_write(text: str, price: int, currency: str) -> None:
    done = read_all(rss(f"<item><g:id>1</g:id><g:price>{text}</g:price></item>"))
    assert (done.products[0].price, done.products[0].currency, done.repaired) == (Decimal(price), currency, [])


@pytest.mark.parametrize(
    ("text", "reason"), [("100 kr", "unknown-currency"), ("от 100", "unknown-currency"), ("12-13", "bad-price")]
)
def test_what_is_no_price_in_a_known_currency_is_left_out(text: str, reason: str) -> None:
    done = read_all(rss(f"<item><g:id>1</g:id><g:price>{text}</g:price></item>"))
    assert (done.products[0].price, done.repairs) == (None, [("1", reason)])


def test_an_attribute_of_google_s_namespace_wins_over_a_plain_one() -> None:
    done = read_all(
        rss("<item><g:id>1</g:id><title>plain</title><g:title>merchant</g:title><title>again</title></item>")
    )
    assert done.products[0].name == "merchant"


def test_a_price_inside_shipping_is_not_the_product_s() -> None:
    done = read_all(rss("<item><g:id>1</g:id><g:shipping><g:price>5 EUR</g:price></g:shipping></item>"))
    assert done.products[0].price is None


def test_details_and_attributes_become_params() -> None:
    detail = "<g:attribute_name>Power</g:attribute_name><g:attribute_value>2 kW</g:attribute_value>"
    done = read_all(
        rss(f"<item><g:id>1</g:id><g:product_detail>{detail}</g:product_detail><g:color>red</g:color></item>")
    )
    assert done.products[0].params == (("Power", "2 kW"), ("color", "red"))


def test_a_numeric_category_is_an_id_not_a_path() -> None:
    done = read_all(rss("<item><g:id>1</g:id><g:google_product_category>2271</g:google_product_category></item>"))
    assert (done.products[0].category_id, done.products[0].category_path) == ("2271", ())
