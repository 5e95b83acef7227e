"""For any story and any rules of the catalogue: no touch after its exit, none twice, none before its time, none outside
the audience as it was at that moment; the order in which rules lie in the folder, and how rows are kept, is nothing."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.emitted import Decision
from schemas.instants import parse_rfc3339
from tests.property.stories import (
    DOCUMENTED,
    GAPS,
    STORIES,
    THINGS,
    Audience,
    Player,
    Story,
    Told,
    all_rules,
    rule_sets,
    story_of,
)
from tests.property.test_engine_order import canonical
from tests.unit.triggers.driving import DAY
from triggers.customer import decode_row, encode_row
from triggers.rules.model import Rule

SLOW = [HealthCheck.too_slow]
REST = 100 * DAY
MOVES = st.integers(0, len(THINGS) - 1)


@settings(deadline=None, suppress_health_check=SLOW, max_examples=60)
@given(rule_sets(), STORIES)
def test_every_touch_is_one_that_might_be_made_then(rules: list[tuple[Rule, Audience | None]], story: Story) -> None:
    told = Told()
    by_name = {rule.name: (rule, audience) for rule, audience in rules}
    touched: set[tuple[str, str, str]] = set()

    def seen(decision: Decision) -> None:
        if decision.outcome != "emitted":
            return
        rule, audience = by_name[decision.rule]
        touch = decision.rule, decision.epoch, decision.step
        assert touch not in touched, "none twice"
        touched.add(touch)
        epoch = int(decision.epoch.partition("-")[0])
        at, due = parse_rfc3339(decision.judged_at), parse_rfc3339(decision.due_at)
        number = [step.id for step in rule.steps].index(decision.step)
        began = due - sum(step.after for step in rule.steps[: number + 1])
        assert at >= due, "none before its time"
        if getattr(rule.trigger, "before", None) is None:
            assert began >= epoch + getattr(rule.trigger, "idle", 0), "none before its time"
        if "order_placed" in rule.exit_on:
            assert not any(began < ordered <= at for ordered in told.ordered_at), "none after its exit"
        assert not min(epoch, began) <= told.erased_at <= at, "none after an erasure"
        assert told.consent or rule.purpose == "transactional"
        assert audience is None or audience[1](told), "none outside the audience"

    Player([rule for rule, _ in rules], seen).play(story, story[-1][0] + REST, told)


@settings(deadline=None, suppress_health_check=SLOW, max_examples=40)
@given(rule_sets(), STORIES, st.integers(0, 5))
def test_the_order_of_rules_and_how_rows_are_kept_is_nothing(
    rules: list[tuple[Rule, Audience | None]], story: Story, seed: int
) -> None:
    plain = [rule for rule, _ in rules]
    shuffled = random.Random(seed).sample(plain, len(plain))
    end = story[-1][0] + REST
    one, other = Player(plain).play(story, end), Player(shuffled, stored=True).play(story, end)
    assert one.decisions == other.decisions
    assert [cancel.command_id for cancel in one.cancels] == [cancel.command_id for cancel in other.cancels]
    assert encode_row(one.row) == encode_row(other.row)


@settings(deadline=None, suppress_health_check=SLOW, max_examples=60)
@given(rule_sets(), STORIES, st.tuples(MOVES, MOVES))
def test_events_between_two_deadlines_may_come_in_any_order(
    rules: list[tuple[Rule, Audience | None]], story: Story, moves: tuple[int, int]
) -> None:
    now = story[-1][0] + 3
    player = Player([rule for rule, _ in rules]).play(story, now)
    two = [THINGS[thing](now - 2 + number, 100 + 2 * number) for number, thing in enumerate(moves)]
    if player.row.deadline <= now or any(isinstance(one, wire.CustomerErased) for one in two):
        return
    for number, one in enumerate(two):
        one.event_id = f"late-{number}"
    if not all(isinstance(one, wire.CustomerEvent) for one in two):
        return
    kept, found = encode_row(player.row), []
    for order in (two, two[::-1]):
        row = decode_row(kept)
        for one in order:
            player.engine.on_event(row, one, now)
        found.append(canonical(row))
    assert found[0] == found[1]


def test_the_stories_begin_journeys_of_every_kind() -> None:
    """Else what is said above of a kind would be said of nothing."""
    begun: set[str] = set()
    for seed in range(40):
        dice = random.Random(seed)
        # each thing twice within an hour, so that what is asked to be seen several times is
        things = [(gap, thing) for thing in range(len(THINGS)) for gap in (1, 2)] if seed == 0 else [
            (dice.randrange(len(GAPS)), dice.randrange(len(THINGS))) for _ in range(40)
        ]
        story = story_of(things)
        told = Player([rule for rule, _ in all_rules()]).play(story, story[-1][0] + REST)
        begun |= {decision.rule.partition("-")[0] for decision in told.decisions if decision.outcome == "emitted"}
    assert set(DOCUMENTED) - begun == set()
