"""`product_viewed`: the very item looked at, and neither carted nor bought since."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas import wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    consented,
    drive,
    engine,
    ordered,
    removed,
    shopper,
    viewed,
)
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.journeys import Shown
from triggers.kinds.product_viewed import ProductViewed
from triggers.rules.model import Rule

HOURLY = of(ProductViewed(HOUR))
TWICE = of(ProductViewed(HOUR, times=2))


def after(*events: Any, rules: tuple[Rule, ...] = (HOURLY,)) -> Drive:
    return drive(*rules, events=[*shopper(MONDAY - DAY), *events]).drain()


def begun(made: Drive) -> list[tuple[str, int]]:
    """The epochs: products, and when they were last looked at."""
    epochs = [decision.epoch.partition("-") for decision in made.decisions]
    return [(product, int(at) - MONDAY) for at, _, product in epochs]


def test_the_rule_on_the_page_writes_an_hour_after_the_second_look() -> None:
    rules = tuple(documented("product_viewed"))
    made = after(viewed(MONDAY), viewed(MONDAY + 2 * HOUR), viewed(MONDAY, "sku-2"), rules=rules)
    assert [decision.due_at for decision in made.decisions] == [rfc3339(MONDAY + 3 * HOUR)]
    assert begun(made) == [("sku-1", 2 * HOUR)]
    assert not after(viewed(MONDAY), viewed(MONDAY + DAY), rules=rules).decisions


def test_looks_count_within_the_time_up_to_the_last_one() -> None:
    rule = of(ProductViewed(HOUR, times=2, within=30 * MINUTE))
    for apart, expected in ((30 * MINUTE - 1, 1), (30 * MINUTE, 0)):
        assert len(after(viewed(MONDAY), viewed(MONDAY + apart), rules=(rule,)).decisions) == expected


@pytest.mark.parametrize(
    ("then", "expected"),
    {
        "in the cart": ([added(MONDAY + MINUTE)], 0),
        "in the cart at the very instant of the look": ([added(MONDAY + HOUR)], 0),
        "in the cart before it was viewed": ([added(MONDAY - MINUTE)], 0),
        "out of the cart again": ([added(MONDAY + MINUTE), removed(MONDAY + 2 * MINUTE)], 1),
        "another in the cart": ([added(MONDAY + MINUTE, "sku-2")], 1),
        "bought": ([ordered(MONDAY + MINUTE, items=[wire.Item("sku-1")])], 0),
        "bought at the very instant of the view": ([ordered(MONDAY, items=[wire.Item("sku-1")])], 0),
        "bought out of the cart": ([added(MONDAY + MINUTE), ordered(MONDAY + 2 * MINUTE)], 0),
        "bought before": ([ordered(MONDAY - MINUTE, items=[wire.Item("sku-1")])], 1),
        "another bought": ([ordered(MONDAY + MINUTE, items=[wire.Item("sku-2")])], 1),
    }.values(),
)
def test_only_what_is_neither_in_the_cart_nor_bought_since_is_written_of(then: list[Any], expected: int) -> None:
    events = sorted([viewed(MONDAY), *then], key=lambda one: one.at)
    assert len(after(*events).decisions) == expected


def test_what_leaves_the_cart_after_its_look_begins_nothing() -> None:
    made = after(viewed(MONDAY), added(MONDAY + MINUTE), removed(MONDAY + 2 * HOUR))
    assert not made.decisions
    assert made.row.looks == {}


def test_each_spell_is_looked_at_once_and_another_view_begins_the_next() -> None:
    made = after(viewed(MONDAY), viewed(MONDAY + 30 * MINUTE), viewed(MONDAY + DAY))
    assert begun(made) == [("sku-1", 30 * MINUTE), ("sku-1", DAY)]


def test_products_due_at_one_look_are_one_journey_about_the_newest_of_them() -> None:
    two = of(ProductViewed(HOUR, most=2))
    made = Drive(engine(two)).feed(*shopper(MONDAY - DAY))
    for at, product in ((1, "b"), (3, "a"), (2, "c")):  # late, so that they are due at once
        made.engine.on_event(made.row, viewed(MONDAY + at, product, price=Decimal(at)), MONDAY + 2 * HOUR)
    made.due(MONDAY + 3 * HOUR)
    (journey,) = made.row.journeys
    assert (journey.epoch_at, journey.epoch_id) == (MONDAY + 3, "a")
    assert journey.about.products == (Shown("a", seen=Decimal(3)), Shown("c", seen=Decimal(2)))


def test_a_journey_ends_when_all_its_products_are_in_the_cart_and_goes_on_when_one_is_taken_out() -> None:
    long = of(ProductViewed(HOUR), steps=(HOURLY.steps[0], replace(HOURLY.steps[0], id="2", after=DAY)))
    made = after(viewed(MONDAY), added(MONDAY + 2 * HOUR), rules=(long,))
    assert len(made.sent) == 1
    assert [journey.end for journey in made.row.journeys] == [(MONDAY + 2 * HOUR, "carted")]
    events = viewed(MONDAY), added(MONDAY + 2 * HOUR), removed(MONDAY + 3 * HOUR)
    assert len(after(*events, rules=(long,)).sent) == 2
    stubborn = replace(long, exit_on=frozenset({"order_placed"}))
    assert len(after(viewed(MONDAY), added(MONDAY + 2 * HOUR), rules=(stubborn,)).sent) == 2
    assert len(after(viewed(MONDAY), ordered(MONDAY + 2 * HOUR), rules=(stubborn,)).sent) == 1


def test_rules_that_wait_differently_are_each_looked_at_once() -> None:
    rules = tuple(of(ProductViewed(hours * HOUR), name=f"after-{hours}") for hours in (5, 1, 3))
    made = after(viewed(MONDAY), viewed(MONDAY + 2 * HOUR, "sku-2"), rules=rules)
    assert [(text.rule, text.due_at) for text in made.sent] == [
        ("after-1", rfc3339(MONDAY + HOUR)), ("after-1", rfc3339(MONDAY + 3 * HOUR)),
        ("after-3", rfc3339(MONDAY + 3 * HOUR)), ("after-3", rfc3339(MONDAY + 5 * HOUR)),
        ("after-5", rfc3339(MONDAY + 5 * HOUR)), ("after-5", rfc3339(MONDAY + 7 * HOUR)),
    ]  # fmt: skip


def test_more_looks_or_products_than_are_remembered_cannot_be_asked_for() -> None:
    assert mistakes("product_viewed: {idle: 1h, times: 6}") == ["`times` must be at most 5"]
    assert mistakes("product_viewed: {idle: 1h, most: 11}") == ["`most` must be at most 10"]
    assert mistakes("product_viewed: {idle: 1h}") == []


def test_the_next_look_after_a_view_is_the_one_that_all_views_make() -> None:
    rules = (of(ProductViewed(3 * HOUR), name="a"), of(ProductViewed(HOUR, times=2), name="b"))
    made = Drive(engine(*rules)).feed(*shopper(MONDAY))
    for number, product in enumerate((*range(30), 4, 7, *range(30, 60), 2, 55)):
        now = MONDAY + number * MINUTE
        made.feed(viewed(now - (number % 3) * 5 * MINUTE, f"sku-{product}"))
        kept = made.row.looks
        made.row.plan = 1  # as if other rules were in force: all is looked at anew
        made.engine.on_event(made.row, consented(now), now)
        assert made.row.looks == kept
