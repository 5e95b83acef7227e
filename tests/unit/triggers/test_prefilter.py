"""Rules whose audience a customer cannot be in are left out unasked, and nothing is lost by it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, added, drive, profile, rule, shopper
from triggers.customer import new_row
from triggers.expressions import compile_expression
from triggers.prefilter import Prefilter
from triggers.rules.model import Rule

CONDITIONS = [
    'customer.city == "Kazan"', '"Kazan" == customer.city', 'customer.city == "Omsk" and customer.card == "VIP"',
    'customer.city == "Omsk" or customer.card == "VIP"', 'customer.city != "Kazan"', 'customer.card == "VIP"',
    'not (customer.city == "Omsk")', 'orders.count == 0 and customer.city == "Kazan"', 'orders.count == 0',
]  # fmt: skip


def a_rule(number: int, condition: str, idle: int) -> Rule:
    return rule(name=f"r{number}", idle=idle, audience=compile_expression(condition))


WRITTEN = st.lists(st.tuples(st.sampled_from(CONDITIONS), st.sampled_from([HOUR, 2 * HOUR])), min_size=1, max_size=6)
VALUES = st.sampled_from([None, "Kazan", "Omsk", "VIP", " "])


@settings(deadline=None, max_examples=40)
@given(WRITTEN, VALUES, VALUES, VALUES)
def test_with_and_without_it_the_same_journeys_begin(
    written: list[tuple[str, int]], city: str | None, card: str | None, later: str | None
) -> None:
    rules = [a_rule(number, condition, idle) for number, (condition, idle) in enumerate(written)]
    events = [
        *shopper(MONDAY, city=city, card=card), added(MONDAY), profile(MONDAY + 90 * MINUTE, city=later),
    ]  # fmt: skip
    found = [decision.rule for decision in drive(*rules, events=events).drain().decisions]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("triggers.prefilter._required", lambda rule: ())
        assert [decision.rule for decision in drive(*rules, events=events).drain().decisions] == found


def test_of_several_equalities_the_one_that_fewest_rules_share_is_looked_at() -> None:
    common = a_rule(0, 'customer.city == "Kazan"', HOUR)
    both = a_rule(1, 'customer.city == "Kazan" and customer.card == "VIP"', HOUR)
    prefilter = Prefilter([common, both])
    row = drive(common, events=[profile(MONDAY, city="Kazan")]).row
    assert prefilter.key(both) != prefilter.key(common)
    assert prefilter.admits(row, common) and not prefilter.admits(row, both)
    assert prefilter.keys(row) == [prefilter.key(common)]


@pytest.mark.parametrize("condition", ['customer.city == "Kazan" or orders.count > 1', "orders.count == 0", None])
def test_what_may_hold_for_anybody_is_looked_at_for_everybody(condition: str | None) -> None:
    audience: Any = None if condition is None else compile_expression(condition)
    made = rule(audience=audience)
    assert Prefilter([made]).key(made) is None
    assert Prefilter([made]).admits(new_row("main", "42"), made)
