"""Which touches are within a window of another one, before it and after it."""

from __future__ import annotations

from tests.contract.ledger_worlds import DAY, HOUR, NOW, THREE_A_WEEK, World, ask, full
from triggers.asks import CapLimit, Full, Granted


async def test_a_touch_leaves_the_window_exactly_one_window_later(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    assert await ledger.reserve([ask("b", NOW + DAY - 1)]) == [full(0, (1,))]
    assert await ledger.reserve([ask("c", NOW + DAY)]) == [Granted(False, (0,))]


async def test_a_later_touch_counts_against_an_earlier_one_within_a_window(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("later", NOW + DAY)])
    assert await ledger.reserve([ask("near", NOW + 1)]) == [full(0, (1,))]
    assert await ledger.reserve([ask("far", NOW)]) == [Granted(False, (0,))]


async def test_what_lies_before_a_touch_and_what_lies_after_it_is_not_added_up(world: World) -> None:
    """As the turn that was lost had granted it: the row holds what was committed before, the ledger what came later and
    no more what is asked for again, which it had forgotten as too old, or lost."""
    former, owner = world.worker(), world.worker()
    two, row = (CapLimit(2, DAY),), (("a", NOW - DAY + HOUR),)
    await former.reserve([ask("c", NOW + DAY - HOUR, two, row)])
    assert await owner.reserve([ask("b", NOW, two, row)]) == [Granted(False, (1,))]
    over = [ask("d", NOW + HOUR - 1, two), ask("e", NOW + 2 * HOUR, two, (*row, ("b", NOW)))]
    assert await former.reserve(over) == [full(0, (2,)), full(0, (2,))], "the windows before and after it are full"


async def test_of_later_ones_it_is_told_how_many_a_window_holds_and_when_it_holds_less(world: World) -> None:
    ledger = world.worker()
    two = (CapLimit(2, DAY),)
    for number, hours in enumerate((-13, 1, 12)):
        await ledger.reserve([ask(f"t{number}", NOW + hours * HOUR, two)])
    assert await ledger.reserve([ask("a", NOW, two)]) == [Full(0, 0, (2,), NOW + 25 * HOUR)]


async def test_a_rule_with_a_short_window_does_not_forget_what_a_long_one_needs(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a", NOW, THREE_A_WEEK)])
    await ledger.reserve([ask("b", NOW + 5 * DAY, (CapLimit(1, HOUR),))])
    assert await ledger.reserve([ask("c", NOW + 6 * DAY, (CapLimit(2, 7 * DAY),))]) == [full(0, (2,))]


async def test_a_window_longer_than_what_is_usually_kept_is_exact(world: World) -> None:
    ledger = world.worker()
    yearly = (CapLimit(1, 365 * DAY),)
    await ledger.reserve([ask("a", NOW, yearly)])
    assert await ledger.reserve([ask("b", NOW + 365 * DAY - 1, yearly)]) == [full(0, (1,))]
