"""How many journeys run at once, and which: of twenty-one that could begin, one does not, and decisions say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from tests.unit.triggers.driving import DAY, HOUR, TWO, Drive, added, at, drive, ordered, rule, shopper
from triggers.customer import encode_row
from triggers.expressions import compile_expression
from triggers.journeys import MAX_RUNNING
from triggers.rules.model import Rule, Shop


def rules(count: int, **more: Any) -> list[Rule]:
    """The later ones matter more."""
    return [rule(name=f"r{number:02}", steps=TWO, priority=number, **more) for number in range(count)]


def driven(of: Sequence[Rule], *events: wire.CustomerEvent, shop: Shop | None = None) -> Drive:
    return drive(*of, events=[*shopper(at(-10)), added(at(0)), *events], shop=shop)


def running(made: Drive) -> list[str]:
    return sorted(journey.rule for journey in made.row.journeys if journey.running)


def test_twenty_journeys_run_at_once_and_those_that_matter_most_begin() -> None:
    made = driven(rules(MAX_RUNNING + 2)).fire(at(61))
    assert running(made) == [f"r{number:02}" for number in range(2, MAX_RUNNING + 2)]


def test_every_decision_says_how_many_did_not_begin() -> None:
    made = driven(rules(MAX_RUNNING + 2)).fire(at(61))
    assert [one.inputs["dropped.journeys"] for one in made.decisions] == ["2"] * MAX_RUNNING
    few = driven(rules(MAX_RUNNING)).fire(at(61))
    assert len(few.decisions) == MAX_RUNNING
    assert all("dropped.journeys" not in one.inputs for one in few.decisions)


def test_what_did_not_begin_does_not_begin_later_and_the_next_does() -> None:
    made = driven(rules(MAX_RUNNING + 1)).drain()
    assert {one.rule for one in made.decisions} == {f"r{number:02}" for number in range(1, MAX_RUNNING + 1)}
    one = rule(name="r99", idle=30 * HOUR, priority=0)
    made = driven([*rules(MAX_RUNNING), one]).drain()
    assert [decision.rule for decision in made.decisions][-1] == "r99", "the others were over by then"


def test_an_order_that_ends_them_makes_room() -> None:
    made = driven(rules(MAX_RUNNING + 1), ordered(at(90)), added(at(100))).fire(at(161))
    assert len(running(made)) == MAX_RUNNING
    assert made.row.dropped_occasions == 2


def test_who_is_not_of_its_audience_is_not_counted() -> None:
    nobody = rule(name="nobody", priority=0, audience=compile_expression("cart.total > 100000"))
    made = driven([*rules(MAX_RUNNING), nobody]).fire(at(61))
    assert made.row.dropped_occasions == 0


@pytest.mark.parametrize(("more", "reason"), [(0, "alone"), (-1, "won")])
def test_what_could_not_begin_competes_with_nothing(more: int, reason: str) -> None:
    """One that is due an hour later, and would be within the window."""
    later = rule(name="later", idle=2 * HOUR, priority=0)
    others = [
        replace(one, purpose="transactional") if number else one
        for number, one in enumerate(reversed(rules(MAX_RUNNING + more)))
    ]
    made = driven([*others, later], shop=Shop(compete=DAY)).fire(at(61))
    found = [one for one in made.decisions if one.rule == others[0].name]
    assert [next(v.reason for v in one.verdicts if v.gate == "competition") for one in found] == [reason]


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(MAX_RUNNING + 3)))
def test_in_which_order_rules_lie_changes_nothing(order: list[int]) -> None:
    all_of_them = [replace(one, priority=50) for one in rules(MAX_RUNNING + 3)]
    events = [*shopper(at(-10)), added(at(0))]
    plain, other = (
        drive(*some, events=events).fire(at(61)) for some in (all_of_them, [all_of_them[number] for number in order])
    )
    assert encode_row(plain.row) == encode_row(other.row)
    assert plain.decisions == other.decisions
