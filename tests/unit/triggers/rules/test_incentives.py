"""What may be given away, as rules and settings are read: 900 x 40 % x 50 % = 180."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from schemas.instants import DAY
from triggers.rules.economics import Economics
from triggers.rules.model import Incentive, Shop
from triggers.rules.read import RulesRead, read_rules, read_shop
from triggers.rules.schema import editor_schema

ECONOMICS = "economics: {average_cheque: 900, margin: 40%, share: 50%}\n"
HINT = "give less, or say why with `because`"


def shop(text: str = ECONOMICS) -> Shop:
    read = read_shop(text, "shop.yaml", "main")
    assert read.errors == ()
    return read.shop


def written(incentive: str) -> str:
    return f"rule: a\ntrigger: {{cart_abandoned: {{idle: 60m}}}}\nsteps: [{{sms: hello, incentive: {incentive}}}]\n"


def read(incentive: str, settings: str = ECONOMICS) -> RulesRead:
    return read_rules(written(incentive), "r.yaml", shop(settings))


def meant(incentive: str, settings: str = ECONOMICS) -> Incentive | None:
    found = read(incentive, settings)
    assert found.errors == ()
    return found.rules[0].rule.steps[0].incentive


def version(incentive: str, settings: str) -> str:
    return read(incentive, settings).rules[0].rule.version


def test_settings_say_what_a_cheque_earns_and_how_much_of_it_may_be_given() -> None:
    assert shop().economics == Economics(Decimal(900), Decimal(40), Decimal(50), True, Decimal(1))
    more = "economics: {average_cheque: '900.50', margin: 12.5%, share: 50%, live: false, point_value: '0.10'}"
    expected = Economics(Decimal("900.50"), Decimal("12.5"), Decimal(50), False, Decimal("0.10"))
    assert shop(more).economics == expected
    assert shop("").economics is None


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ("economics: {margin: 40%, share: 50%}", "`economics` needs `average_cheque`"),
        ("economics: {average_cheque: 0, margin: 40%, share: 50%}", "`0` is no sum of money"),
        ("economics: {average_cheque: 900, margin: 0.4, share: 50%}", "`0.4` is no share"),
        ("economics: {average_cheque: 900, margin: 40%, share: 120%}", "`120%` is not between 0% and 100%"),
        ("economics: {average_cheque: 900, margin: 40%, share: 50%, point_value: 0}", "`0` is no sum of money"),
        ("economics: {average_cheque: 900, margin: 40%, shares: 50%}", "unknown field `shares`, did you mean `share`?"),
    ],
)
def test_a_mistake_in_the_economics_is_said_with_its_place(settings: str, mistake: str) -> None:
    (error,) = read_shop(settings, "shop.yaml", "main").errors
    assert str(error).startswith("shop.yaml:1:")
    assert mistake in str(error)


def test_of_900_by_40_and_50_per_cent_180_may_be_given_and_181_may_not() -> None:
    assert read("{bonus: 180, valid: 7d}").errors == ()
    (error,) = read("{bonus: 181, valid: 7d}").errors
    assert str(error) == (
        "r.yaml:3:41: the bonus of step 1 costs 181.00, and the most that may be given is 180.00 (900 x 40% x 50%), "
        + HINT
    )


@pytest.mark.parametrize(
    ("right", "wrong", "costs"),
    [
        ("{discount: 20%}", "{discount: 20.5%}", "the discount of step 1 costs 184.50"),
        ("{coupon: A, costs: 180}", "{coupon: A, costs: '180.01'}", "the coupon of step 1 costs 180.01"),
        ("{gift: a cup, costs: 180}", "{gift: a cup, costs: 400}", "the gift of step 1 costs 400"),
        ("{offer: free delivery, costs: 5}", "{offer: gold, costs: 1000}", "the offer of step 1 costs 1000"),
    ],
)
def test_whatever_is_given_is_held_against_the_limit(right: str, wrong: str, costs: str) -> None:
    assert read(right).errors == ()
    (error,) = read(wrong).errors
    assert costs in str(error)


def test_a_point_costs_what_it_is_worth() -> None:
    settings = "economics: {average_cheque: 900, margin: 40%, share: 50%, point_value: '0.5'}"
    assert read("{bonus: 360, valid: 7d}", settings).errors == ()
    assert len(read("{bonus: 361, valid: 7d}", settings).errors) == 1


def test_a_rule_that_says_why_may_give_more() -> None:
    found = meant("{bonus: 500, valid: 7d, because: The first order is worth it}")
    assert found == Incentive("bonus", Decimal(500), valid=7 * DAY, because="The first order is worth it")


def test_without_economics_anything_may_be_given_but_the_most() -> None:
    assert read("{bonus: 100000, valid: 7d}", "").errors == ()
    (error,) = read("{bonus: max, valid: 7d}", "").errors
    assert str(error).startswith("r.yaml:3:41: `max` needs `economics` in shop.yaml, write there for example")


@pytest.mark.parametrize("way", ["max", "{amount: max}"])
def test_the_most_is_worked_out_when_it_is_given(way: str) -> None:
    assert meant(f"{{bonus: {way}, valid: 7d}}") == Incentive("bonus", valid=7 * DAY, most=True)
    assert meant(f"{{discount: {way}}}") == Incentive("discount", most=True)


def test_an_amount_may_be_written_out() -> None:
    assert meant("{bonus: {amount: 100}, valid: 7d}") == meant("{bonus: 100, valid: 7d}")
    assert meant("{discount: {amount: 5%}}") == meant("{discount: 5%}")


@pytest.mark.parametrize(
    ("incentive", "expected"),
    [
        ("{balance: true}", Incentive("balance")),
        ("{offer: free delivery, valid: 3d}", Incentive("offer", code="free delivery", valid=3 * DAY)),
        ("{gift: a cup, costs: 150, until: 2026-12-31}",
         Incentive("gift", code="a cup", until=date(2026, 12, 31), costs=Decimal(150))),
        ("{coupon: max, costs: 5}", Incentive("coupon", code="max", costs=Decimal(5))),
    ],
)  # fmt: skip
def test_each_thing_that_may_be_offered_is_read(incentive: str, expected: Incentive) -> None:
    assert meant(incentive) == expected


@pytest.mark.parametrize(
    ("incentive", "mistake"),
    [
        ("{balance: true, valid: 7d}", "a balance ends when its points lapse, leave out `valid` and `until`"),
        ("{balance: true, because: it is}", "a reminder of the balance gives nothing away, leave out `because`"),
        ("{balance: false}", "`balance` of step 1 cannot be `false`"),
        ("{bonus: 10, valid: 7d, costs: 5}", "what `bonus` costs is worked out, leave out `costs`"),
        ("{bonus: many, valid: 7d}", "`many` is no number of points, write it like `100`, without quotes, or `max`"),
        ("{bonus: {most: 5}, valid: 7d}", "it has `amount` and nothing else, write for example `bonus: max`"),
        ("{bonus: max}", "bonus points need `valid`"),
        ("{discount: 5}", "`5` is no share, write `5%`"),
        ("{gift: a cup, costs: 0}", "`0` is no sum of money"),
        ("{offer: a, gift: b}", "an incentive is one thing, here is `gift` and `offer`"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_incentive_is_said_with_its_place(incentive: str, mistake: str) -> None:
    (error,) = read(incentive).errors
    assert str(error).startswith("r.yaml:3:")
    assert mistake in str(error)


def test_what_costs_nobody_knows_how_much_is_warned_of_where_there_is_a_limit() -> None:
    (warning,) = [one for one in read("{gift: a cup}").warnings if "costs" in one.message]
    assert str(warning).startswith("r.yaml:3:40: nothing says what the gift of step 1 costs")
    for silent in (read("{gift: a cup}", ""), read("{gift: a cup, costs: 5}"), read("{bonus: 5, valid: 1d}")):
        assert not [one for one in silent.warnings if "costs" in one.message]


def test_what_may_be_given_is_a_part_of_the_version_of_rules_that_give() -> None:
    other = ECONOMICS.replace("900", "901")
    assert version("{bonus: 5, valid: 1d}", ECONOMICS) != version("{bonus: 5, valid: 1d}", other)
    plain = written("{bonus: 5, valid: 1d}").replace(", incentive: {bonus: 5, valid: 1d}", "")
    versions = {read_rules(plain, "r.yaml", shop(text)).rules[0].rule.version for text in (ECONOMICS, other, "")}
    assert len(versions) == 1


@pytest.mark.parametrize(
    "incentive",
    ["{bonus: max, valid: 7d}", "{bonus: {amount: max}, valid: 7d}", "{bonus: {amount: 5, of: 3}, valid: 7d}",
     "{discount: max}", "{discount: {amount: 5%}}", "{discount: most}", "{balance: true}", "{balance: false}",
     "{offer: free delivery, costs: 15}", "{gift: a, offer: b}", "{}"],
)  # fmt: skip
def test_editor_and_reader_agree_on_an_incentive(incentive: str) -> None:
    document: Any = YAML(typ="safe", pure=True).load(written(incentive))
    accepted = jsonschema.Draft202012Validator(editor_schema("rule")).is_valid(document)
    assert accepted == (not read(incentive).errors)
