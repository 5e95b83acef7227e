"""Of a customer's touches that fall due near one another the best goes out; nothing waits."""

from __future__ import annotations

from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Drive,
    added,
    drive,
    engine,
    ordered,
    rule,
    shopper,
    step,
)
from triggers.calendars.hours import QuietHours
from triggers.customer import decode_row, encode_row
from triggers.expressions import compile_expression
from triggers.rules.model import Rule, Shop

SHOP = Shop(compete=DAY)


def left(*rules: Rule, shop: Shop = SHOP) -> Drive:
    return drive(*rules, events=[*shopper(NOON), added(NOON)], shop=shop).drain()


def fates(drive: Drive) -> list[tuple[str, str, str]]:
    return [(d.rule, d.step, d.outcome) for d in drive.decisions]


def said(drive: Drive, decision: int) -> dict[str, str]:
    return next(v.numbers for v in drive.decisions[decision].verdicts if v.gate == "competition")


def test_without_the_setting_rules_do_not_compete() -> None:
    made = left(rule(name="a"), rule(name="b"), shop=Shop())
    assert fates(made) == [("a", "1", "emitted"), ("b", "1", "emitted")]
    assert made.verdict("competition") == ("pass", "off")


def test_of_two_that_are_due_at_once_the_higher_priority_wins_and_the_loser_names_it() -> None:
    made = left(rule(name="a", priority=40), rule(name="b", priority=70))
    assert fates(made) == [("a", "1", "skipped"), ("b", "1", "emitted")]
    assert made.verdict("competition", 0) == ("refuse", "lost")
    assert said(made, 0) == {"winner": "b", "step": "1", "due_at": "2026-11-23T13:00:00Z", "priority": "70"}
    assert made.verdict("competition", 1) == ("pass", "alone")


def test_the_first_that_is_due_gives_way_to_a_better_one_that_is_about_to_begin() -> None:
    made = left(rule(name="early", priority=40), rule(name="late", idle=5 * HOUR, priority=70))
    assert fates(made) == [("early", "1", "skipped"), ("late", "1", "emitted")]
    assert said(made, 0)["winner"] == "late"


def test_of_equal_priority_what_is_due_first_wins_and_the_later_arrival_names_it() -> None:
    made = left(rule(name="late", idle=5 * HOUR), rule(name="early"))
    assert fates(made) == [("early", "1", "emitted"), ("late", "1", "skipped")]
    assert made.verdict("competition", 0) == ("pass", "won")
    assert said(made, 0) == {"contenders": "2"}
    assert made.verdict("competition", 1) == ("refuse", "taken")
    assert said(made, 1) == {"winner": "early", "step": "1", "due_at": "2026-11-23T13:00:00Z"}


def test_at_the_windows_length_nobody_contends_any_more() -> None:
    for apart, outcome in ((DAY - 1, "skipped"), (DAY, "emitted")):
        made = left(rule(name="a", priority=70), rule(name="b", idle=HOUR + apart, priority=40))
        assert fates(made) == [("a", "1", "emitted"), ("b", "1", outcome)]


def test_a_rival_whose_conditions_do_not_hold_now_does_not_contend() -> None:
    rich = compile_expression("cart.count > 5")
    for better in (
        rule(name="better", idle=2 * HOUR, priority=90, audience=rich),
        rule(name="better", idle=2 * HOUR, priority=90, steps=(step(when=rich),)),
    ):
        made = left(rule(name="a"), better)
        assert made.decisions[0].outcome == "emitted"
        assert made.verdict("competition", 0) == ("pass", "alone")


def test_a_rival_that_may_not_begin_again_yet_does_not_contend() -> None:
    better = rule(name="better", idle=2 * HOUR, priority=90, reenter="each_spell", once_per=30 * DAY)
    made = drive(rule(name="a", reenter="each_spell"), better, events=[*shopper(NOON), added(NOON)], shop=SHOP)
    made.fire(NOON + 2 * DAY).feed(added(NOON + 2 * DAY, "sku-2")).drain()
    assert fates(made) == [("a", "1", "skipped"), ("better", "1", "emitted"), ("a", "1", "emitted")]


def test_nothing_waits_for_a_winner_that_then_can_not_go() -> None:
    made = drive(rule(name="a"), rule(name="b", idle=3 * HOUR, priority=70), shop=SHOP, events=[
        *shopper(NOON), added(NOON), ordered(NOON + 2 * HOUR),
    ]).drain()
    assert fates(made) == [("a", "1", "skipped")]


def test_steps_of_one_rule_contend_too() -> None:
    made = left(rule(steps=(step(), step(5 * HOUR, "2"), step(DAY, "3"))))
    assert fates(made) == [
        ("abandoned-cart", "1", "emitted"), ("abandoned-cart", "2", "skipped"), ("abandoned-cart", "3", "emitted"),
    ]


def test_a_transactional_touch_neither_competes_nor_counts() -> None:
    made = left(rule(name="a", priority=10), rule(name="receipt", priority=90, purpose="transactional"))
    assert fates(made) == [("a", "1", "emitted"), ("receipt", "1", "emitted")]
    assert made.verdict("competition", 1) == ("pass", "transactional")
    made = left(rule(name="receipt", purpose="transactional"), rule(name="later", idle=2 * HOUR))
    assert fates(made)[1] == ("later", "1", "emitted")


def test_touches_that_quiet_hours_held_back_contend_by_when_they_wake() -> None:
    shop = Shop(compete=2 * HOUR, quiet_hours=QuietHours(13 * 60, 23 * 60), time_zone="UTC")
    made = left(rule(name="a", priority=40), rule(name="b", idle=4 * HOUR, priority=70), shop=shop)
    assert [fate for fate in fates(made) if fate[2] != "delayed"] == [("a", "1", "skipped"), ("b", "1", "emitted")]


def test_touches_that_wait_in_the_outbox_contend_whichever_is_judged_first() -> None:
    for first in (0, 1):
        made = Drive(engine(rule(name="a", priority=40), rule(name="b", idle=2 * HOUR, priority=70), shop=SHOP))
        made.feed(*shopper(NOON), added(NOON))
        waiting = made.due(NOON + 3 * HOUR)
        assert [proposal.rule for proposal in waiting] == ["a", "b"]
        for proposal in (waiting[first], waiting[1 - first]):
            made.row = decode_row(encode_row(made.row))
            made.judge(proposal, NOON + 3 * HOUR)
        assert {rule: outcome for rule, _, outcome in fates(made)} == {"a": "skipped", "b": "emitted"}


def test_equal_in_all_else_the_smaller_id_wins_whatever_the_rules_order() -> None:
    names = ("a", "b", "c", "d")
    winners = set()
    for rules in (names, names[::-1]):
        made = Drive(engine(*(rule(name=name) for name in rules), shop=SHOP))
        made.feed(*shopper(NOON, event_id="p"), added(NOON, event_id="e")).drain()
        winners.add(tuple(one for one, _, outcome in fates(made) if outcome == "emitted"))
    assert len(winners) == 1 and len(winners.pop()) == 1


def test_a_late_arrival_within_the_window_loses_by_minutes() -> None:
    made = left(rule(name="a"), rule(name="b", idle=HOUR + MINUTE), shop=Shop(compete=2 * MINUTE))
    assert fates(made) == [("a", "1", "emitted"), ("b", "1", "skipped")]
    made = left(rule(name="a"), rule(name="b", idle=HOUR + MINUTE), shop=Shop(compete=MINUTE))
    assert fates(made) == [("a", "1", "emitted"), ("b", "1", "emitted")]
