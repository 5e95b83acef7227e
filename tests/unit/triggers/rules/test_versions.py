"""A version is what a rule means: the same for the same meaning, another for another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.instants import DAY
from triggers.calendars.hours import QuietHours
from triggers.rules.model import Cap, Shop
from triggers.rules.read import read_rules

RULE = """\
rule: a
trigger: {cart_abandoned: {idle: 60m}}
audience: cart.total >= 500
steps:
  - sms: "{{ cart.lines[0].name }}: {{ shop.cart_url }}"
  - {after: 23h, sms: hello, incentive: {bonus: 100, valid: 7d}}
"""
SHOP = Shop(cart_url="https://tea.example/cart", currency="RUB")


def version(text: str, shop: Shop = SHOP) -> str:
    read = read_rules(text, "r.yaml", shop)
    assert not read.errors, read.errors
    return read.rules[0].rule.version


@pytest.mark.parametrize(
    "same",
    {
        "comments": RULE.replace("steps:", "# a comment\nsteps:  # another"),
        "another order of fields": "audience: cart.total >= 500\n" + RULE.replace("audience: cart.total >= 500\n", ""),
        "another layout": RULE.replace("{cart_abandoned: {idle: 60m}}", "\n  cart_abandoned:\n    idle: 60m"),
        "another way of writing a duration": RULE.replace("60m", "1h").replace("7d", "1w"),
        "another way of quoting": RULE.replace("sms: hello", "'sms': \"hello\""),
        "a block text": RULE.replace(
            '"{{ cart.lines[0].name }}: {{ shop.cart_url }}"', "|\n      {{ cart.lines[0].name }}: {{ shop.cart_url }}"
        ),
        "what is the default anyway": RULE
        + "priority: 50\npurpose: marketing\nexit_on: [cart_emptied, order_placed]\n",
        "an id that is the step's number": RULE.replace("- sms", '- id: "1"\n    sms'),
        "a description": RULE + "description: For those who forgot\n",
    }.items(),
    ids=lambda case: case[0],
)
def test_what_changes_no_meaning_changes_no_version(same: tuple[str, str]) -> None:
    assert same[1] != RULE
    assert version(same[1]) == version(RULE)


@pytest.mark.parametrize(
    "other",
    {
        "the name": RULE.replace("rule: a", "rule: b"),
        "the trigger": RULE.replace("60m", "61m"),
        "the audience": RULE.replace("500", "501"),
        "a text": RULE.replace("hello", "Hello"),
        "a delay": RULE.replace("23h", "24h"),
        "an incentive": RULE.replace("bonus: 100", "bonus: 101"),
        "a step's id": RULE.replace("{after", "{id: second, after"),
        "a call": RULE.replace("sms: hello", "sms: hello, call: {note: hello}"),
        "exits": RULE + "exit_on: [order_placed]\n",
        "the priority": RULE + "priority: 51\n",
    }.items(),
    ids=lambda case: case[0],
)
def test_what_changes_the_meaning_changes_the_version(other: tuple[str, str]) -> None:
    assert version(other[1]) != version(RULE)


@pytest.mark.parametrize(
    "shop",
    [
        replace(SHOP, caps=(Cap(3, 7 * DAY),)),
        replace(SHOP, quiet_hours=QuietHours(1260, 600)),
        replace(SHOP, time_zone="Europe/Moscow"),
        replace(SHOP, sender="TEAHOUSE"),
        replace(SHOP, cart_url="https://tea.example/basket"),
    ],
)
def test_a_setting_that_the_rule_uses_changes_the_version(shop: Shop) -> None:
    assert version(RULE, shop) != version(RULE)


def test_a_setting_that_no_text_of_the_rule_names_does_not_change_the_version() -> None:
    assert version(RULE, replace(SHOP, name="Tea House", url="https://tea.example/")) == version(RULE)


def test_a_version_is_the_same_in_every_shop_with_these_settings() -> None:
    assert version(RULE, replace(SHOP, id="other")) == version(RULE)


def test_a_version_does_not_depend_on_the_machine_or_the_release() -> None:
    """Decisions name versions for years: whoever changes this number changes the version of every rule there is."""
    assert version(RULE) == "9cc4700ef7433c878e86b30fccef1130"
