"""Whatever a shopper does and a shop asks for: one of those that contend, no day over its cap, the same control group
always, and every gate's word in its place."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sqrt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.emitted import Decision
from schemas.instants import parse_rfc3339
from tests.property.test_engine_order import Make
from tests.property.test_engine_touches import HISTORY, story
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, Drive, added, drive, engine, rule, shopper, step
from triggers.calendars.hours import QuietHours
from triggers.gates.holdout import Holdout
from triggers.rules.model import Budget, Cap, Rule, Shop
from triggers.verdicts import Answer
from triggers.zones import zone_of

SLOW = [HealthCheck.too_slow]

ORDER = (
    "exit", "trigger", "audience", "when", "consent", "phone", "suppression", "sunset", "stale", "ended", "quiet_hours",
    "message", "incentive", "products", "competition", "dedupe", "cap", "budget", "holdout",
)  # fmt: skip
SOMETIMES = {"trigger", "audience", "when"}

COMPETING = [
    rule(name="a", idle=30 * MINUTE, priority=40, steps=(step(), step(5 * HOUR, "2"))),
    rule(name="b", idle=HOUR, priority=70, reenter="each_spell"),
    rule(name="c", idle=3 * HOUR, priority=70, steps=(step(), step(HOUR, "2"), step(20 * HOUR, "3"))),
    rule(name="d", idle=30 * MINUTE, priority=90, once_per=2 * DAY, reenter="each_spell"),
]
RULES = st.lists(st.sampled_from(COMPETING), min_size=1, unique_by=lambda made: made.name)


def planned(decisions: list[Decision]) -> list[int]:
    """When those that went out were due, or woke (on the stream clock)."""
    return sorted(parse_rfc3339(one.judged_at) for one in decisions if one.outcome in ("emitted", "held_out"))


@given(RULES, HISTORY, st.sampled_from([HOUR, 6 * HOUR, DAY, 3 * DAY]), st.booleans(), st.none() | st.just(Decimal(50)))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_never_two_within_the_window(
    rules: list[Rule], steps: list[tuple[Make, int]], within: int, quiet: bool, holdout: Decimal | None
) -> None:
    shop = Shop(compete=within, quiet_hours=QuietHours(22 * 60, 8 * 60) if quiet else None, holdout=holdout)
    made = Drive(engine(*rules, shop=shop)).feed(*story(steps)).drain()
    times = planned(made.decisions)
    assert all(later - earlier >= within for earlier, later in itertools.pairwise(times))
    names = {one.name for one in rules}
    for decision in made.decisions:
        verdict = next(one for one in decision.verdicts if one.gate == "competition")
        if verdict.verdict == "refuse":
            assert verdict.numbers["winner"] in names
            assert abs(parse_rfc3339(verdict.numbers["due_at"]) - parse_rfc3339(decision.judged_at)) < within
        else:
            assert verdict.reason in ("alone", "won")


@given(RULES, HISTORY, st.sampled_from([HOUR, DAY]), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_never_two_within_the_window_of_those_that_waited_and_were_judged_in_any_order(
    rules: list[Rule], steps: list[tuple[Make, int]], within: int, data: st.DataObject
) -> None:
    made = Drive(engine(*rules, shop=Shop(compete=within)))
    went: list[int] = []
    events = story(steps)
    for event in events:
        made.due(event.at)
        made.engine.on_event(made.row, event, event.at)
        made.now = event.at
        if data.draw(st.booleans()):
            continue
        for proposal in data.draw(st.permutations(made.row.outbox)):
            if made.judge(proposal, max(made.now, proposal.planned)).outcome == "emitted":
                went.append(proposal.planned)
    went.sort()
    assert all(later - earlier >= within for earlier, later in itertools.pairwise(went))


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata"])
CHANGES = st.sampled_from(["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01"])
"""Days around which one of these zones puts its clock."""


@given(
    ZONES, CHANGES, st.integers(0, 72), st.lists(st.integers(1, 14 * 60), min_size=3, max_size=18), st.integers(1, 3),
    st.sampled_from(["day", "week"]),
)
@settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
def test_a_cap_of_the_calendar_holds_on_every_day_of_the_customers_zone_and_refuses_only_full_ones(
    zone: str, change: str, hours: int, waits: list[int], limit: int, kind: str
) -> None:
    begin = int((datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(days=1)).timestamp()) * 1_000_000
    begin += hours * HOUR
    steps = tuple(step(wait * MINUTE if number else 0, str(number + 1)) for number, wait in enumerate(waits))
    cap = Cap(limit, 0, span=kind)  # type: ignore[arg-type]  # drawn from Span's values
    made = drive(rule(steps=steps), shop=Shop(caps=(cap,), time_zone="UTC"), events=[
        *shopper(begin, time_zone=zone), added(begin),
    ]).drain()
    assert len(made.decisions) == len(waits)
    tz, _ = zone_of(zone, "UTC")
    sent: Counter[object] = Counter()
    for decision in made.decisions:
        at = datetime.fromisoformat(decision.judged_at).astimezone(tz)
        span = at.date() if kind == "day" else at.isocalendar()[:2]
        assert (decision.outcome == "emitted") == (sent[span] < limit)
        sent[span] += decision.outcome == "emitted"


EVERYTHING = Shop(
    compete=6 * HOUR, dedupe_product=DAY, dedupe_text=HOUR, holdout=Decimal(30), sms_price=Decimal(2),
    caps=(Cap(2, DAY), Cap(1, 3 * HOUR, "rule", on_full="delay"), Cap(4, 0, span="week"), Cap(9, DAY, "phone")),
    budgets=(Budget(5), Budget(9_000_000, "money")), quiet_hours=QuietHours(22 * 60, 8 * 60),
)


@given(RULES, HISTORY, st.sampled_from([Shop(), EVERYTHING]))
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_every_gate_has_its_word_in_every_decision_and_in_its_place(
    rules: list[Rule], steps: list[tuple[Make, int]], shop: Shop
) -> None:
    made = Drive(engine(*rules, shop=shop)).feed(*story(steps)).drain()
    for decision in made.decisions:
        gates = [verdict.gate for verdict in decision.verdicts]
        assert gates == [gate for gate in ORDER if gate in gates]
        assert set(ORDER) - set(gates) <= SOMETIMES
        said = {verdict.gate: verdict.verdict for verdict in decision.verdicts}
        against = [gate for gate in gates if said[gate] in ("refuse", "delay")]
        assert (decision.outcome == "emitted") == (not against)
        assert (decision.outcome == "held_out") == (against == ["holdout"])
        pure = [gate for gate in against if gate not in ("dedupe", "cap", "budget", "holdout")]
        for gate in ("dedupe", "cap", "budget", "holdout"):
            assert not pure or said[gate] == "not_asked"


@given(RULES, HISTORY)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_with_every_gate_on_the_same_history_gives_the_same_decisions(
    rules: list[Rule], steps: list[tuple[Make, int]]
) -> None:
    events = story(steps)
    one, other = (Drive(engine(*order, shop=EVERYTHING)).feed(*events).drain() for order in (rules, rules[::-1]))
    assert one.decisions == other.decisions
    assert one.sent == other.sent
    assert one.row == other.row


@given(st.text("abcdef-", min_size=1, max_size=8), st.sampled_from([1, 5, 20, 50, 99]), st.booleans())
@settings(max_examples=20, deadline=None)
def test_the_control_group_is_the_same_always_and_as_large_as_asked_for(name: str, share: int, by_rule: bool) -> None:
    made = rule(name=name, holdout=Decimal(share) if by_rule else None)
    shop = Shop(id="shop" if by_rule else f"shop-{name}", holdout=None if by_rule else Decimal(share))
    customers = 5000
    groups = [
        [gate.judge(shop.id, str(customer)).answer is Answer.REFUSE for customer in range(customers)]
        for gate in (Holdout(shop, made), Holdout(shop, made))
    ]
    assert groups[0] == groups[1]
    p = share / 100
    assert abs(sum(groups[0]) / customers - p) < 5 * sqrt(p * (1 - p) / customers)


def test_the_days_that_are_looked_at_have_clocks_put() -> None:
    """Else the test of the calendar would prove less than it says."""
    tz, _ = zone_of("Europe/Berlin", "UTC")
    before, after = (datetime(2026, 3, day, tzinfo=UTC).astimezone(tz).utcoffset() for day in (29, 30))
    assert before != after
