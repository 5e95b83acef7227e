"""What every ledger does: the fake and the real one, on redis-server, Valkey and a Redis Cluster, pass the same
tests."""

from __future__ import annotations

import asyncio

import msgspec

from streams.ledger import Ledger
from tests.contract.ledger_worlds import DAY, HOUR, NOW, THREE_A_WEEK, World, ask, full
from triggers.asks import CapLimit, Granted


async def test_below_its_cap_a_touch_is_granted_and_then_the_cap_is_full(world: World) -> None:
    ledger = world.worker()
    assert await ledger.reserve([ask("a")]) == [Granted(False, (0,))]
    assert await ledger.reserve([ask("b", NOW + HOUR)]) == [full(0, (1,))]


async def test_asks_of_one_call_are_judged_in_their_order(world: World) -> None:
    ledger = world.worker()
    asks = [ask("a"), ask("b"), ask("c", customer="43"), ask("d", customer="43"), ask("e", shop="other")]
    assert await ledger.reserve(asks) == [
        Granted(False, (0,)),
        full(0, (1,)),
        Granted(False, (0,)),
        full(0, (1,)),
        Granted(False, (0,)),
    ]


async def test_a_call_with_nothing_to_ask_answers_nothing(world: World) -> None:
    assert await world.worker().reserve([]) == []


async def test_an_ask_without_caps_is_granted_and_counted(world: World) -> None:
    ledger = world.worker()
    assert await ledger.reserve([ask("a", caps=())]) == [Granted(False, ())]
    assert await ledger.reserve([ask("b")]) == [full(0, (1,))]


async def test_of_an_erased_customer_nothing_is_kept_and_of_the_others_all(world: World) -> None:
    ledger = world.worker()
    other = msgspec.structs.replace(ask("b"), customer_id="other")
    await ledger.reserve([ask("a"), other])
    await ledger.confirm([ask("a"), other])
    mine = ask("c", NOW + HOUR)
    theirs = msgspec.structs.replace(mine, customer_id="other")
    await ledger.forget([(mine.shop_id, mine.customer_id), (mine.shop_id, "nobody")])
    assert await ledger.reserve([mine, theirs]) == [Granted(False, (0,)), full(0, (1,))]
    await ledger.forget([])


async def test_the_first_full_cap_is_named_with_the_counts_of_all(world: World) -> None:
    ledger = world.worker()
    caps = (CapLimit(3, 7 * DAY), CapLimit(1, HOUR), CapLimit(1, DAY))
    assert await ledger.reserve([ask("a", NOW, caps)]) == [Granted(False, (0, 0, 0))]
    assert await ledger.reserve([ask("b", NOW + 2 * HOUR, caps)]) == [full(2, (1, 0, 1))]
    assert await ledger.reserve([ask("c", NOW + 1, caps)]) == [full(1, (1, 1, 1))]


async def test_a_cap_of_zero_is_always_full(world: World) -> None:
    assert await world.worker().reserve([ask("a", caps=(CapLimit(0, DAY),))]) == [full(0, (0,))]


async def test_what_was_refused_does_not_count(world: World) -> None:
    ledger = world.worker()
    await ledger.reserve([ask("a"), ask("b", NOW + DAY - 1)])
    assert await ledger.reserve([ask("c", NOW + DAY)]) == [Granted(False, (0,))]


async def test_never_one_over_the_cap_however_many_workers_ask(world: World) -> None:
    workers = [world.worker() for _ in range(6)]

    async def one_worker(n: int, ledger: Ledger) -> list[tuple[str, str]]:
        granted = []
        for turn in range(10):
            asks = [
                ask(f"{c}-{n if turn % 2 else 'shared'}-{turn}", NOW + turn * HOUR, THREE_A_WEEK, customer=c)
                for c in ("x", "y", "z")
            ]
            answers = await ledger.reserve(asks)
            granted += [
                (a.customer_id, a.touch_id) for a, said in zip(asks, answers, strict=True) if type(said) is Granted
            ]
            await asyncio.sleep(0)
        return granted

    granted = {pair for part in await asyncio.gather(*map(one_worker, range(6), workers)) for pair in part}
    for customer in ("x", "y", "z"):
        assert len([touch for c, touch in granted if c == customer]) == 3


async def test_a_chunk_of_thousands_is_answered_in_order(world: World) -> None:
    ledger = world.worker()
    asks = [ask(f"{turn}-{c}", NOW + turn, customer=str(c)) for turn in range(2) for c in range(1500)]
    answers = await ledger.reserve(asks)
    assert answers == [Granted(False, (0,))] * 1500 + [full(0, (1,))] * 1500
    await ledger.confirm(asks[:1500])
    assert await world.worker().reserve(asks[:1500]) == [Granted(True, (0,))] * 1500


async def test_odd_ids_of_customers_keep_apart(world: World) -> None:
    ledger = world.worker()
    odd = ["", " ", "}", "{", "a b", "a:b", "é", "\x00", "*", "a}:touches"]
    assert await ledger.reserve([ask("t", customer=c) for c in odd]) == [Granted(False, (0,))] * len(odd)
