"""A reservation counts until it lapses or is given back; a touch that is confirmed, or that a row brings, stays."""

from __future__ import annotations

from tests.contract.ledger_worlds import DAY, HOUR, NOW, World, ask, full
from triggers.asks import CapLimit, Granted


async def test_an_unconfirmed_reservation_lapses(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await world.pass_time(world.lapse * 2)
    assert await ledger.reserve([ask("b")]) == [Granted(False, (0,))]
    assert await ledger.reserve([ask("a")]) == [full(0, (1,))]


async def test_a_confirmed_touch_does_not_lapse(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await ledger.confirm([ask("a")])
    await world.pass_time(world.lapse * 2)
    assert await ledger.reserve([ask("b")]) == [full(0, (1,))]


async def test_a_committed_touch_that_nobody_confirmed_does_not_lapse_once_the_row_brings_it(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await ledger.reserve([ask("b", touches=(("a", NOW),))])
    await world.pass_time(world.lapse * 2)
    assert await ledger.reserve([ask("c")]) == [full(0, (1,))]


async def test_lapsing_knows_nothing_of_event_time(world: World) -> None:
    ledger = world.worker()
    years_ago, later = NOW - 3650 * DAY, NOW - 3650 * DAY + HOUR
    await ledger.reserve([ask("a", years_ago)])
    assert await ledger.reserve([ask("b", later)]) == [full(0, (1,))]


async def test_asking_again_starts_the_time_to_the_lapse_anew(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await world.pass_time(world.lapse * 2 // 3)
    await ledger.reserve([ask("a")])
    await world.pass_time(world.lapse * 2 // 3)
    assert await ledger.reserve([ask("b")]) == [full(0, (1,))]
    await world.pass_time(world.lapse)
    assert await ledger.reserve([ask("c")]) == [Granted(False, (0,))]


async def test_a_reservation_that_lapsed_and_was_asked_for_again_counts_once_and_is_released_whole(
    world: World,
) -> None:
    ledger = world.worker()
    two = (CapLimit(2, DAY),)
    await ledger.reserve([ask("a", caps=two)])
    await world.pass_time(world.lapse)
    await ledger.reserve([ask("a", caps=two)])
    assert await ledger.reserve([ask("b", caps=two), ask("c", caps=two)]) == [Granted(False, (0,)), full(0, (2,))]
    await ledger.release([ask("a", caps=two)])
    assert await ledger.reserve([ask("c", caps=two), ask("d", caps=two)]) == [Granted(False, (0,)), full(0, (2,))]


async def test_a_released_reservation_counts_no_more_but_a_confirmed_touch_stays(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await ledger.release([ask("a")])
    assert await ledger.reserve([ask("b")]) == [Granted(False, (0,))]
    await ledger.confirm([ask("b")])
    await ledger.release([ask("b"), ask("never-asked", customer="44")])
    assert await ledger.reserve([ask("c")]) == [full(0, (1,))]
