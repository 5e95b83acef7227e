"""What a touch gives is worked out when it is made; too dear, or nothing at all, it is not offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.emitted import GrantBonus, SendSms
from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, Fixed, added, drive, event, rule, shopper, step
from triggers.context import Context, IncentiveView
from triggers.customer import new_row
from triggers.expressions import compile_expression
from triggers.messages.template import Message
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.offering import Worth, work_out
from triggers.rules.economics import Economics
from triggers.rules.model import Incentive, Shop
from triggers.view import context

ECONOMICS = Economics(Decimal(900), Decimal(40), Decimal(50))
SHOP = Shop(currency="RUB", economics=ECONOMICS)


class Shown(Fixed):
    """Keeps what a text would see of the incentive."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[IncentiveView] = []

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        self.seen.append(context.incentive)
        return super().render(context, writing, ending)


def bonus(points: int, **more: Any) -> Incentive:
    return Incentive("bonus", Decimal(points), valid=7 * DAY, **more)


def given(
    incentive: Incentive,
    *events: wire.CustomerEvent,
    shop: Shop = SHOP,
    cart: str | None = None,
    text: Fixed | None = None,
) -> Drive:
    """One touch with it, an hour after a cart of this price was left."""
    price = None if cart is None else Decimal(cart)
    made = rule(steps=(step(incentive=incentive, sms=text or Fixed()),), stale_after=30 * DAY)
    return drive(made, events=[*shopper(MONDAY), added(MONDAY, price=price), *events], shop=shop).drain()


def numbers(made: Drive) -> dict[str, str]:
    return next(dict(verdict.numbers) for verdict in made.decisions[-1].verdicts if verdict.gate == "incentive")


def test_180_points_of_900_by_40_and_50_per_cent_are_granted_and_181_are_not() -> None:
    sms, points = given(bonus(180)).sent
    assert isinstance(sms, SendSms)
    assert isinstance(points, GrantBonus) and points.points == 180
    made = given(bonus(181))
    assert (made.outcomes(), made.sent, made.verdict("incentive")) == (["skipped"], [], ("refuse", "too-dear"))
    ends = rfc3339(MONDAY + 8 * DAY)
    assert numbers(made) == {"ends": ends, "costs": "181", "limit": "180", "cheque": "900"}


def test_what_the_rule_says_a_reason_for_is_given_and_the_decision_says_that_it_is_above_the_limit() -> None:
    made = given(bonus(181, because="The first order is worth it"))
    assert [type(command) for command in made.sent] == [SendSms, GrantBonus]
    assert made.verdict("incentive") == ("pass", "above-limit")


def test_a_step_that_is_too_dear_is_skipped_and_the_next_one_comes() -> None:
    steps = (step(incentive=bonus(500)), step(DAY, "2", incentive=bonus(50)))
    made = drive(rule(steps=steps), events=[*shopper(MONDAY), added(MONDAY)], shop=SHOP).drain()
    assert made.outcomes() == ["skipped", "emitted"]
    assert [one.points for one in made.sent if isinstance(one, GrantBonus)] == [50]


def test_without_economics_nothing_is_too_dear() -> None:
    made = given(bonus(100_000), shop=Shop())
    assert made.verdict("incentive") == ("pass", "lasting")
    assert numbers(made) == {"ends": rfc3339(MONDAY + 8 * DAY)}


def test_the_most_is_granted_named_in_the_text_and_told_in_the_decision() -> None:
    text = Shown()
    made = given(Incentive("bonus", valid=7 * DAY, most=True), text=text)
    assert made.sent[1].points == 180
    assert {(seen.points, seen.amount) for seen in text.seen} == {(Decimal(180), Decimal(180))}
    assert numbers(made)["costs"] == "180"


def test_a_condition_sees_what_was_worked_out() -> None:
    most = Incentive("bonus", valid=7 * DAY, most=True)
    for when, outcome in (("incentive.points >= 180", "emitted"), ("incentive.points > 180", "skipped")):
        made = rule(steps=(step(incentive=most, when=compile_expression(when)),))
        assert drive(made, events=[*shopper(MONDAY), added(MONDAY)], shop=SHOP).drain().outcomes() == [outcome]


def test_where_the_most_is_not_even_one_point_nothing_is_offered() -> None:
    poor = replace(SHOP, economics=replace(ECONOMICS, point_value=Decimal("180.01")))
    most = Incentive("bonus", valid=7 * DAY, most=True)
    made = given(most, shop=poor)
    assert (made.outcomes(), made.verdict("incentive")) == (["skipped"], ("refuse", "too-dear"))
    assert "costs" not in numbers(made)


