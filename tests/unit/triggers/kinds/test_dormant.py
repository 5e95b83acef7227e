"""`dormant`: journeys of customers who have been silent for longer than their threshold."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.emitted import SendSms
from schemas.events import OrderKept
from schemas.instants import parse_rfc3339, rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MONDAY,
    NOON,
    Drive,
    added,
    consented,
    engine,
    event,
    ordered,
    profile,
    shopper,
    step,
    viewed,
)
from triggers.customer import NEVER, decode_row, encode_row
from triggers.expressions import compile_expression
from triggers.journeys import MAX_RUNNING
from triggers.kinds import KindWorld
from triggers.kinds.dormant import KIND, Dormant
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules
from triggers.rules.segments import Segment
from triggers.rules.thresholds import Line, read_threshold
from triggers.shopfacts import Interval, ShopFacts

BY_COUNT = (("once", "orders.count == 1"), ("few", "orders.count <= 3"), ("regular", "orders.count >= 4"))
SHOP = Shop(segments=tuple(Segment(name, compile_expression(where)) for name, where in BY_COUNT))


def lines(**after: str) -> tuple[Line, ...]:
    return tuple(Line(name, read_threshold(text)) for name, text in after.items())


def asleep(after: Any = "66d", name: str = "asleep", **more: Any) -> Rule:
    """`after`: one threshold for all, or by segments."""
    own = {key: more.pop(key) for key in ("since", "without_interval") if key in more}
    by_segment = not isinstance(after, str)
    table = lines(**after) if by_segment else (Line("", read_threshold(after)),)
    more.setdefault("steps", (step(),))
    more.setdefault("exit_on", frozenset({"order_placed"}))
    return Rule("main", name, "v1", Dormant(table, by_segment=by_segment, **own), **more)


def sleeper(*rules: Rule, events: Sequence[wire.CustomerEvent] = (), shop: Shop = SHOP) -> Drive:
    return Drive(engine(*rules, shop=shop)).feed(*shopper(NOON), *events)


def bought(*days: float, first: int = 0) -> list[wire.OrderPlaced]:
    return [ordered(NOON + int(day * DAY), f"o{number}") for number, day in enumerate(days, first)]


def days(made: Drive) -> list[float]:
    """Days after noon at which messages were due."""
    return [(parse_rfc3339(one.due_at) - NOON) / DAY for one in made.sent if isinstance(one, SendSms)]


def test_who_has_not_bought_for_the_threshold_is_written_to_at_its_exact_instant() -> None:
    made = sleeper(asleep(), events=bought(1.25))
    made.fire(NOON + int(67.25 * DAY))
    assert days(made) == []
    made.fire(NOON + int(67.25 * DAY) + 1)
    assert days(made) == [67.25]


def test_an_order_at_the_very_instant_comes_first() -> None:
    assert days(sleeper(asleep(), events=bought(0, 66)).fire(NOON + 100 * DAY)) == []


def test_every_order_begins_another_sleep_and_ends_the_journey_of_the_one_before() -> None:
    rule = asleep(steps=(step(), step(14 * DAY, "2")))
    made = sleeper(rule, events=bought(0, 70, 200)).drain()
    assert days(made) == [66, 136, 150, 266, 280]


def test_who_never_bought_is_not_asleep_by_orders() -> None:
    assert sleeper(asleep(), events=[viewed(NOON)]).row.deadline == NEVER


def test_each_segment_has_its_threshold_and_customers_grow_through_them() -> None:
    rule = asleep({"once": "66d", "few": "80d", "regular": "90d"})
    made = sleeper(rule, events=bought(0, 100, 200, 300, 400)).drain()
    assert days(made) == [66, 180, 280, 390, 490]


def test_a_segment_that_the_table_leaves_out_is_not_asleep_unless_there_is_an_otherwise() -> None:
    assert days(sleeper(asleep({"few": "80d"}), events=bought(0)).drain()) == []
    assert days(sleeper(asleep({"few": "80d", "otherwise": "10d"}), events=bought(0)).drain()) == [10]


def test_a_rule_may_have_a_table_of_its_own_of_which_the_first_line_that_holds_counts() -> None:
    table = tuple(
        Line(name, read_threshold(after), None if where is None else compile_expression(where))
        for name, where, after in (("vip", 'customer.card == "VIP"', "90d"), ("once", "orders.count == 1", "66d"),
                                   ("others", None, "70d"))
    )  # fmt: skip
    rule = Rule("main", "asleep", "v1", Dormant(table), (step(),), exit_on=frozenset({"order_placed"}))
    assert days(sleeper(rule, events=bought(0)).drain()) == [66]
    assert days(sleeper(rule, events=bought(0, 1)).drain()) == [71]
    assert days(sleeper(rule, events=[profile(NOON, card="VIP"), *bought(0)]).drain()) == [90]


def test_who_changes_into_a_segment_whose_threshold_has_passed_begins_nothing_in_this_sleep() -> None:
    rule = asleep({"vip": "90d", "otherwise": "66d"})
    shop = Shop(segments=(Segment("vip", compile_expression('customer.card == "VIP"')),))
    grown = [*bought(0), profile(NOON + 10 * DAY, card="VIP")]
    assert days(sleeper(rule, events=grown, shop=shop).drain()) == [90]
    lost = [profile(NOON, card="VIP"), *bought(0), profile(NOON + 70 * DAY, card=None)]
    assert days(sleeper(rule, events=lost, shop=shop).drain()) == []


def test_a_journey_is_about_the_line_that_its_customer_was_in() -> None:
    made = sleeper(asleep({"once": "66d"}), events=bought(0))
    made.engine.on_deadline(made.row, made.row.deadline)
    (journey,) = made.row.journeys
    assert (journey.about.of, journey.epoch) == ("once", f"{NOON}-o0")


def test_a_threshold_by_the_interval_takes_the_customers_own() -> None:
    rule = asleep("2 x interval", without_interval=60 * DAY)
    assert days(sleeper(rule, events=bought(0, 10, 20, 30)).drain()) == [50]
    assert days(sleeper(rule, events=bought(0, 10, 20)).drain()) == [80]
    assert days(sleeper(asleep("interval + 1d"), events=bought(0, 10, 20)).drain()) == []


class Counted(ShopFacts):
    """Of a segment 20 days, of the shop 30, known since NOON."""

    def interval(self, shop_id: str, segment: str | None, at: int) -> Interval | None:
        if at < NOON:
            return None
        length, whose = (20 * DAY, "once") if segment == "once" else (30 * DAY, "")
        return Interval(length, whose, "2026-11-22")


@pytest.mark.parametrize(
    ("bought_on", "length"),
    [([0], 20), ([0, 1], 30), ([-1], 60), ([0, 10, 20, 30], 10)],
    ids=["the segment's", "the shop's", "not known when the sleep began", "the customer's own"],
)
def test_who_has_no_interval_of_their_own_has_the_segments_or_the_shops(bought_on: list[int], length: int) -> None:
    rule = asleep("interval", without_interval=60 * DAY)
    made = sleeper(rule, events=bought(*bought_on))
    watch = KIND.watch([rule], KindWorld(SHOP, EmptyCatalogue(), Counted()))
    base = NOON + bought_on[-1] * DAY
    assert watch.next_look(made.row, NOON) == base + length * DAY
    assert [begin.at for begin in watch.due(made.row, base + length * DAY)] == [base + length * DAY]
    assert not list(watch.due(made.row, base + length * DAY - 1))


def test_a_decision_tells_whose_interval_the_threshold_was_told_by() -> None:
    rule = asleep({"once": "interval", "otherwise": "66d"}, without_interval=60 * DAY)
    (decision,) = sleeper(rule, events=bought(0)).drain().decisions
    assert (decision.inputs["dormant"], decision.inputs["interval"]) == ("once", "unknown")
    (decision,) = sleeper(rule, events=bought(0, 1)).drain().decisions
    assert (decision.inputs["dormant"], "interval" in decision.inputs) == ("otherwise", False)
    own = asleep("interval")
    decision = sleeper(own, events=bought(0, 10, 20, 30)).drain().decisions[-1]
    assert decision.inputs["interval"] == "10d own"
    made = sleeper(rule, events=bought(0))
    made.engine.on_deadline(made.row, made.row.deadline)
    world = KindWorld(SHOP, EmptyCatalogue(), Counted())
    assert KIND.inputs(made.row, rule, made.row.journeys[0], world)["interval"] == "20d once 2026-11-22"


def test_a_cancelled_order_moves_the_interval_and_not_the_sleep() -> None:
    cancelled = event(wire.OrderCancelled, NOON + 32 * DAY, order_id="o3")
    rule = asleep("2 x interval", without_interval=60 * DAY)
    assert days(sleeper(rule, events=[*bought(0, 10, 20, 30), cancelled]).drain()) == [90]


def test_a_sleep_since_the_last_visit_ends_with_any_visit() -> None:
    rule = asleep("30d", since="visit", exit_on=frozenset({"order_placed", "visited"}),
                  steps=(step(), step(14 * DAY, "2")))  # fmt: skip
    made = sleeper(rule, events=[added(NOON), viewed(NOON + 20 * DAY), viewed(NOON + 55 * DAY)])
    assert [journey.end for journey in made.row.journeys] == [(NOON + 55 * DAY, "visited")]
    assert days(made.drain()) == [50, 85, 99]


def test_an_order_is_no_visit_and_a_visit_is_no_order() -> None:
    events = [viewed(NOON), *bought(10), viewed(NOON + 20 * DAY)]
    assert days(sleeper(asleep("30d", since="visit", exit_on=frozenset()), events=events).drain()) == [50]
    assert days(sleeper(asleep("30d"), events=events).drain()) == [40]


def test_who_registered_and_did_nothing_since_is_asleep_by_anything() -> None:
    registered = profile(NOON, registered_at=rfc3339(NOON - 5 * DAY))
    rule = asleep("30d", since="any")
    assert days(sleeper(rule, events=[registered]).drain()) == [25]
    assert days(sleeper(rule, events=[registered, viewed(NOON + 3 * DAY)]).drain()) == [33]
    assert days(sleeper(rule, events=[registered, viewed(NOON + 3 * DAY), *bought(8)]).drain()) == [38]


def test_an_imported_customer_gets_nothing_that_was_due_before_and_what_comes_then_in_time() -> None:
    rule = asleep(steps=(step(), step(14 * DAY, "2")))

    def imported(last: int) -> Drive:
        """Everything known at NOON of somebody whose last order was so many days before."""
        order = OrderKept(order_id="o0", at=NOON - last * DAY)
        known = event(wire.CustomerImported, NOON, phone="+79990000042", orders=(order,))
        return Drive(engine(rule)).feed(known, consented(NOON))

    assert days(imported(67).drain()) == []
    assert days(imported(66).drain()) == []
    assert days(imported(65).drain()) == [1, 15]
    assert days(imported(67).feed(*bought(3, first=1)).drain()) == [69, 83]


def test_ten_thousand_sleepers_that_are_imported_are_not_written_to() -> None:
    made = engine(asleep("1d"), asleep({"once": "66d", "otherwise": "90d"}, name="by-segment"), shop=SHOP)
    for number in range(10_000):
        row = made.new_row("main", str(number))
        order = OrderKept(order_id="o", at=NOON - (100 + number % 900) * DAY)
        made.on_event(row, event(wire.CustomerImported, NOON, orders=(order,)), NOON)
        assert row.deadline == NEVER


def test_of_many_rules_each_looks_once_in_a_sleep() -> None:
    rules = [asleep(f"{number}d", name=f"r{number:03}") for number in range(10, 210)]
    made = sleeper(*rules, events=bought(0))
    looks = 0
    while made.row.deadline < NEVER:
        made.engine.on_deadline(made.row, made.row.deadline)
        looks += 1
        assert looks <= 200
    assert sorted(journey.rule for journey in made.row.journeys) == [rule.name for rule in rules[:MAX_RUNNING]]
    assert made.row.dropped_occasions == len(rules) - MAX_RUNNING


@settings(deadline=None)
@given(st.permutations(range(6)), st.sampled_from(["order", "visit", "any"]))
def test_what_happens_between_two_looks_may_be_told_in_any_order(order: list[int], since: Any) -> None:
    rules = [asleep({"once": "66d", "otherwise": "90d"}, since=since), asleep("interval", name="own", since=since)]
    told = [
        ordered(NOON + DAY, "a", event_id="a"), ordered(NOON + 2 * DAY, "b", event_id="b"),
        event(wire.OrderCancelled, NOON + 3 * DAY, order_id="a", event_id="c"),
        viewed(NOON + 4 * DAY, event_id="d"), ordered(NOON + 5 * DAY, "e", event_id="e"),
        profile(NOON + HOUR, registered_at=rfc3339(MONDAY), event_id="f"),
    ]  # fmt: skip
    first, other = engine(*rules, shop=SHOP), engine(*rules, shop=SHOP)
    row, again = first.new_row("main", "42"), other.new_row("main", "42")
    for one in told:
        first.on_event(row, one, NOON + 5 * DAY)
    for number in order:
        other.on_event(again, told[number], NOON + 5 * DAY)
        again = decode_row(encode_row(again))
    assert (row.deadline, row.looks) == (again.deadline, again.looks)
    while row.deadline < NEVER:
        due = row.deadline
        assert first.on_deadline(row, due) == other.on_deadline(again, due)
        assert (row.deadline, row.journeys) == (again.deadline, again.journeys)


def read(trigger: str, shop: Shop = SHOP) -> tuple[list[str], list[str]]:
    text = dedent("""\
        rule: asleep
        trigger:
          dormant: {TRIGGER}
        steps: [{sms: hello}]
        """).replace("TRIGGER", trigger)
    found = read_rules(text, "r.yaml", shop)
    return [str(error) for error in found.errors], [str(warning) for warning in found.warnings]


@pytest.mark.parametrize(
    ("trigger", "error"),
    [
        ("after: {onec: 66d}", "r.yaml:3:27: the shop has no segment `onec`, segments are: `once`, `few`, `regular`"),
        ("after: {once: 66}", "r.yaml:3:27: `66` has no unit, write `66d`"),
        ('after: [{name: a, when: "cart.total > 5", after: 3d}]',
         "r.yaml:3:37: `cart.total` can't be used here: a segment changes by what the customer does alone, what a "
         "segment may ask, this may"),
        ('after: [{name: a, when: "orders.cuont > 5", after: 3d}]',
         "r.yaml:3:38: unknown name `orders.cuont`, did you mean `orders.count`?"),
        ("after: [{name: a, wen: x, after: 3d}]", "r.yaml:3:31: unknown field `wen`, did you mean `when`?"),
        ("{after: 66d, since: orders}"[1:-1], "r.yaml:3:32: `since` cannot be `orders`, did you mean `order`?"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_at_its_place(trigger: str, error: str) -> None:
    assert read(trigger)[0] == [error]


def test_a_threshold_by_an_interval_that_may_be_unknown_is_warned_of() -> None:
    assert read("after: interval + 1d, without_interval: 60d") == ([], [])
    (warning,) = read("after: interval + 1d")[1]
    assert "never asleep" in warning and "add for example `without_interval: 60d`" in warning
    (warning,) = read("after: 66d, without_interval: 60d")[1]
    assert "no threshold of `after` needs an interval" in warning


def test_the_version_changes_with_the_threshold_and_not_with_how_it_is_written() -> None:
    def version(trigger: str) -> str:
        text = f"rule: asleep\ntrigger: {{dormant: {{{trigger}}}}}\nsteps: [{{sms: hello}}]\n"
        return read_rules(text, "r.yaml", SHOP).rules[0].rule.version

    assert version("after: 14d") == version("after: 2w") != version("after: 15d")
    assert version("after: 1.2 x interval, without_interval: 9d") == version(
        "after: interval * 1.20, without_interval: 9d"
    )
    assert version("after: {once: 14d}") != version("after: 14d")
