"""A wall clock that was set is told from time that passes."""

from __future__ import annotations

import pytest

from streams.wall import JUMP, UNASKED, WallGuard

NOW = 1_795_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND


def after(*steps: tuple[int, int]) -> WallGuard:
    """A guard with which the broker agreed at the first reading, after each step of (wall, monotonic) from there."""
    guard, wall, monotonic = WallGuard(), NOW, 7
    guard.note(wall, monotonic)
    guard.agrees(wall, wall)
    for passed, ticked in steps:
        wall, monotonic = wall + passed, monotonic + ticked
        guard.note(wall, monotonic)
    return guard


def test_no_reading_is_believed_before_the_broker_has_agreed() -> None:
    guard = WallGuard()
    assert not guard.note(NOW, 7)
    assert guard.doubt == UNASKED
    assert guard.agrees(NOW, NOW)
    assert guard.note(NOW + SECOND, 7 + SECOND)


def test_with_a_broker_that_tells_no_time_the_first_reading_is_believed_and_a_jump_is_not() -> None:
    guard = WallGuard()
    guard.note(NOW, 7)
    guard.believe_first()
    assert guard.note(NOW + SECOND, 7 + SECOND)
    guard.note(NOW + HOUR, 7 + 2 * SECOND)
    guard.believe_first()
    assert not guard.trusted


def test_hours_between_two_readings_are_no_jump_when_both_clocks_went_on() -> None:
    assert after((5 * HOUR, 5 * HOUR)).trusted


@pytest.mark.parametrize("by", [5 * HOUR, -5 * HOUR, JUMP + 1, -JUMP - 1])
def test_a_wall_clock_that_was_set_is_not_believed(by: int) -> None:
    assert not after((SECOND + by, SECOND)).trusted


@pytest.mark.parametrize("by", [JUMP, -JUMP])
def test_up_to_a_minute_is_no_jump(by: int) -> None:
    assert after((SECOND + by, SECOND)).trusted


def test_slow_drift_never_adds_up_to_a_jump() -> None:
    assert after(*[(HOUR + SECOND, HOUR)] * 1000).trusted


def test_a_laptop_that_slept_with_its_monotonic_clock_is_doubted_and_one_whose_clocks_both_went_on_is_not() -> None:
    assert not after((SECOND, SECOND), (8 * HOUR, 0)).trusted
    assert after((SECOND, SECOND), (8 * HOUR, 8 * HOUR)).trusted


def test_being_set_back_to_where_it_was_does_not_restore_trust() -> None:
    guard = after((5 * HOUR, 0), (-5 * HOUR, 0), (SECOND, SECOND))
    assert not guard.trusted
    assert guard.doubt == "the wall clock jumped by -18000 s"


def test_trust_returns_when_the_broker_reads_the_same_time_to_the_minute() -> None:
    guard = after((5 * HOUR, 0))
    wall = NOW + 5 * HOUR
    assert not guard.agrees(NOW, wall)
    assert guard.doubt == "the wall clock differs from the broker's by +18000 s"
    assert not guard.agrees(wall - JUMP - 1, wall)
    assert guard.agrees(wall - JUMP, wall)
    assert guard.trusted and guard.doubt is None


def test_after_agreement_the_next_jump_is_seen_from_there() -> None:
    guard = after((5 * HOUR, 0))
    assert guard.agrees(NOW + 5 * HOUR, NOW + 5 * HOUR)
    assert guard.note(NOW + 5 * HOUR + SECOND, 7 + SECOND)
    assert not guard.note(NOW + SECOND, 7 + SECOND)


def test_a_clock_that_is_wrong_from_the_start_is_found_by_the_first_heartbeat() -> None:
    guard = WallGuard()
    guard.note(NOW, 7)
    assert not guard.agrees(NOW - HOUR, NOW)
