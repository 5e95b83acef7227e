"""What the real ledger keeps of a customer in Redis, and for how long."""

from __future__ import annotations

from redis.crc import key_slot

from streams.ledger import RedisLedger
from streams.settings import Settings
from tests.contract.ledger_aging import touches
from tests.contract.ledger_worlds import DAY, NOW, ask
from tests.contract.redis_process import RedisProcess
from triggers.asks import CapLimit


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
