"""Whose language the texts of a rule are in."""

from __future__ import annotations

import pytest

from triggers.rules.audiences import read_audiences
from triggers.rules.read import read_rules, read_shop

SIX = "plural('a', 'b', 'c', 'd', 'e', 'f')"
ARABS = 'audience: arabs\nwhere: customer.language == "ar"\n'


def said(*lines: str, shop: str = "", step: str = "") -> list[str]:
    audiences, mistakes = read_audiences(ARABS, "arabs.yaml")
    read = read_shop(shop, "shop.yaml", "main", audiences)
    text = "\n".join(["rule: a", "trigger: {cart_abandoned: {idle: 60m}}", *lines])
    text += f'\nsteps: [{{sms: "{{{{ cart.count | {SIX} }}}}"{step}}}]\n'
    assert not (mistakes or read.errors)
    return [str(error) for error in read_rules(text, "r.yaml", read.shop, read.audiences).errors]


def test_words_for_a_language_that_the_shop_does_not_have_are_told_with_their_place() -> None:
    (error,) = said()
    assert error.startswith("r.yaml:3:32: `plural` is given 6 words, English has 2 (one, other), and it is the shop's")
    assert said(shop="language: ar") == []


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ('audience: customer.language == "ar"', ""),
        ('audience: audiences.arabs and cart.count > 1', ""),
        ("audience: arabs", ""),
        ("", ", when: 'customer . language == \"ar\"'"),
        ("", "}, {after: 1h, sms: 'x{% if customer.language == \"en\" %}y{% endif %}'"),
    ],
)
def test_a_rule_that_asks_for_the_customers_language_may_have_words_of_any(line: str, step: str) -> None:
    assert said(line, step=step) == []


def test_a_description_or_a_comment_asks_for_nothing() -> None:
    assert len(said("description: not by customer.language", "# customer.language")) == 1
