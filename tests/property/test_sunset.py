"""Whatever a customer does and however late it is heard of: nobody who never answers gets more than the shop says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.instants import parse_rfc3339
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, Drive, added, engine, event, ordered, rule, shopper
from triggers.rules.clean import Sunset
from triggers.rules.model import Shop

what = st.sampled_from(["cart", "cart", "cart", "order", "click"])
steps = st.lists(st.tuples(st.integers(1, 45), what), max_size=50)
sunsets = st.builds(
    lambda after, limit, days, more: Sunset(after, limit, days * DAY, None if more is None else after + more),
    st.integers(1, 5), st.integers(1, 3), st.integers(1, 60), st.none() | st.integers(1, 5),
)


@settings(max_examples=100)
@given(steps, sunsets)
def test_touches_without_an_answer_keep_to_the_pace_and_stop(course: list[tuple[int, str]], sunset: Sunset) -> None:
    made = Drive(engine(rule(), shop=Shop(sunset=sunset))).feed(*shopper(MONDAY))
    answers = [0]
    at = MONDAY
    for days, step in course:
        at += days * DAY
        if step == "cart":
            made.feed(added(at)).fire(at + 2 * HOUR)
            made.feed(event(wire.CartUpdated, at + 3 * HOUR, items=[]))
        else:
            answers.append(at)
            made.feed(ordered(at) if step == "order" else event(wire.LinkClicked, at))
    sent = {parse_rfc3339(sms.due_at) for sms in made.sent}
    for decision in made.decisions:
        judged = parse_rfc3339(decision.judged_at)
        answered = max(answer for answer in answers if answer < judged)
        unanswered = [one for one in sent if answered < one < judged]
        recent = [one for one in unanswered if one > judged - sunset.window]
        stops = sunset.stop_after is not None and len(unanswered) >= sunset.stop_after
        slow = len(unanswered) >= sunset.after and len(recent) >= sunset.limit
        assert (decision.outcome == "skipped") == (stops or slow)
        said = next(verdict.reason for verdict in decision.verdicts if verdict.gate == "sunset")
        assert (said == "sunset") == stops
