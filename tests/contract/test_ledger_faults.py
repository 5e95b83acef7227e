"""Redis away, slow, full, read-only, restarted: the ledger answers None in time, and goes on when Redis is back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from streams.ledger import RedisLedger, UnfitRedis, check_redis
from streams.ledger.breaker import LONGEST_PAUSE
from streams.metrics import Metrics
from streams.settings import Settings
from tests.contract.redis_process import RedisProcess
from tests.contract.test_ledger import DAY, NOW, ask
from triggers.asks import Full, Granted, LedgerAnswer

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
    assert await once_back(ledger, "b", touches=(("a", NOW),)) == Full(0, 0, (1,))
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
    assert await once_back(ledger, "b", NOW + 1) == Full(0, 0, (1,))
    # replies to what was given up are not taken for replies to what came after
    assert await ledger.reserve([ask("x", customer="7777"), ask("y", customer="7777")]) == [
        Granted(False, (0,)),
        Full(0, 0, (1,)),
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
    assert await ledger.reserve([ask("b")]) == [Full(0, 0, (1,))]
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
