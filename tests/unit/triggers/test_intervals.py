"""The purchase interval: the median of the gaps between purchase days."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.instants import DAY, HOUR
from tests.unit.triggers.driving import MONDAY
from triggers.customer import Order, Orders
from triggers.intervals import MIN_GAPS, MIN_SHARED, gaps_of, interval_of, own_interval
from triggers.zones import zone_of

UTC, _ = zone_of(None, "UTC")
MOSCOW, _ = zone_of(None, "Europe/Moscow")


def orders(*days: float, cancelled: tuple[float, ...] = ()) -> Orders:
    recent = {f"o{day}": Order(MONDAY + int(day * DAY), True, day in cancelled) for day in days}
    return Orders(recent=recent)


def test_one_late_purchase_moves_the_interval_little() -> None:
    assert own_interval(orders(0, 20, 40, 60, 300), UTC) == 20 * DAY


def test_three_gaps_are_enough_and_two_are_not() -> None:
    assert own_interval(orders(0, 10, 30, 60), UTC) == 20 * DAY
    assert own_interval(orders(0, 10, 30), UTC) is None
    assert own_interval(None, UTC) is None


def test_several_orders_of_one_day_are_one_purchase_day() -> None:
    assert own_interval(orders(0, 0.1, 0.2, 10), UTC) is None
    assert own_interval(orders(0, 0.1, 10, 10.5, 20, 30), UTC) == 10 * DAY


def test_a_cancelled_order_was_no_purchase() -> None:
    assert own_interval(orders(0, 10, 20, 25, 30, cancelled=(25,)), UTC) == 10 * DAY
    assert own_interval(orders(0, 10, 20, 30, cancelled=(10,)), UTC) is None


def test_an_order_that_was_cancelled_before_it_was_heard_of_was_no_purchase() -> None:
    known = orders(0, 10, 20, 30)
    known.recent["x"] = Order(MONDAY + 25 * DAY, False, True)
    assert own_interval(known, UTC) == 10 * DAY


def test_days_are_those_of_the_zone() -> None:
    known = Orders(recent={str(n): Order(MONDAY + n * 10 * DAY + hours * HOUR, True, False)
                           for n, hours in enumerate((22, 1, 1, 1))})  # fmt: skip
    # 22:00 of Monday is Tuesday in Moscow: its first gap has nine days
    known.recent["4"] = Order(MONDAY + 35 * DAY + HOUR, True, False)
    assert own_interval(known, UTC) == 10 * DAY  # of 10, 10, 10, 5
    assert own_interval(known, MOSCOW) == 9 * DAY + 12 * HOUR  # of 9, 10, 10, 5


def test_the_interval_of_a_shop_needs_thirty_gaps() -> None:
    assert interval_of({7: MIN_SHARED - 1}) is None
    assert interval_of({7: MIN_SHARED}) == 7 * DAY
    assert interval_of({}) is None
    assert interval_of({}, 0) is None


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=MIN_GAPS, max_size=60))
def test_the_interval_is_the_median_of_the_gaps(gaps: list[int]) -> None:
    counted = {gap: gaps.count(gap) for gap in gaps}
    assert interval_of(counted, MIN_GAPS) == int(median(gaps) * DAY)


@settings(deadline=None)
@given(st.lists(st.integers(0, 900), min_size=1, max_size=16))
def test_the_interval_does_not_depend_on_the_order_in_which_purchases_are_heard_of(days: list[int]) -> None:
    known = orders(*days)
    again = Orders(recent=dict(reversed(known.recent.items())))
    assert own_interval(known, UTC) == own_interval(again, UTC)


@pytest.mark.parametrize("days", [[3, 1, 1, 2], [1, 2, 3]])
def test_gaps_are_between_days_that_follow_one_another(days: list[int]) -> None:
    assert gaps_of(days) == [1, 1]
