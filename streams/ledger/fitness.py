"""Is this Redis fit to hold the ledger? Asked once, at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError, ResponseError

from streams.ledger.redis import reason_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

OLDEST: Final = (6, 2)
"""Earlier ones write what a script did by running it again, which a script that asks for the time forbids."""

RIGHTS: Final = "+@read +@write +@connection +eval +evalsha +time -@dangerous +info"
"""What the ACL user of the ledger must be allowed, and no more."""


class UnfitRedis(Exception):
    """This Redis would break a promise. The text says which and what to do."""


async def check_redis(client: Redis) -> str | None:
    """None when it is fit; why not known when it doesn't answer (a worker starts all the same: Redis is a gate).

    Raises UnfitRedis for a wrong login, a Redis that evicts keys, or one that is too old.
    """
    try:
        info = await client.info("memory") | await client.info("server")
    except (TimeoutError, RedisError, OSError) as error:
        reason = reason_of(error)
        if reason == "login":
            raise UnfitRedis(
                f"Redis refuses the login ({error}): check REWAKE_REDIS_USERNAME and REWAKE_REDIS_PASSWORD. The user "
                f"needs ~<REWAKE_APP_ID>:* {RIGHTS}"
            ) from None
        if isinstance(error, ResponseError) and reason == "refused":
            raise UnfitRedis(f"Redis does not answer INFO: {error}") from None
        return reason
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        raise UnfitRedis(
            f"Redis' maxmemory-policy is {policy}: when memory runs short it would silently forget touches, and "
            "customers would get more messages than their caps allow. Set maxmemory-policy to noeviction (CONFIG SET "
            "maxmemory-policy noeviction, and in redis.conf), or use a Redis of its own: with noeviction a full Redis "
            "refuses writes, Rewake holds messages back and says so."
        )
    version = tuple(int(part) for part in str(info.get("redis_version", "0.0")).split(".")[:2])
    if version < OLDEST:
        raise UnfitRedis(f"Redis {info.get('redis_version')} is too old: 6.2 or later, or Valkey")
    return None
