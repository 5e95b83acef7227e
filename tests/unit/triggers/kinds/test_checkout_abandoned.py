"""`checkout_abandoned`: a checkout begun and not finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from schemas import wire
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    drive,
    event,
    ordered,
    removed,
    rule,
    shopper,
)
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.kinds import KINDS
from triggers.kinds.cart_abandoned import CartAbandoned
from triggers.kinds.checkout_abandoned import CheckoutAbandoned
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules

HOURLY = of(CheckoutAbandoned(HOUR))
EACH = of(CheckoutAbandoned(HOUR, "each_spell"))


def began(at: int) -> Any:
    return event(wire.CheckoutStarted, at)


def after(*events: Any, rules: tuple[Rule, ...] = (HOURLY,), shop: Shop | None = None) -> Drive:
    return drive(*rules, events=[*shopper(MONDAY - DAY), *events], shop=shop).drain()


def epochs(made: Drive) -> list[int]:
    return [int(decision.epoch.partition("-")[0]) - MONDAY for decision in made.decisions]


def test_the_rule_on_the_page_writes_to_who_did_not_finish_and_to_nobody_who_did() -> None:
    rules = tuple(documented("checkout_abandoned"))
    made = after(added(MONDAY), began(MONDAY + MINUTE), rules=rules)
    assert [decision.due_at for decision in made.decisions] == [rfc3339(MONDAY + 21 * MINUTE)]
    assert made.verdict("exit") == ("pass", "running")
    assert not after(added(MONDAY), rules=rules).decisions
    assert not after(added(MONDAY), began(MONDAY + MINUTE), ordered(MONDAY + 20 * MINUTE), rules=rules).decisions
    assert not after(added(MONDAY), began(MONDAY + MINUTE), removed(MONDAY + 2 * MINUTE), rules=rules).decisions
    assert not after(began(MONDAY), rules=rules).decisions


def test_a_change_does_not_finish_a_checkout_and_idleness_counts_from_it() -> None:
    made = after(added(MONDAY), began(MONDAY + MINUTE), added(MONDAY + 30 * MINUTE, "sku-2"))
    assert [(sms.due_at) for sms in made.sent] == [rfc3339(MONDAY + 90 * MINUTE)]
    assert epochs(made) == [MINUTE]


def test_per_cart_begins_once_in_a_carts_life_and_again_in_the_next() -> None:
    first = added(MONDAY), began(MONDAY + MINUTE), began(MONDAY + 5 * HOUR)
    assert epochs(after(*first)) == [MINUTE]
    next_cart = ordered(MONDAY + DAY), added(MONDAY + 2 * DAY), began(MONDAY + 2 * DAY)
    assert epochs(after(*first, *next_cart)) == [MINUTE, 2 * DAY]


def test_each_spell_begins_for_every_checkout_and_a_change_ends_the_former_journey() -> None:
    events = added(MONDAY), began(MONDAY + MINUTE), began(MONDAY + 5 * HOUR), added(MONDAY + 9 * HOUR, "sku-2")
    assert epochs(after(*events, rules=(EACH,))) == [MINUTE, 5 * HOUR]
    two = of(CheckoutAbandoned(HOUR, "each_spell"), steps=(EACH.steps[0], replace(EACH.steps[0], id="2", after=DAY)))
    made = after(*events[:2], added(MONDAY + 2 * HOUR, "sku-2"), rules=(two,))
    assert len(made.sent) == 1
    assert [journey.end for journey in made.row.journeys] == [(MONDAY + 2 * HOUR, "cart_changed")]


def test_where_rules_compete_the_checkout_goes_before_the_cart() -> None:
    cart = rule(name="a-cart")
    checkout = of(CheckoutAbandoned(HOUR), name="z")
    made = after(added(MONDAY), began(MONDAY), rules=(cart, checkout), shop=Shop(compete=DAY))
    assert {decision.rule: decision.outcome for decision in made.decisions} == {"a-cart": "skipped", "z": "emitted"}


def test_a_checkout_and_a_cart_that_wait_alike_are_not_one_version() -> None:
    text = "rule: r\ntrigger: {checkout_abandoned: {idle: 1h}}\nsteps: [{sms: hello}]\n"
    checkout, cart = (
        read_rules(one, "r.yaml", Shop()).rules[0].rule
        for one in (text, text.replace("checkout_abandoned", "cart_abandoned"))
    )
    assert checkout.trigger == CheckoutAbandoned(HOUR) and cart.trigger == CartAbandoned(HOUR)
    assert checkout.version != cart.version


def test_what_is_no_setting_of_it_is_refused() -> None:
    assert mistakes("checkout_abandoned: {}") == ["`checkout_abandoned` needs `idle`"]
    assert mistakes("checkout_abandoned: {idle: 1h, on_order: items}") == ["unknown field `on_order`"]
    assert KINDS[CheckoutAbandoned].default_exits == {"order_placed", "cart_emptied"}
