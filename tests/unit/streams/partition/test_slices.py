"""Turns in which rows are asked stay short: as many are asked as that allows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.partition.slices import LEAST, SHARE, Slices

INTERVAL = 0.1
LONG, SHORT = 2 * SHARE * INTERVAL, SHARE * INTERVAL / 2


def test_it_begins_with_a_quarter_of_the_most() -> None:
    assert Slices(2_000).rows == 500


def test_after_a_long_turn_half_as_many_rows_are_asked() -> None:
    slices = Slices(2_000)
    slices.took(LONG, INTERVAL, 500)
    assert slices.rows == 250


def test_after_short_turns_there_are_more_and_more_up_to_the_most() -> None:
    slices = Slices(2_000)
    slices.took(SHORT, INTERVAL, 500)
    assert slices.rows == 626
    for _ in range(20):
        slices.took(SHORT, INTERVAL, slices.rows)
    assert slices.rows == 2_000


def test_a_turn_that_found_fewer_rows_to_ask_does_not_show_that_more_could_be() -> None:
    slices = Slices(2_000)
    slices.took(SHORT, INTERVAL, 20)
    assert slices.rows == 500


def test_a_walk_comes_to_its_end_however_long_turns_take() -> None:
    slices = Slices(2_000)
    for _ in range(20):
        slices.took(LONG, INTERVAL, slices.rows)
    assert slices.rows == LEAST


def test_where_the_pause_between_turns_is_longer_so_may_turns_be() -> None:
    slices = Slices(2_000)
    slices.took(LONG, 30 * INTERVAL, 500)
    assert slices.rows == 626


@given(
    most=st.integers(1, 5_000),
    turns=st.lists(st.tuples(st.floats(0, 2), st.floats(0.001, 1), st.integers(0, 5_000))),
)
def test_there_is_always_one_and_never_more_than_the_most(most: int, turns: list[tuple[float, float, int]]) -> None:
    slices = Slices(most)
    for seconds, interval, asked in turns:
        slices.took(seconds, interval, asked)
        assert min(LEAST, most) <= slices.rows <= most
