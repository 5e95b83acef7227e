"""The sentinel of what only Redis knows: whether the caps of phones and budgets may be judged by what is in it.

What a customer was sent stands in his row and comes along with every ask. Of phones, texts and budgets the ledger alone
keeps count, so one that came back empty must not judge them before it has been filled again (`streams.ledger.refill`).
A key tells: it is lost with the rest, and the scripts look for it where they judge, so that nothing comes between.

One hash a Redis; in a cluster one in every slot, where each is lost and moves with what it vouches for (some 1.3 MB in
all). Its fields name what was filled in (`covers`: the caps in force), for a Redis that was filled for other caps does
not know what these need. The field `?covers` holds who is filling: if it is gone when he has finished, so may be some
of what he filled in.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from streams.ledger.cluster import Cluster

if TYPE_CHECKING:
    from redis.asyncio import Redis

LOCK_SECONDS: Final = 60
"""A lock that nobody renews falls after this long."""

_BEGIN: Final = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], '?' .. ARGV[1], ARGV[2])
return 1
"""
"""ARGV: covers, token. Answers whether it is to be filled."""

_FINISH: Final = """
if redis.call('HGET', KEYS[1], '?' .. ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], '?' .. ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], redis.call('TIME')[1])
return 1
"""
"""ARGV: covers, token. Answers whether nothing was lost meanwhile."""

_RENEW: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
_UNLOCK: Final = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class Guard:
    """`prefix`: keys of ours begin with it. `covers`: a name of all the caps that need it, empty for none: then nothing
    is ever looked for. Methods raise what the client raises, redis.exceptions.RedisError or OSError."""

    def __init__(self, client: Redis | Cluster, prefix: str, covers: str) -> None:
        self._client = client
        self._prefix = prefix
        self.covers = covers
        self.noticed = asyncio.Event()
        """Set by the ledger when a script did not find the key."""

    def beside(self, key: str) -> str:
        """The guard's key in the slot that `key` lies in."""
        if not isinstance(self._client, Cluster):
            return f"{self._prefix}:guard"
        return self._of_slot(key_slot(key.encode()))

    async def take_up(self) -> None:
        """These caps are in force from now on. Where others were before, or none, what was once filled in for these
        vouches for nothing any more, as nobody counted by them meanwhile; nor does what somebody is filling in.

        That is done before it is noted whose caps are in force: broken off anywhere, it is done again."""
        key = f"{self._prefix}:{{guard}}:covers"
        (before,) = await self._all([("GET", key)])
        if before == self.covers.encode():
            return
        if self.covers:
            await self._all([("HDEL", guard, self.covers, f"?{self.covers}") for guard in self._keys()])
        await self._all([("SET", key, self.covers)])

    async def begin(self, token: str) -> frozenset[str]:
        """The guards' keys that are missing, which whoever holds `token` fills from now on."""
        keys = self._keys()
        words = [("EVAL", _BEGIN, 1, key, self.covers, token) for key in keys]
        return frozenset(key for key, empty in zip(keys, await self._all(words), strict=True) if empty)

    async def finish(self, token: str, keys: Collection[str]) -> bool:
        """What these vouch for is filled in. False when some of it was lost meanwhile."""
        return all(await self._all([("EVAL", _FINISH, 1, key, self.covers, token) for key in keys]))

    async def lock(self, token: str) -> bool:
        """Whether it is now this token's turn to fill. For the sake of the work alone: two at once do no harm."""
        (taken,) = await self._all([("SET", self._lock, token, "NX", "PX", LOCK_SECONDS * 1000)])
        return bool(taken)

    async def renew(self, token: str) -> None:
        await self._all([("EVAL", _RENEW, 1, self._lock, token, LOCK_SECONDS * 1000)])

    async def unlock(self, token: str) -> None:
        await self._all([("EVAL", _UNLOCK, 1, self._lock, token)])

    @property
    def _lock(self) -> str:
        return f"{self._prefix}:{{guard}}:lock"

    def _keys(self) -> list[str]:
        if not isinstance(self._client, Cluster):
            return [f"{self._prefix}:guard"]
        return [self._of_slot(slot) for slot in range(REDIS_CLUSTER_HASH_SLOTS)]

    def _of_slot(self, slot: int) -> str:
        return f"{self._prefix}:{{{_tags()[slot]}}}:guard"

    async def _all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        replies: list[Any] = []
        for begin in range(0, len(commands), 512):
            pipeline = self._client.pipeline(transaction=False)
            for words in commands[begin : begin + 512]:
                pipeline.execute_command(*words)
            replies += await pipeline.execute()
        return replies


@functools.cache
def _tags() -> list[str]:
    """For each slot a text that lies in it."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < REDIS_CLUSTER_HASH_SLOTS:
        found.setdefault(key_slot(str(number).encode()), str(number))
        number += 1
    return [found[slot] for slot in range(REDIS_CLUSTER_HASH_SLOTS)]
