"""The fake and the real ledger stay one: whatever happens to both in whatever order, they answer the same."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from streams.ledger import MemoryLedger, RedisLedger
from streams.settings import Settings
from tests.contract.ledger_aging import aged
from tests.contract.redis_process import RedisProcess
from triggers.asks import Ask, CapLimit, Scope

LAPSE = 600_000_000
DAY = 86_400_000_000
IDS = [f"t{n}" for n in range(7)]

TIMES = st.integers(0, 60).map(lambda days: 1_795_000_000_000_000 + days * DAY)
TOUCHES = st.sampled_from(range(len(IDS))).flatmap(
    lambda n: st.tuples(st.just(IDS[n]), st.one_of(st.just(1_795_000_000_000_000 + n * DAY // 2), TIMES))
)
"""Often a touch has its own time, as when it is asked for again."""
SPANS = st.integers(0, 9).map(lambda weeks: 1_795_000_000_000_000 + weeks * 7 * DAY)
LIMITS = st.one_of(
    st.builds(CapLimit, st.integers(0, 3), st.sampled_from([DAY, 7 * DAY, 40 * DAY])),
    st.builds(lambda limit, since: CapLimit(limit, 0, since, since + 14 * DAY), st.integers(0, 3), SPANS),
)
BUDGETS = st.builds(CapLimit, st.integers(0, 9), st.just(0), st.just(0), st.just(1_900_000_000_000_000))


def scopes(name: str, keys: list[str], limits: st.SearchStrategy[CapLimit], most: int) -> st.SearchStrategy[Any]:
    """Scopes of one slot, each key once."""
    known = st.lists(st.builds(lambda touch, its: (*touch, its), TOUCHES, st.integers(1, 2)), max_size=3).map(tuple)
    return st.lists(
        st.builds(
            Scope,
            name=st.just(name),
            key=st.sampled_from(keys),
            limits=st.lists(limits, max_size=2).map(tuple),
            weight=st.sampled_from([1, 1, 1, 4]),
            known=known if name == "customer" else st.just(()),
        ),
        max_size=most,
        unique_by=lambda scope: scope.key,
    )


ASKS = st.builds(
    lambda customer, phone, budget, whom, touch: Ask("main", whom, touch[0], touch[1], (*customer, *phone, *budget)),
    scopes("customer", ["", "", "rule:a", "tag:b", "product:c"], LIMITS, 3),
    st.sampled_from(["+79990000001", "+79990000002"]).flatmap(
        lambda phone: scopes("phone", [phone, f"{phone} text:a", f"{phone} text:b"], LIMITS, 2)
    ),
    st.sampled_from(["2026-11-21", "2026-11-22"]).flatmap(
        lambda day: scopes("budget", [day, f"{day} money"], BUDGETS, 2)
    ),
    st.sampled_from(["1", "2"]),
    TOUCHES,
)


@dataclass(frozen=True)
class Event:
    kind: str
    asks: list[Ask]
    worker: int


EVENTS = st.lists(
    st.builds(
        Event,
        st.sampled_from(
            ["reserve"] * 5 + ["confirm", "confirm", "release", "wait half", "wait", "wait long", "forget", "lose"]
        ),
        st.lists(ASKS, min_size=1, max_size=4),
        st.integers(0, 1),
    ),
    max_size=20,
)


@given(events=EVENTS)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_redis_and_memory_answer_the_same(own_redis: RedisProcess, events: list[Event]) -> None:
    asyncio.run(_play(own_redis, events))


async def _play(server: RedisProcess, events: list[Event]) -> None:
    client = Settings(redis_url=server.url, redis_timeout=20.0).redis_client()
    prefix, now = uuid.uuid4().hex, [0]
    real = [
        RedisLedger(client, prefix=prefix, timeout=20.0, lapse=LAPSE, secret=SecretStr("s" * 32)) for _ in range(2)
    ]
    fake = [MemoryLedger(lapse=LAPSE, clock=lambda: now[0])]
    fake.append(fake[0].another())
    try:
        for event in events:
            one, other = real[event.worker], fake[event.worker]
            if event.kind == "reserve":
                assert await one.reserve(event.asks) == await other.reserve(event.asks)
            elif event.kind in ("confirm", "release"):
                for ledger in (one, other):
                    await getattr(ledger, event.kind)(event.asks)
            elif event.kind == "forget":
                for ledger in (one, other):
                    await ledger.forget([(ask.shop_id, ask.customer_id) for ask in event.asks])
            elif event.kind == "lose":
                other.lose_everything()
                await client.flushall()
            else:
                waited = {"wait half": LAPSE // 2 + 1, "wait": LAPSE, "wait long": 9 * DAY}[event.kind]
                now[0] += waited
                await _age(client, prefix, waited)
    finally:
        await client.aclose()


async def _age(client: Any, prefix: str, microseconds: int) -> None:
    for key in [*await client.keys(f"{prefix}:*:customer"), *await client.keys(f"{prefix}:*:phone")]:
        await client.set(key, aged(await client.get(key), microseconds), keepttl=True)
