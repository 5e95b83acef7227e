"""Is this Redis fit to hold the ledger? Asked once, at start, of every server of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError, ResponseError

from streams.ledger.cluster import Cluster, NoCluster
from streams.ledger.reachable import reason_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

OLDEST: Final = (6, 2)
"""Earlier ones write what a script did by running it again, which a script that asks for the time forbids."""

RIGHTS: Final = "+@read +@write +@connection +eval +evalsha +time -@dangerous +info +cluster|slots"
"""What the ACL user of the ledger must be allowed, and no more."""

_TRY: Final = """
redis.call('TIME')
redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or 'try', 'PX', 1000)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'try', 1)
return redis.call('UNLINK', KEYS[1])
"""
"""What the ledger's own scripts do, of every kind."""

_TRIES: Final = 32
"""Keys to try it with, so that each node of a cluster has some."""

_HUNG_UP: Final = (
    "it hung up: a port for TLS needs a REWAKE_REDIS_URL that begins with rediss://, and where certificates are asked "
    "for, REWAKE_REDIS_CERT_FILE and REWAKE_REDIS_KEY_FILE"
)
_ADVICE: Final = (
    ("CERTIFICATE_VERIFY_FAILED", "its certificate is of no authority that is trusted here, or not for this host name: "
     "REWAKE_REDIS_CA_FILE names the PEM file of the authority that made it"),
    ("certificate required", "it wants a certificate of ours: REWAKE_REDIS_CERT_FILE and REWAKE_REDIS_KEY_FILE"),
    ("SSL", "no TLS could be agreed on: is that port one for TLS? Without it REWAKE_REDIS_URL begins with redis://"),
    ("closed by server", _HUNG_UP),
    ("Connection reset", _HUNG_UP),  # the same, where it was quicker than its own last word
    ("Name or service not known", "no such host: REWAKE_REDIS_URL"),
    ("Connect call failed", "nothing listens there: is REWAKE_REDIS_URL right, and does Redis run?"),
)  # fmt: skip
_OF_REASONS: Final = {
    "read-only": "a replica: REWAKE_REDIS_URL must name the primary (or an address that follows it)",
    "out-of-memory": "its memory is full: raise maxmemory",
    "timeout": "no answer within REWAKE_REDIS_TIMEOUT (a port without TLS gives none to rediss:// either)",
    "loading": "it still reads its data from disk",
    "failing-over": "some of the cluster's slots lie on no node that answers",
}


class UnfitRedis(Exception):
    """This Redis would break a promise. The text says which and what to do."""


async def check_redis(client: Redis | Cluster, prefix: str = "rewake") -> str | None:
    """None when it is fit; why not known, for people, when it doesn't answer or takes no writes (a worker starts all
    the same: Redis is a gate). `prefix`: keys of ours begin with it.

    Raises UnfitRedis for a wrong login or too few rights, a Redis that evicts keys, one that is too old, and one that
    is a cluster where none is expected or the other way round.
    """
    try:
        servers = await client.members() if isinstance(client, Cluster) else [client]
    except NoCluster:
        raise UnfitRedis(
            "REWAKE_REDIS_CLUSTER is true, but what REWAKE_REDIS_URL names is a single Redis: leave it out"
        ) from None
    except (TimeoutError, RedisError, OSError) as error:
        return _away(error, prefix)
    said = [await _check(server, prefix, isinstance(client, Cluster)) for server in servers]
    return next((why for why in said if why is not None), None) or await _try(client, prefix)


async def _check(server: Redis, prefix: str, in_cluster: bool) -> str | None:
    try:
        info: dict[str, Any] = {}
        for section in ("memory", "server", "cluster"):
            info |= await server.info(section)
    except (TimeoutError, RedisError, OSError) as error:
        return _away(error, prefix)
    if info.get("cluster_enabled") and not in_cluster:
        raise UnfitRedis("what REWAKE_REDIS_URL names is a node of a Redis Cluster: set REWAKE_REDIS_CLUSTER=true")
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


async def _try(client: Redis | Cluster, prefix: str) -> str | None:
    """Whether scripts may do what ours do, on every node."""
    pipeline = client.pipeline(transaction=False)
    for number in range(_TRIES if isinstance(client, Cluster) else 1):
        pipeline.execute_command("EVAL", _TRY, 1, f"{prefix}:{{try-{number}}}:try")
    try:
        replies: Sequence[Any] = await pipeline.execute(raise_on_error=False)
    except (TimeoutError, RedisError, OSError) as error:
        return _away(error, prefix)
    return next((_away(reply, prefix) for reply in replies if isinstance(reply, Exception)), None)


def _away(error: Exception, prefix: str) -> str:
    """Why, and what to do about it; UnfitRedis for what no waiting will mend."""
    reason, text = reason_of(error), str(error)
    if reason == "login":
        raise UnfitRedis(
            f"Redis refuses the login ({text}): check REWAKE_REDIS_USERNAME and REWAKE_REDIS_PASSWORD. The user "
            f"needs ~{prefix}:* {RIGHTS}"
        ) from None
    if isinstance(error, ResponseError) and reason == "refused":
        raise UnfitRedis(f"Redis does not answer as one does: {text}") from None
    advice = _OF_REASONS.get(reason) or next((advice for word, advice in _ADVICE if word in text), text)
    return f"{reason}: {advice}"
