"""Redis away, slow, full, read-only, restarted: the ledger answers None in time, and goes on when Redis is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from redis.crc import key_slot

from streams.ledger import RIGHTS, RedisLedger, UnfitRedis, check_redis
from streams.ledger.breaker import LONGEST_PAUSE
from streams.metrics import Metrics
from streams.settings import Settings
from streams.stacks.process import free_port
from tests.contract.ledger_worlds import DAY, NOW, ask, full
from tests.contract.redis_process import ClusterProcesses, RedisProcess
from triggers.asks import Granted, LedgerAnswer

TIMEOUT = 1.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    running = RedisProcess(tmp_path)
    yield running
    running.stop()


@pytest.fixture
async def ledger(server: RedisProcess) -> AsyncIterator[RedisLedger]:
    made = RedisLedger(
        Settings(redis_url=server.url, redis_timeout=TIMEOUT).redis_client(), timeout=TIMEOUT, metrics=Metrics()
    )
    yield made
    await made.close()


async def admin(server: RedisProcess, *command: str | int) -> Any:
    client = Settings(redis_url=server.url, redis_timeout=10.0).redis_client()
    try:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # untyped in redis-py
    finally:
        await client.aclose()


async def once_back(ledger: RedisLedger, *args: Any, **more: Any) -> LedgerAnswer:
    """The first answer that is one; the breaker's pause decides how soon."""
    deadline = time.monotonic() + 3 * LONGEST_PAUSE
    while time.monotonic() < deadline:
        (answer,) = await ledger.reserve([ask(*args, **more)])
        if answer is not None:
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("the ledger did not come back")


def value(metric: Any) -> float:
    return float(metric._value.get())


async def test_away_answers_none_and_back_goes_on(server: RedisProcess, ledger: RedisLedger) -> None:
    assert await ledger.reserve([ask("a")]) == [Granted(False, (0,))]
    server.stop()
    assert await ledger.reserve([ask("b"), ask("c", customer="43")]) == [None, None]
    assert ledger.is_away
    await ledger.confirm([ask("a")])
    await ledger.release([ask("b")])
    server.start()
    assert await once_back(ledger, "b", touches=(("a", NOW),)) == full(0, (1,))
    assert not ledger.is_away


async def test_a_frozen_redis_holds_a_call_up_no_longer_than_the_timeout(
    server: RedisProcess, ledger: RedisLedger
) -> None:
    await ledger.reserve([ask("a")])
    server.freeze()
    asks = [ask(f"t{n}", customer=str(n)) for n in range(2000)]
    async with asyncio.timeout(TIMEOUT * 10):  # a bound against hanging for ever, not a measurement
        assert await ledger.reserve(asks) == [None] * 2000
    server.thaw()
    assert await once_back(ledger, "b", NOW + 1) == full(0, (1,))
    # replies to what was given up are not taken for replies to what came after
    assert await ledger.reserve([ask("x", customer="7777"), ask("y", customer="7777")]) == [
        Granted(False, (0,)),
        full(0, (1,)),
    ]


async def test_while_it_is_away_calls_return_at_once_and_it_is_said_once(server: RedisProcess, tmp_path: Path) -> None:
    metrics = Metrics()
    ledger = RedisLedger(
        Settings(redis_url=server.url, redis_timeout=TIMEOUT).redis_client(), timeout=TIMEOUT, metrics=metrics
    )
    server.freeze()
    with structlog.testing.capture_logs() as logs:
        for n in range(200):
            assert await ledger.reserve([ask(f"t{n}")]) == [None]
    assert [line["event"] for line in logs] == ["redis is away: capped touches stay in the outbox"]
    assert value(metrics.ledger_failures.labels("timeout")) == 1, "the other 199 did not wait for it"
    assert value(metrics.ledger_asks.labels("away")) == 200
    assert value(metrics.ledger_away) == 1
    server.thaw()
    with structlog.testing.capture_logs() as logs:
        await once_back(ledger, "back", customer="43")
    assert [line["event"] for line in logs] == ["redis is back"]
    assert value(metrics.ledger_away) == 0
    await ledger.close()


