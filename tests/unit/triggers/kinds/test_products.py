"""Which products a customer likes, and which of them something is about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.catalogue import EmptyCatalogue, Product
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, drive, event, ordered, removed, viewed
from triggers.customer import CustomerRow
from triggers.journeys import MAX_SHOWN, Shown
from triggers.kinds._products import Interested, Range, interested, shown


def row_of(*events: Any) -> CustomerRow:
    return drive(events=events).row


def wished(at: int, *products: str, removed: list[str] | None = None) -> Any:
    return event(wire.WishlistChanged, at, added=list(products), removed=removed or [])


class Feed:
    """Two kettles of one vendor, a cup of another."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        category, vendor = {
            "k1": ("11", "Bork"), "k2": ("11", "Bork"), "cup": ("22", "Tea House"),
        }.get(product_id, (None, None))  # fmt: skip
        if category is None:
            return None
        path = ("Kitchen", "Kettles") if category == "11" else ("Kitchen", "Cups")
        return Product(product_id=product_id, category_id=category, category_path=path, vendor=vendor)


def test_each_product_counts_once_by_the_way_that_is_nearest_to_an_order() -> None:
    row = row_of(
        ordered(MONDAY, "o", items=[wire.Item("e", price=Decimal(7))]),
        viewed(MONDAY + 1, "a", price=Decimal(10)), viewed(MONDAY + 2, "b"), viewed(MONDAY + 3, "c"),
        added(MONDAY + 4, "a", price=Decimal(9)), wished(MONDAY + 5, "b", "d"),
    )  # fmt: skip
    assert [(one.product_id, one.way) for one in interested(row)] == [
        ("a", "cart"), ("b", "wished"), ("d", "wished"), ("c", "viewed"), ("e", "bought")
    ]  # fmt: skip


def test_the_price_is_the_one_that_the_customer_saw_last() -> None:
    row = row_of(viewed(MONDAY, "a", price=Decimal(10)), added(MONDAY + 1, "a", price=Decimal(9)))
    assert interested(row) == [Interested("a", "cart", MONDAY + 1, Decimal(9))]
    row = row_of(added(MONDAY, "a", price=Decimal(9)), viewed(MONDAY + 1, "a", price=Decimal(8)))
    assert interested(row) == [Interested("a", "cart", MONDAY, Decimal(8))]
    assert interested(row_of(wished(MONDAY, "a"))) == [Interested("a", "wished", MONDAY, None)]


def test_only_the_ways_asked_for_count_and_only_what_was_said_since() -> None:
    row = row_of(viewed(MONDAY, "a"), viewed(MONDAY + DAY, "b"), added(MONDAY + HOUR, "c"))
    assert [one.product_id for one in interested(row, ways={"viewed"})] == ["b", "a"]
    assert [one.product_id for one in interested(row, since=MONDAY + HOUR)] == ["c", "b"]
    assert [one.product_id for one in interested(row, {"a"})] == ["a"]


def test_what_was_taken_out_of_the_cart_or_off_the_list_is_liked_no_more() -> None:
    row = row_of(
        added(MONDAY, "a"), wished(MONDAY, "b"), removed(MONDAY + 1, "a"), wished(MONDAY + 1, removed=["b"])
    )
    assert interested(row) == []


def test_a_range_is_products_categories_by_id_or_name_and_brands() -> None:
    def of(**about: Any) -> list[str]:
        about.setdefault("prices", {})
        range_ = Range("main", Feed(), **about)
        return [product for product in ("k1", "k2", "cup", "gone") if product in range_]

    assert of() == ["k1", "k2", "cup", "gone"]
    assert of(prices={"k1": None, "gone": Decimal(1)}) == ["k1", "gone"]
    assert of(categories=["11"]) == of(categories=["kettles"]) == of(brands=["BORK"]) == ["k1", "k2"]
    assert of(categories=["Kitchen"]) == ["k1", "k2", "cup"]
    assert of(prices={"k1": None}, brands=["tea house"]) == ["k1", "cup"]


def test_what_a_range_knows_a_product_by_is_told() -> None:
    range_ = Range("main", Feed(), {}, ["Kettles", "22"], ["tea house"])
    assert [range_.category_of(product) for product in ("k1", "cup", "gone")] == ["Kettles", "22", ""]
    assert [range_.brand_of(product) for product in ("k1", "cup", "gone")] == ["", "tea house", ""]
    assert not range_.everything and Range("main", EmptyCatalogue(), {}).everything


def test_a_journey_keeps_the_first_of_them_with_what_they_cost_now() -> None:
    found = [Interested(str(number), "viewed", MONDAY, Decimal(10)) for number in range(MAX_SHOWN + 2)]
    products = shown(found, {"1": Decimal(8)})
    assert len(products) == MAX_SHOWN
    assert products[:2] == (Shown("0", None, Decimal(10)), Shown("1", Decimal(8), Decimal(10)))
