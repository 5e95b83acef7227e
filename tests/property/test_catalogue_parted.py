"""Whatever rules of the catalogue there are: how customers are parted among workers, how time is cut, how walks are
sliced and where a worker crashes changes nothing of what is decided."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence, Set

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.emitted import Decision
from schemas.partitioner import row_key
from streams.merge import Merged
from tests.property.shelf import Feed
from tests.property.stories import SHOP, STORIES, THINGS, Drawn, named, read, rule_sets, story_of
from tests.property.test_walks import CRASHES, CUTS, MARKETING, SLICES, VIEWS, Committed, Partition, cut
from tests.property.told import Story
from tests.unit.triggers.driving import DAY
from triggers.engine import Engine
from triggers.rules.model import RuleBook
from triggers.walks import WalkEvent

CUSTOMERS = 4
REST = 60 * DAY


def merged(stories: Sequence[Story]) -> list[list[Merged]]:
    """Each customer's events; last, what the shop announces, by all of them."""
    found: list[list[Merged]] = [[] for _ in range(len(stories) + 1)]
    for who, story in enumerate(stories):
        for number, (at, one) in enumerate(story):
            if isinstance(one, WalkEvent):
                continue
            one.event_id = f"{who}-{one.event_id}-{number}"
            if isinstance(one, wire.CustomerEvent):
                one.customer_id = f"c{who}"
                found[who].append((at, VIEWS, 1, number, row_key("main", one.customer_id), one))
            else:
                found[-1].append((at, MARKETING, 6, number * CUSTOMERS + who, "", one))
    return found


NO_CUTS: frozenset[int] = frozenset()


def decided(
    drawn: list[Drawn], stories: list[list[Merged]], partitions: int, cuts: Set[int] = NO_CUTS,
    slices: Sequence[int] = (), crashes: Set[int] = NO_CUTS,
) -> list[Decision]:  # fmt: skip
    """In one order. Without `slices` walks are finished at once."""
    *customers, announced = stories
    end = max(item[0] for items in stories for item in items) + REST
    book = RuleBook(shops={"main": SHOP}, rules={"main": tuple(one.rule for one in drawn)})
    found: list[Decision] = []
    for number in range(partitions):
        mine = [item for who, items in enumerate(customers) if who % partitions == number for item in items]
        items = sorted([*announced, *mine], key=lambda item: item[:4])
        found += asyncio.run(_partition(book, items, end, cuts, slices, crashes))
    return sorted(found, key=lambda one: (one.judged_at, one.customer_id, one.rule, one.epoch, one.step))


async def _partition(
    book: RuleBook, items: list[Merged], end: int, cuts: Set[int], slices: Sequence[int], crashes: Set[int]
) -> list[Decision]:
    committed, sizes = Committed({}), iter(slices)

    def started() -> Partition:
        engine = Engine(book, Feed())
        engine.last = end
        return Partition(engine, committed, 7)

    partition = started()
    parts = list(cut(items, {*cuts}))[:-1]
    for number, (part, reached) in enumerate([*parts, ([], end)]):
        most = next(sizes, 1) if slices else 1 << 30
        if number in crashes:
            await partition.turn(part, reached, most, crash=True)
            partition = started()
        await partition.turn(part, reached, most)
    turns = 0
    while partition.walking.walks:
        await partition.turn((), end, 1)
        turns += 1
        assert turns < 10_000, "walks never end"
    return committed.decisions


@settings(max_examples=20)
@given(rule_sets(), st.lists(STORIES, min_size=CUSTOMERS, max_size=CUSTOMERS), CUTS, SLICES, CRASHES)
def test_partitions_cuts_slices_and_crashes_are_nothing(
    drawn: list[Drawn], stories: list[Story], cuts: set[int], slices: list[int], crashes: set[int]
) -> None:
    parted = merged(stories)
    one = decided(drawn, parted, 1)
    assert decided(drawn, parted, 3) == one
    assert decided(drawn, parted, 1, cuts, slices, crashes) == one
    assert decided(drawn, parted, 2, cuts, slices, crashes) == one


def test_what_is_compared_are_decisions_about_all_of_the_customers() -> None:
    drawn = [Drawn(named(read("cart_abandoned: {idle: 20m}"), 0)), Drawn(named(read("flash_sale: {}"), 1))]
    stories = [story_of([(2, thing) for thing in range(len(THINGS))]) for _ in range(CUSTOMERS)]
    found = decided(drawn, merged(stories), 3)
    assert {one.customer_id for one in found if one.outcome == "emitted"} == {f"c{who}" for who in range(CUSTOMERS)}
