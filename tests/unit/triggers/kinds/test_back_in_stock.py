"""`back_in_stock`: what the customer likes can be ordered again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas import wire
from schemas.catalogue import Product
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, event, ordered, shopper, step, viewed
from tests.unit.triggers.kinds.page import documented, mistakes, of
from tests.unit.triggers.kinds.syncing import Line, by, price, stock, synced
from triggers.kinds.back_in_stock import BackInStock
from triggers.walks import Change

AGAIN = price("100", "100", was=False)


async def test_the_rule_on_the_page_writes_to_who_looked_or_wished_and_not_to_who_carted() -> None:
    kettle = Product(product_id="sku-1", name="Kettle", price=Decimal(100), url="https://shop.example/1")
    line = Line(*documented("back_in_stock"), products=[kettle])
    await line.advance(
        *by("1", *shopper(MONDAY - 60 * DAY), viewed(MONDAY - 60 * DAY)),
        *by("2", *shopper(MONDAY - 60 * DAY), event(wire.WishlistChanged, MONDAY - DAY, added=["sku-1"], removed=[])),
        *by("3", *shopper(MONDAY - 60 * DAY), added(MONDAY - DAY)),
        *by("4", *shopper(MONDAY - 61 * DAY), viewed(MONDAY - 60 * DAY - 1)),
        synced(MONDAY, {"sku-1": AGAIN}),
    )
    assert line.began == [("1", "s-1"), ("2", "s-1")]
    assert line.texts() == ["Kettle is here again: https://shop.example/1"] * 2


@pytest.mark.parametrize(
    ("change", "expected"),
    {
        "available again": (AGAIN, True),
        "available and cheaper": (price("100", "50", was=False), True),
        "some pieces again": (stock(0, 3), True),
        "more pieces": (stock(1, 3), False),
        "still not available": (price("100", "50", was=False, now=False), False),
        "available as before": (price("100", "50"), False),
        "gone": (price("100", "100", now=False), False),
    }.values(),
)
async def test_it_was_not_to_be_ordered_and_is_now(change: Change, expected: bool) -> None:
    customer = by("1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR))
    line = await Line(of(BackInStock())).advance(*customer, synced(MONDAY, {"sku-1": change}))
    assert bool(line.began) is expected


async def test_who_has_bought_it_since_is_not_written_to() -> None:
    customer = by(
        "1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR), ordered(MONDAY - HOUR, items=[wire.Item("sku-1")])
    )
    line = await Line(of(BackInStock())).advance(*customer, synced(MONDAY, {"sku-1": AGAIN}))
    assert line.began == []


async def test_a_journey_is_about_what_the_customer_liked_last() -> None:
    customer = by("1", *shopper(MONDAY - DAY), *(viewed(MONDAY - HOUR + n, f"sku-{n}") for n in range(5)))
    changes = {f"sku-{number}": AGAIN for number in range(5)}
    rule = of(BackInStock(most=2), steps=(step(), step(HOUR, "2")))
    line = await Line(rule).advance(*customer, synced(MONDAY, changes), reached=MONDAY + 1)
    assert [product for product, _ in line.products("1")] == ["sku-4", "sku-3"]


async def test_a_journey_ends_when_it_is_sold_out_again() -> None:
    rule = replace(of(BackInStock()), steps=(step(), step(2 * HOUR, "2")))
    customer = by("1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR))
    for later, expected in (price("100", "100", now=False), 1), (price("100", "90"), 2):
        line = await Line(rule).advance(
            *customer, synced(MONDAY, {"sku-1": AGAIN}), synced(MONDAY + HOUR, {"sku-1": later}, "s-2")
        )
        assert len(line.texts()) == expected


def test_what_is_written_wrongly_is_told() -> None:
    assert any("by" in message for message in mistakes("back_in_stock: {by: 10%}"))
    assert not mistakes("back_in_stock: {}")
