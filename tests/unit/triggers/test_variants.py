"""Variants are sticky, in the proportion of their weights, and first by their conditions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from schemas import wire
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, added, drive, ordered, rule, shopper, step
from triggers.customer import new_row
from triggers.expressions import Scope, compile_expression
from triggers.rules.model import Rule, Shop, TextVariant, Variant
from triggers.rules.read import read_rules
from triggers.variants import pick

STEPS = """
steps:
  - variants:
      - {name: friendly, sms: "Your cart misses you"}
      - {name: plain, weight: 3, sms: "Your cart is kept"}
      - {name: first, when: orders.count == 0, sms: "Your first order"}
"""


def read(text: str) -> Rule:
    found = read_rules(f"rule: r\ntrigger: {{cart_abandoned: {{idle: 1h}}}}\n{text}", "r.yaml", Shop())
    assert found.errors == ()
    return found.rules[0].rule


def mistakes(text: str) -> list[str]:
    found = read_rules(f"rule: r\ntrigger: {{cart_abandoned: {{idle: 1h}}}}\n{text}", "r.yaml", Shop())
    return [error.message for error in found.errors]


def unasked() -> Scope:
    raise AssertionError("no condition is asked")


def test_customers_get_variants_in_the_proportion_of_their_weights_and_keep_them() -> None:
    variants = (Variant("a"), Variant("b", 3))
    rows = [new_row("main", f"c{number}") for number in range(4000)]
    names = [getattr(pick(variants, row, "r", unasked), "name", None) for row in rows]
    assert Counter(names) == {"a": pytest.approx(1000, abs=100), "b": pytest.approx(3000, abs=100)}
    assert [getattr(pick(variants, row, "r", unasked), "name", None) for row in rows] == names
    assert [getattr(pick(variants, row, "other", unasked), "name", None) for row in rows] != names


def test_whom_a_condition_holds_for_gets_that_variant_and_the_decision_names_it() -> None:
    made = read(STEPS)
    first = drive(made, events=[*shopper(MONDAY), added(MONDAY)]).drain()
    assert [sms.text for sms in first.sent] == ["Your first order"]
    assert first.decisions[0].inputs["variant"] == "first"
    again = drive(made, events=[*shopper(MONDAY), ordered(MONDAY), added(MONDAY + HOUR)]).drain()
    assert again.sent[0].text in ("Your cart misses you", "Your cart is kept")
    assert again.sent[0].command_id and again.decisions[0].inputs["variant"] in ("friendly", "plain")


def test_a_command_is_the_same_one_whatever_the_variant() -> None:
    made = read(STEPS)
    events = [*shopper(MONDAY), added(MONDAY)]
    plain = replace(made, steps=(replace(made.steps[0], variants=()),))
    ids = [drive(one, events=events).drain().sent[0].command_id for one in (made, plain)]
    assert ids[0] == ids[1]


def test_a_journey_keeps_the_variant_that_it_began_with_and_steps_follow_it() -> None:
    a, b = Variant("a", when=compile_expression("orders.count == 0")), Variant("b")
    template = read(STEPS).steps[0].variants[0].sms
    texts = (TextVariant("b", template), TextVariant("a", template))
    steps = (
        step(when=compile_expression('journey.variant == "b"')), step(HOUR, "2", variants=texts),
    )  # fmt: skip
    made = drive(rule(variants=(a, b), steps=steps), events=[*shopper(MONDAY), added(MONDAY)]).drain()
    assert [decision.outcome for decision in made.decisions] == ["skipped", "emitted"]
    assert [decision.inputs["variant"] for decision in made.decisions] == ["a", "a"]


def test_variants_are_part_of_the_version_and_what_cannot_be_meant_is_refused() -> None:
    assert read(STEPS).version != read(STEPS.replace("weight: 3", "weight: 2")).version
    assert read(STEPS).version != read(STEPS.replace("is kept", "was kept")).version
    one = 'steps: [{variants: [{name: a, sms: hello}]}]'
    assert mistakes(one) == ["one variant alone is none"]
    assert mistakes("steps: [{variants: []}]") == [
        "step 1 needs `sms`", "`variants` needs at least two entries"
    ]
    both = 'steps: [{sms: hello, variants: [{name: a, sms: hello}, {name: a, sms: you}]}]'
    assert mistakes(both) == ["`sms` beside `variants`", "a second variant `a`"]
    nobody = "steps: [{variants: [{name: a, sms: x, when: cart.count > 1}, {name: b, sms: y, when: cart.count > 2}]}]"
    assert mistakes(nobody) == ["no variant is for everybody else"]
    assert mistakes("steps: [{variants: [{name: a, sms: x}, {name: b, sms: '{{ cart.totl }}'}]}]") == [
        "unknown name `cart.totl`"
    ]


def bought_and_came_back(times: int) -> list[wire.CustomerEvent]:
    return [
        one for day in range(times) for one in (added(MONDAY + day * DAY), ordered(MONDAY + day * DAY + 5 * HOUR))
    ]


def test_a_customer_has_so_many_journeys_of_a_rule_and_no_more() -> None:
    made = drive(rule(max_times=2), events=[*shopper(MONDAY), *bought_and_came_back(4)]).drain()
    assert len(made.sent) == 2
    assert made.row.history["abandoned-cart"].times == 2


def test_of_an_exclusive_group_one_runs_at_a_time_by_priority() -> None:
    long = (step(), step(DAY, "2"))
    low = rule(name="a", exclusive="carts", steps=long)
    high = rule(name="b", exclusive="carts", priority=80, steps=long)
    other = rule(name="c", exclusive="others")
    late = rule(name="d", idle=2 * HOUR, exclusive="carts")
    made = drive(low, high, other, late, events=[*shopper(MONDAY), added(MONDAY)]).drain()
    assert {sms.rule for sms in made.sent} == {"b", "c"}
    freed = drive(rule(name="a", exclusive="carts"), late, events=[*shopper(MONDAY), added(MONDAY)]).drain()
    assert [sms.rule for sms in freed.sent] == ["a", "d"]


BONUS = 'incentive: {bonus: 100, valid: 7d}, sms: "100 for you"'


@pytest.mark.parametrize(
    ("policy", "commands", "outcomes"),
    [
        ("end", [], ["refused"]),
        ("skip", ["SendSms"], ["skipped", "emitted"]),
        ("without_sms", ["GrantBonus", "SendSms"], ["emitted", "emitted"]),
    ],
)
def test_where_no_sms_can_go_the_journey_ends_or_goes_on_as_the_step_says(
    policy: str, commands: list[str], outcomes: list[str]
) -> None:
    made = read(f'steps:\n  - {{{BONUS}, on_no_phone: {policy}}}\n  - {{after: 1d, sms: "Your cart"}}\n')
    events = [*shopper(MONDAY, phone=None), added(MONDAY)]
    driven: Drive = drive(made, events=events)
    driven.feed(*shopper(MONDAY + 5 * HOUR)).drain()
    assert [type(command).__name__ for command in driven.sent] == commands
    assert driven.outcomes() == outcomes


def test_a_step_of_which_nothing_would_be_left_cannot_go_without_its_text() -> None:
    assert mistakes("steps: [{sms: hello, on_no_phone: without_sms}]") == ["nothing would be left to go"]