def test_a_discount_is_held_against_the_price_of_the_cart() -> None:
    discount = Incentive("discount", Decimal(5))
    assert given(discount, cart="3600").verdict("incentive") == ("pass", "lasting")
    made = given(discount, cart="3601")
    assert made.verdict("incentive") == ("refuse", "too-dear")
    assert numbers(made) == {"costs": "180.05", "limit": "180", "cheque": "900"}


def test_where_the_price_of_the_cart_is_not_known_a_discount_is_held_against_the_cheque() -> None:
    for percent, answer in ((20, "pass"), (21, "refuse")):
        assert given(Incentive("discount", Decimal(percent))).verdict("incentive")[0] == answer
    other = given(Incentive("discount", Decimal(20)), added(MONDAY + 1, "b", price=Decimal(9000), currency="EUR"))
    assert numbers(other)["costs"] == "180"


@pytest.mark.parametrize(("cart", "percent"), [("3600", 5), ("3599", 5), ("3700", 4), ("100", 100)])
def test_the_highest_discount_is_a_whole_per_cent_that_the_limit_allows(cart: str, percent: int) -> None:
    text = Shown()
    made = given(Incentive("discount", most=True), cart=cart, text=text)
    assert made.outcomes() == ["emitted"]
    assert {seen.discount for seen in text.seen} == {Decimal(percent)}


def test_a_coupon_a_gift_and_an_offer_cost_what_the_rule_says() -> None:
    for kind in ("coupon", "gift", "offer"):
        text = Shown()
        right = Incentive(kind, code="a cup", costs=Decimal(180))
        assert given(right, text=text).outcomes() == ["emitted"]
        assert {(seen.kind, seen.code, seen.costs) for seen in text.seen} == {(kind, "a cup", Decimal(180))}
        wrong = Incentive(kind, code="a cup", costs=Decimal("180.01"))
        assert given(wrong).verdict("incentive") == ("refuse", "too-dear")
        assert given(Incentive(kind, code="a cup")).verdict("incentive") == ("pass", "lasting")


# -- a reminder of the balance


def balance(points: int, at: int = MONDAY, expires_at: int = 0) -> wire.BonusBalanceChanged:
    ends = rfc3339(expires_at) if expires_at else None
    made: wire.BonusBalanceChanged = event(
        wire.BonusBalanceChanged, at, balance=Decimal(points), expires_at=ends
    )
    return made


def test_who_has_no_points_is_not_reminded_of_them() -> None:
    for events in ((), (balance(0),)):
        made = given(Incentive("balance"), *events)
        assert (made.outcomes(), made.verdict("incentive")) == (["skipped"], ("refuse", "no-balance"))


def test_a_reminder_names_the_points_and_their_last_day_and_grants_none() -> None:
    text = Shown()
    made = given(Incentive("balance"), balance(250, expires_at=MONDAY + 3 * DAY), text=text)
    (sms,) = made.sent
    assert sms.not_after == rfc3339(MONDAY + 3 * DAY)
    assert {(seen.kind, seen.points, seen.valid_until) for seen in text.seen} == {
        ("balance", Decimal(250), date(2026, 11, 25))
    }


def test_points_that_never_lapse_have_no_last_day() -> None:
    text = Shown()
    assert given(Incentive("balance"), balance(1), text=text).outcomes() == ["emitted"]
    assert {seen.valid_until for seen in text.seen} == {None}


def test_points_that_have_lapsed_are_not_spoken_of() -> None:
    made = given(Incentive("balance"), balance(250, expires_at=MONDAY + HOUR))
    assert made.verdict("incentive") == ("refuse", "expired")


# -- the live average cheque


class Counting:
    """Knows the average cheque of a few."""

    def __init__(self, **known: str) -> None:
        self.known = known

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        cheque = self.known.get(segment or "all")
        return None if cheque is None else (Decimal(cheque), "2026-11-21")


def worth(shop: Shop, cheques: Counting | None) -> Worth | None:
    row, tz = new_row("main", "42"), ZoneInfo("UTC")
    seen = context(row, shop, EmptyCatalogue(), tz, MONDAY)
    return work_out(bonus(100), row, shop, seen, cheques, MONDAY, tz).worth


def test_the_live_cheque_says_what_may_be_given_and_up_to_which_day_it_is_counted() -> None:
    expected = Worth(Decimal(100), Decimal("96.15"), Decimal("480.76"), "2026-11-21")
    assert worth(SHOP, Counting(all="480.76")) == expected


def test_the_first_figure_stands_where_the_live_one_is_not_known_or_not_asked_for() -> None:
    first = Worth(Decimal(100), Decimal(180), Decimal(900))
    assert worth(SHOP, Counting()) == first
    assert worth(SHOP, None) == first
    still = replace(SHOP, economics=replace(ECONOMICS, live=False))
    assert worth(still, Counting(all="480.76")) == first
