"""`collection_released`: a new collection of what the customer likes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas import events, wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, added, ordered, shopper, step, viewed
from tests.unit.triggers.kinds.page import documented, mistakes, of
from tests.unit.triggers.kinds.test_flash_sale import Line, by
from triggers.journeys import About, Shown
from triggers.kinds.collection_released import CollectionReleasedTrigger
from triggers.rules.model import Rule

RELEASED = MONDAY + DAY


def released(at: int = RELEASED, id: str = "winter", **more: Any) -> Any:
    if not more:
        more["categories"] = ["kettles"]
    return events.CollectionReleased(
        event_id=f"m-{at}-{id}", occurred_at=rfc3339(at), at=at, collection_id=id, **more
    )


def named(trigger: CollectionReleasedTrigger | None = None, **more: Any) -> Rule:
    return replace(of(trigger or CollectionReleasedTrigger(), **more), name="new")


def looked(customer: str, times: int, at: int = MONDAY, category: str = "kettles") -> list[Any]:
    looks = [
        wire.CategoryViewed(
            event_id=f"{customer}-{n}-{category}", customer_id="", occurred_at="", at=at + n, category_id=category
        ) for n in range(times)
    ]  # fmt: skip
    return by(customer, *shopper(MONDAY), *looks)


async def test_the_rule_on_the_page_writes_of_the_collection_to_those_who_like_its_categories() -> None:
    (rule,) = documented("collection_released")
    rule = replace(rule, trigger=replace(rule.trigger, pace=None))
    collection = released(
        name="Winter", url="https://shop.example/winter", categories=["kettles"], product_ids=["sku-1", "sku-7"]
    )
    line = await Line(rule).advance([*looked("1", 2), *looked("2", 1), *looked("3", 2, category="cups"), collection])
    assert line.sent == [("1", "1", RELEASED)]
    assert line.messages[0].text == "Winter is here: Product 0 and more. https://shop.example/p"


@pytest.mark.parametrize(
    ("about", "who"),
    [
        ({"categories": ["teapots"]}, {"looks", "both"}),
        ({"brands": ["Tea House"]}, {"looks", "both", "bought"}),
        ({"product_ids": ["sku-2"]}, {"looks", "both"}),
        ({"categories": ["none"]}, set()),
    ],
)
async def test_signs_of_a_liking_are_looks_the_cart_wishes_and_purchases(about: dict[str, Any], who: set[str]) -> None:
    line = await Line(named()).advance([
        *by("looks", *shopper(MONDAY), viewed(MONDAY, "sku-2"), viewed(MONDAY + 1, "sku-2")),
        *by("both", *shopper(MONDAY), viewed(MONDAY, "sku-2"), added(MONDAY + 1, "sku-2")),
        *by("bought", *shopper(MONDAY), ordered(MONDAY, items=[wire.Item("sku-1"), wire.Item("sku-3")])),
        *by("once", *shopper(MONDAY), viewed(MONDAY, "sku-2")),
        released(**about),
    ])  # fmt: skip
    assert {customer for customer, _, _ in line.sent} == who


async def test_a_look_that_names_product_and_category_is_one() -> None:
    one = viewed(MONDAY, "sku-1", category_id="kettles")
    line = await Line(named()).advance([*by("1", *shopper(MONDAY), one), released()])
    assert line.sent == []


async def test_signs_of_long_ago_do_not_count() -> None:
    rule = named(CollectionReleasedTrigger(times=2, within=HOUR))
    line = await Line(rule).advance([*looked("1", 2), *looked("2", 2, RELEASED - MINUTE), released()])
    assert line.sent == [("2", "1", RELEASED)]


async def test_what_they_like_of_it_comes_first() -> None:
    line = Line(named(steps=(step(HOUR),)))
    both = released(categories=["kettles", "teapots"], product_ids=["gone", "sku-1", "sku-2", "sku-7"])
    await line.advance([*looked("1", 2, category="teapots"), both], RELEASED + 1)
    (journey,) = line.rows.rows["main:1"].journeys
    assert journey.about == About((Shown("sku-2"), Shown("gone"), Shown("sku-1"), Shown("sku-7")), "winter")


async def test_a_collection_that_is_told_of_twice_is_no_news() -> None:
    line = await Line(named()).advance([*looked("1", 2), released(), released(RELEASED + 3 * DAY), released(id="x")])
    assert len(line.sent) == 1
    later = await Line(named()).advance([*looked("1", 2), released(), released(RELEASED + DAY, "x")])
    assert [at for _, _, at in later.sent] == [RELEASED, RELEASED + DAY]


async def test_a_rule_may_be_for_some_collections_alone() -> None:
    rule = named(CollectionReleasedTrigger(collections=("winter",)))
    line = await Line(rule).advance([*looked("1", 2), released(RELEASED - HOUR, "other"), released()])
    assert line.sent == [("1", "1", RELEASED)]


def test_what_is_no_such_rule_is_told_in_a_marketers_words() -> None:
    assert mistakes("collection_released: {times: 0}") != []
    assert mistakes("collection_released: {collections: winter}") == ["`collections` should be a list, not `winter`"]
