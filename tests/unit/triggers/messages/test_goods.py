"""Which goods a message may show, and what the whole cart is worth."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.catalogue import Product
from schemas.price_history import begun
from tests.unit.triggers.shoppers import MOSCOW, Feed, line, product
from triggers.messages.goods import Goods, GoodsLine, goods, products_hash
from triggers.messages.presentable import unpresentable
from triggers.messages.refused import MessageRefused

UNPRESENTABLE = [
    (None, "product-vanished"),
    (product("x", available=False), "product-out-of-stock"),
    (product("x", stock=0), "product-out-of-stock"),
    (product("x", name=None), "product-unnamed"),
    (product("x", name=" \u00a0 "), "product-unnamed"),
    (product("x", url=None), "product-unlinked"),
    (product("x", url="javascript:alert(1)"), "product-unlinked"),
    (product("x", url="https://shop.example/two words"), "product-unlinked"),
    (product("x", url="https:///no-host"), "product-unlinked"),
    (product("x", url="https://shop.example/" + "a" * 1000), "product-unlinked"),
]


def cart(*lines: GoodsLine, feed: Feed, **options: Any) -> Goods:
    return goods("main", lines, feed, **options)


@pytest.mark.parametrize(("found", "reason"), UNPRESENTABLE)
def test_a_product_that_would_leave_a_hole_is_passed_over(found: Product | None, reason: str) -> None:
    assert unpresentable(found) == reason
    feed = Feed(product("good"), *([found] if found is not None else []))
    assert [shown.product_id for shown in cart(line("x", at=2), line("good", at=1), feed=feed).lines] == ["good"]


@pytest.mark.parametrize(("found", "reason"), UNPRESENTABLE)
def test_with_refuse_such_a_product_refuses_the_message_by_its_id(found: Product | None, reason: str) -> None:
    feed = Feed(product("good"), *([found] if found is not None else []))
    lines = cart(line("x", at=2), line("good", at=1), feed=feed, missing_product="refuse").lines
    with pytest.raises(MessageRefused) as refused:
        _ = lines[0]
    assert (refused.value.reason, refused.value.detail) == (reason, "x")


def test_with_refuse_a_product_that_is_not_shown_refuses_nothing() -> None:
    feed = Feed(product("good"))
    lines = cart(line("good", at=2), line("x", at=1), feed=feed, missing_product="refuse").lines
    assert lines[0].product_id == "good"


def test_a_product_with_a_stock_and_a_link_in_any_case_is_presentable() -> None:
    assert unpresentable(product("x", stock=1, url="HTTPS://shop.example")) is None


def test_lines_stand_newest_change_first_and_those_of_one_instant_in_the_carts_order() -> None:
    feed = Feed(*(product(name) for name in "abcd"))
    lines = cart(line("a", at=1), line("b", at=5), line("c", at=1), line("d", at=5), feed=feed).lines
    assert [shown.product_id for shown in lines] == ["b", "d", "a", "c"]


def test_name_price_and_link_are_the_feeds_and_the_quantity_is_the_carts() -> None:
    feed = Feed(product("a", price=Decimal("1500"), old_price=Decimal("1990"), url=" https://shop.example/a "))
    (shown,) = cart(line("a", price="1990", quantity=2), feed=feed).lines
    assert (shown.name, shown.price, shown.old_price) == ("Kettle a", Decimal("1500"), Decimal("1990"))
    assert (shown.url, shown.quantity) == ("https://shop.example/a", 2)


def test_products_are_looked_up_only_as_far_as_they_are_read() -> None:
    feed = Feed(*(product(name) for name in "abc"))
    whole = cart(line("a", at=3, price="1"), line("b", at=2, price="1"), line("c", at=1, price="1"), feed=feed)
    assert whole.total == 3
    assert feed.asked == []
    assert whole.lines[0].product_id == "a"
    assert feed.asked == ["a"]
    assert [shown.product_id for shown in whole.lines[:2]] == ["a", "b"]
    assert feed.asked == ["a", "b"]


def test_the_total_is_of_all_goods_also_of_those_that_cannot_be_shown() -> None:
    feed = Feed(product("a"), product("b", price=Decimal("5"), available=False))
    assert cart(line("a", price="10", quantity=3), line("b"), feed=feed).total == Decimal("35")


def test_there_is_no_total_when_a_price_is_unknown() -> None:
    assert cart(line("a", price="10"), line("gone"), feed=Feed()).total is None


def test_there_is_no_total_of_different_currencies() -> None:
    mixed = cart(line("a", price="10", currency="RUB"), line("b", price="1", currency="EUR"), feed=Feed())
    assert (mixed.total, mixed.currency) == (None, None)


def test_a_price_that_names_no_currency_is_in_the_shops() -> None:
    assert cart(line("a", price="10"), feed=Feed(), currency="KZT").currency == "KZT"
    mixed = cart(line("a", price="10"), line("b", price="1", currency="EUR"), feed=Feed(), currency="KZT")
    assert mixed.total is None


def test_an_empty_cart_is_worth_nothing_and_never_changed() -> None:
    empty = cart(feed=Feed())
    assert empty.total == 0
    assert (empty.count, empty.changed, len(empty.lines)) == (0, None, 0)


def test_the_count_adds_up_quantities() -> None:
    assert cart(line("a", quantity=2), line("b"), feed=Feed()).count == 3


def test_the_last_change_is_in_the_customers_zone() -> None:
    changed = cart(line("a", at=1_000_000), line("b"), feed=Feed(), zone=MOSCOW).changed
    assert changed == datetime(1970, 1, 1, 3, 0, 1, tzinfo=MOSCOW)
    assert changed.utcoffset() == timedelta(hours=3)


def test_the_hash_of_the_products_shown_changes_with_them_and_with_their_order() -> None:
    feed = Feed(product("a"), product("b"))
    shown = products_hash(feed, "main", ["a", "b"])
    assert len(shown) == 32
    assert shown == products_hash(Feed(product("a"), product("b")), "main", ["a", "b"])
    assert shown != products_hash(feed, "main", ["b", "a"])
    assert shown != products_hash(Feed(product("a", price=Decimal("1")), product("b")), "main", ["a", "b"])
    assert products_hash(feed, "main", []) == ""


def test_the_hash_knows_of_former_prices_and_not_of_when_the_only_one_was_read() -> None:
    began = begun("2026-11-21T09:00:00Z", Decimal("1990.00"), "RUB")
    shown = products_hash(Feed(product("a")), "main", ["a"])
    assert shown == products_hash(Feed(product("a", price_history=began)), "main", ["a"])
    dearer = (*begun("2026-11-01T09:00:00Z", Decimal(2500), "RUB"), *began)
    assert shown != products_hash(Feed(product("a", price_history=dearer)), "main", ["a"])


def test_a_good_of_the_cart_has_its_lowest_price_too() -> None:
    history = begun("2026-10-01T09:00:00Z", Decimal(1500), "RUB")
    feed = Feed(product("a", price=Decimal(1500), price_history=history))
    november = 1_795_255_200_000_000
    assert cart(line("a"), feed=feed, at=november).lines[0].lowest_price == 1500
    assert cart(line("a"), feed=feed).lines[0].lowest_price is None
