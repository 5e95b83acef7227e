"""What is offered: no product twice within the shop's time, and nothing that is over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from schemas.instants import rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, Fixed, added, drive, ordered, rule, shopper, step
from triggers.context import Context
from triggers.messages.template import Message
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.model import Incentive, Shop

SHOP = Shop(dedupe_product=7 * DAY)


class Showing(Fixed):
    """Shows these products."""

    def __init__(self, *products: str) -> None:
        super().__init__()
        self._products = products

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        return Message(self.source, "gsm-7", 1, 1, self._products)


def carts(*shown: tuple[str, ...], shop: Shop = SHOP, apart: int = DAY) -> Drive:
    """A cart every `apart`, left and then ordered, each with a rule of its own that shows these products."""
    rules = [
        rule(name=f"rule-{number}", idle=(number + 1) * HOUR, steps=(step(sms=Showing(*products)),))
        for number, products in enumerate(shown)
    ]
    made = Drive(drive(*rules, shop=shop).engine)
    made.feed(*shopper(MONDAY))
    for number in range(len(shown)):
        begin = MONDAY + number * apart
        made.feed(added(begin), ordered(begin + (number + 1) * HOUR + 1))
    return made.drain()


def test_without_the_setting_products_are_offered_again_and_not_remembered() -> None:
    made = carts(("a",), ("a",), shop=Shop())
    assert set(made.outcomes()) == {"emitted"}
    assert made.verdict("products") == ("pass", "off")
    assert {touch.products for touch in made.row.touches} == {()}


def test_a_product_is_not_offered_twice_by_any_rule_and_the_decision_says_who_did() -> None:
    made = drive(
        rule(name="first", steps=(step(sms=Showing("a", "b")),)),
        rule(name="second", idle=2 * HOUR, steps=(step(sms=Showing("c", "b")),)),
        events=[*shopper(MONDAY), added(MONDAY)], shop=SHOP,
    ).drain()
    assert made.outcomes() == ["emitted", "skipped"]
    assert made.verdict("products", 0) == ("pass", "new")
    refused = next(v for v in made.decisions[1].verdicts if v.gate == "products")
    assert (refused.verdict, refused.reason) == ("refuse", "offered-before")
    assert refused.numbers == {
        "product": "b", "offered_at": rfc3339(MONDAY + HOUR), "by": "first", "within": "7d",
    }


def test_after_its_time_a_product_may_be_offered_again() -> None:
    for apart, outcome in ((7 * DAY - 1, "skipped"), (7 * DAY, "emitted")):
        steps = (step(sms=Showing("a")), step(apart, "2", sms=Showing("a")))
        made = drive(rule(steps=steps), events=[*shopper(MONDAY), added(MONDAY)], shop=SHOP).drain()
        assert made.outcomes() == ["emitted", outcome]


def test_a_text_that_shows_no_product_offers_none() -> None:
    made = drive(rule(), events=[*shopper(MONDAY), added(MONDAY)], shop=SHOP).drain()
    assert made.verdict("products") == ("pass", "none")


def test_what_was_shown_to_nobody_but_held_out_counts_as_offered() -> None:
    shop = Shop(dedupe_product=7 * DAY, holdout=Decimal(100))
    steps = (step(sms=Showing("a")), step(HOUR, "2", sms=Showing("a")))
    made = drive(rule(steps=steps), events=[*shopper(MONDAY), added(MONDAY)], shop=shop).drain()
    assert made.outcomes() == ["held_out", "skipped"]


# -- incentives


def offered(incentive: Incentive | None, time_zone: str = "UTC") -> Drive:
    made = rule(steps=(step(incentive=incentive),), stale_after=30 * DAY)
    return drive(made, events=[*shopper(MONDAY, time_zone=time_zone), added(MONDAY)]).drain()


def test_an_incentive_that_is_over_is_not_announced() -> None:
    made = offered(Incentive("coupon", code="SPRING", until=date(2026, 11, 22)))
    assert made.outcomes() == ["skipped"]
    assert made.verdict("incentive") == ("refuse", "expired")


def test_an_incentive_lasts_until_the_end_of_its_last_day_by_the_customers_clock() -> None:
    until = Incentive("coupon", code="SPRING", until=date(2026, 11, 23))
    (sms,) = offered(until).sent
    assert sms.not_after == "2026-11-24T00:00:00Z"
    (sms,) = offered(until, "Europe/Moscow").sent
    assert sms.not_after == "2026-11-23T21:00:00Z"
    assert offered(until, "Pacific/Kiritimati").verdict("incentive") == ("pass", "lasting")
    yesterday = Incentive("coupon", code="SPRING", until=date(2026, 11, 22))
    assert offered(yesterday, "America/New_York").outcomes() == ["emitted"]  # it is the 22nd there


def test_of_two_ends_the_earlier_holds_in_the_command_as_in_the_text() -> None:
    both = Incentive("bonus", Decimal(10), valid=9 * DAY, until=date(2026, 11, 25))
    sms, bonus = offered(both).sent
    assert bonus.expires_at == sms.not_after == "2026-11-26T00:00:00Z"
    sms, bonus = offered(Incentive("bonus", Decimal(10), valid=DAY, until=date(2026, 12, 25))).sent
    assert bonus.expires_at == sms.not_after == "2026-11-25T00:00:00Z"


def test_without_an_incentive_nothing_expires() -> None:
    assert offered(None).verdict("incentive") == ("pass", "none")
    assert offered(Incentive("coupon", code="SPRING")).verdict("incentive") == ("pass", "lasting")
