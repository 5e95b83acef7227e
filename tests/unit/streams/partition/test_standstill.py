"""A partition that stands still though there is something to do says so, and what it waits for; records that were
fetched and lost on their way are fetched again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from typing import Any, Final

import pytest
from structlog.testing import capture_logs

from schemas.instants import rfc3339
from streams.chunks import Chunk, LogEnd
from streams.partition.ownership import Ownership
from streams.partition.plan import INPUTS
from streams.partition.standstill import (
    FETCH_AGAIN_SECONDS,
    STILL_SECONDS,
    InputState,
    PartitionState,
    Standstill,
    waits_for,
)
from tests.unit.streams.chunking import columns
from tests.unit.streams.partition.driving import Bench, added, until
from tests.unit.streams.partition.test_ownership import ownership
from tests.unit.triggers.driving import HOUR, MONDAY

__all__ = ["ownership"]

TOPIC: Final = "cart-events"


def an_input(topic: str = TOPIC, *, applied: int = 0, **fields: Any) -> InputState:
    whole = {"next": 5, "held": 0, "unread": 0, "reached": MONDAY, "paused": False, "holds": False} | fields
    return InputState(topic=topic, applied=applied, **whole)


def state(*inputs: InputState, turning: bool = False, commits: int = 0, made: int = 0) -> PartitionState:
    return PartitionState(inputs, turning, commits, made)


HELD: Final = state(an_input(held=3))


def said(watch: Standstill, seen: PartitionState, moments: int, every: float = 10.0) -> list[float]:
    """At which moments, from 0 on, it was said that the partition stands still."""
    return [now for now in (number * every for number in range(moments)) if watch.look(seen, now).say]


# -- whether


def test_a_partition_that_makes_no_progress_says_so_after_a_minute_and_then_ever_more_seldom() -> None:
    times = said(Standstill(), HELD, 200)
    assert times[0] == STILL_SECONDS
    pauses = [after - before for before, after in pairwise(times)]
    assert len(pauses) > 2 and pauses == sorted(pauses)


@pytest.mark.parametrize("idle", [state(), state(an_input())])
def test_who_has_nothing_to_do_does_not_stand_still(idle: PartitionState) -> None:
    assert said(Standstill(), idle, 200) == []


@pytest.mark.parametrize("progress", [state(an_input(held=2, applied=1)), state(an_input(held=3), made=1)])
def test_what_was_applied_or_committed_is_progress(progress: PartitionState) -> None:
    watch = Standstill()
    assert watch.look(HELD, 0.0).still == 0
    assert watch.look(HELD, 50.0).still == 50
    assert watch.look(progress, 55.0).still == 0
    assert watch.look(progress, 100.0).still == 45


def test_who_was_idle_for_long_stands_still_only_from_when_there_is_something_to_do() -> None:
    watch = Standstill()
    watch.look(state(an_input()), 0.0)
    assert watch.look(HELD, 1000.0).still == 0


def test_what_was_seen_before_a_partition_began_anew_counts_for_nothing() -> None:
    watch = Standstill()
    watch.look(HELD, 0.0)
    watch.begin()
    assert watch.look(HELD, 1000.0).still == 0


# -- what is fetched again


def test_records_that_lie_unread_while_none_comes_are_fetched_again_and_again() -> None:
    watch, silent = Standstill(), state(an_input(unread=2))
    again = [now for now in range(0, 60, 5) if watch.look(silent, now).fetch == (TOPIC,)]
    assert again == [FETCH_AGAIN_SECONDS * time for time in (1, 2, 3)]


def test_who_gets_records_or_is_paused_or_has_read_everything_is_not_fetched_again() -> None:
    seen: list[tuple[int, dict[str, Any]]] = [
        (1, {"unread": 2}), (0, {"unread": 2, "paused": True}), (0, {"held": 3}),
    ]  # fmt: skip
    for moves, fields in seen:
        watch = Standstill()
        inputs = (an_input(next=5 + moves * now, **fields) for now in range(100))
        assert not any(watch.look(state(one), now).fetch for now, one in enumerate(inputs))


# -- what it waits for


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (state(commits=2), ["the broker: 2 computed and not committed"]),
        (state(turning=True), ["a turn that is under way: the ledger's answer, or the processor"]),
        (PartitionState((an_input(held=9),), False, 0, 0, "shop-facts: of 1"), ["shop-facts: of 1"]),
        (state(an_input(unread=7)), ["cart-events: 7 in its log from offset 5 on, and none is fetched"]),
        (state(an_input(paused=True, held=9, unread=7)), ["cart-events: paused, with 9 fetched"]),
        (
            state(an_input("site-views", holds=True), an_input(held=1, reached=MONDAY + HOUR)),
            [f"site-views: nothing is unread, and the others wait for it to go beyond {rfc3339(MONDAY)}"],
        ),
    ],
)
def test_what_a_partition_waits_for_is_told_by_where_its_records_lie(seen: PartitionState, words: list[str]) -> None:
    assert waits_for(seen) == words


# -- a real partition


class Late:
    """Lets a partition's time be turned on."""

    def __init__(self, partition: Any) -> None:
        self._now, self._ahead = partition._now, 0.0
        partition._now = self

    def __call__(self) -> float:
        return float(self._now() + self._ahead)

    def passes(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench(stream=True) as bench:
        yield bench


async def test_a_partition_whose_merge_is_held_says_which_input_holds_it(bench: Bench) -> None:
    await bench.offer(TOPIC, added(MONDAY, "a"), added(MONDAY + HOUR, "b"))
    clock = Late(bench.partition)
    bench.partition.look()
    clock.passes(STILL_SECONDS + 1)
    with capture_logs() as logs:
        still, again = bench.partition.look()
    assert still > STILL_SECONDS and again == {}
    (line,) = logs
    assert line["event"] == "partition stands still" and line["log_level"] == "warning"
    holding = [spec.name for spec in INPUTS if spec.holds_clock and spec.name != TOPIC]
    assert [words.partition(":")[0] for words in line["waits_for"]] == holding
    assert line["inputs"][TOPIC] == "applied 0, fetched 2, unread 0"


async def test_a_partition_whose_commit_does_not_end_says_so(bench: Bench) -> None:
    bench.broker.gate.clear()
    await bench.offer(TOPIC, added(MONDAY, "a"))
    await bench.markers(MONDAY + HOUR)
    await until(lambda: bench.partition._commits.unfinished)
    clock = Late(bench.partition)
    bench.partition.look()
    clock.passes(STILL_SECONDS + 1)
    with capture_logs() as logs:
        bench.partition.look()
    assert logs[0]["waits_for"][0] == "the broker: 1 computed and not committed"
    bench.broker.gate.set()
    await until(lambda: not bench.partition._commits.unfinished)
    assert bench.partition.look()[0] == 0


async def test_records_that_were_lost_between_the_broker_and_their_partition_are_fetched_again(
    ownership: Ownership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No later record shows that they are missing: they were the last ones of their log."""
    moves: list[Mapping[tuple[str, int], int | None]] = []

    async def move(positions: Mapping[tuple[str, int], int | None]) -> bool:
        moves.append(positions)
        return True

    group: Any = ownership.group
    end = LogEnd(3, 0.0)
    monkeypatch.setattr(group, "log_end", lambda topic, n=None: end if (topic, n) == (TOPIC, 2) else None)
    monkeypatch.setattr(group, "move", move)
    await ownership.offer(Chunk(TOPIC, 2, 1, columns([b"no event"])))
    clocks = [Late(partition) for partition in ownership.partitions.values()]
    ownership.observe()
    for clock in clocks:
        clock.passes(FETCH_AGAIN_SECONDS + 1)
    ownership.observe()
    await until(lambda: moves)
    assert moves == [{(TOPIC, 2): 1}]
    value = ownership._metrics.registry.get_sample_value
    assert value("rewake_fetched_again_total", {"topic": TOPIC}) == 1
    assert (value("rewake_still_seconds") or 0) > FETCH_AGAIN_SECONDS
    await ownership.offer(Chunk(TOPIC, 2, 1, columns([b"no event"] * 2, start=1)))
    ownership.observe()
    assert len(moves) == 1


async def test_who_takes_no_chunks_is_not_looked_after(ownership: Ownership, monkeypatch: pytest.MonkeyPatch) -> None:
    group: Any = ownership.group
    monkeypatch.setattr(group, "log_end", lambda topic, n=None: LogEnd(3, 0.0))
    clocks = [Late(partition) for partition in ownership.partitions.values()]
    ownership.observe()
    await ownership.drain()
    for clock in clocks:
        clock.passes(FETCH_AGAIN_SECONDS + 1)
    ownership.observe()
    assert not ownership._moving
    assert ownership._metrics.registry.get_sample_value("rewake_still_seconds") == 0
