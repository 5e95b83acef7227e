"""For any story and any rules of the catalogue: no touch after its exit, none twice, none before its time, none outside
the audience as it was at that moment; the order in which rules lie in the folder, how rows are kept, and how customers
are parted among workers, is nothing. How a kind joins: `tests/property/joining.py`."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.emitted import Decision
from schemas.instants import parse_rfc3339
from tests.property.joining import Asked, missing
from tests.property.stories import (
    DOCUMENTED,
    GAPS,
    JOINED,
    THINGS,
    Drawn,
    Player,
    named,
    read,
    rules_and_story,
    story_of,
)
from tests.property.test_engine_order import canonical
from tests.property.told import Story, Told
from tests.unit.triggers.driving import DAY
from triggers.customer import decode_row, encode_row
from triggers.kinds import KINDS
from triggers.rules.model import Rule

SLOW = [HealthCheck.too_slow]
REST = 100 * DAY
MOVES = st.integers(0, len(THINGS) - 1)


@dataclass
class Judge:
    """Of every touch that is made: whether it might be made then, judged anew by the events told so far."""

    drawn: list[Drawn]
    told: Told = field(default_factory=Told)
    touches: list[tuple[Rule, str, str, int, int]] = field(default_factory=list)
    """Rule, epoch, step, when the journey began, when it was made."""
    begun: dict[tuple[str, str], int] = field(default_factory=dict)
    """When journeys began, by rule and epoch: as the first decision on each of them says."""

    def seen(self, decision: Decision) -> None:
        (drawn,) = (one for one in self.drawn if one.rule.name == decision.rule)
        rule, told = drawn.rule, self.told
        first = parse_rfc3339(decision.due_at) - rule.steps[0].after
        began = self.begun.setdefault((rule.name, decision.epoch), first)
        if decision.outcome != "emitted":
            return
        number = [step.id for step in rule.steps].index(decision.step)
        at, due = parse_rfc3339(decision.judged_at), parse_rfc3339(decision.due_at)
        epoch_at, _, epoch_id = decision.epoch.partition("-")
        asked = Asked(rule, told.as_of(began), began, int(epoch_at), epoch_id)
        said = f"{rule.trigger} {decision.epoch} {decision.step}"
        waits = [step.after for step in rule.steps[: number + 1] if step.before_end is None]
        assert at >= due and (at >= began + sum(waits) or len(waits) <= number), f"before its time: {said}"
        assert told.consent or rule.purpose == "transactional", f"without consent: {said}"
        assert not began <= told.erased_at <= at, f"after an erasure: {said}"
        assert drawn.audience is None or drawn.audience.holds(told), f"outside the audience: {said}"
        condition = drawn.when[number]
        assert condition is None or condition.holds(told), f"against its condition: {said}"
        self._exits(asked, at, said)
        self._again(asked, decision.epoch, decision.step, at, said)
        joins = JOINED.get(rule.trigger.kind)
        if joins is not None:
            assert joins.may_begin(asked), f"nothing began it: {said}"

    def _exits(self, asked: Asked, at: int, said: str) -> None:
        rule, joins = asked.rule, JOINED.get(asked.rule.trigger.kind)
        if "order_placed" in rule.exit_on:
            assert not self.told.between(asked.began, at, wire.OrderPlaced), f"after an order: {said}"
        for word, over in joins.over.items() if joins is not None else ():
            always = word not in KINDS[type(rule.trigger)].exits  # whatever the rule says
            assert not (always or word in rule.exit_on) or not over(asked, self.told, at), f"after {word}: {said}"

    def _again(self, asked: Asked, epoch: str, step: str, at: int, said: str) -> None:
        """What was made before this of the same rule, or of its exclusive group. (Who is erased is another.)"""
        rule = asked.rule
        before = [one for one in self.touches if one[4] > self.told.erased_at]
        mine = [one for one in before if one[0].name == rule.name]
        assert (epoch, step) not in [one[1:3] for one in mine], f"twice: {said}"
        former = [one for one in mine if one[1] != epoch]
        if rule.max_times is not None:
            assert len({one[1] for one in former}) < rule.max_times, f"too often: {said}"
        if former and rule.once_per is not None:
            last = former[-1][1]
            first = next(one for one in former if one[1] == last)
            assert asked.began >= first[4] + rule.once_per, f"within `once_per`: {said}"
        if former and rule.cooldown is not None:
            assert asked.began >= former[-1][4] + rule.cooldown, f"within `cooldown`: {said}"
        for other, _, _, began, made in before if rule.exclusive else ():
            if other.exclusive == rule.exclusive and other.name != rule.name:
                assert asked.began >= made or began >= at, f"at once with {other.name}: {said}"
        self.touches.append((rule, epoch, step, asked.began, at))


@settings(deadline=None, suppress_health_check=SLOW, max_examples=80)
@given(rules_and_story())
def test_every_touch_is_one_that_might_be_made_then(given_: tuple[list[Drawn], Story]) -> None:
    drawn, story = given_
    judge = Judge(drawn)
    Player([one.rule for one in drawn], judge.seen).play(story, story[-1][0] + REST, judge.told)


@settings(deadline=None, suppress_health_check=SLOW, max_examples=25)
@given(rules_and_story(), st.integers(0, 5))
def test_the_order_of_rules_and_how_rows_are_kept_is_nothing(given_: tuple[list[Drawn], Story], seed: int) -> None:
    drawn, story = given_
    plain = [one.rule for one in drawn]
    shuffled = random.Random(seed).sample(plain, len(plain))
    end = story[-1][0] + REST
    one, other = Player(plain).play(story, end), Player(shuffled, stored=True).play(story, end)
    assert one.decisions == other.decisions
    assert [cancel.command_id for cancel in one.cancels] == [cancel.command_id for cancel in other.cancels]
    assert encode_row(one.row) == encode_row(other.row)


@settings(deadline=None, suppress_health_check=SLOW, max_examples=30)
@given(rules_and_story(), st.tuples(MOVES, MOVES))
def test_events_between_two_deadlines_may_come_in_any_order(
    given_: tuple[list[Drawn], Story], moves: tuple[int, int]
) -> None:
    drawn, story = given_
    now = story[-1][0] + 3
    player = Player([one.rule for one in drawn]).play(story, now)
    two = [THINGS[thing](now - 2 + number, 100 + 2 * number) for number, thing in enumerate(moves)]
    if player.row.deadline <= now or any(isinstance(one, wire.CustomerErased) for one in two):
        return
    if not all(isinstance(one, wire.CustomerEvent) for one in two):
        return
    for number, one in enumerate(two):
        one.event_id = f"late-{number}"
    kept, found = encode_row(player.row), []
    for order in (two, two[::-1]):
        row = decode_row(kept)
        for one in order:
            player.engine.on_event(row, one, now)
        found.append(canonical(row))
    assert found[0] == found[1]


def test_every_kind_takes_part() -> None:
    assert missing() == [], "tests/property/joining.py tells how a kind joins"


def _emits(rules: Iterable[Rule], kind: str) -> bool:
    """Whether one of some stories reaches a rule, told of what matters to the kind more often than of the rest."""
    own = [*JOINED[kind].things, *JOINED[kind].walks] if kind in JOINED else []
    things = [*THINGS, *own, *own]
    for seed in range(40):
        dice = random.Random(seed)
        # each thing twice within an hour, so that what is asked to be seen several times is
        moves = [(gap, thing) for thing in range(len(things)) for gap in (1, 2)] if seed == 0 else [
            (dice.randrange(len(GAPS)), dice.randrange(len(things))) for _ in range(40)
        ]
        story = story_of(moves, things)
        told = Player([named(rule, number) for number, rule in enumerate(rules)]).play(story, story[-1][0] + REST)
        if any(decision.outcome == "emitted" for decision in told.decisions):
            return True
    return False


@pytest.mark.parametrize("kind", sorted(DOCUMENTED))
def test_the_stories_reach_every_kind(kind: str) -> None:
    """Else what is said above of a kind would be said of nothing."""
    assert _emits(DOCUMENTED[kind], kind), "no rule of its page"
    drawn: list[Rule] = []

    @settings(max_examples=20, database=None, derandomize=True)
    @given(JOINED[kind].triggers)
    def collect(trigger: str) -> None:
        drawn.append(read(trigger))

    collect()
    assert _emits(drawn[:3], kind), "nothing that it draws"
