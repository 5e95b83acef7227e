"""The short way of the script that reserves against its long one: the same asks, the same answers, the same kept."""

from __future__ import annotations

import hashlib
import random
import uuid
from typing import Any
from unittest import mock

import msgspec

from streams.ledger import RedisLedger, scripts
from streams.settings import Settings
from tests.contract.ledger_aging import aged, touches
from tests.contract.redis_process import RedisProcess
from triggers.asks import Ask, CapLimit, Granted, Scope

LAPSE = 600_000_000
HOUR = 3_600_000_000
DAY = 24 * HOUR
START = 1_795_000_000_000_000
TOUCHES = 12


def _touch(chance: random.Random) -> tuple[str, int]:
    """Nearly always a touch has its own time."""
    number = chance.randrange(TOUCHES)
    return f"touch{number}", START + (number if chance.random() < 0.9 else chance.randrange(TOUCHES)) * 12 * HOUR


def _ask(chance: random.Random) -> Ask:
    if chance.random() < 0.05:  # then the customer holds what the short way leaves to the long one
        return Ask("main", "42", *_touch(chance), (Scope("customer", "rule:a", (), chance.choice((1, 2))),))
    windows = chance.sample((12 * HOUR, DAY, 3 * DAY), chance.randrange(3))
    limits = tuple(CapLimit(chance.randint(1, 6), window) for window in windows)
    weight = 1 if chance.random() < 0.95 else 2
    known = tuple((*_touch(chance), weight) for _ in range(chance.randrange(4)))
    return Ask("main", "42", *_touch(chance), (Scope("customer", "", limits, 1, known),))


async def test_the_short_way_and_the_long_way_answer_and_keep_the_same(own_redis: RedisProcess) -> None:
    client = Settings(redis_url=own_redis.url, redis_timeout=20.0).redis_client()
    try:
        for seed in range(60):
            await _play(client, random.Random(seed), seed)
    finally:
        await client.aclose()


async def _play(client: Any, chance: random.Random, seed: int) -> None:
    prefixes = [uuid.uuid4().hex for _ in range(2)]
    short, long = ([_ledger(client, prefix, number) for number in range(2)] for prefix in prefixes)
    for number in range(30):
        kind = chance.choice(["reserve"] * 6 + ["confirm", "release", "wait"])
        worker, asks = chance.randrange(2), [_ask(chance) for _ in range(chance.randint(1, 3))]
        if kind == "wait":
            for prefix in prefixes:
                for key in await client.keys(f"{prefix}:*"):
                    await client.set(key, aged(await client.get(key), LAPSE), keepttl=True)
        else:
            said = await getattr(short[worker], kind)(asks)
            with mock.patch("streams.ledger.redis.plain", lambda part: None):
                assert await getattr(long[worker], kind)(asks) == said, (seed, number)
        kept, expected = [await _kept(client, prefix) for prefix in prefixes]
        assert kept == expected, (seed, number)


def _ledger(client: Any, prefix: str, number: int) -> RedisLedger:
    ledger = RedisLedger(client, prefix=prefix, timeout=20.0, lapse=LAPSE)
    ledger._me = f"worker-{number}"
    return ledger


async def _kept(client: Any, prefix: str) -> list[Any]:
    """What the customer's key holds, in its order; of what lapses that it does, as the two are asked one after the
    other."""
    stored = await client.get(f"{prefix}:{{main:42}}:customer")
    if stored is None:
        return []
    return [msgspec.msgpack.decode(stored)[0]] + [
        (touch_id, at, ends > 0, holder, weights) for touch_id, (at, ends, holder, weights) in touches(stored).items()
    ]


async def test_what_is_granted_anew_among_the_rows_touches_goes_the_short_way_and_what_is_full_does_not(
    own_redis: RedisProcess,
) -> None:
    without = scripts.RESERVE.replace("local function general(ask)", "local function general(ask) error('long')")
    assert without != scripts.RESERVE
    digest = hashlib.sha1(without.encode(), usedforsecurity=False).hexdigest()
    client = Settings(redis_url=own_redis.url, redis_timeout=20.0).redis_client()
    ledger = _ledger(client, uuid.uuid4().hex, 1)

    def asked(number: int, known: int = 0) -> Ask:
        row = tuple((f"touch{one}", START + one, 1) for one in range(known))
        limits = (CapLimit(4, DAY), CapLimit(9, 3 * DAY))
        return Ask("main", "42", f"touch{number}", START + number, (Scope("customer", "", limits, 1, row),))

    try:
        with (
            mock.patch.dict(scripts.OF, {("reserve", "customer"): without}),
            mock.patch.dict(scripts.DIGEST, {without: digest}),
        ):
            assert await ledger.reserve([asked(0), asked(1)]) == [Granted(False, (0, 0)), Granted(False, (0, 0))]
            await ledger.confirm([asked(0)])
            assert await ledger.reserve([asked(2, known=2)]) == [Granted(False, (2, 2))]
            assert await ledger.reserve([asked(3, known=1)]) == [Granted(False, (1, 1))]
            assert await ledger.reserve([asked(4, known=3)]) == [None]
    finally:
        await client.aclose()
