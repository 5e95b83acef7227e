"""Wrong rules are refused with the place, what is wrong, and a suggestion; all mistakes of a file at once."""

from __future__ import annotations

import pytest

from tests.unit.triggers.rules.mistaken import SHOP, mistakes
from triggers.rules.read import read_rules
from triggers.rules.values import listed
from triggers.rules.written import KINDS

ONE_MISTAKE = {
    "a misspelt field": (
        """
        rule: a
        trigger:
          cart_abandoned: {idel: 60m}
        steps: [{sms: hello}]
        """,
        "r.yaml:3:20: unknown field `idel`, did you mean `idle`?",
    ),
    "a field of another place": (
        """
        rule: a
        idle: 60m
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:1: unknown field `idle`, it belongs to `trigger.cart_abandoned`",
    ),
    "an unknown trigger": (
        """
        rule: a
        trigger: {cart_abandonned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:11: unknown trigger `cart_abandonned`, did you mean `cart_abandoned`?",
    ),
    "a trigger without its fields": (
        """
        rule: a
        trigger: cart_abandoned
        steps: [{sms: hello}]
        """,
        "r.yaml:2:10: `trigger` should be fields of its own, not `cart_abandoned`, "
        "write for example `trigger: {cart_abandoned: {idle: 60m}}`",
    ),
    "no trigger": (
        """
        rule: a
        trigger: {}
        steps: [{sms: hello}]
        """,
        f"r.yaml:2:10: a rule has one trigger, here is none, choose one of {listed(KINDS)}",
    ),
    "a choice that is none": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m, reenter: per-cart}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:48: `reenter` cannot be `per-cart`, did you mean `per_cart`?",
    ),
    "a duration without a unit": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: the duration `60` has no unit, write `60m`, `60h` or `60d`",
    ),
    "a duration that is none": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: an hour}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: `an hour` is no duration, write it like `90s`, `60m`, `1h30m`, `3d` or `2w`",
    ),
    "a duration of nothing": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 0m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: the duration must be longer than nothing",
    ),
    "a name with blanks": (
        """
        rule: my rule
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:1:7: `my rule` is no name, use letters of a to z, digits, `-` and `_`, 64 at most",
    ),
    "a name that is a number": (
        """
        rule: 2024
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:1:7: `rule` should be a text, not `2024`, put it in quotes",
    ),
    "a value that is left empty": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
        """,
        "r.yaml:3:1: `steps` is empty, give it a value or leave it out",
    ),
    "no steps": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: []
        """,
        "r.yaml:3:8: `steps` needs at least one entry",
    ),
    "a step without a text": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: hello
          - after: 23h
        """,
        "r.yaml:5:5: step 2 needs `sms`",
    ),
    "a later step without its delay": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: hello
          - sms: hello again
        """,
        "r.yaml:5:5: step 2 needs `after`, say how long after the step before it, like `after: 23h`",
    ),
    "two steps of one id": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - {id: "2", sms: hello}
          - {after: 1h, sms: hello again}
        """,
        "r.yaml:5:5: a second step `2`, give it an id of its own",
    ),
    "steps that are no list": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          sms: hello
        """,
        "r.yaml:4:3: `steps` should be a list, not fields, begin each line with `- `",
    ),
    "an unknown name in a text": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: "Dear {{ customer.firstname }}"
        """,
        "r.yaml:4:19: unknown name `customer.firstname`, did you mean `customer.first_name`?",
    ),
    "an unknown name in a condition": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        audience: cart.totl > 5
        steps: [{sms: hello}]
        """,
        "r.yaml:3:11: unknown name `cart.totl`, did you mean `cart.total`?",
    ),
    "a discount without its sign": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {discount: 5}}]
        """,
        "r.yaml:3:44: `5` is no share, write `5%`",
    ),
    "a bonus for ever": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {bonus: 100}}]
        """,
        "r.yaml:3:33: bonus points need `valid`, write for example `valid: 7d`",
    ),
    "two incentives in one": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {bonus: 100, discount: 5%, valid: 7d}}]
        """,
        "r.yaml:3:33: an incentive is one thing, here is `discount` and `bonus`, "
        "choose one of `discount`, `bonus`, `balance`, `coupon`, `gift`, `offer`",
    ),
    "an unknown exit": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        exit_on: [ordered]
        """,
        "r.yaml:4:11: entry 1 of `exit_on` cannot be `ordered`, did you mean `order_placed`?",
    ),
    "an exit that always is one": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        exit_on: [order_placed, consent_withdrawn]
        """,
        "r.yaml:4:25: `consent_withdrawn` ends every journey anyway, leave it out",
    ),
    "a priority beyond its bounds": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        priority: 101
        steps: [{sms: hello}]
        """,
        "r.yaml:3:11: `priority` must be at most 100",
    ),
}


@pytest.mark.parametrize(("text", "expected"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_a_mistake_is_shown_with_its_place_and_a_suggestion(text: str | bytes, expected: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]


def test_all_mistakes_of_a_file_are_shown_at_once_in_order_of_place() -> None:
    found = mistakes(
        """
        rule: a b
        trigger: {cart_abandoned: {idle: 60}}
        audience: cart.totl > 5
        steps:
          - sms: "{{ nobody }}"
          - after: soon
            sms: "{{ cart.total | mony }}"
        ---
        rule: second
        trigger: {cart_abandoned: {idle: 1h}}
        step: [{sms: hello}]
        """
    )
    places = [line.split(": ")[0] for line in found]
    assert places == [
        "r.yaml:1:7",
        "r.yaml:2:34",
        "r.yaml:3:11",
        "r.yaml:5:14",
        "r.yaml:6:12",
        "r.yaml:7:27",
        "r.yaml:11:1",
    ], found


def test_a_rule_without_mistakes_is_read_though_its_neighbour_has_some() -> None:
    read = read_rules(
        "rule: good\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n---\nrule: bad\n", "r.yaml", SHOP
    )
    assert [found.rule.name for found in read.rules] == ["good"]
    assert read.errors


def test_what_ends_no_journey_of_a_kind_cannot_be_named_and_hides_behind_no_other_mistake() -> None:
    text = """
        rule: a
        trigger: {registered: {within: 7}}
        steps: [{sms: hello}]
        exit_on: [order_placed, cart_emptied]
        """
    assert mistakes(text) == [
        "r.yaml:2:32: the duration `7` has no unit, write `7m`, `7h` or `7d`",
        "r.yaml:4:25: entry 2 of `exit_on` cannot be `cart_emptied`, which ends no journey of `registered`, "
        "write `order_placed`",
    ]
