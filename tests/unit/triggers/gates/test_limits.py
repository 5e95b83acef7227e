"""Caps, budgets and the dedupe of texts: what the ledger is asked for a touch, and what its answer does."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MONDAY,
    NOON,
    Counting,
    Drive,
    Fixed,
    added,
    drive,
    engine,
    ordered,
    profile,
    rule,
    shopper,
    step,
)
from triggers.asks import CapLimit
from triggers.calendars.hours import QuietHours
from triggers.emission import SPREAD
from triggers.rules.model import MILLION, Budget, Cap, Incentive, Rule, Shop

BONUS = Incentive("bonus", Decimal(100), valid=7 * DAY)
HOURLY = tuple(step(0 if number == 0 else HOUR, str(number + 1)) for number in range(5))


def made(shop: Shop, *rules: Rule, **fields: str) -> Drive:
    """A cart left at midnight (UTC) of a Monday; the first touch is due at 1:00."""
    rules = rules or (rule(steps=HOURLY),)
    return drive(*rules, events=[*shopper(MONDAY, **fields), added(MONDAY)], shop=shop).drain()


def numbers(drive: Drive, gate: str, decision: int = -1) -> dict[str, str]:
    return next(v.numbers for v in drive.decisions[decision].verdicts if v.gate == gate)


# -- caps


def test_without_caps_the_ledger_still_counts_the_customers_touches() -> None:
    found = made(Shop())
    (scope,) = found.asks[1].scopes
    assert (scope.name, scope.key, scope.limits, scope.weight) == ("customer", "", (), 1)
    assert scope.known == ((found.asks[0].touch_id, MONDAY + HOUR, 1),)
    assert found.verdict("cap") == ("pass", "off")


def test_a_cap_by_rule_counts_the_rules_own_touches_alone() -> None:
    shop = Shop(caps=(Cap(2, DAY, "rule"),))
    found = made(shop, rule(steps=HOURLY), rule(name="other", idle=90 * 60 * 1_000_000))
    assert [(d.rule, d.outcome) for d in found.decisions][:4] == [
        ("abandoned-cart", "emitted"), ("other", "emitted"), ("abandoned-cart", "emitted"),
        ("abandoned-cart", "skipped"),
    ]
    assert numbers(found, "cap", 3) == {"rule:abandoned-cart per 1d": "2 of 2"}
    assert [scope.key for scope in found.asks[0].scopes] == ["", "rule:abandoned-cart"]


def test_a_cap_by_tag_counts_touches_of_rules_that_have_it() -> None:
    shop = Shop(caps=(Cap(1, DAY, "tag", "promo"),))
    promo = rule(name="promo", steps=HOURLY[:2], tags=("cart", "promo"))
    other = rule(name="quiet", steps=HOURLY[:2], tags=("cart",))
    found = made(shop, promo, other)
    assert [(d.rule, d.step, d.outcome) for d in found.decisions] == [
        ("promo", "1", "emitted"), ("quiet", "1", "emitted"), ("promo", "2", "skipped"), ("quiet", "2", "emitted"),
    ]
    assert numbers(found, "cap", 2) == {"tag:promo per 1d": "1 of 1"}


def test_a_cap_by_tag_that_names_none_counts_each_tag_by_itself() -> None:
    shop = Shop(caps=(Cap(1, DAY, "tag"),))
    found = made(shop, rule(name="a", tags=("x", "y")), rule(name="b", tags=("y", "z")), rule(name="c", tags=("z",)))
    assert [(d.rule, d.outcome) for d in found.decisions] == [("a", "emitted"), ("b", "skipped"), ("c", "emitted")]


def test_a_cap_by_channel_tells_messages_from_a_bonus_alone() -> None:
    shop = Shop(caps=(Cap(1, DAY, "channel", "sms"),))
    steps = (step(), step(HOUR, "2", sms=None, incentive=BONUS), step(HOUR, "3"))
    found = made(shop, rule(steps=steps))
    assert found.outcomes() == ["emitted", "emitted", "skipped"]
    assert [touch.channel for touch in found.row.touches] == ["sms", "bonus"]


def test_a_cap_by_phone_is_asked_by_the_phone_whoevers_it_is() -> None:
    shop = Shop(caps=(Cap(1, DAY, "phone"),))
    ledger = Counting()
    outcomes = []
    for customer in ("42", "43"):
        found = Drive(engine(rule(), shop=shop), ledger=ledger)
        found.row = found.engine.new_row("main", customer)
        outcomes += found.feed(*shopper(MONDAY), added(MONDAY)).drain().outcomes()
    assert outcomes == ["emitted", "skipped"]
    scope = found.asks[0].scopes[-1]
    assert (scope.name, scope.key, scope.limits, scope.known) == ("phone", "+79990000042", (CapLimit(1, DAY),), ())
    assert numbers(found, "cap") == {"phone per 1d": "1 of 1"}


def test_a_cap_per_day_is_of_the_customers_own_day() -> None:
    shop = Shop(caps=(Cap(2, 0, span="day"),), time_zone="UTC")
    two_hourly = tuple(step(0 if number == 0 else 2 * HOUR, str(number + 1)) for number in range(12))
    found = made(shop, rule(steps=two_hourly), time_zone="Asia/Kolkata")
    assert [d.due_at[11:16] for d in found.decisions if d.outcome == "emitted"] == ["01:00", "03:00", "19:00", "21:00"]
    assert numbers(found, "cap", 2) == {"per day": "2 of 2"}
    limit = found.asks[0].scopes[0].limits[0]
    assert (limit.window, rfc3339(limit.since), rfc3339(limit.until)) == (
        0, "2026-11-22T18:30:00Z", "2026-11-23T18:30:00Z",
    )


def test_a_full_cap_may_delay_until_it_has_room() -> None:
    shop = Shop(caps=(Cap(1, 5 * HOUR, on_full="delay"),))
    found = made(shop, rule(steps=HOURLY[:2]))
    assert found.outcomes() == ["emitted", "delayed", "emitted"]
    delayed = next(v for v in found.decisions[1].verdicts if v.gate == "cap")
    assert (delayed.verdict, delayed.reason, delayed.until) == ("delay", "cap-full", rfc3339(MONDAY + 6 * HOUR))
    assert found.sent[-1].due_at == rfc3339(MONDAY + 6 * HOUR)
    assert found.verdict("holdout", 1) == ("not_asked", "decided-before")


def test_a_full_cap_of_the_calendar_delays_into_the_next_day() -> None:
    found = made(Shop(caps=(Cap(1, 0, span="day", on_full="delay"),)), rule(steps=HOURLY[:2]))
    assert found.sent[-1].due_at == rfc3339(MONDAY + DAY)


def test_a_cap_that_skips_goes_before_one_that_would_wait() -> None:
    shop = Shop(caps=(Cap(1, HOUR, on_full="delay"), Cap(1, DAY)))
    found = made(shop, rule(steps=(step(), step(HOUR // 2, "2"))))
    assert found.outcomes()[:2] == ["emitted", "delayed"]
    assert found.outcomes()[2:] == ["skipped"]  # and at its waking the other one


# -- the same text


def test_the_same_text_does_not_go_to_one_phone_twice_whoevers_it_is() -> None:
    shop = Shop(dedupe_text=DAY)
    ledger = Counting()
    outcomes = []
    for customer, text in (("42", "Hello"), ("43", "Hello"), ("44", "Hello there")):
        found = Drive(engine(rule(steps=(step(sms=Fixed(text)),)), shop=shop), ledger=ledger)
        found.row = found.engine.new_row("main", customer)
        outcomes += found.feed(*shopper(MONDAY), added(MONDAY)).drain().outcomes()
        if customer == "43":
            assert found.verdict("dedupe") == ("refuse", "same-text")
            assert numbers(found, "dedupe") == {"text per 1d": "1 of 1"}
            assert found.verdict("cap") == ("pass", "off")
    assert outcomes == ["emitted", "skipped", "emitted"]
    scope = found.asks[0].scopes[-1]
    assert scope.name == "text" and scope.key.startswith("+79990000042 ") and "Hello" not in scope.key


# -- budgets


def test_a_budget_of_messages_is_of_the_shops_day() -> None:
    shop = Shop(budgets=(Budget(2),), time_zone="Europe/Moscow")
    steps = tuple(step(0 if number == 0 else 10 * HOUR, str(number + 1)) for number in range(4))
    found = made(shop, rule(steps=steps, stale_after=10 * DAY))
    assert found.outcomes() == ["emitted", "emitted", "emitted", "emitted"]
    assert [scope.key for ask in found.asks for scope in ask.scopes if scope.name == "budget"] == [
        "2026-11-23", "2026-11-23", "2026-11-24", "2026-11-24",
    ]
    hourly = made(shop)
    assert hourly.outcomes() == ["emitted", "emitted", "skipped", "skipped", "skipped"]
    assert hourly.verdict("budget") == ("refuse", "budget-spent")
    assert numbers(hourly, "budget") == {"messages per day": "2 of 2"}
    assert hourly.verdict("cap") == ("pass", "off")


def test_a_budget_of_money_counts_segments_by_their_price() -> None:
    shop = Shop(budgets=(Budget(5 * MILLION, "money"),), sms_price=Decimal("2.40"), currency="RUB")
    found = made(shop)
    assert found.outcomes()[:3] == ["emitted", "emitted", "skipped"]
    scope = found.asks[0].scopes[-1]
    assert (scope.name, scope.key, scope.weight) == ("budget", "2026-11-23 money:RUB", 2_400_000)
    assert numbers(found, "budget", 0) == {"money per day": "0.00 of 5.00", "price": "2.40"}
    assert numbers(found, "budget", 2) == {"money per day": "4.80 of 5.00", "price": "2.40"}


def test_what_sends_no_sms_spends_no_budget_and_passes_the_gates_of_an_sms_by() -> None:
    shop = Shop(budgets=(Budget(1),), dedupe_text=DAY, caps=(Cap(1, DAY, "phone"),))
    silent = rule(steps=(step(sms=None, incentive=BONUS),))
    found = drive(silent, events=[added(NOON)], shop=shop).drain()  # no phone, no consent
    assert found.outcomes() == ["emitted"]
    (bonus,) = found.sent
    assert (type(bonus).__name__, bonus.points) == ("GrantBonus", 100)
    assert [scope.name for scope in found.asks[0].scopes] == ["customer"]
    said = {v.gate: (v.verdict, v.reason) for v in found.decisions[0].verdicts}
    for gate in ("consent", "phone", "suppression", "quiet_hours", "budget"):
        assert said[gate] == ("not_asked", "no-sms")
    assert said["message"] == ("pass", "none")


def test_a_change_of_phone_asks_for_the_new_one() -> None:
    shop = Shop(caps=(Cap(1, DAY, "phone"),))
    found = drive(rule(steps=HOURLY[:2]), events=[*shopper(MONDAY), added(MONDAY)], shop=shop)
    found.feed(profile(MONDAY + HOUR + 1, phone="+79990000043")).drain()
    assert found.outcomes() == ["emitted", "emitted"]


# -- pace

PACED = Shop(budgets=(Budget(1, per="minute"),))
MINUTE = HOUR // 60
DUE = MONDAY + HOUR


def paced(*taken: int, shop: Shop = PACED, of: Rule | None = None, due: int = DUE) -> Drive:
    """A touch due at 1:00, where these minutes after it have their message already."""
    found = drive(of or rule(), events=[*shopper(MONDAY, time_zone="UTC"), added(MONDAY)], shop=shop)
    for minute in taken:
        at = due + minute * MINUTE
        key = ("main", "budget", f"{rfc3339(at)[:10]} minute:{at // MINUTE}")
        found.ledger.granted[key] = [(f"t{minute}", at, 1)]
    return found.drain()


def test_a_touch_that_finds_its_minute_full_tries_again_within_the_next_one() -> None:
    found = paced(0)
    assert found.outcomes() == ["delayed", "emitted"]
    (verdict,) = (v for v in found.decisions[0].verdicts if v.gate == "budget")
    assert (verdict.verdict, verdict.reason) == ("delay", "pace-full")
    assert verdict.numbers == {"messages per minute": "1 of 1"}
    assert verdict.until is not None
    assert DUE + MINUTE <= parse_rfc3339(verdict.until) < DUE + 2 * MINUTE
    assert found.sent[0].not_before == verdict.until
    assert (found.verdict("budget"), numbers(found, "budget")) == (("pass", "free"), {"messages per minute": "0 of 1"})


def test_the_longer_a_touch_has_waited_the_longer_it_pauses_and_never_longer_than_a_quarter_of_an_hour() -> None:
    found = paced(*range(120))
    tries = [parse_rfc3339(decision.judged_at) for decision in found.decisions]
    pauses = [(later - earlier) / MINUTE for earlier, later in pairwise(tries)]
    assert found.outcomes()[-1] == "emitted"
    assert tries[-1] >= DUE + 120 * MINUTE
    assert all(0 < pause < 16 for pause in pauses)
    assert len(tries) < 40


def test_what_would_come_too_late_after_all_is_skipped() -> None:
    found = paced(*range(61), of=rule(stale_after=HOUR))
    assert set(found.outcomes()[:-1]) == {"delayed"}
    assert (found.outcomes()[-1], found.verdict("budget")) == ("skipped", ("refuse", "pace-full"))
    assert parse_rfc3339(found.decisions[-1].judged_at) <= DUE + HOUR


def test_what_quiet_hours_held_back_leaves_within_the_minute_that_it_is_counted_in() -> None:
    night = replace(PACED, quiet_hours=QuietHours(0, 8 * 60))
    found = paced(shop=night)
    assert found.outcomes() == ["delayed", "emitted"]
    eight = MONDAY + 8 * HOUR
    assert eight <= parse_rfc3339(found.sent[0].not_before) < eight + MINUTE
    assert [scope.key for scope in found.asks[0].scopes if scope.name == "budget"] == [
        f"2026-11-23 minute:{eight // MINUTE}"
    ]


def test_a_touch_that_waited_for_the_morning_has_time_left_for_the_pace() -> None:
    night = replace(PACED, quiet_hours=QuietHours(0, 8 * 60))
    found = paced(*range(7 * 60, 8 * 60), shop=night, of=rule(stale_after=HOUR))
    assert found.outcomes()[-1] == "emitted"


def test_calls_bonuses_and_those_held_out_have_no_pace() -> None:
    silent = rule(steps=(step(sms=None, incentive=BONUS),))
    assert paced(0, of=silent).outcomes() == ["emitted"]
    assert paced(0, of=rule(holdout=Decimal(100))).outcomes() == ["held_out"]


def test_a_spent_budget_skips_what_the_pace_would_only_put_off() -> None:
    found = drive(rule(), events=[*shopper(MONDAY), added(MONDAY)], shop=Shop(budgets=(Budget(1), *PACED.budgets)))
    found.ledger.granted["main", "budget", "2026-11-23"] = [("other", MONDAY, 1)]
    found.ledger.granted["main", "budget", f"2026-11-23 minute:{DUE // MINUTE}"] = [("other", DUE, 1)]
    assert found.drain().verdict("budget") == ("refuse", "budget-spent")


def test_two_mornings_count_a_day_apart_though_their_messages_leave_some_minutes_nearer() -> None:
    shop = Shop(quiet_hours=QuietHours(22 * 60, 8 * 60), caps=(Cap(1, DAY),))
    kept = drive(rule(), events=shopper(MONDAY, time_zone="UTC"), shop=shop)
    for day in (MONDAY, MONDAY + DAY):
        kept.feed(added(day + 21 * HOUR, event_id=f"cart 4 {(day - MONDAY) // DAY}"), ordered(day + DAY + 9 * HOUR))
    assert kept.outcomes() == ["delayed", "emitted", "delayed", "emitted"]
    first, second = (parse_rfc3339(sms.not_before) for sms in kept.sent)
    assert DAY - SPREAD < second - first < DAY
