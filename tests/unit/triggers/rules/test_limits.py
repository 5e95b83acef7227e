"""Caps, budgets, dedupe, competition and holdout as they are written: read, refused with a hint, and as editors see."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from schemas.instants import DAY, HOUR
from triggers.rules.model import Budget, Cap, Incentive, Rule, Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.remembered import needed
from triggers.rules.schema import editor_schema
from triggers.rules.written_limits import MAX_CAP

CART = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\n"


def shop(text: str) -> Shop:
    read = read_shop(text, "shop.yaml", "main")
    assert not read.errors, read.errors
    return read.shop


def rule(text: str, of: Shop | None = None) -> Rule:
    read = read_rules(CART + text, "r.yaml", of or Shop())
    assert not read.errors, read.errors
    return read.rules[0].rule


def test_a_cap_is_read_in_every_form() -> None:
    caps = shop("""
caps:
  - 30 per month
  - 5 per week
  - 1 per day
  - 3 per 7d
  - {limit: 2, per: 7d, by: rule, on_full: delay}
  - {limit: 1, per: week, by: tag, tag: promo}
  - {limit: 3, per: 1d, by: channel, channel: bonus}
  - {limit: 100, per: 1d, by: phone}
""").caps
    assert set(caps) == {
        Cap(30, 0, span="month"), Cap(5, 0, span="week"), Cap(1, 0, span="day"), Cap(3, 7 * DAY),
        Cap(2, 7 * DAY, "rule", on_full="delay"), Cap(1, 0, "tag", "promo", "week"),
        Cap(3, DAY, "channel", "bonus"), Cap(100, DAY, "phone"),
    }


def test_a_pace_is_read_and_comes_after_the_budgets() -> None:
    assert shop("pace: 600 per minute").budgets == (Budget(600, per="minute"),)
    assert shop("pace: 1 per minute\nbudgets: [{messages: 9}]").budgets == (Budget(9), Budget(1, per="minute"))


def test_the_order_in_which_limits_are_written_means_nothing() -> None:
    caps = ["1 per day", "9 per 7d", "{limit: 1, per: 1d, by: rule}", "{limit: 1, per: 1d, by: phone}"]
    one, other = (shop(f"caps: [{', '.join(order)}]") for order in (caps, caps[::-1]))
    assert one == other
    assert shop('budgets: [{messages: 1}, {money: "1"}]\nsms_price: 1') == shop(
        'budgets: [{money: "1"}, {messages: 1}]\nsms_price: 1'
    )


def test_the_other_settings_are_read() -> None:
    read = shop("""
