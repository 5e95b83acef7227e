"""Our own products as a feed."""

from __future__ import annotations

import msgspec
import pytest

from feeds.problems import UnknownFormat
from feeds.snapshots import encode
from tests.unit.feeds.reading import offer, read_all, yml

INNER = (
    "<name>Чай</name><price>90</price><oldprice>120.50</oldprice><currencyId>RUR</currencyId><vendor>Leaf</vendor>"
    '<categoryId>1</categoryId><count>4</count><url>https://x.example/1</url><param name="Вес" unit="г">100</param>'
    "<custom_label_0>hit</custom_label_0><picture>https://x.example/i</picture>"
)
PRODUCTS = read_all(yml(offer(1, INNER), offer(2), '<offer id="3" available="false"/>')).products


def test_what_feed_parse_writes_reads_as_the_same_products() -> None:
    written = b"".join(msgspec.json.Encoder(decimal_format="string").encode(each) + b"\n" for each in PRODUCTS)
    done = read_all(written)
    assert (done.feed.format, done.rejected, done.repaired) == ("rewake", [], [])
    assert done.products == PRODUCTS
    assert {product.shop_id for product in read_all(written, shop="tea").products} == {"tea"}


def test_records_of_the_topic_are_read_and_the_end_of_a_sync_is_no_product() -> None:
    records = [encode(product, None, "sync-1", 1_000_000) for product in PRODUCTS]
    done = read_all(b"\n".join([*records, b'{"type":"FeedSynced","sync_id":"sync-1"}']))
    assert done.products == PRODUCTS
    assert done.reasons == [(None, "no-id")]


def test_fields_that_can_t_be_trusted_are_left_out_as_in_any_feed() -> None:
    done = read_all(b'{"product_id":"1","price":"-5","available":"perhaps","url":"/p","params":[["a"],[1]]}')
    assert sorted(done.repairs) == [("1", "bad-availability"), ("1", "bad-price"), ("1", "bad-url")]
    assert done.products[0].params == ()


def test_events_of_the_storefront_are_no_feed() -> None:
    event = b'{"type":"ProductViewed","event_id":"1","customer_id":"2","product_id":"3"}'
    with pytest.raises(UnknownFormat):
        read_all(event)


def test_an_array_of_products_is_read_too() -> None:
    done = read_all(b'[{"product_id":"1"},\n{"product_id":"2","available":false}]')
    assert [(product.product_id, product.available) for product in done.products] == [("1", True), ("2", False)]
