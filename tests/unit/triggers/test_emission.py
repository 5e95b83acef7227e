"""What a touch that passes carries: times, incentive, text, products."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas.catalogue import Product
from schemas.emitted import encode
from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    Fixed,
    added,
    book,
    drive,
    rule,
    shopper,
    step,
)
from triggers.calendars.hours import QuietHours, QuietSpan, QuietWeek
from triggers.context import Context
from triggers.engine import Engine
from triggers.messages.template import Message
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.model import Incentive, Rule, Shop
from triggers.zones import TZDATA_VERSION

NOON = MONDAY + 12 * HOUR
NIGHT = QuietHours(22 * 60, 9 * 60)


class Shown(Fixed):
    """Says what a text would see, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Context] = []

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        self.seen.append(context)
        lines = context.cart.lines
        return Message(lines[0].name or "?" if lines else "-", "gsm-7", 1, 1, tuple(line.product_id for line in lines))


class Feed:
    def __init__(self, *products: Product) -> None:
        self._products = {product.product_id: product for product in products}

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return self._products.get(product_id)


def left_at(at: int, made: Rule | None = None, *, shop: Shop | None = None, **fields: Any) -> Drive:
    return drive(made or rule(), events=[*shopper(at, **({"time_zone": "UTC"} | fields)), added(at)], shop=shop).drain()


def test_a_touch_in_the_open_leaves_at_once_and_before_the_rule_expires() -> None:
    (sms,) = left_at(NOON).sent
    assert sms.due_at == sms.not_before == rfc3339(NOON + HOUR)
    assert sms.not_after == rfc3339(NOON + HOUR + DAY)
    assert (sms.phone, sms.sender, sms.purpose, sms.test) == ("+79990000042", "SHOP", "marketing", False)


def test_quiet_hours_hold_a_touch_back_and_judge_it_again_in_the_morning() -> None:
    made = left_at(NOON + 9 * HOUR + 30 * MINUTE, shop=Shop(quiet_hours=NIGHT))
    assert made.outcomes() == ["delayed", "emitted"]
    assert made.verdict("quiet_hours", 0) == ("delay", "quiet")
    morning = MONDAY + DAY + 9 * HOUR
    held, let = made.decisions
    assert (held.judged_at, let.judged_at) == (rfc3339(NOON + 10 * HOUR + 30 * MINUTE), rfc3339(morning))
    assert held.decision_id != let.decision_id
    assert held.wall_at is None and let.wall_at is None
    assert made.sent[0].due_at == rfc3339(morning)
    assert morning <= parse_rfc3339(made.sent[0].not_before) < morning + 15 * MINUTE


def test_the_morning_is_the_customers_the_phones_where_their_zone_is_unknown_and_else_the_shops() -> None:
    shop = Shop(quiet_hours=NIGHT, time_zone="Europe/Moscow")
    evening = MONDAY + 20 * HOUR + 30 * MINUTE
    theirs = left_at(evening, shop=shop, time_zone="Asia/Kolkata")
    assert theirs.decisions[-1].judged_at == rfc3339(MONDAY + DAY + 3 * HOUR + 30 * MINUTE)
    assert theirs.decisions[-1].policy is None
    for unknown in (None, "Mars/Base"):
        one_zone = left_at(evening, shop=shop, time_zone=unknown, phone="+393401234567")
        assert one_zone.decisions[-1].judged_at == rfc3339(MONDAY + DAY + 8 * HOUR)
        assert one_zone.decisions[-1].policy == "zone:phone"
        many = left_at(evening, shop=shop, time_zone=unknown)  # nine in Kaliningrad, before ten at night in Kamchatka
        assert many.decisions[-1].judged_at == rfc3339(MONDAY + DAY + 7 * HOUR)
        assert many.sent[0].not_after == rfc3339(MONDAY + DAY + 10 * HOUR)
        assert many.decisions[-1].policy == "zone:phone"
        shops = left_at(evening, shop=shop, time_zone=unknown, phone="+882161234567")  # of no country
        assert shops.decisions[-1].judged_at == rfc3339(MONDAY + DAY + 6 * HOUR)
        assert shops.decisions[-1].policy == "zone:shop"
        assert shops.decisions[-1].tzdata == TZDATA_VERSION


