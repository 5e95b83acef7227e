"""`category_viewed`: a category looked at often enough, and nothing ordered since."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.catalogue import Product
from schemas.facts import ShopFact
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    book,
    drive,
    engine,
    event,
    ordered,
    shopper,
    viewed,
)
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.engine import Engine
from triggers.kinds.category_viewed import CategoryViewed
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules
from triggers.shopfacts import ShopFacts
from triggers.tallies import BOUGHT, bucket


def seen(at: int, category: str = "kettles") -> Any:
    return event(wire.CategoryViewed, at, category_id=category)


def after(*events: Any, rules: tuple[Rule, ...]) -> Drive:
    return drive(*rules, events=[*shopper(MONDAY - DAY), *events]).drain()


def begun(made: Drive) -> list[tuple[str, int]]:
    """The epochs: categories, and when they were last looked at."""
    epochs = [decision.epoch.partition("-") for decision in made.decisions]
    return [(category, int(at) - MONDAY) for at, _, category in epochs]


HOURLY = of(CategoryViewed(HOUR))


def test_the_rule_on_the_page_writes_to_who_looked_at_kettles_three_times() -> None:
    rules = tuple(documented("category_viewed"))
    made = Drive(Engine(book(*rules), Shelf(), facts=bought(kettle_7=4, cup_1=9))).feed(
        *shopper(MONDAY - DAY), seen(MONDAY), viewed(MONDAY + DAY, category_id="kettles"),
        added(MONDAY + DAY + HOUR, category_id="kettles"),
    ).drain()  # fmt: skip
    assert [(text.due_at, text.text) for text in made.sent] == [
        (rfc3339(MONDAY + DAY + 5 * HOUR), "What most choose of kettles: Kettle-7, https://shop.example/kettle-7")
    ]
    assert not after(seen(MONDAY), seen(MONDAY + 1), rules=rules).decisions
    assert not after(*(seen(MONDAY + at, "cups") for at in range(5)), rules=rules).decisions


def test_looks_count_within_the_time_up_to_the_last_one() -> None:
    rule = of(CategoryViewed(HOUR, times=2, within=30 * MINUTE))
    for apart, expected in ((30 * MINUTE - 1, 1), (30 * MINUTE, 0)):
        assert len(after(seen(MONDAY), seen(MONDAY + apart), rules=(rule,)).decisions) == expected


def test_each_quiet_spell_is_looked_at_once_and_another_look_begins_the_next() -> None:
    made = after(seen(MONDAY), seen(MONDAY + 30 * MINUTE), seen(MONDAY + DAY), rules=(HOURLY,))
    assert begun(made) == [("kettles", 30 * MINUTE), ("kettles", DAY)]


def test_a_late_look_changes_nothing_but_the_count() -> None:
    twice = of(CategoryViewed(2 * HOUR, times=2), name="twice")
    made = Drive(engine(HOURLY, twice)).feed(*shopper(MONDAY), seen(MONDAY))
    made.fire(MONDAY + 61 * MINUTE)
    made.engine.on_event(made.row, seen(MONDAY - MINUTE), MONDAY + 61 * MINUTE)
    made.drain()
    assert [decision.rule for decision in made.decisions] == ["abandoned-cart", "twice"]
    assert made.row.categories["kettles"].looked == 2 * HOUR


def test_whoever_orders_is_not_interested_any_more() -> None:
    assert not after(seen(MONDAY), ordered(MONDAY + MINUTE), rules=(HOURLY,)).decisions
    assert begun(after(ordered(MONDAY), seen(MONDAY + MINUTE), rules=(HOURLY,))) == [("kettles", MINUTE)]
    twice = of(CategoryViewed(HOUR), steps=documented("registered")[0].steps)
    made = after(seen(MONDAY), ordered(MONDAY + DAY), rules=(twice,))
    assert len(made.sent) == 1
    assert [journey.end for journey in made.row.journeys] == [(MONDAY + DAY, "order_placed")]


def test_of_several_categories_due_at_once_the_one_looked_at_last_is_what_it_is_about() -> None:
    rule = of(CategoryViewed(HOUR, categories=("kettles", "cups")))
    made = Drive(engine(rule)).feed(*shopper(MONDAY))
    for one in (seen(MONDAY + 2, "cups"), seen(MONDAY + 1), seen(MONDAY + 3, "tea")):
        made.engine.on_event(made.row, one, MONDAY + 2 * HOUR)
    made.due(MONDAY + 3 * HOUR)
    (journey,) = made.row.journeys
    assert (journey.about.category, journey.epoch_at) == ("cups", MONDAY + 2)


def test_rules_that_wait_differently_are_each_looked_at_once() -> None:
    rules = tuple(of(CategoryViewed(hours * HOUR), name=f"after-{hours}") for hours in (5, 1, 3))
    made = after(seen(MONDAY), seen(MONDAY + 2 * HOUR, "cups"), rules=rules)
    assert [(text.rule, text.due_at) for text in made.sent] == [
        ("after-1", rfc3339(MONDAY + HOUR)), ("after-1", rfc3339(MONDAY + 3 * HOUR)),
        ("after-3", rfc3339(MONDAY + 3 * HOUR)), ("after-3", rfc3339(MONDAY + 5 * HOUR)),
        ("after-5", rfc3339(MONDAY + 5 * HOUR)), ("after-5", rfc3339(MONDAY + 7 * HOUR)),
    ]  # fmt: skip


def test_a_view_of_a_product_without_a_category_moves_nothing() -> None:
    made = drive(HOURLY, events=[seen(MONDAY), viewed(MONDAY + MINUTE)])
    assert made.row.looks == {4: MONDAY + HOUR}


def test_more_looks_than_are_remembered_cannot_be_asked_for() -> None:
    assert mistakes("category_viewed: {idle: 1h, times: 6}") == ["`times` must be at most 5"]
    rule = of(CategoryViewed(HOUR, times=5))
    assert begun(after(*(seen(MONDAY + at * MINUTE) for at in range(5)), rules=(rule,))) == [("kettles", 4 * MINUTE)]
    assert not after(*(seen(MONDAY + at * MINUTE) for at in range(4)), rules=(rule,)).decisions


# -- what it shows


class Shelf:
    """Three kettles, of which one lies in a category below, and a cup."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        kind, _, _ = product_id.partition("-")
        path = {
            "kettle": ("Kitchen", "kettles"), "travel": ("Kitchen", "kettles", "Travel"), "cup": ("Kitchen", "cups")
        }  # fmt: skip
        return Product(
            product_id=product_id, name=product_id.title(), url=f"https://shop.example/{product_id}",
            price=Decimal(50), category_id=path[kind][-1].lower(), category_path=path[kind],
        )  # fmt: skip


