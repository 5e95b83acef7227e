"""Where somebody counts, the engine tells what events add to the figures of the shop, and judges by those in force."""

from __future__ import annotations

from decimal import Decimal

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from tests.unit.triggers.counting import Counter
from tests.unit.triggers.driving import DAY, MONDAY, Drive, added, book, event, ordered, rule, shopper, step, viewed
from triggers.customer import new_row
from triggers.engine import Engine
from triggers.expressions import compile_expression
from triggers.rules.economics import Economics
from triggers.rules.inforce import Slice
from triggers.rules.model import Incentive, Shop
from triggers.rules.segments import Segment
from triggers.shopfacts import MIN_CHEQUES, ShopFacts
from triggers.tallies import CUSTOMERS, ORDERS, VIEWED, bucket

SHOP = Shop(currency="RUB", economics=Economics(Decimal(900), Decimal(40), Decimal(50)))
MOST = rule(steps=(step(incentive=Incentive("bonus", valid=7 * DAY, most=True)),))


def driven(facts: ShopFacts | None, shop: Shop = SHOP) -> Drive:
    return Drive(Engine(book(MOST, shop=shop), EmptyCatalogue(), facts=facts), new_row("main", "42"))


def told(made: Drive) -> list[tuple[str, str, int]]:
    return [(one.fact, one.name, int(one.amount)) for one in made.counted]


def test_nothing_is_told_where_nobody_counts() -> None:
    assert driven(None).feed(ordered(MONDAY, total=Decimal(100))).counted == []


def test_each_event_is_told_once() -> None:
    look = viewed(MONDAY, "cup")
    made = driven(ShopFacts()).feed(look, look, ordered(MONDAY + 1, "o", total=Decimal(100)))
    assert told(made) == [
        (CUSTOMERS, "new", 1), (VIEWED + bucket("cup"), "cup", 1), (ORDERS, "count:", 1), (ORDERS, "total:", 100),
    ]  # fmt: skip


def test_what_an_erasure_has_forgotten_adds_nothing() -> None:
    made = driven(ShopFacts()).feed(added(MONDAY), event(wire.CustomerErased, MONDAY + 2), viewed(MONDAY + 1))
    assert told(made) == [(CUSTOMERS, "new", 1), (CUSTOMERS, "new", -1)]


def test_an_order_counts_for_the_segment_of_the_shop_in_which_it_puts_the_customer() -> None:
    shop = Shop(figures=True, segments=(Segment("once", compile_expression("orders.count == 1")),))
    made = driven(ShopFacts(), shop).feed(
        ordered(MONDAY, "a", total=Decimal(10)), ordered(MONDAY + 1, "b", total=Decimal(20))
    )
    assert [name for fact, name, _ in told(made) if fact == ORDERS] == ["count:once", "total:once", "count:", "total:"]


def test_the_most_that_may_be_given_goes_by_the_average_cheque_in_force_and_the_decision_names_its_day() -> None:
    counted = Counter(SHOP).feed(ordered(MONDAY + n, f"o{n}", total=Decimal(500)) for n in range(MIN_CHEQUES))
    facts = counted.reach(MONDAY + DAY).facts
    for at, points, day in ((MONDAY + DAY, 180, None), (MONDAY + 2 * DAY, 100, "2026-11-23")):
        made = driven(facts).feed(*shopper(at), added(at)).drain()
        assert made.sent[1].points == points
        assert made.decisions[0].inputs.get("facts") == day


class Once:
    """Rules of which one asked for figures up to some day."""

    generation = 1
    shops = ("main",)

    def at(self, shop_id: str, at: int) -> Slice:
        if at < MONDAY:
            return Slice(SHOP, (MOST,), until=MONDAY)
        return Slice(SHOP, (rule(),), since=MONDAY)

    def changes(self, shop_id: str, after: int) -> int | None:
        return MONDAY if after < MONDAY else None

    def former(self, shop_id: str, rule: str, version: str) -> None:
        return None


def test_who_is_asked_for_at_any_time_is_counted_all_along() -> None:
    engine = Engine(Once(), EmptyCatalogue(), facts=ShopFacts())
    assert engine.counted == {"main": True}
    made = Drive(engine, new_row("main", "42")).feed(viewed(MONDAY - 1, "cup"), viewed(MONDAY + 1, "cup"))
    assert [one for one in told(made) if one[0] == VIEWED + bucket("cup")] == [(VIEWED + bucket("cup"), "cup", 1)] * 2


def test_what_no_rule_asks_for_is_counted_where_the_shop_says_so_and_asks_nobody_to_wait() -> None:
    rules = book(rule(), shop=Shop(figures=True))
    assert Engine(rules, EmptyCatalogue(), facts=ShopFacts()).counted == {"main": False}
    assert Engine(book(rule()), EmptyCatalogue(), facts=ShopFacts()).counted == {}
    assert Engine(rules, EmptyCatalogue()).counted == {}
