"""A touch that is asked for again, as after a crash, at its own time or at a later one."""

from __future__ import annotations

from tests.contract.ledger_worlds import DAY, HOUR, NOW, THREE_A_WEEK, World, ask, full
from triggers.asks import CapLimit, Granted


async def test_a_replayed_touch_is_granted_as_repeated_and_counts_once(world: World) -> None:
    ledger = world.worker()
    asks = [ask("a", caps=THREE_A_WEEK), ask("b", NOW + 1, THREE_A_WEEK, (("a", NOW),))]
    first = await ledger.reserve(asks)
    again = await world.worker().reserve(asks)
    assert first == [Granted(False, (0,)), Granted(False, (1,))]
    assert again == [Granted(True, (0,)), Granted(True, (1,))]
    third, fourth = ask("c", NOW + 2, caps=THREE_A_WEEK), ask("d", NOW + 3, caps=THREE_A_WEEK)
    assert await ledger.reserve([third, fourth]) == [Granted(False, (0,)), full(0, (3,))]


async def test_a_confirmed_touch_that_is_asked_again_is_repeated_though_the_cap_is_full(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await ledger.confirm([ask("a")])
    assert await ledger.reserve([ask("a")]) == [Granted(True, (0,))]


async def test_a_refused_touch_that_is_asked_again_after_later_ones_gets_the_numbers_of_the_first_time(
    world: World,
) -> None:
    ledger = world.worker()
    caps = (CapLimit(1, DAY), CapLimit(9, 9 * DAY))
    row = (("a", NOW),)
    first = [ask("a", caps=caps), ask("b", NOW + HOUR, caps, row), ask("c", NOW + DAY, caps, row)]
    answers = [Granted(False, (0, 0)), full(0, (1, 1)), Granted(False, (0, 1))]
    assert await ledger.reserve(first) == answers
    assert (await ledger.reserve(first))[1] == answers[1]


async def test_a_reservation_asked_again_later_counts_at_the_later_time(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a", NOW)])
    await ledger.reserve([ask("a", NOW + HOUR)])
    assert await ledger.reserve([ask("b", NOW + DAY)]) == [full(0, (1,))]
    assert await ledger.reserve([ask("c", NOW + DAY + HOUR)]) == [Granted(False, (0,))]


async def test_a_reservation_asked_again_later_is_judged_anew_where_others_have_filled_the_window(
    world: World,
) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a", NOW)])
    assert await ledger.reserve([ask("b", NOW + DAY)]) == [Granted(False, (0,))]
    assert await ledger.reserve([ask("a", NOW + DAY)]) == [full(0, (1,))]
    assert await ledger.reserve([ask("a", NOW)]) == [Granted(True, (0,))]


async def test_a_touch_that_a_row_brought_and_is_asked_again_later_counts_at_the_later_time(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("b", NOW, caps=THREE_A_WEEK, touches=(("a", NOW - HOUR),))])
    assert await ledger.reserve([ask("a", NOW + DAY)]) == [Granted(True, (0,))]
    assert await ledger.reserve([ask("c", NOW + DAY)]) == [full(0, (1,))]


async def test_the_rows_time_of_a_touch_wins_over_an_earlier_one(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a", NOW)])
    await ledger.confirm([ask("a", NOW)])
    assert await ledger.reserve([ask("b", NOW + DAY, touches=(("a", NOW + HOUR),))]) == [full(0, (1,))]
