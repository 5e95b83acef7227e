"""Who is deliberately not written to, and what is known of them."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MONDAY,
    TWO,
    Drive,
    added,
    drive,
    engine,
    ordered,
    rule,
    shopper,
    step,
)
from triggers.gates.holdout import Holdout
from triggers.rules.model import Budget, Cap, Rule, Shop
from triggers.verdicts import Answer

EVERYBODY = Decimal(100)


def left(made: Rule, shop: Shop | None = None) -> Drive:
    return drive(made, events=[*shopper(MONDAY), added(MONDAY)], shop=shop).drain()


def held(shop: Shop, made: Rule, customers: int = 4000) -> set[int]:
    gate = Holdout(shop, made)
    return {number for number in range(customers) if gate.judge(shop.id, str(number)).answer is Answer.REFUSE}


def test_without_the_setting_nobody_is_held_out() -> None:
    assert left(rule()).verdict("holdout") == ("pass", "off")
    assert left(rule(holdout=Decimal("0.0001"))).verdict("holdout") == ("pass", "written-to")


def test_a_touch_that_is_held_out_leaves_a_decision_and_no_command_and_its_journey_goes_on() -> None:
    made = left(rule(steps=TWO, holdout=EVERYBODY))
    assert made.outcomes() == ["held_out", "held_out"]
    assert made.sent == []
    assert made.verdict("holdout") == ("refuse", "held-out")
    decision = made.decisions[-1]
    assert decision.command_ids == []
    assert decision.verdicts[-1].numbers == {"of": "rule", "share": "100%"}
    assert [touch.held_out for touch in made.row.touches] == [True, True]


def test_it_is_judged_last_so_that_the_control_group_would_have_been_written_to() -> None:
    made = drive(rule(holdout=EVERYBODY), events=[added(MONDAY)]).drain()
    assert made.outcomes() == ["refused"]
    assert made.verdict("holdout") == ("not_asked", "decided-before")
    made = left(rule(steps=TWO, holdout=EVERYBODY), Shop(caps=(Cap(1, DAY),)))
    assert made.outcomes() == ["held_out", "skipped"]
    assert made.verdict("cap") == ("refuse", "cap-full")


def test_a_held_out_touch_counts_for_once_per() -> None:
    made = drive(rule(once_per=7 * DAY, holdout=EVERYBODY), events=[
        *shopper(MONDAY), added(MONDAY), ordered(MONDAY + 2 * HOUR), added(MONDAY + DAY),
        ordered(MONDAY + 2 * DAY), added(MONDAY + 8 * DAY),
    ]).drain()
    assert [decision.due_at[:10] for decision in made.decisions] == ["2026-11-23", "2026-12-01"]


def test_a_held_out_touch_spends_no_budget_and_keeps_its_place_among_the_caps() -> None:
    made = left(rule(holdout=EVERYBODY), Shop(budgets=(Budget(10),), caps=(Cap(9, DAY, "phone"),)))
    assert [scope.name for scope in made.asks[0].scopes] == ["customer", "phone"]
    assert made.verdict("budget") == ("not_asked", "held-out")
    assert left(rule(), Shop(budgets=(Budget(10),))).asks[0].scopes[-1].name == "budget"


def test_the_shops_share_is_the_same_customers_in_every_rule_and_a_rules_are_its_own() -> None:
    shop = Shop(holdout=Decimal(10))
    assert held(shop, rule(name="a")) == held(shop, rule(name="b"))
    of_a, of_b = held(Shop(), rule(name="a", holdout=Decimal(10))), held(Shop(), rule(name="b", holdout=Decimal(10)))
    assert of_a != of_b and of_a & of_b and of_a - of_b
    assert held(shop, rule(name="a", holdout=Decimal(10))) == held(shop, rule(name="a")) | of_a


def test_who_is_held_out_stays_so_when_the_share_grows() -> None:
    assert held(Shop(holdout=Decimal(5)), rule()) < held(Shop(holdout=Decimal("7.5")), rule())


def test_the_shops_share_leaves_transactional_rules_alone_and_a_rules_own_does_not() -> None:
    made = left(rule(purpose="transactional"), Shop(holdout=EVERYBODY))
    assert made.outcomes() == ["emitted"]
    assert left(rule(purpose="transactional", holdout=EVERYBODY)).outcomes() == ["held_out"]


def test_another_shop_holds_out_others() -> None:
    assert held(Shop(id="a", holdout=Decimal(10)), rule()) != held(Shop(id="b", holdout=Decimal(10)), rule())


def test_a_customer_is_held_out_of_all_the_steps_of_a_journey_or_of_none() -> None:
    outcomes = set()
    for customer in range(200):
        made = Drive(engine(rule(steps=(step(), step(HOUR, "2"), step(HOUR, "3")), holdout=Decimal(30))))
        made.row = made.engine.new_row("main", str(customer))
        outcomes.add(tuple(made.feed(*shopper(MONDAY), added(MONDAY)).drain().outcomes()))
    assert outcomes == {("emitted",) * 3, ("held_out",) * 3}
