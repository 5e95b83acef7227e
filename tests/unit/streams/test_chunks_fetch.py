"""Records taken out of fetch answers, whole batches at a time: nothing aborted, nothing twice, no position lost."""

from __future__ import annotations

import gc
import weakref

import pytest
from aiokafka.errors import CorruptRecordException

from streams.chunks.chunk import Columns
from streams.chunks.fetch import take_batches
from tests.unit.streams.chunking import abort, batch, columns, commit, fetched


def offsets(taken: Columns) -> tuple[list[int], int, int]:
    return taken.offsets, taken.start, taken.next


def test_all_batches_of_an_answer_come_in_order_with_keys_values_and_times() -> None:
    taken = take_batches(fetched(batch(0, [b"a", b"b"]) + batch(2, [b"c"])))
    assert offsets(taken) == ([0, 1, 2], 0, 3)
    assert taken.values == [b"a", b"b", b"c"]
    assert taken.keys == [b"key"] * 3
    assert taken.timestamps == [1_000, 1_001, 1_000] and not taken.stamped


def test_what_the_broker_stamped_has_its_batchs_time_and_one_batch_that_it_did_not_stamp_makes_all_unstamped() -> None:
    stamped = batch(0, [b"a", b"b"], stamped=5_000)
    assert take_batches(fetched(stamped)).timestamps == [5_000] * 2 and take_batches(fetched(stamped)).stamped
    mixed = take_batches(fetched(stamped + batch(2, [b"c"])))
    assert mixed.timestamps == [5_000, 5_000, 1_000] and not mixed.stamped


def test_an_answer_is_let_go_of_without_the_garbage_collector() -> None:
    """Its bytes are as large as everything fetched, and the collector is off while rows are restored."""
    answer = fetched(batch(0, [b"a", b"b"]))
    take_batches(answer)
    gone = weakref.ref(answer)
    gc.disable()
    try:
        del answer
        assert gone() is None
    finally:
        gc.enable()


def test_offsets_that_compaction_left_out_stay_left_out() -> None:
    taken = take_batches(fetched(batch(10, [b"a", b"b", b"c"], every=3) + batch(17, [b"d"]), position=11))
    assert offsets(taken) == ([13, 16, 17], 11, 18)
    assert taken.values == [b"b", b"c", b"d"]


def test_records_below_the_position_asked_for_are_left_out() -> None:
    taken = take_batches(fetched(batch(0, [b"a", b"b", b"c"]), position=2))
    assert offsets(taken) == ([2], 2, 3)


def test_an_aborted_transaction_is_skipped_and_its_producers_next_one_is_not() -> None:
    data = (
        batch(0, [b"bad", b"bad"], producer=7, transactional=True)
        + batch(2, [b"good"], producer=8, transactional=True)
        + abort(3, 7)
        + batch(4, [b"good"], producer=7, transactional=True)
        + commit(5, 7)
        + commit(6, 8)
    )
    taken = take_batches(fetched(data, aborted=[(7, 0)]))
    assert taken.values == [b"good", b"good"]
    assert offsets(taken) == ([2, 4], 0, 7)


def test_an_answer_that_holds_only_control_records_moves_the_position() -> None:
    taken = take_batches(fetched(commit(5, 7) + commit(6, 8), position=5))
    assert offsets(taken) == ([], 5, 7)


def test_aborted_records_at_the_end_are_passed() -> None:
    data = batch(0, [b"a"]) + batch(1, [b"bad"], producer=7, transactional=True)
    taken = take_batches(fetched(data, aborted=[(7, 1)]))
    assert offsets(taken) == ([0], 0, 2)


def test_a_batch_that_was_damaged_on_its_way_is_an_error() -> None:
    data = bytearray(batch(0, [b"a"]))
    data[-1] ^= 0xFF
    with pytest.raises(CorruptRecordException):
        take_batches(fetched(bytes(data)))


def test_what_follows_a_position_is_cut_from_columns_that_begin_before_it() -> None:
    assert offsets(columns([b"a", b"b", b"c"], start=5).after(6)) == ([6, 7], 6, 8)
    assert offsets(columns([b"a"], start=5).after(3)) == ([5], 5, 6)
    assert offsets(columns([b"a"], start=5).after(9)) == ([], 9, 9)
