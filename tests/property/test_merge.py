"""The merge gives one order, whatever the batching."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.merge import END, InputSpec, Merge, Merged

RECORDS = st.lists(st.lists(st.integers(0, 30), max_size=25), min_size=1, max_size=4)


def specs(count: int) -> list[InputSpec]:
    return [InputSpec(f"input-{i}", rank=i // 2) for i in range(count)]


def all_at_once(inputs: list[list[int]]) -> list[Merged]:
    merge = Merge(specs(len(inputs)))
    for index, times in enumerate(inputs):
        merge.offer(index, times, list(range(len(times))), times)
        merge.set_end(index, True)
    return merge.take()


@given(RECORDS, st.data())
def test_any_batching_gives_the_order_of_one_batch(inputs: list[list[int]], data: st.DataObject) -> None:
    merge = Merge(specs(len(inputs)))
    position = [0] * len(inputs)
    taken: list[Merged] = []
    while any(position[i] < len(times) for i, times in enumerate(inputs)):
        index = data.draw(st.sampled_from([i for i, times in enumerate(inputs) if position[i] < len(times)]))
        size = data.draw(st.integers(1, 10))
        times = inputs[index][position[index] : position[index] + size]
        offsets = list(range(position[index], position[index] + len(times)))
        merge.offer(index, times, offsets, times)
        position[index] += len(times)
        ready = merge.ready()
        limit = data.draw(st.one_of(st.none(), st.integers(1, 5)))
        more = merge.take(limit=limit)
        assert len(more) == ready if limit is None else len(more) <= ready
        taken += more
    for index in range(len(inputs)):
        merge.set_end(index, True)
    while more := merge.take(limit=7):
        taken += more
    assert taken == all_at_once(inputs)


@given(RECORDS, st.integers(0, 20))
def test_a_restart_from_the_settled_maxima_rebuilds_the_same_order(inputs: list[list[int]], below: int) -> None:
    merge = Merge(specs(len(inputs)))
    for index, times in enumerate(inputs):
        merge.offer(index, times, list(range(len(times))), times)
        merge.set_end(index, True)
    first = merge.take(below)
    again = Merge(specs(len(inputs)))
    for index, times in enumerate(inputs):
        done = len(times) - merge.buffered(index)
        again.restore(index, merge.settled(index))
        again.offer(index, times[done:], list(range(done, len(times))), times[done:])
        again.set_end(index, True)
    assert first + again.take() == all_at_once(inputs)


def test_an_input_that_has_said_nothing_holds_the_others_back() -> None:
    merge = Merge(specs(2))
    merge.offer(0, [1, 2, 3], [0, 1, 2], "abc")
    assert merge.take() == []
    merge.advance(1, 3)
    assert [event for *_, event in merge.take()] == ["a", "b"]


def test_records_at_the_cut_wait_because_an_equal_one_of_lower_rank_may_still_come() -> None:
    merge = Merge([InputSpec("views", 0), InputSpec("orders", 1)])
    merge.offer(1, [5], [0], ["order"])
    merge.advance(0, 5)
    assert merge.take() == []
    merge.offer(0, [5], [0], ["view"])
    merge.set_end(0, True)
    merge.set_end(1, True)
    assert [event for *_, event in merge.take()] == ["view", "order"]


def test_an_input_that_never_holds_the_clock_does_not_hold_it() -> None:
    merge = Merge([InputSpec("views", 0), InputSpec("receipts", 1, holds_clock=False)])
    merge.offer(0, [1, 9], [0, 1], "ab")
    assert merge.cut() == 9
    merge.set_end(0, True)
    assert merge.cut() == END


def test_a_late_record_takes_the_running_maximum_as_its_time() -> None:
    merge = Merge([InputSpec("views", 0)])
    merge.offer(0, [5, 3, 6], [0, 1, 2], "abc")
    merge.set_end(0, True)
    assert [(time, event) for time, *_, event in merge.take()] == [(5, "a"), (5, "b"), (6, "c")]


def test_a_marker_that_was_passed_counts_over_a_restart() -> None:
    """A record, a marker after it, then a late record that waits: what is committed is past the marker."""
    merge = Merge(specs(2))
    merge.offer(0, [50], [0], ["a"])
    merge.advance(0, 100)
    merge.advance(1, 60)
    assert [event for *_, event in merge.take()] == ["a"]
    merge.offer(0, [80], [2], ["late"])
    assert merge.take() == []
    again = Merge(specs(2))
    again.restore(0, merge.settled(0))
    again.offer(0, [80], [2], ["late"])
    for one in (merge, again):
        one.advance(1, 200)
        one.set_end(0, True)
        assert [(time, event) for time, *_, event in one.take()] == [(100, "late")]
