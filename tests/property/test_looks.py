"""What is asked less often comes to the same as to ask always: at a deadline those kinds alone that wanted to see the
row by then, audiences once for both kinds that are about them, categories when one is looked at that is waited for."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.stories import Drawn, Player, rules_and_story
from tests.property.test_catalogue import REST
from tests.property.test_engine_order import canonical
from tests.property.told import Story
from triggers.engine import Engine
from triggers.kinds import _members, category_viewed


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(rules_and_story(), st.sampled_from([1, REST]))
def test_to_ask_less_often_is_to_ask_always(given_: tuple[list[Drawn], Story], rest: int) -> None:
    drawn, story = given_
    rules, end = [one.rule for one in drawn], story[-1][0] + rest
    some = Player(rules).play(story, end)
    with (
        patch.object(Engine, "_lone", lambda *of: False),
        patch.object(_members, "_heard_of", _members._Judged),
        patch.object(category_viewed._Watch, "heard", lambda watch, row, event, now: watch.next_look(row, now)),
    ):
        all_ = Player(rules).play(story, end)
    assert some.decisions == all_.decisions
    assert some.cancels == all_.cancels
    assert canonical(some.row) == canonical(all_.row)
