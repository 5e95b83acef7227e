"""`price_dropped`: what the customer likes costs less."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas import wire
from schemas.catalogue import Product
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, event, ordered, shopper, step, viewed
from tests.unit.triggers.kinds.page import documented, mistakes, of
from tests.unit.triggers.kinds.syncing import Line, by, price, synced
from triggers.kinds._changes import Way
from triggers.kinds.price_dropped import KIND, PriceDropped
from triggers.rules.model import Rule, Shop
from triggers.walks import Change

TENTH = of(PriceDropped(by=Decimal(10)))
TWO_STEPS = replace(TENTH, steps=(step(), step(2 * HOUR, "2")))
EARLIER = MONDAY - HOUR
SYNC = MONDAY


def seen(at: int = EARLIER, product_id: str = "sku-1", shown: str | None = "100") -> Any:
    return viewed(at, product_id, price=None if shown is None else Decimal(shown))


def wished(at: int = EARLIER, *products: str) -> Any:
    return event(wire.WishlistChanged, at, added=list(products), removed=[])


async def begun(change: Change, *events: Any, rule: Rule = TENTH) -> bool:
    """Whether a customer who did this is written to after the product has changed so."""
    customer = by("1", *shopper(MONDAY - 90 * DAY), *events)
    line = await Line(rule).advance(*customer, synced(SYNC, {"sku-1": change}))
    return bool(line.began)


async def test_the_rules_on_the_page_write_of_the_price_that_was_seen_and_the_one_there_is() -> None:
    rules = documented("price_dropped", Shop(currency="RUB"))
    kettle = Product(
        product_id="sku-1", name="Kettle", price=Decimal(1400), url="https://shop.example/1", currency="RUB"
    )
    line = Line(*rules, shop=Shop(currency="RUB"), products=[kettle])
    looked = by("1", *shopper(MONDAY - DAY), seen(shown="2000"))
    carted = by("2", *shopper(MONDAY - DAY), added(EARLIER, "sku-1", price=Decimal(1990)))
    await line.advance(*looked, *carted, synced(SYNC, {"sku-1": price("1990", "1400")}))
    assert sorted(line.texts()) == [
        "Kettle was RUB 1,990, now RUB 1,400: https://shop.example/1",
        "Kettle was RUB 2,000, now RUB 1,400: https://shop.example/1",
        "RUB 590 off Kettle: https://shop.example/1",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    {
        "by as much as is asked for": (price("100", "90"), True),
        "by a little less": (price("100", "90.01"), False),
        "to what is less than was seen, in a small step": (price("91", "89"), True),
        "from more than was seen to as much": (price("120", "100"), False),
        "from more than was seen to less": (price("120", "90"), True),
        "when it was that low already": (price("89", "85"), False),
        "when it was that low already, by as much again": (price("89", "80.1"), True),
        "not at all": (price("80", "80"), False),
        "upwards": (price("80", "85"), False),
        "when it can't be ordered": (price("100", "80", now=False), False),
        "when it can be ordered again": (price("100", "80", was=False), True),
        "from no price": (price(None, "80"), False),
        "to no price": (price("100", None), False),
        "to nothing": (price("100", "0"), True),
    }.values(),
)
async def test_the_price_falls_against_the_feed_and_against_what_was_seen(change: Change, expected: bool) -> None:
    assert await begun(change, seen()) is expected


@pytest.mark.parametrize(
    ("trigger", "to", "expected"),
    {
        "as much": (PriceDropped(by_amount=Decimal(15)), "85", True),
        "not as much": (PriceDropped(by_amount=Decimal(15)), "85.01", False),
        "as much, not as large a share": (PriceDropped(Decimal(20), Decimal(15)), "85", False),
        "as large a share, not as much": (PriceDropped(Decimal(10), Decimal(15)), "90", False),
        "both": (PriceDropped(Decimal(15), Decimal(15)), "85", True),
        "anything": (PriceDropped(), "99.99", True),
    }.values(),
)
async def test_a_rule_asks_for_a_share_an_amount_or_both(trigger: PriceDropped, to: str, expected: bool) -> None:
    assert await begun(price("100", to), seen(), rule=of(trigger)) is expected


@pytest.mark.parametrize(
    ("events", "expected"),
    {
        "saw the last price in the cart": ([seen(), added(EARLIER + 1, price=Decimal(80))], False),
        "saw the last price on its page": ([added(EARLIER, price=Decimal(80)), seen(EARLIER + 1)], True),
        "saw no price at the last look": ([seen(), seen(EARLIER + 1, shown=None)], True),
        "never saw a price": ([seen(shown=None)], True),
        "wished for it": ([wished(EARLIER, "sku-1")], True),
        "looked at another": ([seen(product_id="sku-2")], False),
        "bought it since": ([seen(), ordered(EARLIER + 1, items=[wire.Item("sku-1")])], False),
        "bought it and looked again": ([ordered(EARLIER - 1, items=[wire.Item("sku-1")]), seen()], True),
        "looked long ago": ([seen(SYNC - 30 * DAY - 1)], False),
        "looked as long ago as counts": ([seen(SYNC - 30 * DAY)], True),
        "looked at the very instant, which comes after": ([seen(SYNC)], False),
    }.values(),
)
async def test_it_is_for_those_who_like_the_product_and_by_what_they_saw(events: list[Any], expected: bool) -> None:
    assert await begun(price("91", "79"), *events) is expected


async def test_only_the_ways_that_the_rule_names_count() -> None:
    cases: list[tuple[tuple[Way, ...], bool]] = [(("viewed",), True), (("cart", "wished"), False)]
    for ways, expected in cases:
        assert await begun(price("100", "90"), seen(), rule=of(PriceDropped(of=ways))) is expected


async def test_a_journey_is_about_the_products_whose_share_is_the_largest() -> None:
    customer = by("1", *shopper(MONDAY - DAY), *(seen(product_id=f"sku-{number}") for number in range(1, 5)))
    changes = {f"sku-{number}": price("100", to) for number, to in ((1, "85"), (2, "70"), (3, "95"), (4, "85"))}
    rule = replace(TWO_STEPS, trigger=PriceDropped(by=Decimal(10), most=2))
    line = await Line(rule).advance(*customer, synced(SYNC, changes), reached=SYNC + 1)
    assert line.products("1") == [("sku-2", Decimal(100)), ("sku-1", Decimal(100))]


async def test_a_sync_that_is_told_of_twice_begins_one_journey_and_the_next_one_another() -> None:
    customer = by("1", *shopper(MONDAY - DAY), seen())
    one, other = {"sku-1": price("100", "90")}, {"sku-1": price("90", "70")}
    line = await Line(TENTH).advance(
        *customer, synced(SYNC, one), synced(SYNC + 1, one), synced(SYNC + HOUR, one), synced(SYNC + DAY, other, "s-2")
    )
    assert line.began == [("1", "s-1"), ("1", "s-2")]


async def test_who_is_new_since_the_sync_and_another_shops_customers_have_nothing_to_do_with_it() -> None:
    late = by("2", *shopper(SYNC + 1), seen(SYNC + 2))
    line = await Line(TENTH).advance(
        *late, *by("1", *shopper(MONDAY - DAY), seen()), synced(SYNC, {"sku-1": price("100", "90")}, shop_id="other")
    )
    assert line.began == [] and line.timeline.walking.walks.last == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    {
        "as dear as it was seen": (price("80", "100"), 1),
        "dearer than it was seen": (price("80", "101"), 1),
        "dearer, not as dear as it was seen": (price("80", "99"), 2),
        "not to be ordered": (price("80", "80", now=False), 1),
        "cheaper still": (price("80", "70"), 2),
    }.values(),
)
async def test_a_journey_ends_when_its_products_are_not_cheaper_any_more(change: Change, expected: int) -> None:
    customer = by("1", *shopper(MONDAY - DAY), seen())
    later = synced(SYNC + HOUR, {"sku-1": change}, "s-2")
    line = await Line(replace(TWO_STEPS, max_times=1)).advance(
        *customer, synced(SYNC, {"sku-1": price("100", "80")}), later
    )
    assert len(line.texts()) == expected


async def test_a_journey_goes_on_as_long_as_one_of_its_products_is_cheaper() -> None:
    customer = by("1", *shopper(MONDAY - DAY), seen(), seen(product_id="sku-2"))
    changes = {"sku-1": price("100", "80"), "sku-2": price("100", "80")}
    later = synced(SYNC + HOUR, {"sku-1": price("80", "100")}, "s-2")
    line = await Line(TWO_STEPS).advance(*customer, synced(SYNC, changes), later)
    assert len(line.texts()) == 2


async def test_a_rule_that_does_not_name_dearer_is_not_ended_by_it() -> None:
    customer = by("1", *shopper(MONDAY - DAY), seen())
    rule = replace(TWO_STEPS, exit_on=frozenset({"order_placed"}))
    later = synced(SYNC + HOUR, {"sku-1": price("80", "100")}, "s-2")
    line = await Line(rule).advance(*customer, synced(SYNC, {"sku-1": price("100", "80")}), later)
    assert len(line.texts()) == 2


async def test_a_decision_tells_of_which_sync_it_is() -> None:
    customer = by("1", *shopper(MONDAY - DAY), seen())
    line = await Line(TENTH).advance(*customer, synced(SYNC, {"sku-1": price("100", "90")}))
    assert line.effects.decisions[0].record.inputs["sync"] == "s-1"


async def test_a_pace_spreads_what_begins() -> None:
    customers = [one for number in range(40) for one in by(str(number), *shopper(MONDAY - DAY), seen())]
    rule = of(PriceDropped(by=Decimal(10), pace=1))
    line = await Line(rule).advance(*customers, synced(SYNC, {"sku-1": price("100", "90")}))
    dues = {out.at for out in line.effects.decisions}
    assert len(dues) == 40 and min(dues) >= SYNC and max(dues) < SYNC + HOUR


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("price_dropped: {by: 10}", "share"),
        ("price_dropped: {by_amount: much}", "money"),
        ("price_dropped: {of: []}", "of"),
        ("price_dropped: {of: [bought]}", "bought"),
        ("price_dropped: {below: 5}", "below"),
    ],
)
def test_what_is_written_wrongly_is_told(written: str, what: str) -> None:
    assert any(what in message for message in mistakes(written))


def test_a_rule_that_any_drop_is_enough_for_is_warned_of() -> None:
    assert [what for _, what, _ in KIND.check(of(PriceDropped()), Shop())] == ["the smallest drop is enough"]
    assert not list(KIND.check(TENTH, Shop()))
