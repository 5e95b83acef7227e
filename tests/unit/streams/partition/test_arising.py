"""At which moment a touch that a turn finds is said to have arisen."""

from __future__ import annotations

import math

from streams.partition.arising import Arising

SECOND = 1_000_000
GRACE = 2 * SECOND
WALL = 1_000 * SECOND
"""What the wall said when the monotonic clock stood at 100 s."""


def two_turns(*, heard: float | None = 99.9, changed: tuple[str, ...] = (), set_by: int = 0) -> Arising:
    """Turns at 99, 100 and 101 s, each a tenth of a second long, of which the last has just begun; the second of them
    has read what was there at `heard` and `changed` these rows; then the wall was set forward by `set_by`."""
    arising = Arising(GRACE)
    for at, reached in ((99, 98.9), (100, heard)):
        arising.turn(at, WALL + (at - 100) * SECOND, reached)
        arising.over(at + 0.1, changed if at == 100 else ())
    arising.turn(101, WALL + SECOND + set_by, 100.95)
    return arising


def planned_for(moment: float) -> int:
    """What the wall, less the grace, passes at this moment."""
    return WALL + round((moment - 100) * SECOND) - GRACE


def test_a_touch_arises_when_the_wall_has_passed_it_though_it_is_found_later() -> None:
    assert two_turns().at("main:42", planned_for(100.5), now=101.02) == 100.5


def test_a_touch_that_the_turn_before_would_have_found_arises_when_it_is_found() -> None:
    assert two_turns().at("main:42", planned_for(99.89), now=101.02) == 101.02


def test_a_touch_arises_after_what_its_row_consists_of_had_come() -> None:
    planned = planned_for(99.95)
    assert two_turns().at("main:42", planned, now=101.02) == 99.95
    assert two_turns(changed=("main:42",)).at("main:42", planned, now=101.02) == 100.1


def test_where_time_did_not_move_by_the_wall_alone_touches_arise_when_they_are_found() -> None:
    arising = two_turns(heard=None)
    assert not arising.known
    assert arising.at("main:42", planned_for(100.5), now=101.02) == 101.02


def test_of_what_the_wall_was_set_past_nobody_says_that_it_arose_before_the_wall_was_set() -> None:
    planned = planned_for(100.5) + 30 * SECOND
    assert two_turns(set_by=30 * SECOND).at("main:42", planned, now=101.02) == 101.02
    assert two_turns(set_by=-SECOND // 10).at("main:42", planned_for(100.5), now=101.02) == 100.6


def test_after_a_new_beginning_nothing_has_arisen_before_it_is_found() -> None:
    arising = two_turns()
    arising.begin()
    arising.turn(102, WALL + 2 * SECOND, 101.9)
    assert arising.at("main:42", planned_for(101.95), now=102.02) == 102.02


def test_the_wall_passes_an_instant_the_grace_later() -> None:
    assert two_turns().passes(planned_for(105.0)) == 105.0
    arising = two_turns()
    arising.turn(102, WALL + 2 * SECOND, None)
    assert arising.passes(planned_for(105.0)) == math.inf
