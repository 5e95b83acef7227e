"""`survey`: what customers made of a sale or a collection."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas import wire
from schemas.emitted import GrantBonus
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, ordered, shopper, step, viewed
from tests.unit.triggers.driving import rule as cart_rule
from tests.unit.triggers.kinds.page import documented, mistakes, of
from tests.unit.triggers.kinds.test_collection_released import RELEASED, released
from tests.unit.triggers.kinds.test_flash_sale import END, SALE, Line, announced, by, ended, likes
from triggers.kinds.survey import Survey, TookPart
from triggers.rules.model import Rule

ASKED = END + 2 * DAY


def named(trigger: Survey | None = None, name: str = "survey", **more: Any) -> Rule:
    return replace(of(trigger or Survey("sale"), **more), name=name)


def answered(customer: str, at: int, survey: str = "after-sale") -> list[Any]:
    said = wire.SurveyAnswered(
        event_id=f"a-{customer}-{at}", customer_id="", occurred_at="", at=at, survey_id=survey, answers={"score": 5}
    )
    return by(customer, said)


def everything(at: int = SALE, id: str = "bf", ends: int = END, **more: Any) -> Any:
    return announced(at, id, ends, items=[], **more)


def some() -> list[Any]:
    """One who buys at the sale, one who comes, one who comes before it alone, and one after it."""
    return [
        *by("bought", *shopper(MONDAY), viewed(SALE + HOUR), ordered(SALE + 2 * HOUR, total=Decimal(9))),
        *by("came", *shopper(MONDAY), viewed(SALE + HOUR)),
        *by("before", *shopper(MONDAY), viewed(SALE - 1)),
        *by("after", *shopper(MONDAY), viewed(END + 1), ordered(END + 2)),
    ]


async def test_the_rules_on_the_page_ask_those_who_took_part_with_two_texts_and_a_benefit() -> None:
    sale, collection = documented("survey")
    line = await Line(sale).advance([*some(), everything(name="Black Friday"), *likes("x", at=ASKED)])
    assert line.sent == [("bought", "1", ASKED), ("came", "1", ASKED)]
    one, other = line.messages
    assert one.text.startswith("Thank you for buying at Black Friday") and other.text.startswith("You came to Black")
    granted = [out.record for out in line.effects.commands if isinstance(out.record, GrantBonus)]
    assert [bonus.points for bonus in granted] == [100, 100]
    assert collection.trigger == Survey("collection", "bought", 14 * DAY)


async def test_who_took_part_may_be_chosen() -> None:
    cases: list[tuple[TookPart, set[str]]] = [("bought", {"bought"}), ("came", {"came"}), ("any", {"bought", "came"})]
    for took_part, who in cases:
        rule = named(Survey("sale", took_part))
        line = await Line(rule).advance([*some(), everything(), *likes("x", at=ASKED)])
        assert {customer for customer, _, _ in line.sent} == who


async def test_of_a_sale_of_some_things_only_who_came_for_them_took_part() -> None:
    customers = [
        *by("bought", *shopper(MONDAY), ordered(SALE + HOUR, items=[wire.Item("sku-1")])),
        *by("other", *shopper(MONDAY), viewed(SALE + HOUR, "sku-2"), ordered(SALE + 2, items=[wire.Item("sku-2")])),
        *by("looked", *shopper(MONDAY), viewed(SALE + HOUR, "sku-1")),
        *by("carted", *shopper(MONDAY), added(SALE + HOUR, "sku-1")),
        *by("before", *shopper(MONDAY), viewed(SALE - 1, "sku-1"), ordered(SALE - 1, items=[wire.Item("sku-1")])),
    ]  # fmt: skip
    rules = [named(Survey("sale", "bought"), "b"), named(Survey("sale", "came"), "c")]
    line = await Line(*rules).advance([*customers, announced(), *likes("x", at=ASKED)])
    assert {(one.customer_id, one.rule) for one in line.messages} == {
        ("bought", "b"), ("looked", "c"), ("carted", "c")
    }  # fmt: skip


async def test_what_was_cancelled_was_not_bought() -> None:
    cancel = wire.OrderCancelled(event_id="c", customer_id="1", occurred_at="", at=SALE + 3, order_id="o")
    line = await Line(named(Survey("sale", "bought"))).advance([
        *by("1", *shopper(MONDAY), ordered(SALE + 2, "o")), cancel, everything(), *likes("x", at=ASKED)
    ])  # fmt: skip
    assert line.sent == []


async def test_an_early_end_is_the_end_and_a_second_one_asks_nobody_again() -> None:
    over = SALE + 5 * HOUR
    line = await Line(named()).advance([*some(), everything(), ended(over), *likes("x", at=ASKED)])
    assert line.sent == [("bought", "1", over + 2 * DAY), ("came", "1", over + 2 * DAY)]
    again = everything(over + HOUR)
    twice = await Line(named(Survey("sale", not_within=HOUR))).advance([
        *some(), everything(), ended(over), again, *likes("x", at=ASKED)
    ])  # fmt: skip
    assert twice.sent == line.sent


async def test_never_two_within_so_many_days_whatever_the_rule() -> None:
    short, long = named(Survey("sale", not_within=DAY)), named(Survey("sale", not_within=30 * DAY), "long")
    second = SALE + 20 * DAY
    came = by("came", viewed(second + HOUR))
    later = by("came", viewed(SALE + 40 * DAY + HOUR))
    line = await Line(short, long).advance([
        *some(), *came, *later, everything(), everything(second, "second", second + DAY),
        everything(SALE + 40 * DAY, "third", SALE + 41 * DAY), *likes("x", at=SALE + 60 * DAY),
    ])  # fmt: skip
    assert [at for customer, _, at in line.sent if customer == "came"] == [ASKED, SALE + 43 * DAY]


async def test_never_to_who_answered() -> None:
    during = [*answered("bought", SALE + 3 * HOUR), *answered("came", ASKED - 1)]
    line = await Line(named()).advance([*some(), *during, everything(), *likes("x", at=ASKED)])
    assert line.sent == []
    named_one = named(Survey("sale", survey_id="after-sale"))
    before = [*answered("bought", MONDAY), *answered("came", MONDAY, "another")]
    line = await Line(named_one).advance([*some(), *before, everything(), *likes("x", at=ASKED)])
    assert [customer for customer, _, _ in line.sent] == ["came"]


async def test_an_answer_ends_the_journey() -> None:
    rule = named(steps=(step(), step(DAY, "2")))
    line = await Line(rule).advance([
        *some(), *answered("came", ASKED + HOUR), everything(), *likes("x", at=ASKED + 3 * DAY)
    ])  # fmt: skip
    assert [(who, number) for who, number, _ in line.sent] == [("bought", "1"), ("came", "1"), ("bought", "2")]


async def test_never_on_top_of_another_journey() -> None:
    cart = cart_rule(steps=(step(), step(3 * DAY, "2")))
    busy = by("came", added(ASKED - 2 * HOUR))
    line = await Line(named(), cart).advance([*some(), *busy, everything(), *likes("x", at=ASKED + 9 * DAY)])
    assert [one.customer_id for one in line.messages if one.rule == "survey"] == ["bought"]


async def test_it_ends_when_another_journey_begins() -> None:
    cart = cart_rule()
    rule = named(steps=(step(), step(DAY, "2")))
    line = await Line(rule, cart).advance([
        *some(), *by("came", added(ASKED + HOUR)), everything(), *likes("x", at=ASKED + 9 * DAY)
    ])  # fmt: skip
    assert [(one.rule, one.step) for one in line.messages if one.customer_id == "came"] == [
        ("survey", "1"), ("abandoned-cart", "1")
    ]  # fmt: skip
    ends = {journey.rule: journey.end for journey in line.rows.rows["main:came"].journeys}
    assert ends["survey"] == (ASKED + 2 * HOUR, "other_journey")


async def test_it_stands_back_behind_what_begins_at_the_same_instant() -> None:
    line = await Line(named(priority=50), cart_rule(priority=50)).advance([
        *some(), *by("came", added(ASKED - HOUR)), everything(), *likes("x", at=ASKED)
    ])  # fmt: skip
    assert [one.rule for one in line.messages if one.customer_id == "came"] == ["abandoned-cart"]


async def test_who_took_part_in_a_collection_is_found_out_so_long_after_its_release() -> None:
    rules = [
        named(Survey("collection", "bought", 14 * DAY)), named(Survey("collection", "came", 7 * DAY), "c")
    ]  # fmt: skip
    line = await Line(*rules).advance([
        *by("bought", *shopper(MONDAY), ordered(RELEASED + 9 * DAY, items=[wire.Item("sku-1")])),
        *by("late", *shopper(MONDAY), ordered(RELEASED + 15 * DAY, items=[wire.Item("sku-1")])),
        *by("came", *shopper(MONDAY), viewed(RELEASED + DAY, "sku-1")),
        released(), *likes("x", at=RELEASED + 30 * DAY),
    ])  # fmt: skip
    assert {(one.customer_id, one.rule) for one in line.messages} == {("bought", "survey"), ("came", "c")}
    assert sorted(at for _, _, at in line.sent) == [RELEASED + 7 * DAY, RELEASED + 14 * DAY]


async def test_an_order_does_not_end_it() -> None:
    rule = named(steps=(step(), step(DAY, "2")))
    line = await Line(rule).advance([
        *some(), *by("came", ordered(ASKED + HOUR)), everything(), *likes("x", at=ASKED + 3 * DAY)
    ])  # fmt: skip
    assert [number for who, number, _ in line.sent if who == "came"] == ["1", "2"]


def test_what_is_no_survey_is_told_in_a_marketers_words() -> None:
    assert mistakes("survey: {}") != []
    assert mistakes("survey: {after: sale, wait: 60d}") == ["nobody remembers that so long after"]
    assert mistakes("survey: {after: birthday}") == ["`after` cannot be `birthday`"]
