"""Since when everything is known to be applied: the exact wait of emission."""

from __future__ import annotations

from streams.chunks import LogEnd
from streams.chunks.read_through import UNREAD, ReadThrough


def test_nothing_is_read_through_before_every_input_has_named_its_end() -> None:
    read = ReadThrough(2)
    read.note(0, LogEnd(offset=0, asked=5.0), applied=0)
    read.note(1, None, applied=7)
    assert read.since() == UNREAD


def test_an_end_that_is_reached_covers_what_was_there_when_it_was_asked_for() -> None:
    read = ReadThrough(1)
    read.note(0, LogEnd(offset=10, asked=5.0), applied=9)
    assert read.since() == UNREAD
    read.note(0, LogEnd(offset=10, asked=5.0), applied=10)
    assert read.since() == 5.0


def test_an_end_is_awaited_until_it_is_reached_though_the_log_grows_faster() -> None:
    read = ReadThrough(1)
    for tick in range(1, 6):
        read.note(0, LogEnd(offset=tick * 10, asked=float(tick)), applied=(tick - 1) * 10)
    assert read.since() == 4.0


def test_every_end_that_was_heard_of_counts_once_it_is_reached() -> None:
    read = ReadThrough(1)
    for tick in range(1, 4):
        read.note(0, LogEnd(offset=tick * 10, asked=float(tick)), applied=0)
    read.note(0, None, applied=25)
    assert read.since() == 2.0


def test_of_very_many_ends_the_oldest_and_the_newest_are_kept() -> None:
    read = ReadThrough(1)
    for tick in range(1, 100):
        read.note(0, LogEnd(offset=tick, asked=float(tick)), applied=0)
    read.note(0, None, applied=1)
    assert read.since() == 1.0
    read.note(0, None, applied=99)
    assert read.since() == 99.0


def test_the_slowest_input_decides() -> None:
    read = ReadThrough(2)
    read.note(0, LogEnd(offset=0, asked=9.0), applied=0)
    read.note(1, LogEnd(offset=3, asked=4.0), applied=3)
    assert read.since() == 4.0


def test_an_answer_that_comes_late_takes_nothing_back() -> None:
    read = ReadThrough(1)
    read.note(0, LogEnd(offset=3, asked=8.0), applied=3)
    read.note(0, LogEnd(offset=3, asked=6.0), applied=3)
    assert read.since() == 8.0
