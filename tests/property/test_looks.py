"""What is asked less often comes to the same as to ask always: at a deadline those kinds alone that wanted to see the
row by then, audiences once for both kinds that are about them and, where the time alone could change them, once that
much has passed, categories when one is looked at that is waited for."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from tests.property.joining import Thing
from tests.property.stories import Drawn, Player, moves, named, read, rules_and_story, story_of
from tests.property.test_catalogue import REST
from tests.property.test_engine_order import canonical
from tests.property.told import Story
from tests.unit.triggers.driving import MINUTE, MONDAY, added, event, ordered, removed, viewed
from triggers.customer import NEVER, decode_row, encode_row
from triggers.engine import Engine
from triggers.expressions import compile_expression
from triggers.kinds import KINDS, _members, category_viewed, product_viewed

AT_ONCE = ["cart_abandoned: {idle: 5h}", "checkout_abandoned: {idle: 5h}"]
BUYERS = compile_expression("orders.count >= 1")
THINGS: list[Thing] = [
    lambda at, n: added(at, f"sku-{n % 3}"), lambda at, n: removed(at, f"sku-{n % 3}"), lambda at, n: ordered(at),
    lambda at, n: event(wire.CheckoutStarted, at), lambda at, n: event(wire.CheckoutStarted, at),
]  # fmt: skip


@st.composite
def several_at_once(draw: st.DrawFn) -> tuple[list[Drawn], Story]:
    """Kinds that want to see the row at the same instants."""
    triggers = draw(st.lists(st.sampled_from(AT_ONCE), min_size=2, max_size=4))
    rules = [
        replace(named(read(trigger), number), audience=draw(st.sampled_from([None, None, BUYERS])))
        for number, trigger in enumerate(triggers)
    ]
    return [Drawn(rule) for rule in rules], story_of(draw(moves(THINGS)), THINGS)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.one_of(rules_and_story(), several_at_once()), st.sampled_from([1, REST]))
def test_to_ask_less_often_is_to_ask_always(given_: tuple[list[Drawn], Story], rest: int) -> None:
    drawn, story = given_
    rules, end = [one.rule for one in drawn], story[-1][0] + rest
    some = Player(rules).play(story, end)
    with (
        patch.object(Engine, "_lone", lambda *of: False),
        patch.object(_members, "_judged", _members._Judged),
        patch.object(_members._Group, "stays", lambda *of: False),
        patch.object(product_viewed._Watch, "_seen_again", lambda watch, row, event, now: watch.next_look(row, now)),
        patch.object(category_viewed._Watch, "heard", lambda watch, row, event, now: watch.next_look(row, now)),
    ):
        all_ = Player(rules).play(story, end)
    assert some.decisions == all_.decisions
    assert some.cancels == all_.cancels
    assert canonical(some.row) == canonical(all_.row)


VIEWED = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0, 0, 1, 7, 90])), max_size=90)
LOOKS = [
    "product_viewed: {idle: 1h}", "product_viewed: {idle: 3h}", "product_viewed: {idle: 30m, times: 2}",
    "product_viewed: {idle: 4h, times: 2, within: 90m}", "product_viewed: {idle: 2h, times: 3, within: 5h}",
]  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.sets(st.sampled_from(LOOKS), min_size=1), VIEWED, st.integers(0, 70), st.booleans())
def test_a_view_moves_the_look_at_products_to_where_all_views_do(
    triggers: set[str], views: list[tuple[int, int, int]], often: int, stored: bool
) -> None:
    made = Player([named(read(trigger), number) for number, trigger in enumerate(sorted(triggers))], stored=stored)
    made.feed(event(wire.LinkClicked, MONDAY))
    for at in range(often):  # as many products as are remembered, or more
        made.feed(viewed(MONDAY + at, f"sku-{at}"))
    kind, at = KINDS[type(read(LOOKS[0]).trigger)], MONDAY
    (watch,) = [watch for watch, its in made.engine._plans["main"].watches if its is kind]
    for gap, product, late in views:
        at += gap * MINUTE
        made.fire(at)
        made.engine.on_event(made.row, viewed(at - late * MINUTE, f"sku-{product}"), at)
        if stored:
            made.row = decode_row(encode_row(made.row))
        assert made.row.looks.get(kind.code, NEVER) == watch.next_look(made.row, at)
