"""What a partition that was loaded again leaves behind."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.partition.recovery import without_gc


class Circle:
    """An owner that holds itself, as one does that a traceback or a task still names."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """No walk but those that are asked for, and nothing left frozen for other tests."""
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()


def test_what_a_former_owner_left_behind_goes_before_rows_are_read_again() -> None:
    with without_gc():
        owner = Circle()
    left = weakref.ref(owner)
    del owner
    assert left() is not None
    with without_gc():
        assert left() is None


def test_the_collector_rests_while_rows_are_read_and_runs_on_afterwards() -> None:
    gc.enable()
    with without_gc():
        assert not gc.isenabled()
    assert gc.isenabled()
