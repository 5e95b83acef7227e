"""What is counted together: parts of a customer, phones, texts and days; on every side as in `test_ledger`."""

from __future__ import annotations

import asyncio

import pytest

from streams.ledger import Ledger
from tests.contract.ledger_worlds import DAY, HOUR, NOW, World, full
from triggers.asks import Ask, CapLimit, Full, Granted, Scope

ANNA, BORIS = "+79990000001", "+79990000002"
TODAY = "2026-11-18"
MIDNIGHT = NOW - 10 * HOUR


def one(per: int = DAY) -> tuple[CapLimit, ...]:
    return (CapLimit(1, per),)


def many(per: int = DAY) -> tuple[CapLimit, ...]:
    return (CapLimit(9, per),)


def today(limit: int) -> tuple[CapLimit, ...]:
    return (CapLimit(limit, 0, MIDNIGHT, MIDNIGHT + DAY),)


def ask(touch_id: str, *scopes: Scope, at: int = NOW, customer: str = "42") -> Ask:
    return Ask("main", customer, touch_id, at, scopes)


def customer(key: str = "", limits: tuple[CapLimit, ...] = (), known: tuple[tuple[str, int, int], ...] = ()) -> Scope:
    return Scope("customer", key, limits, 1, known)


async def test_rules_tags_and_products_of_a_customer_count_apart_and_what_is_full_is_named(world: World) -> None:
    ledger = world.worker()
    first = ask("a", customer("", many()), customer("rule:a", one()), customer("product:7", one(30 * DAY)))
    assert await ledger.reserve([first]) == [Granted(False, (0, 0, 0))]
    his = customer("", many(), (("a", NOW, 1),))
    other = ask("b", his, customer("rule:b", one()), customer("product:8", one(30 * DAY)), at=NOW + 1)
    assert await ledger.reserve([other]) == [Granted(False, (1, 0, 0))]
    again = ask("c", customer("", many()), customer("rule:c", one()), customer("product:7", one(30 * DAY)), at=NOW + 2)
    assert await ledger.reserve([again]) == [Full(2, 0, (2, 0, 1), NOW + 30 * DAY)]
    assert await ledger.reserve([ask("d", customer("rule:c", one()), at=NOW + 3)]) == [Granted(False, (0,))]


async def test_what_the_row_knows_counts_in_its_own_scope_alone(world: World) -> None:
    ledger = world.worker()
    said = await ledger.reserve([
        ask("b", customer("", many(), (("a", NOW - 1, 1),)), customer("rule:a", one()), customer("rule:b", one())),
        ask("c", customer("", many()), customer("rule:a", one(), (("a", NOW - 1, 1),)), at=NOW + 1),
    ])
    assert said == [Granted(False, (1, 0, 0)), full(0, (0, 1), scope=1)]


async def test_a_reservation_does_not_stand_where_the_row_fills_any_limit_of_any_scope(world: World) -> None:
    former, owner = world.worker(), world.worker()
    yesterday, before = ("y", MIDNIGHT - 1, 1), ("x", NOW - 1, 1)
    for number, (refused, cap, proving) in enumerate((
        (1, 0, (customer("", many()), customer("rule:a", one(), (before,)))),
        (0, 1, (customer("", many() + today(1), (before,)), customer("rule:a", one()))),
        (None, 0, (customer("", many() + today(1), (yesterday,)), customer("rule:a", one()))),
    )):  # fmt: skip
        who = str(number)
        assert isinstance((await former.reserve([ask("t", *_unknowing(proving), customer=who)]))[0], Granted)
        (said,) = await owner.reserve([ask("t", *proving, customer=who)])
        assert (said.scope, said.cap) == (refused, cap) if isinstance(said, Full) else refused is None
        (next_one,) = await former.reserve([ask("u", customer("rule:a", one()), customer=who)])
        assert isinstance(next_one, Granted) == (number == 1), "given back, and the row counts where it does"


