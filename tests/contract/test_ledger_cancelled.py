"""Who is cancelled ends, at whatever turn of the loop that comes: the client's own `asyncio.wait_for` may forget it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import SecretStr

from streams.ledger import PatientLedger, RedisLedger
from streams.ledger.cancelled import unless_cancelled
from streams.ledger.guard import Guard
from streams.ledger.refill import Refill
from streams.metrics import Metrics
from streams.settings import Settings
from tests.contract.redis_process import RedisProcess
from triggers.asks import Ask, CapLimit, Scope

TURNS = range(72)
"""Of the loop, after which it is cancelled."""

ONE = Ask("main", "42", "a", 1_795_000_000_000_000, (Scope("customer", "", (CapLimit(1, 3_600_000_000),)),))


@contextlib.asynccontextmanager
async def ledger_on(server: RedisProcess) -> AsyncIterator[tuple[RedisLedger, Guard]]:
    client, prefix = Settings(redis_url=server.url, redis_timeout=10.0).ledger_client(), uuid.uuid4().hex
    guard = Guard(client, prefix, "caps")
    ledger = RedisLedger(client, prefix=prefix, timeout=10.0, secret=SecretStr("s" * 32), guard=guard)
    yield ledger, guard
    await ledger.close()


async def ends(work: Callable[[], Awaitable[None]], turns: int) -> bool:
    """Whether it does when it is cancelled so many turns after it began."""

    async def run() -> None:
        await work()

    running = asyncio.create_task(run())
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=5)
    heard = running.cancelled()
    while not running.done():  # so that the test ends
        running.cancel()
        await asyncio.wait([running], timeout=0.01)
    return heard


@pytest.mark.parametrize("call", ["reserve", "confirm", "release", "forget"])
async def test_who_calls_redis_again_and_again_ends_when_he_is_cancelled(own_redis: RedisProcess, call: str) -> None:
    async with ledger_on(own_redis) as (redis, _):
        ledger = PatientLedger(redis)

        async def work() -> None:
            while True:
                if call == "forget":
                    await ledger.forget([("main", "42")])
                else:
                    await getattr(ledger, call)([ONE])

        assert [turns for turns in TURNS if not await ends(work, turns)] == []


async def test_a_refill_ends_when_it_is_cancelled(own_redis: RedisProcess) -> None:
    @contextlib.asynccontextmanager
    async def nothing() -> AsyncIterator[AsyncIterator[list[bytes]]]:
        async def pieces() -> AsyncIterator[list[bytes]]:
            yield []

        yield pieces()

    async def ends_after(turns: int) -> bool:
        async with ledger_on(own_redis) as (ledger, guard):
            refill = Refill(guard, ledger, nothing, lambda command: None, settle=0.0, metrics=Metrics())
            return await ends(refill.run, turns)

    assert [turns for turns in TURNS if not await ends_after(turns)] == []


async def test_what_is_raised_instead_of_a_cancellation_does_not_hide_it() -> None:
    async def raising() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the connection could not be closed")

    async def forgetting() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    for work in (raising, forgetting):
        task = asyncio.create_task(unless_cancelled(work()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def test_what_was_cancelled_inside_alone_is_raised_or_given_as_it_was() -> None:
    async def late() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "never"

    assert await unless_cancelled(late()) == "late"
    with pytest.raises(ZeroDivisionError):
        await unless_cancelled(_dividing())


async def _dividing() -> None:
    1 / 0  # noqa: B018  # what is raised is what counts
