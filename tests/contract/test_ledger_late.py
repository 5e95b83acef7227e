"""What a worker gave up waiting for, and Redis does all the same, after the same worker has asked anew."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from streams.ledger import RedisLedger
from streams.settings import Settings
from tests.contract.ledger_worlds import DAY, HOUR, NOW
from tests.contract.redis_process import RedisProcess
from tests.contract.test_ledger_scopes import ANNA, TODAY, ask, customer, one, today
from triggers.asks import Full, Granted, Scope


@dataclass
class Frozen:
    """A client, and while `frozen` what it sends lies unread: nobody gets an answer until `thaw`, and then nobody waits
    for it any more."""

    client: Any
    frozen: bool = False
    unread: list[Callable[[], Awaitable[Any]]] = field(default_factory=list)

    def pipeline(self, transaction: bool) -> Any:
        pipeline = self.client.pipeline(transaction=transaction)
        if self.frozen:
            self.unread.append(pipeline.execute)

            async def execute(raise_on_error: bool) -> Any:
                await asyncio.Event().wait()

            return _Sent(pipeline.execute_command, execute)
        return pipeline

    async def thaw(self) -> None:
        for execute in self.unread:
            assert not [said for said in await execute() if isinstance(said, Exception)]
        self.unread.clear()


@dataclass
class _Sent:
    execute_command: Callable[..., Any]
    execute: Callable[[bool], Awaitable[Any]]


@dataclass
class World:
    redis: Frozen
    worker: RedisLedger
    another: RedisLedger


@pytest.fixture
async def world(own_redis: RedisProcess) -> AsyncIterator[World]:
    client = Settings(redis_url=own_redis.url, redis_timeout=5.0).redis_client()
    redis, prefix, secret = Frozen(client), uuid.uuid4().hex, SecretStr("s" * 32)
    worker = RedisLedger(redis, prefix=prefix, timeout=0.3, secret=secret)  # type: ignore[arg-type]  # as a client is
    another = RedisLedger(client, prefix=prefix, timeout=5.0, secret=secret)
    learnt = ask("learnt", customer(), Scope("phone", "+79990000009", one()), Scope("budget", "2026-01-01", today(1)))
    await worker.reserve([learnt])  # from now on Redis knows the scripts
    await worker.release([learnt])
    yield World(redis, worker, another)
    await client.aclose()


SHARED = [
    pytest.param((Scope("phone", ANNA, one()),), id="phone"),
    pytest.param((Scope("budget", TODAY, today(1)),), id="budget"),
]


@pytest.mark.parametrize("scopes", [*SHARED, pytest.param((customer("", one()),), id="customer")])
async def test_what_was_given_back_and_asked_for_again_is_not_given_back_by_the_first_one_coming_late(
    world: World, scopes: tuple[Scope, ...]
) -> None:
    touch = ask("a", *scopes)
    assert await world.worker.reserve([touch]) == [Granted(False, (0,))]
    world.redis.frozen = True
    await world.worker.release([touch])
    world.redis.frozen = False
    await asyncio.sleep(0.2)  # until it is tried again
    assert isinstance((await world.worker.reserve([touch]))[0], Granted)
    await world.redis.thaw()
    assert [type(said) for said in await world.another.reserve([ask("b", *scopes)])] == [Full]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_an_ask_that_comes_late_does_not_move_the_touch_from_where_it_was_asked_for_since(
    world: World, cancelled: bool
) -> None:
    world.redis.frozen = True
    asking = asyncio.create_task(world.worker.reserve([ask("a", Scope("phone", ANNA, one()))]))
    if cancelled:
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    else:
        assert await asking == [None]
    world.redis.frozen = False
    await asyncio.sleep(0.2)
    later = ask("a", Scope("phone", ANNA, one()), at=NOW + 10 * HOUR)
    assert await world.worker.reserve([later]) == [Granted(False, (0,))]
    await world.redis.thaw()
    beside = ask("b", Scope("phone", ANNA, one()), at=NOW + DAY + HOUR, customer="43")
    assert [type(said) for said in await world.another.reserve([beside])] == [Full]
    await world.worker.confirm([later])
    assert [type(said) for said in await world.another.reserve([beside])] == [Full]


async def test_who_was_not_answered_once_still_gives_back_what_is_reserved_since(world: World) -> None:
    scopes = (customer("", one()), Scope("phone", ANNA, one()), Scope("budget", TODAY, today(1)))
    world.redis.frozen = True
    assert await world.worker.reserve([ask("x", customer("", one()), customer="44")]) == [None]
    world.redis.frozen = False
    await asyncio.sleep(0.2)
    assert await world.worker.reserve([ask("a", *scopes)]) == [Granted(False, (0, 0, 0))]
    await world.worker.release([ask("a", *scopes)])
    assert await world.another.reserve([ask("b", *scopes)]) == [Granted(False, (0, 0, 0))]
