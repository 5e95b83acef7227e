"""The rules that hold for every format."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from feeds.read import read
from schemas.instants import parse_rfc3339
from tests.unit.feeds.reading import offer, read_all, rss, yml


def priced(inner: str, currency: str = "<currencyId>RUB</currencyId>") -> bytes:
    return yml(offer(1, f"<name>Tea</name>{inner}{currency}"))


def test_the_first_of_two_records_with_one_id_wins() -> None:
    done = read_all(yml(offer(1, "<name>first</name>"), offer(1, "<name>second</name>")))
    assert [product.name for product in done.products] == ["first"]
    assert done.reasons == [("1", "duplicate-id")]
    assert (done.rejected[0].line, done.rejected[0].detail) == (3, "the id was used in line 2")


@pytest.mark.parametrize("attribute", ["", ' id=""', ' id="  "'])
def test_a_record_without_an_id_is_rejected(attribute: str) -> None:
    done = read_all(yml(f"<offer{attribute}><name>x</name></offer>", offer(2)))
    assert done.ids == ["2"]
    assert done.reasons == [(None, "no-id")]


def test_an_id_longer_than_the_wire_allows_is_rejected() -> None:
    assert read_all(yml(f'<offer id="{"x" * 129}"/>')).reasons == [(None, "bad-id")]


def test_a_price_with_spaces_and_a_comma_is_read() -> None:
    (product,) = read_all(priced("<price>1 299,00</price><oldprice>1 499,00</oldprice>")).products
    assert (product.price, product.old_price, product.currency) == (Decimal("1299.00"), Decimal("1499.00"), "RUB")


def test_an_absent_price_is_nothing_to_report() -> None:
    done = read_all(priced(""))
    assert done.products[0].price is None
    assert done.repaired == []


@pytest.mark.parametrize("text", ["-5", "soon", "1.2.3"])
def test_a_price_below_zero_or_unreadable_is_left_out_and_the_product_kept(text: str) -> None:
    done = read_all(priced(f"<price>{text}</price>"))
    assert done.products[0].price is None
    assert done.products[0].name == "Tea"
    assert done.repairs == [("1", "bad-price")]


def test_a_price_of_zero_is_kept_as_the_shop_says_it() -> None:
    assert read_all(priced("<price>0,00</price>")).products[0].price == 0


def test_a_price_in_an_unknown_currency_is_left_out_with_its_currency() -> None:
    done = read_all(priced("<price>10</price><oldprice>20</oldprice>", "<currencyId>ZZZ</currencyId>"))
    (product,) = done.products
    assert (product.price, product.old_price, product.currency) == (None, None, None)
    assert done.repairs == [("1", "unknown-currency")]


@pytest.mark.parametrize(
    ("price", "declared", "currency"),
    [
        ("$12", "CAD", "CAD"), ("$12", "RUB", "USD"), ("$12", "ZZZ", "USD"), ("100 kr", "SEK", "SEK"),
        ("50 lei", "RON", "RON"), ("Rs. 500/-", "INR", "INR"),
        ("12 р.", "BYN", "BYN"), ("¥120", "cny", "CNY"), ("€12", "CAD", "EUR"), ("$12.00 AUD", "CAD", "AUD"),
    ],
)  # fmt: skip
def test_a_sign_of_several_currencies_is_the_one_that_the_record_declares(
    price: str, declared: str, currency: str
) -> None:
    done = read_all(priced(f"<price>{price}</price>", f"<currencyId>{declared}</currencyId>"))
    assert [product.currency for product in done.products] == [currency]
    assert done.repairs == []


@pytest.mark.parametrize(
    ("price", "declared", "amount", "currency"),
    [
        ("100.000 ₫", "", "100000", "VND"), ("Rp 99.000", "", "99000", "IDR"), ("12.990 Ft", "", "12990", "HUF"),
        ("25.990", "CLP", "25990", "CLP"), ("$25.990", "CLP", "25990", "CLP"), ("25.990 CLP", "", "25990", "CLP"),
        ("1.299", "EUR", "1.299", "EUR"), ("1.299 KWD", "", "1.299", "KWD"), ("0.500 USD", "", "0.500", "USD"),
        ("12.9900 USD", "", "12.9900", "USD"), ("1234.500 EUR", "", "1234.500", "EUR"),
        ("25.99", "CLP", "25.99", "CLP"),
    ],
)  # fmt: skip
def test_a_point_before_three_digits_divides_thousands_where_there_are_no_cents(
    price: str, declared: str, amount: str, currency: str
) -> None:
    written = f"<currencyId>{declared}</currencyId>" if declared else ""
    done = read_all(priced(f"<price>{price}</price>", written))
    assert [(product.price, product.currency) for product in done.products] == [(Decimal(amount), currency)]
    assert done.repairs == []


@pytest.mark.parametrize("price", ["1.299 TL", "R$ 1.299", "1.299 €", "€1.299", "1.299 р."])
def test_a_thousand_or_a_fraction_is_no_price_where_people_wrote_it(price: str) -> None:
    done = read_all(priced(f"<price>{price}</price><oldprice>2000</oldprice>"))
    assert [(product.price, product.old_price) for product in done.products] == [(None, None)]
    assert [reason for _, reason in done.repairs] == ["bad-price", "bad-old-price"]


def test_a_price_and_an_old_price_in_thousands_are_read_alike() -> None:
    done = read_all(priced("<price>100.000 ₫</price><oldprice>1.120.000 ₫</oldprice>", ""))
    (product,) = done.products
    assert (product.price, product.old_price, product.currency) == (Decimal(100_000), Decimal(1_120_000), "VND")


def test_a_sign_is_what_the_code_beside_the_other_price_says() -> None:
    feed = b"id\ttitle\tprice\tsale_price\nx\tTea\t12.00 CAD\t$10.00\ny\tTea\t12.00 SEK\t10 kr\n"
    assert [(each.price, each.old_price, each.currency) for each in read_all(feed).products] == [
        (Decimal("10.00"), Decimal("12.00"), "CAD"), (Decimal(10), Decimal("12.00"), "SEK"),
    ]  # fmt: skip


def test_the_sign_of_an_old_price_says_nothing_of_a_price_whose_currency_is_declared() -> None:
    done = read_all(priced("<price>1299</price><oldprice>$1500</oldprice>"))
    (product,) = done.products
    assert (product.price, product.old_price, product.currency) == (Decimal(1299), None, "RUB")
    assert done.repairs == [("1", "bad-old-price")]
    (product,) = read_all(priced("<price>1299</price><oldprice>$1500</oldprice>", "")).products
    assert (product.price, product.old_price, product.currency) == (Decimal(1299), Decimal(1500), "USD")


def test_a_price_without_a_currency_is_in_the_shop_s() -> None:
    (product,) = read_all(priced("<price>10</price>", "")).products
    assert (product.price, product.currency) == (Decimal(10), None)


@pytest.mark.parametrize(("old", "repairs"), [("9", [("1", "bad-old-price")]), ("10", [])])
def test_an_old_price_that_is_no_discount_is_left_out(old: str, repairs: list[tuple[str, str]]) -> None:
    done = read_all(priced(f"<price>10</price><oldprice>{old}</oldprice>"))
    assert done.products[0].old_price is None
    assert done.repairs == repairs


@pytest.mark.parametrize(
    ("attribute", "available", "reported"),
    [
        ("", True, False),
        ('available="true"', True, False),
        ('available="FALSE"', False, False),
        ('available="in stock"', True, False),
        ('available="out-of-stock"', False, False),
        ('available="12"', True, True),
        ('available="0"', False, True),
        ('available="perhaps"', False, True),
    ],
)
def test_availability_words(attribute: str, available: bool, reported: bool) -> None:
    done = read_all(yml(f'<offer id="1" {attribute}><name>x</name></offer>'))
    assert done.products[0].available is available
    assert (done.repairs == [("1", "bad-availability")]) is reported


@pytest.mark.parametrize(
    ("text", "stock", "available"), [("7", 7, True), ("0", 0, False), ("-2", 0, False), ("many", None, True)]
)
def test_a_stock_of_none_means_not_available(text: str, stock: int | None, available: bool) -> None:
    (product,) = read_all(yml(offer(1, f"<count>{text}</count>"))).products
    assert (product.stock, product.available) == (stock, available)


@pytest.mark.parametrize("text", ["None", "/p/1", "ftp://x.example/", "javascript:alert(1)", "https://", "https://a b"])
def test_only_http_and_https_addresses_are_links(text: str) -> None:
    done = read_all(yml(offer(1, f"<url>{text}</url>")))
    assert done.products[0].url is None
    assert done.repairs == [("1", "bad-url")]


def test_no_text_holds_line_breaks_control_or_direction_characters() -> None:
    name = "Tea\n  of&#x85;the&#x2028;day\u202e!"
    assert read_all(yml(offer(1, f"<name>{name}</name>"))).products[0].name == "Tea of the day!"


SALE = (
    "<item><g:id>1</g:id><g:price>10.00 EUR</g:price><g:sale_price>7.00 EUR</g:sale_price>"
    "<g:sale_price_effective_date>2026-11-01T00:00+0100/2026-11-08T00:00+0100</g:sale_price_effective_date></item>"
)


@pytest.mark.parametrize(
    ("at", "price", "old"),
    [
        ("2026-11-03T12:00:00Z", "7.00", "10.00"),
        ("2026-10-31T22:59:59Z", "10.00", None),
        ("2026-10-31T23:00:00Z", "7.00", "10.00"),
        ("2026-11-07T23:00:00Z", "10.00", None),
        (None, "10.00", None),
    ],
)
def test_a_sale_price_counts_within_its_dates_only(at: str | None, price: str, old: str | None) -> None:
    (product,) = read_all(rss(SALE), at=None if at is None else parse_rfc3339(at)).products
    assert product.price == Decimal(price)
    assert product.old_price == (None if old is None else Decimal(old))


@pytest.mark.parametrize(
    ("at", "turns_at"),
    [
        ("2026-10-01T00:00:00Z", "2026-10-31T23:00:00Z"),
        ("2026-10-31T23:00:00Z", "2026-11-01T23:00:00Z"),
        ("2026-11-07T22:59:59.999999Z", "2026-11-07T23:00:00Z"),
        ("2026-11-07T23:00:00Z", None),
        (None, None),
    ],
)
def test_a_feed_says_when_it_will_have_other_prices(at: str | None, turns_at: str | None) -> None:
    later = SALE.replace(">1<", ">2<").replace("2026-11-01", "2026-11-02")
    for items in ((SALE, later), (later, SALE)):
        feed = read(io.BytesIO(rss(*items)), at=None if at is None else parse_rfc3339(at))
        assert len(list(feed)) == 2
        assert feed.turns_at == (None if turns_at is None else parse_rfc3339(turns_at))


def test_a_sale_price_with_unreadable_dates_is_left_out() -> None:
    done = read_all(rss(SALE.replace("2026-11-08T00:00+0100", "soon")), at=0)
    assert done.products[0].price == Decimal("10.00")
    assert done.repairs == [("1", "bad-sale-window")]


def test_products_belong_to_the_shop_that_was_asked_for() -> None:
    assert read_all(yml(offer(1)), shop="tea").products[0].shop_id == "tea"
