"""The fake and the real ledger stay one: whatever happens to both in whatever order, they answer the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.ledger import MemoryLedger, RedisLedger
from streams.settings import Settings
from tests.contract.redis_process import RedisProcess
from triggers.asks import Ask, CapLimit, Scope

LAPSE = 600_000_000
DAY = 86_400_000_000
IDS = [f"t{n}" for n in range(7)]

ASKS = st.builds(
    Ask,
    shop_id=st.just("main"),
    customer_id=st.sampled_from(["1", "2"]),
    touch_id=st.sampled_from(IDS),
    at=st.integers(0, 60).map(lambda days: 1_795_000_000_000_000 + days * DAY),
    scopes=st.tuples(
        st.builds(
            Scope,
            name=st.just("customer"),
            key=st.just(""),
            limits=st.lists(
                st.builds(CapLimit, st.integers(0, 3), st.sampled_from([DAY, 7 * DAY, 40 * DAY])), max_size=2
            ).map(tuple),
            weight=st.just(1),
            known=st.lists(
                st.tuples(
                    st.sampled_from(IDS),
                    st.integers(0, 60).map(lambda days: 1_795_000_000_000_000 + days * DAY),
                    st.just(1),
                ),
                max_size=3,
            ).map(tuple),
        )
    ),
)


@dataclass(frozen=True)
class Event:
    kind: str
    asks: list[Ask]


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(["reserve", "reserve", "reserve", "confirm", "release", "wait half", "wait", "lose"]),
        st.lists(ASKS, min_size=1, max_size=4),
    ),
    max_size=20,
)


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@given(events=EVENTS)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_memory_answer_the_same(own_redis: RedisProcess, events: list[Event]) -> None:
    asyncio.run(_play(own_redis, events))


async def _play(server: RedisProcess, events: list[Event]) -> None:
    client = Settings(redis_url=server.url, redis_timeout=20.0).redis_client()
    prefix, now = uuid.uuid4().hex, [0]
    real = RedisLedger(client, prefix=prefix, timeout=20.0, lapse=LAPSE)
    fake = MemoryLedger(lapse=LAPSE, clock=lambda: now[0])
    try:
        for event in events:
            if event.kind == "reserve":
                assert await real.reserve(event.asks) == await fake.reserve(event.asks)
            elif event.kind in ("confirm", "release"):
                for ledger in (real, fake):
                    await getattr(ledger, event.kind)(event.asks)
            elif event.kind == "lose":
                fake.lose_everything()
                await client.flushall()
            else:
                waited = LAPSE // 2 + 1 if event.kind == "wait half" else LAPSE
                now[0] += waited
                await _age(client, prefix, waited)
    finally:
        await real.close()


async def _age(client: Any, prefix: str, microseconds: int) -> None:
    for key in await client.keys(f"{prefix}:*"):
        for member in await client.zrange(key, 0, -1):
            if member.startswith(b"?"):
                await client.zincrby(key, -microseconds, member)
