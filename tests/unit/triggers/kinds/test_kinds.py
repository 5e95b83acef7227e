"""The kinds of trigger are found by themselves and answer the engine's questions."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from schemas import wire
from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, added, drive, ordered, rule, shopper
from triggers import kinds
from triggers.customer import NEVER
from triggers.kinds import KINDS
from triggers.rules.model import CartAbandoned


def test_every_module_of_kinds_is_registered_by_its_trigger() -> None:
    modules = [info.name for info in iter_modules(kinds.__path__)]
    assert "cart_abandoned" in modules
    assert {kind.name for kind in KINDS.values()} == set(modules)
    for trigger, kind in KINDS.items():
        assert import_module(f"triggers.kinds.{kind.name}").KIND is kind
        assert kind.trigger is trigger


def test_a_carts_next_look_is_idle_after_its_last_change_until_it_was_looked_at() -> None:
    kind, made = KINDS[CartAbandoned], rule()
    driven = drive(made, events=[*shopper(MONDAY)])
    assert kind.next_look(driven.row, made) == NEVER
    driven.feed(added(MONDAY))
    assert kind.next_look(driven.row, made) == MONDAY + HOUR
    assert kind.next_look(driven.row, rule(idle=5 * HOUR, name="other")) == MONDAY + 5 * HOUR
    driven.fire(MONDAY + 2 * HOUR)
    assert kind.next_look(driven.row, made) == NEVER
    assert kind.next_look(driven.row, rule(idle=5 * HOUR, name="other")) == MONDAY + 5 * HOUR


def test_with_on_order_items_the_rest_of_the_cart_is_a_change_of_the_same_life() -> None:
    bought = [added(MONDAY), added(MONDAY, "sku-2"), ordered(MONDAY + MINUTE, items=[])]
    made = drive(rule(on_order="items"), events=[*shopper(MONDAY), *bought]).drain()
    assert len(made.sent) == 1
    epoch = made.decisions[0].epoch
    assert epoch.startswith(f"{MONDAY}-")


def test_with_on_order_items_an_order_ends_the_journey_and_the_rest_is_used_up_per_cart_only() -> None:


    events = [
        *shopper(MONDAY), added(MONDAY), added(MONDAY, "sku-2"),
        ordered(MONDAY + 2 * HOUR, items=[wire.Item("sku-1")]),
    ]
    assert len(drive(rule(on_order="items"), events=events).drain().sent) == 1
    assert len(drive(rule(on_order="items", reenter="each_spell"), events=events).drain().sent) == 2
