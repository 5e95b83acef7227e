"""Rules whose audience a customer cannot be in are left out unasked, and nothing is lost by it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.triggers.driving import HOUR, MINUTE, MONDAY, added, drive, ordered, profile, rule, shopper
from triggers.customer import new_row
from triggers.expressions import compile_expression
from triggers.prefilter import Prefilter
from triggers.rules.model import Rule

CONDITIONS = [
    'customer.city == "Kazan"', '"Kazan" == customer.city', 'customer.city == "Omsk" and customer.card == "VIP"',
    'customer.city == "Omsk" or customer.card == "VIP"', 'customer.city != "Kazan"', 'customer.card == "VIP"',
    'not (customer.city == "Omsk")', 'orders.count == 0 and customer.city == "Kazan"', 'orders.count == 0',
    'orders.count >= 1 and customer.city == "Kazan"', 'orders.total > 100 and orders.count != 2', 'orders.count < 2',
    'not (orders.count >= 1)', '200 >= orders.total', 'orders.total >= 100 or customer.card == "VIP"',
]  # fmt: skip


def a_rule(number: int, condition: str, idle: int) -> Rule:
    return rule(name=f"r{number}", idle=idle, audience=compile_expression(condition))


WRITTEN = st.lists(st.tuples(st.sampled_from(CONDITIONS), st.sampled_from([HOUR, 2 * HOUR])), min_size=1, max_size=6)
ORDERS = st.lists(
    st.tuples(st.sampled_from([None, Decimal(100), Decimal("100.5")]), st.sampled_from(["RUB", "RUB", "EUR"])),
    max_size=3,
)
VALUES = st.sampled_from([None, "Kazan", "Omsk", "VIP", " "])


@settings(deadline=None, max_examples=40)
@given(WRITTEN, VALUES, VALUES, VALUES, ORDERS)
def test_with_and_without_it_the_same_journeys_begin(
    written: list[tuple[str, int]], city: str | None, card: str | None, later: str | None,
    orders: list[tuple[Decimal | None, str]],
) -> None:
    rules = [a_rule(number, condition, idle) for number, (condition, idle) in enumerate(written)]
    events = [
        *shopper(MONDAY, city=city, card=card),
        *(ordered(MONDAY + n, f"o{n}", total=total, currency=currency) for n, (total, currency) in enumerate(orders)),
        added(MONDAY + MINUTE), profile(MONDAY + 90 * MINUTE, city=later),
    ]  # fmt: skip
    found = [decision.rule for decision in drive(*rules, events=events).drain().decisions]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("triggers.prefilter._required", lambda rule: ())
        patch.setattr("triggers.prefilter._numbers", lambda rule: ())
        assert [decision.rule for decision in drive(*rules, events=events).drain().decisions] == found


def test_of_several_equalities_the_one_that_fewest_rules_share_is_looked_at() -> None:
    common = a_rule(0, 'customer.city == "Kazan"', HOUR)
    both = a_rule(1, 'customer.city == "Kazan" and customer.card == "VIP"', HOUR)
    prefilter = Prefilter([common, both])
    row = drive(common, events=[profile(MONDAY, city="Kazan")]).row
    assert prefilter.key(both) != prefilter.key(common)
    assert prefilter.admits(row, common) and not prefilter.admits(row, both)
    assert prefilter.keys(row) == [prefilter.key(common)]


@pytest.mark.parametrize(
    ("condition", "admitted"),
    [
        ("orders.count >= 3", False), ("orders.count < 3", True),
        ("orders.total > 100", True), ("orders.total > 150", False),
        ("orders.total == 150 and orders.count == 2", True), ("2 < orders.count", False), ("orders.count != 2", False),
    ],
)  # fmt: skip
def test_who_has_ordered_otherwise_is_left_out(condition: str, admitted: bool) -> None:
    made = a_rule(0, condition, HOUR)
    events = [*shopper(MONDAY), *(ordered(MONDAY + n, f"o{n}", total=Decimal(50 * n), currency="RUB") for n in (1, 2))]
    row = drive(made, events=events).row
    assert Prefilter([made]).narrows
    assert Prefilter([made]).admits(row, made) is admitted


@pytest.mark.parametrize("condition", ['customer.city == "Kazan" or orders.count > 1', "orders.count == 0", None])
def test_what_may_hold_for_anybody_is_looked_at_for_everybody(condition: str | None) -> None:
    audience: Any = None if condition is None else compile_expression(condition)
    made = rule(audience=audience)
    assert Prefilter([made]).key(made) is None
    assert Prefilter([made]).admits(new_row("main", "42"), made)