def _unknowing(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    return tuple([Scope(one.name, one.key, one.limits, one.weight) for one in scopes])


async def test_what_was_given_back_counts_for_the_customer_alone_no_more(world: World) -> None:
    """What it has of a phone and a day, no row proves; who reserved it gives that back."""
    former, owner = world.worker(), world.worker()
    rest = (Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    await former.reserve([ask("a", customer("", one()), *rest)])
    assert await owner.reserve([ask("a", customer("", one(), (("x", NOW - 1, 1),)), *rest)]) == [full(0, (1,))]
    assert await owner.reserve([ask("b", Scope("phone", ANNA, one()), customer="2")]) == [full(0, (1,))]
    await former.release([ask("a", customer("", one()), *rest)])
    assert await owner.reserve([ask("b", *rest, customer="2")]) == [Granted(False, (0, 0))]


async def test_a_calendar_limit_counts_from_its_first_instant_to_before_its_last(world: World) -> None:
    ledger = world.worker()
    for touch_id, at in (("before", MIDNIGHT - 1), ("first", MIDNIGHT), ("next", MIDNIGHT + DAY)):
        assert isinstance((await ledger.reserve([ask(touch_id, customer("", many(7 * DAY)), at=at)]))[0], Granted)
    row = (("before", MIDNIGHT - 1, 1), ("first", MIDNIGHT, 1), ("next", MIDNIGHT + DAY, 1))
    assert await ledger.reserve([ask("a", customer("", today(2), row))]) == [Granted(False, (1,))]
    assert await ledger.reserve([ask("b", customer("", today(2)))]) == [Full(0, 0, (2,), MIDNIGHT + DAY)]


async def test_when_a_limit_has_room_again_is_told(world: World) -> None:
    ledger = world.worker()
    three = (CapLimit(3, DAY),)
    for number, hour in enumerate((0, 2, 5)):
        await ledger.reserve([ask(f"t{number}", customer("", three), at=NOW + hour * HOUR)])
    assert await ledger.reserve([ask("a", customer("", three), at=NOW + 6 * HOUR)]) == [Full(0, 0, (3,), NOW + DAY)]
    both = (CapLimit(1, DAY), CapLimit(3, DAY))
    assert await ledger.reserve([ask("b", customer("", both), at=NOW + 6 * HOUR)]) == [
        Full(0, 0, (3, 3), NOW + 5 * HOUR + DAY)
    ]
    never = (CapLimit(0, DAY),)
    assert await ledger.reserve([ask("c", customer("", never), at=NOW + 6 * HOUR)]) == [Full(0, 0, (0,), 0)]


async def test_a_phone_counts_whoevers_it_is(world: World) -> None:
    ledger = world.worker()
    said = await ledger.reserve([
        ask("a", customer(), Scope("phone", ANNA, one()), customer="1"),
        ask("b", customer(), Scope("phone", ANNA, one()), customer="2"),
        ask("c", customer(), Scope("phone", BORIS, one()), customer="3"),
    ])
    assert said == [Granted(False, (0,)), Full(1, 0, (1,), NOW + DAY), Granted(False, (0,))]


async def test_the_same_text_goes_to_a_phone_once_and_another_text_does(world: World) -> None:
    ledger = world.worker()
    said = await ledger.reserve([
        ask(i, customer(), Scope("text", f"{phone} {text}", one(HOUR)), customer=i)
        for i, phone, text in (("1", ANNA, "x"), ("2", ANNA, "x"), ("3", ANNA, "y"), ("4", BORIS, "x"))
    ])
    assert [type(answer) for answer in said] == [Granted, Full, Granted, Granted]


async def test_a_minute_has_its_messages_and_the_next_its_own_and_both_are_of_the_day(world: World) -> None:
    first, other = world.worker(), world.worker()
    minute, start = 60_000_000, NOW // 60_000_000

    def paced(touch_id: str, number: int) -> Ask:
        begin = (start + number) * minute
        its = CapLimit(2, 0, begin, begin + minute)
        day = Scope("budget", TODAY, (CapLimit(4, 0, MIDNIGHT, MIDNIGHT + DAY),))
        of_the_minute = Scope("budget", f"{TODAY} minute:{start + number}", (its,))
        return ask(touch_id, customer(), day, of_the_minute, at=begin + 1, customer=touch_id)

    assert await first.reserve([paced("a", 0)]) == [Granted(False, (0, 0))]
    assert await other.reserve([paced("b", 0)]) == [Granted(False, (1, 1))]
    assert await other.reserve([paced("c", 0)]) == [Full(2, 0, (2, 2), (start + 1) * minute)]
    assert await first.reserve([paced("c", 1)]) == [Granted(False, (2, 0))]
    assert await first.reserve([paced("b", 0)]) == [Granted(True, (2, 1))]
    assert await first.reserve([paced("d", 1), paced("e", 2)]) == [
        Granted(False, (3, 1)), Full(1, 0, (4, 0), MIDNIGHT + DAY)
    ]


async def test_a_day_has_its_messages_and_its_money_and_another_day_its_own(world: World) -> None:
    ledger = world.worker()

    def spending(touch_id: str, money: int, day: str = TODAY) -> Ask:
        at = NOW if day == TODAY else NOW + DAY
        span = (MIDNIGHT, MIDNIGHT + DAY) if day == TODAY else (MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)
        return ask(
            touch_id, customer(), Scope("budget", day, (CapLimit(3, 0, *span),)),
            Scope("budget", f"{day} money", (CapLimit(10_000_000, 0, *span),), money), at=at, customer=touch_id,
        )  # fmt: skip

    said = await ledger.reserve([
        spending("1", 6_500_000), spending("2", 4_000_000), spending("3", 3_500_000), spending("4", 1),
        spending("5", 0), spending("6", 0), spending("7", 9_000_000, "2026-11-19"), spending("8", 10_000_001),
    ])  # fmt: skip
    assert said == [
        Granted(False, (0, 0)),
        Full(2, 0, (1, 6_500_000), MIDNIGHT + DAY),
        Granted(False, (1, 6_500_000)),
        Full(2, 0, (2, 10_000_000), MIDNIGHT + DAY),
        Granted(False, (2, 10_000_000)),
        Full(1, 0, (3, 10_000_000), MIDNIGHT + DAY),
        Granted(False, (0, 0)),
        Full(1, 0, (3, 10_000_000), MIDNIGHT + DAY),
    ]


async def test_what_a_later_slot_refuses_counts_nowhere(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("x", Scope("budget", TODAY, today(1)), customer="0")])
    refused = ask("a", customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    assert await ledger.reserve([refused]) == [Full(2, 0, (0, 0, 1), MIDNIGHT + DAY)]
    instead = ask("b", customer("", one()), Scope("phone", ANNA, one()))
    assert await ledger.reserve([instead]) == [Granted(False, (0, 0))]


async def test_what_counted_before_is_not_given_back(world: World) -> None:
    ledger = world.worker()
    sent = ask("a", customer("", one()), Scope("phone", ANNA, one()))
    await ledger.reserve([sent])
    await ledger.reserve([ask("x", Scope("budget", TODAY, today(1)), customer="0")])
    again = ask("a", customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    assert await ledger.reserve([again]) == [full(0, (0, 0, 1), scope=2)]
    assert await ledger.reserve([ask("b", Scope("phone", ANNA, one()), customer="2")]) == [full(0, (1,))]
    assert await ledger.reserve([ask("c", customer("", one()))]) == [full(0, (1,))]


async def test_what_is_reserved_for_a_phone_and_a_day_stays_though_nobody_confirms_it(world: World) -> None:
    ledger = world.worker()
    everywhere = (customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    await ledger.reserve([ask("a", *everywhere)])
    await world.pass_time(world.lapse * 2)
    assert await ledger.reserve([ask("b", customer("", one()))]) == [Granted(False, (0,))]
    assert await ledger.reserve([ask("c", Scope("phone", ANNA, one()), customer="2")]) == [full(0, (1,))]
    assert await ledger.reserve([ask("d", Scope("budget", TODAY, today(1)), customer="2")]) == [full(0, (1,))]


async def test_a_phones_touches_are_forgotten_when_no_limit_looks_so_far_back(world: World) -> None:
    ledger = world.worker()
    touch = ask("a", Scope("phone", ANNA, one(7 * DAY)))
    await ledger.reserve([touch])
    await ledger.confirm([touch])
    await world.pass_time(7 * DAY)
    assert await ledger.reserve([ask("b", Scope("phone", ANNA, one(7 * DAY)))]) == [full(0, (1,))]
    await world.pass_time(DAY)
    assert await ledger.reserve([ask("c", Scope("phone", ANNA, one(7 * DAY)))]) == [Granted(False, (0,))]


async def test_a_phones_touches_are_known_until_the_week_that_they_count_in_is_over(world: World) -> None:
    ledger = world.worker()
    week = (CapLimit(1, 0, MIDNIGHT, MIDNIGHT + 7 * DAY),)
    touch = ask("a", Scope("phone", ANNA, week), at=MIDNIGHT)
    await ledger.reserve([touch])
    await ledger.confirm([touch])
    await world.pass_time(7 * DAY - 1)
    last = ask("b", Scope("phone", ANNA, week), at=MIDNIGHT + 7 * DAY - 1)
    assert await ledger.reserve([last]) == [Full(0, 0, (1,), MIDNIGHT + 7 * DAY)]


async def test_a_phones_touches_that_are_restored_for_a_longer_cap_are_known_for_as_long_as_it_looks_back(
    world: World,
) -> None:
    ledger = world.worker()
    touch = ask("a", Scope("phone", ANNA, one(DAY)))
    await ledger.reserve([touch])
    await ledger.confirm([touch])
    await ledger.confirm([ask("a", Scope("phone", ANNA, one(30 * DAY)))])
    await world.pass_time(29 * DAY)
    assert await ledger.reserve([ask("b", Scope("phone", ANNA, one(30 * DAY)), at=NOW + 29 * DAY)]) == [full(0, (1,))]


async def test_a_phones_touch_of_the_shortest_month_is_known_to_the_end_of_the_next_one_of_another_zone(
    world: World,
) -> None:
    """A phone that two customers share, for one of whom March has begun."""
    ledger = world.worker()
    february = (CapLimit(1, 0, NOW - 28 * DAY + HOUR, NOW + HOUR),)
    march = (CapLimit(1, 0, NOW - HOUR, NOW + 31 * DAY - HOUR),)
    await ledger.reserve([ask("a", Scope("phone", ANNA, february))])
    await ledger.confirm([ask("a", Scope("phone", ANNA, february))])
    await world.pass_time(31 * DAY - 2 * HOUR)
    last = ask("b", Scope("phone", ANNA, march), at=NOW + 31 * DAY - 2 * HOUR, customer="43")
    assert await ledger.reserve([last]) == [full(0, (1,))]


async def test_confirming_and_releasing_go_over_all_slots(world: World) -> None:
    ledger = world.worker()
    everywhere = (customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    await ledger.reserve([ask("a", *everywhere)])
    await ledger.release([ask("a", *everywhere)])
    assert await ledger.reserve([ask("b", *everywhere)]) == [Granted(False, (0, 0, 0))]
    await ledger.confirm([ask("b", *everywhere)])
    await ledger.release([ask("b", *everywhere)])
    await world.pass_time(world.lapse * 2)
    for scope in everywhere:
        assert await ledger.reserve([ask("c", scope)]) == [full(0, (1,))]


async def test_what_is_confirmed_after_everything_was_lost_counts_in_all_slots(world: World) -> None:
    ledger = world.worker()
    everywhere = (customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    await ledger.reserve([ask("a", *everywhere)])
    await world.lose_everything()
    await ledger.confirm([ask("a", *everywhere), ask("a", *everywhere)])
    for scope in everywhere:
        assert await ledger.reserve([ask("b", scope)]) == [full(0, (1,))]


async def test_nobody_takes_back_what_another_worker_asked_for_too(world: World) -> None:
    former, owner = world.worker(), world.worker()
    everywhere = (customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    await former.reserve([ask("a", *everywhere)])
    assert await owner.reserve([ask("a", *everywhere)]) == [Granted(True, (0, 0, 0))]
    await former.release([ask("a", *everywhere)])
    await owner.release([ask("a", *everywhere)])
    for scope in everywhere:
        assert await owner.reserve([ask("b", scope)]) == [full(0, (1,))]


async def test_asked_by_two_workers_for_two_times_it_counts_at_both_until_it_is_confirmed(world: World) -> None:
    former, owner = world.worker(), world.worker()
    await former.reserve([ask("a", Scope("phone", ANNA, one()), at=NOW)])
    later = ask("a", Scope("phone", ANNA, one()), at=NOW + HOUR)
    assert await owner.reserve([later]) == [Granted(True, (0,))]
    before = ask("b", Scope("phone", ANNA, one()), at=NOW - DAY + 1)
    after = ask("c", Scope("phone", ANNA, one()), at=NOW + DAY)
    assert await owner.reserve([before]) == [full(0, (1,))]
    assert await owner.reserve([after]) == [full(0, (1,))]
    await owner.confirm([later])
    assert await owner.reserve([before]) == [Granted(False, (0,))]
    assert await owner.reserve([after]) == [full(0, (1,))]


async def test_a_touch_that_grew_dearer_is_judged_anew(world: World) -> None:
    ledger = world.worker()

    def worth(touch_id: str, money: int) -> Ask:
        return ask(touch_id, Scope("budget", f"{TODAY} money", today(10), money))

    assert await ledger.reserve([worth("a", 4), worth("b", 4)]) == [Granted(False, (0,)), Granted(False, (4,))]
    assert await ledger.reserve([worth("a", 7)]) == [full(0, (4,))]
    assert await ledger.reserve([worth("a", 6)]) == [Granted(True, (4,))]
    assert await ledger.reserve([worth("c", 1)]) == [full(0, (10,))]
    assert await ledger.reserve([worth("a", 2)]) == [Granted(True, (4,))]
    assert await ledger.reserve([worth("c", 1)]) == [full(0, (10,))]


async def test_never_one_over_for_a_phone_and_a_day_however_many_workers_ask(world: World) -> None:
    workers = [world.worker() for _ in range(6)]

    async def one_worker(n: int, ledger: Ledger) -> list[tuple[str, str]]:
        granted: list[tuple[str, str]] = []
        for turn in range(10):
            asks = [
                ask(
                    f"{n}-{turn}-{phone}", customer("", many()), Scope("phone", phone, (CapLimit(4, DAY),)),
                    Scope("budget", TODAY, today(7)), at=NOW + turn, customer=f"{n}-{turn}-{phone}",
                )
                for phone in (ANNA, BORIS)
            ]  # fmt: skip
            answers = await ledger.reserve(asks)
            granted += [(one.scopes[1].key, one.touch_id) for one, said in zip(asks, answers, strict=True)
                        if isinstance(said, Granted)]  # fmt: skip
            await asyncio.sleep(0)
        return granted

    granted = [pair for part in await asyncio.gather(*map(one_worker, range(6), workers)) for pair in part]
    by_phone = [len([1 for phone, _ in granted if phone == its]) for its in (ANNA, BORIS)]
    assert sum(by_phone) == 7 and max(by_phone) == 4


async def test_scopes_that_can_not_be_counted_exactly_are_refused_by_name(world: World) -> None:
    ledger = world.worker()
    for scopes, said in (
        ((Scope("phone", ANNA, ()), customer()), "the customer's scopes come first"),
        ((Scope("phone", ANNA, ()), Scope("text", f"{BORIS} x", ())), "one phone"),
        ((Scope("budget", TODAY, ()), Scope("budget", "2026-11-19 money", ())), "one day"),
        ((Scope("budget", TODAY, one()),), "no rolling limit"),
    ):
        with pytest.raises(ValueError, match=said):
            await ledger.reserve([ask("a", *scopes)])
