"""`purchased`: journeys that begin with an order, and such as begin when the same is needed again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.catalogue import Product
from schemas.events import OrderKept
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    book,
    consented,
    event,
    ordered,
    removed,
    shopper,
)
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.customer import NEVER
from triggers.engine import Engine
from triggers.journeys import Shown
from triggers.kinds.purchased import Purchased
from triggers.rules.model import Rule


def product(id: str, **more: Any) -> Product:
    return Product(product_id=id, name=id.title(), url=f"https://shop.example/{id}", price=Decimal(50), **more)


PRODUCTS = {
    one.product_id: one
    for one in (
        product("kettle", category_id="kettles", category_path=("Kitchen", "Kettles")),
        product("oolong", category_id="tea", labels=("consumable", "new")),
        product("sencha", category_id="tea", labels=("consumable",)),
        product("bare"),
    )
}


class Shelf:
    def get(self, shop_id: str, product_id: str) -> Product | None:
        return PRODUCTS.get(product_id)


def after(*events: Any, rules: tuple[Rule, ...], until: int = MONDAY + 400 * DAY) -> Drive:
    return Drive(Engine(book(*rules), Shelf())).feed(*shopper(MONDAY - DAY), *events).fire(until)


def order(at: int, *products: str, id: str | None = None, price: int = 5) -> wire.OrderPlaced:
    items = [wire.Item(product, 1, Decimal(price + number)) for number, product in enumerate(products)]
    return ordered(at, id, items=items)


def sent(made: Drive) -> list[tuple[str, str]]:
    return [(message.rule, message.due_at) for message in made.sent]


def test_the_rules_on_the_page_ask_for_a_review_and_remind_of_tea() -> None:
    review, tea = documented("purchased")
    made = after(order(MONDAY, "kettle", "oolong"), order(MONDAY + DAY, "sencha"), rules=(review, tea))
    assert sent(made) == [
        ("review", rfc3339(MONDAY + 7 * DAY)), ("more-tea", rfc3339(MONDAY + 30 * DAY)),
        ("more-tea", rfc3339(MONDAY + 31 * DAY)),
    ]  # fmt: skip
    assert [text.text for text in made.sent] == [
        "How do you like Kettle? A word about it helps others: https://shop.example/kettle",
        "Time for more Oolong? https://shop.example/oolong", "Time for more Sencha? https://shop.example/sencha",
    ]  # fmt: skip


def test_an_order_begins_a_journey_about_what_was_bought_the_dearest_first() -> None:
    made = Drive(Engine(book(of(Purchased())), Shelf())).feed(order(MONDAY, "kettle", "sencha", "gone"))
    made.due(MONDAY + 1)
    (journey,) = made.row.journeys
    assert journey.about.products == (
        Shown("gone", None, Decimal(7)), Shown("sencha", None, Decimal(6)), Shown("kettle", None, Decimal(5)),
    )  # fmt: skip
    assert journey.epoch == f"{MONDAY}-o{MONDAY}" and journey.about.of == f"o{MONDAY}"


def test_a_rule_is_about_the_products_that_it_asks_for() -> None:
    asked = {
        "by-id": Purchased(products=("bare", "kettle")), "by-category": Purchased(category="tea"),
        "by-name": Purchased(category="Kitchen"), "by-label": Purchased(labels=("new", "old")),
        "by-both": Purchased(category="kettles", labels=("new",)),
    }  # fmt: skip
    rules = tuple(of(trigger, name=name) for name, trigger in asked.items())
    for product, expected in {
        "kettle": {"by-id", "by-name"}, "bare": {"by-id"}, "oolong": {"by-category", "by-label"},
        "sencha": {"by-category"}, "unknown": set(),
    }.items():  # fmt: skip
        made = after(order(MONDAY, product), rules=rules)
        assert {decision.rule for decision in made.decisions} == expected


def test_an_order_for_the_whole_cart_is_about_what_lay_in_it_also_when_that_is_told_late() -> None:
    made = Drive(Engine(book(of(Purchased(category="tea"))), Shelf())).feed(added(MONDAY, "kettle"))
    for one in (ordered(MONDAY + HOUR), added(MONDAY + MINUTE, "oolong", price=Decimal(8))):
        made.engine.on_event(made.row, one, MONDAY + HOUR)
    made.due(MONDAY + 2 * HOUR)
    (journey,) = made.row.journeys
    assert [shown.product_id for shown in journey.about.products] == ["oolong"]


def test_goods_that_are_told_late_to_have_left_the_cart_before_the_order_are_not_waited_for() -> None:
    made = Drive(Engine(book(of(Purchased(labels=("consumable",), after=30 * DAY))), Shelf()))
    deadlines = []
    for one in (added(MONDAY, "oolong"), ordered(MONDAY + HOUR), removed(MONDAY + MINUTE, "oolong")):
        made.engine.on_event(made.row, one, MONDAY + HOUR)
        deadlines.append(made.row.deadline)
    assert deadlines == [NEVER, MONDAY + HOUR + 30 * DAY, NEVER]


def test_an_order_that_is_cancelled_before_its_touch_ends_the_journey_and_before_its_look_begins_none() -> None:
    later = of(Purchased(), steps=documented("purchased")[0].steps)
    cancelled = event(wire.OrderCancelled, MONDAY + DAY, order_id="o-1")
    made = after(order(MONDAY, "kettle", id="o-1"), cancelled, rules=(later,))
    assert not made.sent
    assert [journey.end for journey in made.row.journeys] == [(MONDAY + DAY, "order_cancelled")]
    first = event(wire.OrderCancelled, MONDAY - HOUR, order_id="o-1")
    assert not after(first, order(MONDAY, "kettle", id="o-1"), rules=(later,)).row.history


def test_another_order_ends_nothing_and_while_a_journey_runs_begins_none() -> None:
    later = of(Purchased(), steps=documented("purchased")[0].steps)
    made = after(*(order(MONDAY + day * DAY, "kettle") for day in (0, 1, 10)), rules=(later,))
    assert sent(made) == [("abandoned-cart", rfc3339(MONDAY + day * DAY)) for day in (7, 17)]


def test_an_order_told_again_begins_nothing_again() -> None:
    made = after(*(order(MONDAY + day * DAY, "kettle", id="o-1") for day in (0, 2)), rules=(of(Purchased()),))
    assert len(made.decisions) == 1


def test_imported_orders_begin_nothing_but_what_is_needed_again_after_the_import_does() -> None:
    tea = (wire.Item("oolong"),)
    for age, expected in ((31 * DAY, []), (29 * DAY, [("again", rfc3339(MONDAY + DAY))])):
        imported = event(wire.CustomerImported, MONDAY, orders=(OrderKept("o-1", MONDAY - age, tea),))
        rules = (of(Purchased(), name="thanks"), of(Purchased(after=30 * DAY), name="again"))
        assert sent(after(imported, rules=rules)) == expected


# -- replenish


AGAIN = of(Purchased(labels=("consumable",), after=30 * DAY), name="again")
USUAL = of(Purchased(after=NEVER, usual=True), name="usual")


def test_what_is_ordered_again_in_time_is_reminded_of_later() -> None:
    made = after(*(order(MONDAY + day * DAY, "oolong") for day in (0, 20, 60)), rules=(AGAIN,))
    assert sent(made) == [("again", rfc3339(MONDAY + day * DAY)) for day in (50, 90)]


def test_an_order_of_it_ends_a_reminder_that_has_begun_and_an_order_of_something_else_does_not() -> None:
    two = of(Purchased(after=30 * DAY), name="again", steps=documented("registered")[0].steps)
    for product, why in (("oolong", "bought_again"), ("kettle", "")):
        made = after(order(MONDAY, "oolong"), order(MONDAY + 31 * DAY, product), rules=(two,), until=MONDAY + 32 * DAY)
        (journey,) = made.row.journeys
        assert journey.end == ((MONDAY + 31 * DAY, why) if why else (0, ""))


def test_products_needed_at_one_look_are_one_journey_about_all_of_them() -> None:
    made = after(order(MONDAY, "oolong", "sencha", "kettle"), rules=(AGAIN,), until=MONDAY + 30 * DAY + 1)
    assert len(made.decisions) == 1
    assert made.decisions[0].epoch == f"{MONDAY}-sencha"


def test_how_long_it_usually_takes_is_known_from_three_orders() -> None:
    orders = [order(MONDAY + day * DAY, "oolong") for day in (0, 10, 30)]
    assert not after(*orders[:2], rules=(USUAL,)).decisions
    assert sent(after(*orders, rules=(USUAL,))) == [("usual", rfc3339(MONDAY + 45 * DAY))]
    other = of(Purchased(after=20 * DAY, usual=True), name="usual")
    assert sent(after(*orders[:1], rules=(other,))) == [("usual", rfc3339(MONDAY + 20 * DAY))]


def test_what_was_cancelled_is_not_needed_again() -> None:
    cancelled = event(wire.OrderCancelled, MONDAY + DAY, order_id="o-1")
    assert not after(order(MONDAY, "oolong", id="o-1"), cancelled, rules=(AGAIN,)).decisions


def test_what_is_wrong_with_a_replenish_is_said() -> None:
    wrong = "purchased: {replenish: {after: 3d, without_interval: 4d}}"
    assert mistakes(wrong) == ["`without_interval` goes with `after: interval`"]
    assert mistakes("purchased: {replenish: {after: 0d}}") == ["the duration must be longer than nothing"]
    assert mistakes("purchased: {replenish: {after: often}}") == ["`often` is no duration"]
    assert mistakes("purchased: {of: {categroy: tea}}") and not mistakes("purchased: {of: {category: tea}}")


def test_whoever_may_not_be_written_to_when_an_order_is_looked_at_is_not_thanked_later() -> None:
    made = Drive(Engine(book(of(Purchased())), Shelf())).feed(order(MONDAY, "kettle"))
    made.feed(consented(MONDAY + HOUR)).fire(MONDAY + DAY)
    assert not made.sent and made.outcomes() == ["refused"]