async def test_a_redis_that_is_full_grants_nothing_and_goes_on_when_there_is_room(
    server: RedisProcess, ledger: RedisLedger
) -> None:
    await ledger.reserve([ask("a")])
    await admin(server, "CONFIG", "SET", "maxmemory", 1)
    assert await ledger.reserve([ask("b", customer="43")]) == [None]
    await admin(server, "CONFIG", "SET", "maxmemory", 0)
    assert await once_back(ledger, "b", customer="43") == Granted(False, (0,))


async def test_a_read_only_replica_grants_nothing_and_goes_on_when_it_is_promoted(
    server: RedisProcess, ledger: RedisLedger
) -> None:
    await admin(server, "REPLICAOF", "127.0.0.1", 1)
    assert await ledger.reserve([ask("a")]) == [None]
    await admin(server, "REPLICAOF", "NO", "ONE")
    assert await once_back(ledger, "a") == Granted(False, (0,))


async def test_a_user_who_may_not_write_grants_nothing(server: RedisProcess) -> None:
    await admin(server, "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection", "+@scripting")
    metrics = Metrics()
    settings = Settings(redis_url=f"redis://reader:secret@localhost:{server.port}/0", redis_timeout=10.0)
    ledger = RedisLedger(settings.redis_client(), timeout=10.0, metrics=metrics)
    with structlog.testing.capture_logs() as logs:
        assert await ledger.reserve([ask("a")]) == [None]
    assert value(metrics.ledger_failures.labels("login")) == 1
    assert "secret" not in str(logs)
    await ledger.close()


async def test_no_customer_gets_one_more_after_flushall(server: RedisProcess, ledger: RedisLedger) -> None:
    sent: list[tuple[str, int]] = []
    for n in range(6):
        at = NOW + n * DAY // 6
        (answer,) = await ledger.reserve([ask(f"t{n}", at, touches=tuple(sent))])
        if isinstance(answer, Granted):
            sent.append((f"t{n}", at))
        await admin(server, "FLUSHALL")
    assert sent == [("t0", NOW)]


async def test_a_redis_that_lost_its_scripts_learns_them_again(server: RedisProcess, ledger: RedisLedger) -> None:
    await ledger.reserve([ask("a")])
    await admin(server, "SCRIPT", "FLUSH")
    assert await ledger.reserve([ask("b")]) == [full(0, (1,))]
    assert not ledger.is_away