def bought(**times: int) -> ShopFacts:
    facts = ShopFacts()
    for name, often in times.items():
        product = name.replace("_", "-")
        facts.take(ShopFact(
            type="ShopFact", shop_id="main", fact=BOUGHT + bucket(product), partition=0, day="2026-11-20",
            effective_at="2026-11-22T00:00:00Z", values={f"0:{product}": str(often)},
        ))  # fmt: skip
    return facts


def shows(text: str, facts: ShopFacts | None) -> Drive:
    written = f'rule: kettles\ntrigger: {{category_viewed: {{idle: 1h}}}}\nsteps: [{{sms: "{text}"}}]\n'
    read = read_rules(written, "rule.yaml", Shop())
    assert read.errors == ()
    made = Drive(Engine(book(read.rules[0].rule), Shelf(), facts=facts))
    return made.feed(*shopper(MONDAY - DAY), seen(MONDAY)).drain()


def test_a_text_shows_the_categorys_best_sellers_and_its_decision_says_up_to_when_they_were_counted() -> None:
    facts = bought(kettle_1=2, cup_1=9, travel_1=3, kettle_2=1)
    made = shows("{{ product.name }}, then {{ products[1].name }} and {{ products[2].name }}", facts)
    assert [text.text for text in made.sent] == ["Travel-1, then Kettle-1 and Kettle-2"]
    assert dict(made.decisions[0].inputs)["facts"] == "2026-11-20"


def test_a_text_that_shows_none_of_them_says_nothing_of_figures() -> None:
    made = shows("Our best kettles are waiting", bought(kettle_1=2))
    assert len(made.sent) == 1 and "facts" not in dict(made.decisions[0].inputs)


def test_where_nothing_of_the_category_is_known_to_sell_a_text_about_it_is_not_sent() -> None:
    for facts in (None, ShopFacts(), bought(cup_1=3)):
        assert not shows("{{ product.name }} is waiting", facts).sent
