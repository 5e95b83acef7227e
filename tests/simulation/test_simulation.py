"""Three hundred seeds in every test run; `make simulate` runs ten thousand."""

from __future__ import annotations

import pytest

from tests.simulation.run import run

SEEDS = 300
CHUNK = 25


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_a_seed_keeps_every_promise_whatever_happens(first: int) -> None:
    broken = []
    for seed in range(first, first + CHUNK):
        broken += [f"{name}: {wrong[:2000]}\n  see it: python -m tests.simulation --seeds {seed} --trace"
                   for name, wrong in run(seed).wrong]  # fmt: skip
    assert not broken, "\n".join(broken)


def test_a_stop_that_came_back_may_let_the_next_journey_begin_with_another_cart() -> None:
    assert run(6324).wrong == []


@pytest.mark.parametrize("seed", [7, 19, 23])
def test_a_seed_has_one_history_however_often_it_is_run(seed: int) -> None:
    first, second = run(seed, trace=True), run(seed, trace=True)
    assert first.trace == second.trace
    assert len(first.trace) > 100
    assert run(seed).digest == first.digest


def test_two_seeds_have_two_histories() -> None:
    assert run(1).digest != run(2).digest
