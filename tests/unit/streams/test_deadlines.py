"""The lazy index: an entry may be early, never late, and comes up once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.deadlines import DeadlineIndex
from triggers.engine import NEVER


def test_rows_come_up_in_order_of_time_strictly_below_what_is_reached() -> None:
    index = DeadlineIndex([("b", 20), ("a", 10), ("c", 30)])
    assert index.pop_below(10) == []
    assert index.pop_below(30) == ["a", "b"]
    assert index.pop_below(31) == ["c"]
    assert index.next() == NEVER and len(index) == 0


def test_a_deadline_that_moved_back_comes_up_early_and_one_that_moved_forward_in_time() -> None:
    index = DeadlineIndex()
    index.note("a", 10)
    index.note("a", 50)
    assert (index.next(), len(index)) == (10, 1)
    index.note("a", 5)
    assert index.pop_below(6) == ["a"]
    assert index.pop_below(NEVER) == []


def test_a_row_without_a_deadline_has_no_entry() -> None:
    index = DeadlineIndex([("a", NEVER)])
    index.note("b", NEVER)
    assert len(index) == 0 and index.pop_below(NEVER) == []


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 50)), max_size=40), st.integers(0, 51))
def test_no_row_is_ever_late(notes: list[tuple[str, int]], reached: int) -> None:
    index, deadlines = DeadlineIndex(), {}
    for key, at in notes:
        index.note(key, at)
        deadlines[key] = at
    due = index.pop_below(reached)
    assert len(due) == len(set(due))
    assert {key for key, at in deadlines.items() if at < reached} <= set(due)
