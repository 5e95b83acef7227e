"""Whenever rules are published, withdrawn and migrated: all partitions change over alike, each journey begins under the
version of its day, and no touch is made twice; in however many pieces time comes, whoever goes on with a partition."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import accumulate, islice
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.emitted import Decision
from schemas.instants import HOUR, MINUTE
from schemas.partitioner import partition_of, row_key
from schemas.topics import CUSTOMER_EVENTS
from streams.merge import Merged
from tests.property.test_walks import Committed, Partition
from tests.unit.streams.test_changing_rules import T0, Topic, Worker, shopper, story
from tests.unit.triggers.driving import event
from triggers.engine import Engine

END = T0 + 72 * HOUR

VERSIONS = {
    name: f"rule: letter\ntrigger: {{cart_abandoned: {{idle: {idle}}}}}\nsteps:\n"
    f"  - sms: {name} 1\n  - {{after: {after}, sms: {name} 2}}\n"
    for name, idle, after in (("v1", "60m", "2h"), ("v2", "30m", "3h"), ("v3", "2h", "1h"))
}

Change = tuple[int, str | None, Any]
"""How many minutes after the one before, which version, and what becomes of those that run."""

CHANGES = st.lists(
    st.tuples(
        st.integers(1, 90), st.sampled_from([*VERSIONS, None]), st.sampled_from(["continue", "restart", "stop"])
    ),
    max_size=5,
)  # fmt: skip


def published(changes: Sequence[Change], before: int = END) -> Topic:
    """What holds from then on is not published yet."""
    topic = Topic().publish("v1", VERSIONS["v1"], T0 - HOUR)
    for at, version, migrate in _dated(changes):
        if at < before:
            topic.publish(version, "" if version is None else VERSIONS[version], at, migrate=migrate)
    return topic


def _dated(changes: Sequence[Change]) -> list[tuple[int, str | None, Any]]:
    ats = accumulate((wait * MINUTE for wait, _, _ in changes), initial=T0)
    return [(at, version, migrate) for at, (_, version, migrate) in zip(islice(ats, 1, None), changes, strict=True)]


@settings(deadline=None, max_examples=25)
@given(CHANGES, st.integers(1, 12))
def test_whenever_rules_change_all_partitions_change_over_alike(changes: list[Change], told: int) -> None:
    asyncio.run(_check(changes, told))


async def _check(changes: list[Change], told: int) -> None:
    workers = []
    for partitions, pieces in ((1, 1), (3, 1), (3, told)):
        worker = Worker(published(changes).rules, partitions)
        events = story()
        ends = [events[0].at + number * 6 * HOUR // pieces for number in range(1, pieces)]
        begin = 0
        for end in [*ends, END]:
            await worker.run([one for one in events if begin <= one.at < end], end)
            begin = end
        workers.append(worker)
    whole, parted, sliced = workers
    assert whole.sent == parted.sent == sliced.sent
    ids = [one.command_id for one in whole.commands]
    assert len(ids) == len(set(ids))
    for at, decision in whole.decided:
        held = {version for since, version in published(changes).rules.pointer("main", "letter") if since <= at}
        assert decision.outcome != "emitted" or decision.rule_version in held


def _ordered(customer: str, at: int) -> Any:
    made = event(wire.OrderPlaced, at, order_id=f"o-{customer}-{at}", total=100, currency="RUB")
    made.customer_id = customer
    return made


@st.composite
def _stories(draw: st.DrawFn) -> list[Any]:
    """What some customers do, at the full quarters of an hour: often at the very instant of a change."""
    made: list[Any] = []
    for number in range(draw(st.integers(1, 6))):
        customer = f"c{number}"
        at = T0 + draw(st.integers(0, 16)) * 15 * MINUTE
        made += shopper(customer, at)
        if draw(st.booleans()):
            made.append(_ordered(customer, at + draw(st.integers(0, 12)) * 15 * MINUTE))
    return sorted(made, key=lambda one: one.at)


QUARTERS = st.lists(
    st.tuples(
        st.integers(1, 6).map(lambda quarters: quarters * 15), st.sampled_from([*VERSIONS, None]),
        st.sampled_from(["continue", "restart", "stop"]),
    ),
    max_size=5,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    QUARTERS,
    _stories(),
    st.sets(st.integers(1, 32)),
    st.lists(st.tuples(st.sampled_from(["go on", "go on", "elsewhere", "crash"]), st.integers(0, 4)), min_size=1),
)
def test_whoever_goes_on_with_a_partition_changes_over_as_one_who_never_stopped(
    changes: list[Change], events: list[Any], ends: set[int], fates: list[tuple[str, int]]
) -> None:
    whole = asyncio.run(_decided(changes, events, 1, [END], [("go on", 9)]))
    reached = [*(T0 + end * 15 * MINUTE for end in sorted(ends)), END]
    assert asyncio.run(_decided(changes, events, 3, reached, fates)) == whole


async def _decided(
    changes: list[Change], events: list[Any], partitions: int, ends: Sequence[int], fates: list[tuple[str, int]]
) -> list[tuple[str, str, str, str, str]]:
    """Of partitions each of which goes its own way."""
    found = []
    for place, mine in enumerate(_routed(events, partitions)):
        committed = Committed({})
        topic = published(changes, ends[0])
        partition = Partition(engine := Engine(topic.rules, EmptyCatalogue()), committed, 2)
        begin = 0
        for number, end in enumerate(ends):
            for at, version, migrate in _dated(changes) if number else ():
                if begin <= at < end:  # just in time
                    source = "" if version is None else VERSIONS[version]
                    topic.publish(version, source, at, no_earlier=begin, migrate=migrate)
            engine.look_again()
            fate, most = fates[(number + place) % len(fates)]
            now = [item for item in mine if begin <= item[0] < end]
            if fate == "crash":
                await partition.turn(now, end, most, crash=True)
            if fate != "go on":
                partition = Partition(engine := Engine(topic.rules, EmptyCatalogue()), committed, 2)
            await partition.turn(now, end, most)
            begin = end
        while partition.walking.walks:
            await partition.turn((), None, 9)
        found += committed.decisions
    return _told(found)


@settings(deadline=None, max_examples=40)
@given(_stories(), st.sampled_from(list(VERSIONS)), st.integers(1, 32), st.sets(st.integers(1, 40)), st.integers(0, 4))
def test_all_partitions_take_another_folder_alike_when_work_begins_again(
    events: list[Any], version: str, again: int, ends: set[int], most: int
) -> None:
    then = T0 + again * 15 * MINUTE
    whole = asyncio.run(_with_another_folder(events, 1, version, then, [then, END], 9))
    reached = sorted({then, END, *(T0 + end * 15 * MINUTE for end in ends)})
    assert asyncio.run(_with_another_folder(events, 3, version, then, reached, most)) == whole


async def _with_another_folder(
    events: list[Any], partitions: int, version: str, then: int, ends: Sequence[int], most: int
) -> list[tuple[str, str, str, str, str]]:
    found = []
    for mine in _routed(events, partitions):
        committed = Committed({})
        begin, held = 0, "v1"
        partition = Partition(_of_folder(held), committed, 2)
        for end in ends:
            await partition.turn([item for item in mine if begin <= item[0] < end], end, most)
            begin = end
            if end == then:
                held = version
            partition = Partition(_of_folder(held), committed, 2)
        while partition.walking.walks:
            await partition.turn((), None, 9)
        found += committed.decisions
    return _told(found)


def _of_folder(version: str) -> Engine:
    book = Topic().publish(version, VERSIONS[version], T0 - HOUR).rules.book(T0)
    return Engine(book, EmptyCatalogue())


def _routed(events: list[Any], partitions: int) -> list[list[Merged]]:
    items: list[list[Merged]] = [[] for _ in range(partitions)]
    for number, one in enumerate(events):
        key = row_key(one.shop_id, one.customer_id)
        mine = items[partition_of(key.encode(), partitions)]
        mine.append((one.at, CUSTOMER_EVENTS.rank or 0, 0, number, key, one))
    return items


def _told(decisions: list[Decision]) -> list[tuple[str, str, str, str, str]]:
    """(customer, when, version, step, outcome)."""
    return sorted((one.customer_id, one.judged_at, one.rule_version, one.step, one.outcome) for one in decisions)
