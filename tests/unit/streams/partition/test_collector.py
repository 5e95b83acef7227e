"""The garbage collector comes between short turns of the wall clock, when there is something to do."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from streams.partition import collector
from tests.unit.streams.partition.driving import Bench, added, some_turns
from tests.unit.triggers.driving import HOUR, MONDAY


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The generations that were collected; nothing is but by us."""
    found: list[int] = []
    enabled, threshold = gc.isenabled(), gc.get_threshold()
    monkeypatch.setattr(gc, "collect", lambda generation=2: found.append(generation))
    gc.enable()
    gc.set_threshold(1_000_000_000)
    yield found
    gc.set_threshold(*threshold)
    if not enabled:
        gc.disable()


def counts(monkeypatch: pytest.MonkeyPatch, young: int, rounds: int) -> None:
    monkeypatch.setattr(gc, "get_count", lambda: (young, rounds, 0))


@pytest.mark.parametrize(
    ("young", "rounds", "generations"),
    [
        (collector.YOUNG - 1, collector.ROUNDS, []),
        (collector.YOUNG, 0, [0]),
        (collector.YOUNG, collector.ROUNDS - 1, [0]),
        (collector.YOUNG, collector.ROUNDS, [1]),
    ],
)
def test_what_is_new_is_collected_once_it_is_much_and_now_and_then_what_has_outlived_that(
    young: int, rounds: int, generations: list[int], collected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts(monkeypatch, young, rounds)
    collector.collect()
    assert collected == generations


def test_nothing_is_collected_where_the_collector_is_off(collected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    counts(monkeypatch, collector.YOUNG, 0)
    gc.disable()
    collector.collect()
    assert collected == []


async def test_a_partition_on_the_wall_clock_tidies_up_between_turns_but_not_while_full_chunks_wait() -> None:
    tidied: list[int] = []
    async with Bench(stream=False, chunk_records=10) as bench:
        bench.wall = MONDAY + HOUR
        object.__setattr__(bench.plan, "tidy_up", lambda: tidied.append(bench.partition.intake.waiting))
        await some_turns(bench)
        assert tidied and set(tidied) == {0}
        # nobody knows yet whether the other inputs are at their ends: these wait
        await bench.offer("cart-events", *(added(MONDAY, f"a{number}") for number in range(5)))
        tidied.clear()
        await some_turns(bench)
        assert tidied == []


async def test_on_the_stream_clock_nothing_is_in_a_hurry() -> None:
    tidied: list[int] = []
    async with Bench(stream=True) as bench:
        object.__setattr__(bench.plan, "tidy_up", lambda: tidied.append(1))
        await bench.markers(MONDAY)
        await some_turns(bench)
        assert tidied == []