def test_without_quiet_hours_nobody_asks_for_the_zone_of_a_phone() -> None:
    assert left_at(NOON, time_zone=None, shop=Shop(time_zone="Europe/Moscow")).decisions[-1].policy == "zone:shop"


def test_held_back_touches_spread_over_the_morning_and_always_alike() -> None:
    evening = MONDAY + 21 * HOUR + 30 * MINUTE
    times = []
    for customer in range(40):
        for _ in range(2):
            made = Drive(Engine(book(rule(), shop=Shop(quiet_hours=NIGHT)), Feed()))
            made.row = made.engine.new_row("main", str(customer))
            made.feed(*shopper(evening, event_id="p", time_zone="UTC"), added(evening, event_id="a")).drain()
            times.append(parse_rfc3339(made.sent[0].not_before))
    assert times[::2] == times[1::2]
    assert len(set(times)) == 40
    assert max(times) - min(times) > 5 * MINUTE


def test_the_spread_keeps_within_a_window_shorter_than_it() -> None:
    all_but_a_minute = QuietHours(9 * 60 + 1, 9 * 60)
    (sms,) = left_at(NOON, shop=Shop(quiet_hours=all_but_a_minute)).sent
    morning = MONDAY + DAY + 9 * HOUR
    assert morning <= parse_rfc3339(sms.not_before) < morning + MINUTE
    assert sms.not_after == rfc3339(morning + MINUTE)


@pytest.mark.parametrize(
    ("outside", "expire_after", "outcome", "reason"),
    [
        ("drop", 0, "skipped", "quiet"),
        ("expire", 10 * HOUR, "skipped", "expired"),  # due at 22:30, and it would leave at 9:00
        ("expire", 10 * HOUR + 30 * MINUTE, "delayed", "quiet"),
        ("delay", 0, "delayed", "quiet"),
    ],
)
def test_what_falls_due_outside_waits_or_is_skipped_as_the_shop_says(
    outside: Any, expire_after: int, outcome: str, reason: str
) -> None:
    hours = QuietHours(NIGHT.begin, NIGHT.end, outside=outside, expire_after=expire_after)
    steps = (step(), step(12 * HOUR, "2"))
    made = left_at(NOON + 9 * HOUR + 30 * MINUTE, rule(steps=steps), shop=Shop(quiet_hours=hours))
    assert made.outcomes()[0] == outcome
    assert made.verdict("quiet_hours", 0) == ("delay" if outcome == "delayed" else "refuse", reason)
    tomorrow = MONDAY + DAY
    times = [9 * HOUR, 21 * HOUR] if outcome == "delayed" else [10 * HOUR + 30 * MINUTE]
    assert [sms.due_at for sms in made.sent] == [rfc3339(tomorrow + time) for time in times]


def test_where_no_instant_is_lawful_in_all_zones_of_the_phone_the_step_is_skipped() -> None:
    made = left_at(NOON, shop=Shop(quiet_hours=QuietHours(18 * 60, 10 * 60)), time_zone=None)
    assert made.outcomes() == ["skipped"]
    assert made.verdict("quiet_hours") == ("refuse", "no-lawful-hour")


def test_a_sunday_that_is_quiet_is_waited_out() -> None:
    sundays = QuietWeek(((),) * 6 + ((QuietSpan(0, 24 * 60),),))
    made = left_at(MONDAY - 2 * HOUR, shop=Shop(quiet_hours=QuietHours(0, 0, (sundays,))))
    assert made.sent[0].due_at == rfc3339(MONDAY)
    assert made.sent[0].not_after == rfc3339(MONDAY + DAY)


