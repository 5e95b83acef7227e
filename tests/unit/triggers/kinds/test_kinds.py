"""The kinds of trigger are found by themselves and answer the engine's questions."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from schemas import wire
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, added, drive, ordered, rule, shopper
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
    kind, made, other = KINDS[CartAbandoned], rule(), rule(idle=5 * HOUR, name="other")
    one, late, both = kind.watch([made]), kind.watch([other]), kind.watch([other, made])
    driven = drive(made, events=[*shopper(MONDAY)])
    assert one.next_look(driven.row) == both.next_look(driven.row) == NEVER
    assert not both.due(driven.row, MONDAY + DAY)
    driven.feed(added(MONDAY))
    assert one.next_look(driven.row) == both.next_look(driven.row) == MONDAY + HOUR
    assert late.next_look(driven.row) == MONDAY + 5 * HOUR
    assert not both.due(driven.row, MONDAY + HOUR - 1)
    assert both.due(driven.row, MONDAY + HOUR) == [made]
    assert {rule.name for rule in both.due(driven.row, MONDAY + 5 * HOUR)} == {made.name, "other"}
    driven.fire(MONDAY + 2 * HOUR)
    assert one.next_look(driven.row) == NEVER
    assert late.next_look(driven.row) == both.next_look(driven.row) == MONDAY + 5 * HOUR


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
