"""Rules that are allowed and probably not meant are warned of, with their place, and are read all the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triggers.expressions import compile_expression
from triggers.expressions.bounds import Bound, contradiction
from triggers.rules.audiences import read_audiences
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop


def warnings(trigger: str, *more: str) -> list[str]:
    text = "\n".join(["rule: a", f"trigger: {{{trigger}}}", *more])
    if "steps" not in text:
        text += "\nsteps: [{sms: hello}]"
    read = read_rules(text, "r.yaml", Shop())
    assert read.errors == ()
    assert len(read.rules) == 1
    return [str(warning) for warning in read.warnings]


CART = "cart_abandoned: {idle: 1h}"
BOUGHT = "purchased: {}"


@pytest.mark.parametrize(
    ("trigger", "lines", "expected"),
    [
        (
            BOUGHT, ["audience: orders.count == 0"],
            "r.yaml:3:11: nobody is in this audience: `orders.count == 0`, and who has just ordered has an order, "
            "this rule writes to nobody",
        ),
        (
            BOUGHT, ["audience: orders.total > 5 and 1 > orders.count"],
            "r.yaml:3:11: nobody is in this audience: `orders.count < 1`, and who has just ordered has an order, "
            "this rule writes to nobody",
        ),
        (
            CART, ["audience: cart.count < 1"],
            "r.yaml:3:11: nobody is in this audience: `cart.count < 1`, and there is something in the cart, or the "
            "journey ends, this rule writes to nobody",
        ),
        (
            CART, ['audience: customer.city == "Kazan" and customer.city == "Omsk"'],
            'r.yaml:3:11: nobody is in this audience: `customer.city == "Kazan"` and `customer.city == "Omsk"` exclude '
            "each other, this rule writes to nobody",
        ),
        (
            CART, ["audience: orders.count >= 3", "steps:", "  - {when: orders.count < 3, sms: hello}"],
            "r.yaml:5:12: this never holds: `orders.count < 3`, and the rule is for `orders.count >= 3`, step 1 is "
            "never sent",
        ),
        (
            CART,
            ["audience: orders.count >= 3", "variants: [{name: a, when: orders.count < 2}, {name: b}]"],
            "r.yaml:4:28: this never holds: `orders.count < 2`, and the rule is for `orders.count >= 3`, nobody is in "
            "this variant",
        ),
        (
            CART, ["steps:", "  - variants: [{name: a, sms: a, when: cart.count < 1}, {name: b, sms: b}]"],
            "r.yaml:4:40: this never holds: `cart.count < 1`, and there is something in the cart, or the journey ends, "
            "nobody gets this text",
        ),
        (
            CART, ["steps:", "  - variants: [{name: a, sms: '{{ incentive.code }}'}, {name: b, sms: b}]"],
            "r.yaml:4:31: the text of step 1 names an incentive and has none, it would not be sent",
        ),
        (
            CART, ["steps:", "  - sms: 'a{%- optional -%} until {{ incentive.valid_until | date }}{% endoptional %}'"],
            "r.yaml:4:10: the text of step 1 names an incentive and has none, its optional part would never be written",
        ),
        (
            CART, ["steps:", "  - sms: '{% optional %}a{% endoptional %}{{shop.url}}{% optional %}b{% endoptional %}'"],
            "r.yaml:4:10: the text names `shop.url`, which shop.yaml does not give, it would not be sent",
        ),
        (
            BOUGHT, ["exit_on: [order_placed]"],
            "r.yaml:3:10: an order begins this rule, and the next one ends it, leave `order_placed` out",
        ),
        (
            "dormant: {after: 60d}", ["cooldown: 90d"],
            "r.yaml:3:11: `cooldown` (90d) is longer than `after` (60d), who falls asleep again sooner than that gets "
            "nothing",
        ),
    ],
)
def test_a_rule_that_never_does_what_it_says_is_warned_of(trigger: str, lines: list[str], expected: str) -> None:
    assert warnings(trigger, *lines) == [expected]


@pytest.mark.parametrize(
    ("trigger", "lines"),
    [
        (CART, ["audience: orders.count == 0"]),
        (CART, ["audience: cart.count < 1", "exit_on: [order_placed]"]),  # the cart may be emptied meanwhile
        (BOUGHT, ["audience: orders.count == 1 and orders.total > 500"]),
        (BOUGHT, ["audience: orders.count == 0 or orders.count > 3"]),
        ("dormant: {after: 90d}", ["cooldown: 60d"]),
        ("dormant: {after: 1.2 x interval, without_interval: 60d}", ["cooldown: 90d"]),
    ],
)
def test_a_rule_that_may_well_be_meant_is_not(trigger: str, lines: list[str]) -> None:
    assert warnings(trigger, *lines) == []


def test_segments_and_audiences_that_nobody_can_be_in_are_warned_of() -> None:
    settings = "\n".join([
        "segments:", "  few: orders.count > 0", "  same: orders.count > 0",
        "  odd: orders.count > 5 and orders.count < 2", "  all: 'true'", "  rest: customer.card == 'VIP'",
    ])  # fmt: skip
    audience = "audience: a\nwhere: orders.count > 5 and orders.count <= 5\n"
    read = read_shop(settings, "shop.yaml", "main", read_audiences(audience, "a.yaml")[0])
    assert read.errors == ()
    assert [str(warning) for warning in read.warnings] == [
        "shop.yaml:3:3: `few` before it has the same condition, nobody is ever in it",
        "shop.yaml:4:3: `orders.count > 5` and `orders.count < 2` exclude each other, nobody is ever in it",
        "shop.yaml:6:3: `all` before it holds for everybody, nobody is ever in it",
        "a.yaml:2:8: `orders.count > 5` and `orders.count <= 5` exclude each other, nobody is ever in it",
    ]


SIGNS = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
bounds = st.lists(st.tuples(st.sampled_from(sorted(SIGNS)), st.integers(0, 4)), min_size=1, max_size=4)


@given(bounds)
def test_two_bounds_exclude_each_other_exactly_when_no_number_is_within_both(written: list[tuple[str, int]]) -> None:
    condition = compile_expression(" and ".join(f"orders.total {sign} {value}" for sign, value in written))
    assert condition.reads.bounds == tuple(dict.fromkeys(
        Bound("orders.total", sign, bound.value) for (sign, _), bound in zip(written, _parsed(written), strict=True)
    ))
    numbers = [number / 2 for number in range(-2, 12)]  # between the whole ones, too
    found = contradiction(condition.reads.bounds)
    expected = any(
        not any(SIGNS[one[0]](number, one[1]) and SIGNS[other[0]](number, other[1]) for number in numbers)
        for one in written for other in written
    )
    assert (found is not None) == expected


def _parsed(written: list[tuple[str, int]]) -> list[Bound]:
    return [compile_expression(f"orders.total {sign} {value}").reads.bounds[0] for sign, value in written]