async def test_a_call_that_was_cancelled_leaves_no_reply_for_the_next(
    server: RedisProcess, ledger: RedisLedger
) -> None:
    await ledger.reserve([ask("a")])
    server.freeze()
    call = asyncio.create_task(ledger.reserve([ask("b"), ask("c")]))
    await asyncio.sleep(TIMEOUT / 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    server.thaw()
    assert await once_back(ledger, "d", customer="44") == Granted(False, (0,))


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
async def test_a_redis_that_evicts_is_refused_with_an_explanation(server: RedisProcess, policy: str) -> None:
    client = Settings(redis_url=server.url, redis_timeout=10.0).redis_client()
    assert await check_redis(client) is None
    await admin(server, "CONFIG", "SET", "maxmemory-policy", policy)
    with pytest.raises(UnfitRedis, match=f"maxmemory-policy is {policy}: .*noeviction"):
        await check_redis(client)
    await client.aclose()


async def test_a_redis_that_is_away_at_start_is_no_reason_not_to_start(server: RedisProcess) -> None:
    server.stop()
    client = Settings(redis_url=server.url, redis_timeout=10.0).redis_client()
    assert await check_redis(client) == (
        "connection: nothing listens there: is REWAKE_REDIS_URL right, and does Redis run?"
    )
    await client.aclose()


async def test_a_wrong_password_is_refused_at_start(server: RedisProcess) -> None:
    await admin(server, "ACL", "SETUSER", "rewake", "on", ">right", "~rewake:*", "+@all")
    client = Settings(redis_url=f"redis://rewake:wr0ng@localhost:{server.port}", redis_timeout=10.0).redis_client()
    with pytest.raises(UnfitRedis, match="REWAKE_REDIS_PASSWORD") as refused:
        await check_redis(client)
    assert "wr0ng" not in str(refused.value)
    await client.aclose()


async def test_a_user_who_may_not_do_what_the_scripts_do_is_refused_at_start(server: RedisProcess) -> None:
    await admin(server, "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read", "+@connection", "+eval", "+info")
    client = Settings(redis_url=f"redis://reader:secret@localhost:{server.port}", redis_timeout=10.0).redis_client()
    with pytest.raises(UnfitRedis, match=r"needs ~rewake:\* \+@read \+@write"):
        await check_redis(client)
    await client.aclose()


async def test_a_user_of_other_keys_is_refused_at_start(server: RedisProcess) -> None:
    await admin(server, "ACL", "SETUSER", "other", "on", ">secret", "~other:*", "+@all")
    client = Settings(redis_url=f"redis://other:secret@localhost:{server.port}", redis_timeout=10.0).redis_client()
    assert await check_redis(client, "other") is None
    with pytest.raises(UnfitRedis, match="needs ~rewake:"):
        await check_redis(client, "rewake")
    await client.aclose()


async def test_the_policy_is_known_without_the_right_to_ask_for_the_configuration(server: RedisProcess) -> None:
    await admin(server, "ACL", "SETUSER", "rewake", "on", ">secret", "~rewake:*", *RIGHTS.split())
    client = Settings(redis_url=f"redis://rewake:secret@localhost:{server.port}", redis_timeout=10.0).redis_client()
    assert await check_redis(client) is None
    await admin(server, "CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    with pytest.raises(UnfitRedis, match="maxmemory-policy is allkeys-lfu"):
        await check_redis(client)
    await client.aclose()


@pytest.mark.parametrize(
    ("setting", "value_of_it", "said"), [("maxmemory", "1", "raise maxmemory"), ("replicaof", "", "name the primary")]
)
async def test_what_takes_no_writes_at_start_is_said_and_no_reason_not_to_start(
    server: RedisProcess, setting: str, value_of_it: str, said: str
) -> None:
    if setting == "replicaof":
        await admin(server, "REPLICAOF", "127.0.0.1", 1)
    else:
        await admin(server, "CONFIG", "SET", setting, value_of_it)
    client = Settings(redis_url=server.url, redis_timeout=10.0).redis_client()
    assert said in str(await check_redis(client))
    await client.aclose()


async def test_a_cluster_where_none_is_expected_is_refused_and_the_other_way_round(
    server: RedisProcess, own_cluster: ClusterProcesses
) -> None:
    node = Settings(redis_url=own_cluster.nodes[0].url, redis_timeout=10.0).ledger_client()
    with pytest.raises(UnfitRedis, match="set REWAKE_REDIS_CLUSTER=true"):
        await check_redis(node)
    await node.aclose()
    single = Settings(redis_url=server.url, redis_cluster=True, redis_timeout=10.0).ledger_client()
    with pytest.raises(UnfitRedis, match="a single Redis: leave it out"):
        await check_redis(single)
    await single.aclose()


async def test_every_node_of_a_cluster_is_looked_at(own_cluster: ClusterProcesses) -> None:
    client = Settings(redis_url=own_cluster.nodes[0].url, redis_cluster=True, redis_timeout=10.0).ledger_client()
    assert await check_redis(client) is None
    own_cluster.nodes[2].ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    try:
        with pytest.raises(UnfitRedis, match="maxmemory-policy is volatile-lru"):
            await check_redis(client)
    finally:
        own_cluster.nodes[2].ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        await client.aclose()


async def reasons(ledger: RedisLedger, metrics: Metrics) -> set[str]:
    """Why the ledger has not answered."""
    assert await ledger.reserve([ask("x", customer="why")]) == [None]
    return {
        sample.labels["reason"]
        for metric in metrics.ledger_failures.collect()
        for sample in metric.samples
        if sample.value
    }


@pytest.mark.parametrize("why", ["loading", "read-only", "out-of-memory", "timeout", "connection", "failing-over"])
async def test_whatever_keeps_redis_from_judging_has_its_reason_in_the_metrics(
    server: RedisProcess, tmp_path: Path, why: str
) -> None:
    metrics, timeout = Metrics(), TIMEOUT if why == "timeout" else 10.0
    ledger = RedisLedger(
        Settings(redis_url=server.url, redis_timeout=timeout).redis_client(), timeout=timeout, metrics=metrics
    )
    if why == "loading":
        await admin(server, "EVAL", "for i = 1, 50000 do redis.call('SET', 'k' .. i, i) end", 0)
        await admin(server, "SAVE")
        server.stop()
        server.start("--key-load-delay", "1000", "--loading-process-events-interval-bytes", "1024")
    elif why == "read-only":  # MASTERDOWN: a replica that has lost its primary and was told not to answer then
        await admin(server, "CONFIG", "SET", "replica-serve-stale-data", "no")
        await admin(server, "REPLICAOF", "127.0.0.1", 1)
    elif why == "out-of-memory":
        await admin(server, "CONFIG", "SET", "maxmemory", 1)
    elif why == "timeout":
        server.freeze()
    elif why == "connection":
        server.stop()
    else:  # a node of a cluster whose slots lie nowhere
        server.stop()
        server.start("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    assert await reasons(ledger, metrics) == {why}
    assert value(metrics.ledger_away) == 1
    await ledger.close()


async def test_a_part_of_a_cluster_that_is_away_keeps_back_its_own_customers_alone(tmp_path: Path) -> None:
    servers = ClusterProcesses(tmp_path)
    try:
        for node in servers.nodes:
            node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
        metrics = Metrics()
        settings = Settings(redis_url=servers.url, redis_cluster=True, redis_timeout=TIMEOUT)
        ledger = RedisLedger(settings.ledger_client(), timeout=TIMEOUT, metrics=metrics)
        customers = [str(number) for number in range(60)]
        asks = [ask("a", customer=customer) for customer in customers]
        assert await ledger.reserve(asks) == [Granted(False, (0,))] * len(asks)
        lost = servers.nodes[1]
        theirs = [
            index
            for index, customer in enumerate(customers)
            if servers.owner(key_slot(f"{{main:{customer}}}".encode())) is lost
        ]
        lost.stop()
        with structlog.testing.capture_logs() as logs:
            for _ in range(4):
                answers = await ledger.reserve(asks)
                assert [index for index, answer in enumerate(answers) if answer is None] == theirs
        assert [line["event"] for line in logs] == [
            "a node of the Redis cluster is away",
            "redis is away: capped touches stay in the outbox",
        ]
        assert not ledger.is_away
        assert value(metrics.ledger_away) == 1
        await ledger.close()
    finally:
        servers.stop()


async def test_when_a_primary_fails_its_replica_judges_by_what_it_was_told(tmp_path: Path) -> None:
    servers = ClusterProcesses(tmp_path)
    try:
        settings = Settings(redis_url=servers.url, redis_cluster=True, redis_timeout=TIMEOUT)
        ledger = RedisLedger(settings.ledger_client(), timeout=TIMEOUT)
        lost = servers.owner(key_slot(b"{main:42}"))
        servers.add_replica(lost)
        assert await ledger.reserve([ask("a")]) == [Granted(False, (0,))]
        assert lost.ask("WAIT", 1, 10_000) == 1
        lost.stop()
        assert await ledger.reserve([ask("b")]) == [None]
        assert await once_back(ledger, "b") == full(0, (1,))
        await ledger.close()
    finally:
        servers.stop()
