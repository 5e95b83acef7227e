"""The sentinel on real servers: it is lost with what it vouches for, and set only when all of that is back."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from redis.crc import key_slot

from streams.ledger.guard import Guard
from streams.settings import Settings
from tests.contract.redis_process import ClusterProcesses, RedisProcess


@pytest.fixture(params=["redis", "cluster"])
async def settings(request: pytest.FixtureRequest, own_redis: RedisProcess) -> Settings:
    in_cluster = request.param == "cluster"
    url = request.getfixturevalue("own_cluster").url if in_cluster else own_redis.url
    return Settings(redis_url=url, redis_cluster=in_cluster, redis_timeout=10.0)


@pytest.fixture
async def workers(settings: Settings) -> AsyncIterator[list[Guard]]:
    """The guards of two workers with the same caps, and of a third with others."""
    prefix = uuid.uuid4().hex
    clients = [settings.ledger_client() for _ in range(3)]
    yield [Guard(client, prefix, covers) for client, covers in zip(clients, ("a", "a", "b"), strict=True)]
    for client in clients:
        await client.aclose()


async def filled(guard: Guard, token: str = "t") -> int:
    """How many guards were missing before."""
    missing = await guard.begin(token)
    assert await guard.finish(token, missing)
    return len(missing)


async def test_what_was_filled_is_whole_for_every_worker(workers: list[Guard], settings: Settings) -> None:
    first, second, _ = workers
    assert await filled(first) == (16_384 if settings.redis_cluster else 1)
    assert await second.begin("u") == frozenset()
    assert first.beside("x:{main:42}:y") == second.beside("x:{main:42}:y")


async def test_what_is_lost_is_missing_again_and_nothing_else(
    workers: list[Guard], settings: Settings, own_redis: RedisProcess, own_cluster: ClusterProcesses
) -> None:
    first, second, _ = workers
    await filled(first)
    server = own_cluster.nodes[1] if settings.redis_cluster else own_redis
    server.ask("FLUSHALL")
    missing = await second.begin("u")
    if settings.redis_cluster:
        assert len(missing) == 5461  # a third of all
        assert all(own_cluster.owner(key_slot(key.encode())) is server for key in list(missing)[:20])
    else:
        assert missing == {second.beside("")}


async def test_what_is_lost_while_it_is_filled_is_not_vouched_for(
    workers: list[Guard], settings: Settings, own_redis: RedisProcess, own_cluster: ClusterProcesses
) -> None:
    first, second, _ = workers
    missing = await first.begin("t")
    (own_cluster.nodes[2] if settings.redis_cluster else own_redis).ask("FLUSHALL")
    assert not await first.finish("t", missing)
    assert len(await second.begin("u")) == (5462 if settings.redis_cluster else 1)


async def test_two_who_fill_at_once_do_not_both_vouch_for_it(workers: list[Guard]) -> None:
    first, second, _ = workers
    missing = await first.begin("t")
    assert await second.begin("u") == missing
    assert not await first.finish("t", missing)
    assert await second.finish("u", missing)


async def test_other_caps_want_it_filled_for_them_and_these_too_when_they_come_back(workers: list[Guard]) -> None:
    first, second, other = workers
    await first.take_up()
    await filled(first)
    await second.take_up()
    assert await second.begin("t") == frozenset()
    await other.take_up()
    assert await filled(other) > 0
    assert await first.begin("t") == frozenset(), "who runs with the old caps goes on"
    await second.take_up()
    assert await filled(second) > 0, "who starts with them does not know what was sent meanwhile"


async def test_caps_that_come_back_are_filled_for_though_who_took_them_up_died_before_he_could(
    workers: list[Guard],
) -> None:
    first, second, other = workers
    await first.take_up()
    await filled(first)
    await other.take_up()
    await first.take_up()
    await second.take_up()
    assert await filled(second) > 0


async def test_who_is_filling_when_other_caps_come_and_go_does_not_vouch_for_what_was_sent_meanwhile(
    workers: list[Guard],
) -> None:
    first, second, other = workers
    await first.take_up()
    missing = await first.begin("t")
    await other.take_up()
    await second.take_up()
    assert not await first.finish("t", missing)
    assert await filled(second) == len(missing)


async def test_one_fills_and_the_others_wait_until_he_has_finished(workers: list[Guard]) -> None:
    first, second, _ = workers
    assert await first.lock("t")
    assert not await second.lock("u")
    await second.renew("u")
    await second.unlock("u")
    assert not await second.lock("u")
    await first.renew("t")
    await first.unlock("t")
    assert await second.lock("u")


async def test_each_slot_has_a_guard_of_its_own(own_cluster: ClusterProcesses) -> None:
    client = Settings(redis_url=own_cluster.url, redis_cluster=True).ledger_client()
    guard = Guard(client, "p", "a")
    keys = [f"p:{{main:{number}}}:touches" for number in range(1000)]
    assert [key_slot(guard.beside(key).encode()) for key in keys] == [key_slot(key.encode()) for key in keys]
    await client.aclose()