def test_not_after_is_the_earliest_of_the_windows_end_the_incentives_end_and_the_rules_expiry() -> None:
    def not_after(valid: int | None = None, quiet: bool = False, stale_after: int = DAY) -> str:
        incentive = Incentive("discount", Decimal(5), valid=valid) if valid is not None else None
        made = rule(steps=(step(incentive=incentive),), stale_after=stale_after)
        return str(left_at(NOON, made, shop=Shop(quiet_hours=NIGHT if quiet else None)).sent[0].not_after)

    assert not_after(stale_after=3 * DAY) == rfc3339(NOON + HOUR + 3 * DAY)
    assert not_after(valid=HOUR, stale_after=3 * DAY) == rfc3339(MONDAY + DAY)
    assert not_after(valid=HOUR, quiet=True) == rfc3339(MONDAY + 22 * HOUR)
    assert not_after(valid=HOUR, quiet=True, stale_after=MINUTE) == rfc3339(NOON + HOUR + MINUTE)


def test_an_incentive_ends_with_the_customers_local_day() -> None:
    template = Shown()
    bonus = step(sms=template, incentive=Incentive("bonus", Decimal(100), valid=7 * DAY))
    made = rule(steps=(bonus,), stale_after=30 * DAY)
    # judged at 21:30 in UTC, which is the next day in Moscow
    sent = left_at(MONDAY + 20 * HOUR + 30 * MINUTE, made, time_zone="Europe/Moscow").sent
    incentive = template.seen[0].incentive
    assert str(incentive.valid_until) == "2026-12-01"
    assert (incentive.kind, incentive.points, incentive.discount) == ("bonus", Decimal(100), None)
    assert sent[0].not_after == "2026-12-01T21:00:00Z"


def test_promised_points_are_granted_with_the_message_until_the_day_that_it_names() -> None:
    bonus = step(incentive=Incentive("bonus", Decimal(100), valid=7 * DAY))
    message, grant = left_at(NOON, rule(steps=(bonus,)), time_zone="Europe/Moscow").sent
    assert (grant.points, grant.expires_at, grant.due_at) == (100, "2026-11-30T21:00:00Z", message.due_at)
    assert grant.command_id != message.command_id


def test_a_refused_message_grants_no_points() -> None:
    bonus = step(incentive=Incentive("bonus", Decimal(100), valid=7 * DAY))
    assert left_at(NOON, rule(steps=(bonus,)), phone=None).sent == []


def test_a_text_sees_the_goods_of_the_feed_and_the_decision_their_hash() -> None:
    kettle = Product(product_id="sku-1", name="Kettle", url="https://shop.example/1", price=Decimal(10))
    hashes = []
    for product in (kettle, kettle, Product(product_id="sku-1", name="Kettle", url="https://shop.example/1")):
        made = Drive(Engine(book(rule(steps=(step(sms=Shown()),))), Feed(product)))
        made.feed(*shopper(NOON), added(NOON)).drain()
        assert made.sent[0].text == "Kettle"
        hashes.append(made.decisions[0].products_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_decision_carries_no_phone_and_no_text() -> None:
    made = left_at(NOON, rule(steps=(step(sms=Fixed("a secret word")),)))
    data = encode(made.decisions[0])
    assert b"79990000042" not in data and b"secret" not in data
    assert made.decisions[0].command_ids == [made.sent[0].command_id]
    assert made.decisions[0].inputs == {"cart.lines": "1", "cart.count": "1"}


def test_conditions_and_texts_see_times_on_the_customers_clock() -> None:
    template = Shown()
    left_at(NOON, rule(steps=(step(sms=template),)), time_zone="Asia/Kolkata", birthday="1990-11-24", first_name="Anna")
    seen = template.seen[0]
    assert seen.now == datetime.fromisoformat("2026-11-23T18:30:00+05:30")
    assert seen.journey.started is not None
    assert seen.now.utcoffset() == seen.journey.started.utcoffset()
    assert (seen.customer.first_name, seen.customer.age) == ("Anna", 35)


@pytest.mark.parametrize("birthday", ["1990-02-30", "spring", ""])
def test_a_birthday_that_is_no_date_is_missing(birthday: str) -> None:
    template = Shown()
    left_at(NOON, rule(steps=(step(sms=template),)), birthday=birthday)
    assert template.seen[0].customer.birthday is None