budgets: [{messages: 10000, per: day}, {money: "500.25"}]
sms_price: 2.5
compete: 24h
dedupe: {product: 30d, text: 24h}
holdout: 7.5%
caps: [30 per 30d]
""")
    assert read.budgets == (Budget(10_000), Budget(500_250_000, "money"))
    assert read.sms_price == Decimal("2.5")
    assert (read.compete, read.dedupe_product, read.dedupe_text) == (DAY, 30 * DAY, DAY)
    assert read.holdout == Decimal("7.5")


def test_a_rule_has_tags_in_any_order_and_each_once_and_a_holdout() -> None:
    read = rule("tags: [promo, cart, promo]\nholdout: 5%\nsteps: [{sms: hello}]")
    assert (read.tags, read.holdout) == (("cart", "promo"), Decimal(5))


def test_a_step_may_grant_a_bonus_without_a_text_and_an_incentive_end_on_a_day() -> None:
    read = rule("steps: [{incentive: {bonus: 100, until: 2026-12-31}}]")
    assert read.steps[0].sms is None
    assert read.steps[0].incentive == Incentive("bonus", Decimal(100), until=date(2026, 12, 31))


def test_a_step_may_ask_for_a_call_alone_or_beside_a_text_or_a_bonus() -> None:
    for more in ("", "sms: hello, ", "incentive: {bonus: 100, valid: 7d}, "):
        (step,) = rule(f"steps: [{{{more}call: {{note: '{{{{ customer.first_name }}}}'}}}}]").steps
        assert step.call is not None
        assert step.call.source == "{{ customer.first_name }}"
        assert (step.sms is None) == ("sms" not in more)


def test_a_wrong_call_is_shown_with_its_place_and_a_hint() -> None:
    for step, expected in (
        ("{call: Anna}", "3:16: `call` of step 1 should be fields of its own, not `Anna`, known here: `note`"),
        ("{call: {}}", "3:16: `call` of step 1 needs `note`"),
        ("{call: {note: a, text: hello}}", "unknown field `text`"),
        ("{call: {note: '{{ customer.frist_name }}'}}", "3:27: unknown name `customer.frist_name`, did you mean"),
    ):
        errors = read_rules(f"{CART}steps: [{step}]", "r.yaml", Shop()).errors
        assert expected in str(errors[0]), errors


def test_a_note_that_could_never_be_made_is_warned_of() -> None:
    step = "{call: {note: '{{ shop.name }}, {{ incentive.discount }}'}}"
    found = [str(one) for one in read_rules(f"{CART}steps: [{step}]", "r.yaml", Shop()).warnings]
    assert len(found) == 2
    assert "the note names `shop.name`, which shop.yaml does not give" in found[0]
    assert "the note of step 1 names an incentive and has none" in found[1]


def test_a_rule_that_uses_none_of_this_keeps_its_version() -> None:
    plain = rule("steps: [{sms: hello}]")
    for using in ("tags: [a]\nsteps: [{sms: hello}]", "holdout: 5%\nsteps: [{sms: hello}]"):
        assert rule(using).version != plain.version
    settings = (
        "compete: 1h", "holdout: 1%", "dedupe: {text: 1h}", "caps: [1 per day]", "budgets: [{messages: 1}]",
        "pace: 1 per minute",
    )  # fmt: skip
    for setting in settings:
        assert rule("steps: [{sms: hello}]", shop(setting)).version != plain.version


MISTAKES = {
    "caps: [1 per fortnight]": "1:8: `1 per fortnight` is no cap, write it like `3 per 7d` or `1 per day`",
    "caps: [{limit: 31, per: 7d}]": "1:8: a cap of 31 touches needs more than the 30 that are remembered",
    "caps: [{limit: 3, per: 7d, tag: promo}]": "1:8: `tag` is given and the cap is by customer, write `by: tag`",
    "caps: [{limit: 3, per: 7d, by: town}]": "1:32: ",
    "caps: [{limit: 3, per: 7d, by: rule}]": "1:8: a customer may get any number of touches in the time of this cap",
    "caps: [3 per day, {limit: 3, per: 30d, by: rule}]": "1:19: a customer may get 99 touches in the time of this cap",
    'budgets: [{money: "5.00"}]': "1:11: a budget of money needs `sms_price`, say what a segment costs",
    "budgets: [{}]": "1:11: a budget is of messages or of money, here is none",
    "budgets: [{messages: 1}, {messages: 2}]": "1:26: a second budget of messages",
    'budgets: [{money: "5,00"}]\nsms_price: 1': '1:19: `5,00` is no sum of money, write it like "500.00"',
    "dedupe: {}": "1:9: `dedupe` names nothing",
    "pace: 600": "1:7: `600` is no pace, write it like `600 per minute`",
    "pace: 0 per minute": "1:7: `0 per minute` is no pace",
    "pace: 10 per hour": "1:7: `10 per hour` is no pace",
    "holdout: 5": "1:10: `5` is no share, write `5%`",
    "compete: 24": "1:10: the duration `24` has no unit",
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.items())
def test_a_wrong_limit_is_shown_with_its_place_and_a_hint(text: str, expected: str) -> None:
    found = read_shop(text, "shop.yaml", "main").errors
    assert len(found) == 1, found
    assert str(found[0]).startswith(f"shop.yaml:{expected}"), found[0]


def test_a_wrong_last_day_and_a_bonus_without_an_end_are_refused() -> None:
    for step, expected in (
        ("{sms: hello, incentive: {gift: tea, until: 2026-02-30}}", "`2026-02-30` is no day"),
        ("{incentive: {bonus: 100}}", "bonus points need `valid`"),
        ("{incentive: {gift: tea, valid: 1d}}", "step 1 needs `sms`, only a step that has a `call` or"),
    ):
        (error,) = read_rules(f"{CART}steps: [{step}]", "r.yaml", Shop()).errors
        assert expected in str(error)


def test_what_the_settings_make_useless_is_warned_of() -> None:
    (warning,) = read_rules(CART + "steps: [{sms: a}, {after: 23h, sms: b}]", "r.yaml", Shop(compete=DAY)).warnings
    assert "step 2 comes 23h after the one before it, nearer than the shop's `compete` (1d)" in str(warning)
    assert not read_rules(CART + "steps: [{sms: a}, {after: 24h, sms: b}]", "r.yaml", Shop(compete=DAY)).warnings
    (warning,) = read_shop("dedupe: {product: 30d}\ncaps: [3 per day]", "shop.yaml", "main").warnings
    assert "a customer may get 99 touches within 30d, and what the last 30 offered is remembered" in str(warning)
    assert not read_shop("dedupe: {product: 30d}\ncaps: [3 per 7d]", "shop.yaml", "main").warnings


def test_how_many_touches_a_cap_needs_follows_from_the_caps_by_customer() -> None:
    weekly = Cap(1, 7 * DAY, "rule")
    assert needed(weekly, ()) is None
    assert needed(Cap(1, DAY, "phone"), ()) == 0
    assert needed(weekly, (Cap(3, 7 * DAY),)) == 3
    assert needed(weekly, (Cap(3, 2 * DAY), Cap(30, 7 * DAY))) == 12
    assert needed(Cap(1, 0, "rule", span="day"), (Cap(2, 0, span="day"),)) == 2
    assert needed(Cap(1, 0, "tag", span="week"), (Cap(2, 0, span="day"),)) == 18
    assert needed(Cap(1, 12 * HOUR, "rule"), (Cap(5, 0, span="week"),)) == 10
    assert needed(Cap(MAX_CAP, 30 * DAY), (Cap(MAX_CAP, 30 * DAY),)) == MAX_CAP


SETTINGS = [
    *MISTAKES, "caps: [1 per day, {limit: 1, per: month, on_full: delay}]", "compete: 24h", "dedupe: {text: 1h}",
    "holdout: 5%", "budgets: [{messages: 5}]", 'budgets: [{money: "5.00"}]\nsms_price: "2.50"',
    "caps: [30 per 7d, {limit: 1, per: 7d, by: tag, tag: promo}]",
]
ACROSS = (
    "any number", "99 touches", "needs `sms_price`", "a second budget", "names nothing", "of messages or of money",
    "the cap is by", "31 touches",
)  # fmt: skip
"""What no schema of one value can tell."""


@pytest.mark.parametrize("text", SETTINGS)
def test_editor_and_reader_agree_on_limits(text: str) -> None:
    loaded: Any = YAML(typ="safe", pure=True).load(text)
    accepted = jsonschema.Draft202012Validator(editor_schema("shop")).is_valid(loaded)
    errors = [str(error) for error in read_shop(text, "shop.yaml", "main").errors]
    if not any(word in error for word in ACROSS for error in errors):
        assert accepted == (not errors)
