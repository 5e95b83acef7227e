"""`low_stock`: few are left of what the customer likes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from schemas import wire
from schemas.catalogue import Product
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, ordered, shopper, step, viewed
from tests.unit.triggers.kinds.page import documented, mistakes, of
from tests.unit.triggers.kinds.syncing import Line, by, stock, synced
from triggers.kinds.low_stock import LowStock
from triggers.walks import Change

FEW = stock(5, 3)


async def test_the_rule_on_the_page_writes_to_who_has_one_of_the_last_in_the_cart() -> None:
    kettle = Product(product_id="sku-1", name="Kettle", price=Decimal(100), url="https://shop.example/1", stock=3)
    line = Line(*documented("low_stock"), products=[kettle])
    await line.advance(
        *by("1", *shopper(MONDAY - DAY), added(MONDAY - HOUR)),
        *by("2", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR)),
        synced(MONDAY, {"sku-1": FEW}),
    )
    assert line.began == [("1", "s-1")]
    assert line.texts() == ["The last ones: Kettle, https://shop.example/1"]


@pytest.mark.parametrize(
    ("change", "expected"),
    {
        "fewer than that": (stock(5, 4), True),
        "as many as that": (stock(6, 5), False),
        "the last one": (stock(5, 1), True),
        "none": (stock(5, 0), False),
        "few as before": (stock(4, 3), False),
        "few, where there were none": (stock(0, 3), False),
        "few, where nothing was said": (stock(None, 3), False),
        "nothing is said any more": (stock(5, None), False),
        "few, and not to be ordered": (Change(None, None, True, False, 5, 3), False),
    }.values(),
)
async def test_there_were_enough_and_now_there_are_few(change: Change, expected: bool) -> None:
    customer = by("1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR))
    line = await Line(of(LowStock(below=5))).advance(*customer, synced(MONDAY, {"sku-1": change}))
    assert bool(line.began) is expected


async def test_who_has_bought_it_since_is_not_written_to() -> None:
    customer = by(
        "1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR), ordered(MONDAY - HOUR, items=[wire.Item("sku-1")])
    )
    line = await Line(of(LowStock())).advance(*customer, synced(MONDAY, {"sku-1": FEW}))
    assert line.began == []


async def test_a_journey_ends_when_it_is_sold_out() -> None:
    rule = replace(of(LowStock()), steps=(step(), step(2 * HOUR, "2")))
    customer = by("1", *shopper(MONDAY - DAY), viewed(MONDAY - HOUR))
    for later, expected in (stock(3, 0), 1), (stock(3, 1), 2):
        line = await Line(rule).advance(
            *customer, synced(MONDAY, {"sku-1": FEW}), synced(MONDAY + HOUR, {"sku-1": later}, "s-2")
        )
        assert len(line.texts()) == expected


def test_what_is_written_wrongly_is_told() -> None:
    assert any("below" in message for message in mistakes("low_stock: {below: 1}"))
    assert not mistakes("low_stock: {}")
