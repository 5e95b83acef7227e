"""What the customer's row holds, whatever the ledger knows, has lost or has promised to a worker with an older row."""

from __future__ import annotations

from tests.contract.ledger_worlds import DAY, HOUR, NOW, THREE_A_WEEK, World, ask, full
from triggers.asks import CapLimit, Full, Granted


async def test_what_a_touch_is_told_is_what_the_row_holds_whatever_else_is_reserved(world: World) -> None:
    """At one instant several are asked for one after the other, and after a crash the first one is again."""
    former, owner = world.worker(), world.worker()
    asks = [ask("a", caps=THREE_A_WEEK), ask("b", NOW, THREE_A_WEEK, (("a", NOW),))]
    assert await former.reserve(asks) == [Granted(False, (0,)), Granted(False, (1,))]
    assert await owner.reserve(asks) == [Granted(True, (0,)), Granted(True, (1,))]
    third, fourth = (ask(touch_id, NOW, THREE_A_WEEK, (("a", NOW),)) for touch_id in "cd")
    assert await owner.reserve([third]) == [Granted(False, (1,))]
    assert await owner.reserve([fourth]) == [full(0, (3,))], "what else is reserved may have been sent"


async def test_what_the_row_refuses_is_refused_with_the_rows_numbers_and_room(world: World) -> None:
    former, owner = world.worker(), world.worker()
    two, row = (CapLimit(2, DAY),), (("a", NOW - 2 * HOUR), ("b", NOW - HOUR))
    await former.reserve([ask("c", NOW - HOUR, caps=two)])
    assert await owner.reserve([ask("d", NOW, two, row)]) == [Full(0, 0, (2,), NOW - 2 * HOUR + DAY)]


async def test_the_rows_own_touches_count_though_the_ledger_never_saw_them(world: World) -> None:
    ledger = world.worker()
    assert await ledger.reserve([ask("b", touches=(("a", NOW - HOUR),))]) == [full(0, (1,))]
    assert await ledger.reserve([ask("c")]) == [full(0, (1,))]


async def test_a_ledger_that_lost_everything_is_restored_from_the_rows_touches(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await ledger.confirm([ask("a")])
    await world.lose_everything()
    assert await ledger.reserve([ask("b", NOW + 1, touches=(("a", NOW),))]) == [full(0, (1,))]
    assert await ledger.reserve([ask("a", touches=(("a", NOW),))]) == [Granted(True, (0,))]


async def test_a_confirmation_after_the_loss_counts_the_touch(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a")])
    await world.lose_everything()
    await ledger.confirm([ask("a")])
    assert await ledger.reserve([ask("b")]) == [full(0, (1,))]


async def test_what_a_worker_with_an_old_row_reserved_does_not_stand_against_the_row_of_another(world: World) -> None:
    """The ledger had lost what the old row does not know, too."""
    former, owner = world.worker(), world.worker()
    assert await former.reserve([ask("b")]) == [Granted(False, (0,))]
    assert await owner.reserve([ask("b", touches=(("a", NOW - HOUR),))]) == [full(0, (1,))]
    assert await owner.reserve([ask("c", NOW + DAY - HOUR)]) == [Granted(False, (0,))], "it was given back"


async def test_nor_does_it_stand_against_what_the_row_holds_of_later_times(world: World) -> None:
    former, owner = world.worker(), world.worker()
    assert await former.reserve([ask("b")]) == [Granted(False, (0,))]
    assert await owner.reserve([ask("b", touches=(("a", NOW + HOUR),))]) == [full(0, (1,))]


async def test_what_was_granted_stands_though_the_row_holds_its_cap_before_and_after_it_by_now(world: World) -> None:
    ledger = world.worker()
    two = (CapLimit(2, DAY),)
    a, b = ("a", NOW - DAY + 1), ("b", NOW)
    asks = [ask(*a, two), ask(*b, two, (a,)), ask("c", NOW + DAY - 1, two, (a, b))]
    for one, count in zip(asks, (0, 1, 1), strict=True):
        assert await ledger.reserve([one]) == [Granted(False, (count,))]
    row = (("a", NOW - DAY + 1), ("c", NOW + DAY - 1))
    assert await ledger.reserve([ask("b", NOW, two, row)]) == [Granted(True, (1,))]


async def test_a_reservation_stands_beside_what_the_row_proves_where_there_is_room_for_both(world: World) -> None:
    former, owner = world.worker(), world.worker()
    two = (CapLimit(2, DAY),)
    assert await former.reserve([ask("b", caps=two), ask("c", NOW - 1, caps=two)]) == [
        Granted(False, (0,)), Granted(False, (0,))
    ]
    old, later = ("a", NOW - DAY), ("d", NOW + DAY)
    assert await owner.reserve([ask("b", caps=two, touches=(("c", NOW - 1), old, later))]) == [Granted(True, (1,))]


async def test_what_the_row_holds_itself_is_repeated_however_full_the_row_says_its_caps_are(world: World) -> None:
    former, owner = world.worker(), world.worker()
    await former.reserve([ask("b")])
    row = (("a", NOW - HOUR), ("b", NOW))
    assert await owner.reserve([ask("b", touches=row)]) == [Granted(True, (1,))]
    assert await owner.reserve([ask("b", touches=row)]) == [Granted(True, (1,))]
    await owner.release([ask("b")])
    assert await owner.reserve([ask("b")]) == [Granted(True, (0,))], "it was committed"


async def test_a_confirmed_touch_is_repeated_though_a_row_that_does_not_hold_it_is_full(world: World) -> None:
    owner, former = world.worker(), world.worker()
    await owner.reserve([ask("b")])
    await owner.confirm([ask("b")])
    assert await former.reserve([ask("b", touches=(("a", NOW - HOUR),))]) == [Granted(True, (1,))]
