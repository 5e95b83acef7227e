"""A Redis Cluster as the ledger needs it: pipelines whose commands go to the nodes that hold their keys' slots.

Each node has a client and a breaker of its own, so that one that is away costs its own slots alone. (redis-py's own
cluster client forbids EVALSHA in a pipeline, lets a node that does not answer fail what the others answered, and tries
again by itself; the ledger decides when to ask again.)

Where slots lie is asked when it is not known, when a node says that one has moved, and after a node failed: then a
replica may have been promoted. A command may be sent twice on such a way, as all of the ledger's may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis import exceptions
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from streams.ledger.breaker import Breaker

if TYPE_CHECKING:
    from redis.asyncio import Redis

log: Final = structlog.stdlib.get_logger(__name__)

Address = tuple[str, int]
"""Host and port."""

ROUNDS: Final = 3
"""How often a command is sent at most: to where its slot was, to where that node points, and once more."""

_GONE: Final = (exceptions.ConnectionError, exceptions.TimeoutError, OSError, TimeoutError)


class NoCluster(exceptions.ResponseError):
    """The server is no node of a cluster."""


class _Node:
    """`client`: of this node alone. `address`: as the cluster names it. `timeout`: seconds it may take."""

    def __init__(self, address: Address, client: Redis, timeout: float) -> None:
        self.address = address
        self.client = client
        self._timeout = timeout
        self.breaker = Breaker()

    async def run(self, commands: Sequence[tuple[tuple[Any, ...], bool]]) -> list[Any]:
        """A reply a command, an exception for one that failed; of a node that is away all alike. With each command:
        whether the node is asked for a slot that it is still being given."""
        loop = asyncio.get_running_loop()
        if not self.breaker.may_try(loop.time()):
            return [exceptions.ConnectionError(f"{self.name} is away")] * len(commands)
        pipeline = self.client.pipeline(transaction=False)
        for words, asking in commands:
            if asking:
                pipeline.execute_command("ASKING")
            pipeline.execute_command(*words)
        try:
            async with asyncio.timeout(self._timeout):
                replies = list(await pipeline.execute(raise_on_error=False))
        except _GONE as error:
            replies = []
            failure: Exception | None = error
        else:
            failure = next((reply for reply in replies if isinstance(reply, _GONE)), None)
        if failure is not None:
            if self.breaker.failed(loop.time()):
                log.warning("a node of the Redis cluster is away", node=self.name, error=str(failure) or "timeout")
            return [failure] * len(commands)
        if self.breaker.answered():
            log.info("a node of the Redis cluster is back", node=self.name)
        answered = iter(replies)
        return [(next(answered), next(answered))[1] if asking else next(answered) for _, asking in commands]

    @property
    def name(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"


class Cluster:
    """`seeds`: nodes to begin with. `client`: makes the client of one node; nothing connects before the first use.
    `timeout`: seconds that one node may take to answer."""

    def __init__(self, seeds: Sequence[Address], client: Callable[[str, int], Redis], timeout: float) -> None:
        self._seeds = list(seeds)
        self._client = client
        self._timeout = timeout
        self._nodes: dict[Address, _Node] = {}
        self._slots: list[Address] = []
        self._replicas: set[Address] = set()
        self._stale = True
        self._looking = asyncio.Lock()

    def pipeline(self, transaction: bool = False) -> ClusterPipeline:
        """Commands for any slots, each with its keys in one. There are no transactions over slots."""
        if transaction:
            raise ValueError("a cluster has no transactions over its slots")
        return ClusterPipeline(self)

    async def members(self) -> list[Redis]:
        """A client for each node, replicas among them. Raises what kept every node from telling."""
        await self._look()
        return [self._node(address).client for address in (*dict.fromkeys(self._slots), *sorted(self._replicas))]

    async def aclose(self) -> None:
        """Close every connection."""
        nodes, self._nodes, self._stale = list(self._nodes.values()), {}, True
        for node in nodes:
            await node.client.aclose()

    # -- what a pipeline does

    async def run(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """A reply a command, in order; an exception in its place where there was none."""
        replies: list[Any] = [None] * len(commands)
        if self._stale:
            try:
                await self._look()
            except (exceptions.RedisError, OSError, TimeoutError) as error:
                if not self._slots:
                    return [error] * len(commands)
        where = {index: (self._slots[_slot(words)], False) for index, words in enumerate(commands)}
        for last in (False,) * (ROUNDS - 1) + (True,):
            await self._round(commands, where, replies)
            if last:
                break
            where = await self._onward(commands, where, replies)
            if not where:
                break
        return replies

    async def _round(
        self, commands: Sequence[tuple[Any, ...]], where: dict[int, tuple[Address, bool]], replies: list[Any]
    ) -> None:
        by_node: dict[Address, list[int]] = {}
        for index, (address, _) in where.items():
            by_node.setdefault(address, []).append(index)
        answers = await asyncio.gather(
            *(
                self._node(address).run([(commands[index], where[index][1]) for index in indexes])
                for address, indexes in by_node.items()
            )
        )
        for indexes, answered in zip(by_node.values(), answers, strict=True):
            for index, reply in zip(indexes, answered, strict=True):
                replies[index] = reply
                if isinstance(reply, (*_GONE, exceptions.ClusterDownError, exceptions.ReadOnlyError)):
                    self._stale = True

    async def _onward(
        self, commands: Sequence[tuple[Any, ...]], where: dict[int, tuple[Address, bool]], replies: list[Any]
    ) -> dict[int, tuple[Address, bool]]:
        """Where those commands go next that a node has pointed on."""
        onward: dict[int, tuple[Address, bool]] = {}
        for index, (address, _) in where.items():
            reply = replies[index]
            if isinstance(reply, exceptions.AskError):  # MOVED is one of them
                moved = isinstance(reply, exceptions.MovedError)
                onward[index] = (reply.host or address[0], reply.port), not moved
                if moved:
                    self._slots[_slot(commands[index])] = onward[index][0]
                    self._stale = True
            elif isinstance(reply, exceptions.TryAgainError):
                onward[index] = where[index]
        return onward

    # -- where slots lie

    def _node(self, address: Address) -> _Node:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = _Node(address, self._client(*address), self._timeout)
        return node

    async def _look(self) -> None:
        """Ask one node after the other, those that answer first. Raises what the last one said."""
        async with self._looking:
            known = [*self._slots[:: REDIS_CLUSTER_HASH_SLOTS // 16], *self._replicas, *self._seeds]
            asked = list(dict.fromkeys(sorted(known, key=lambda address: not self._node(address).breaker.is_closed)))
            failure: Exception = exceptions.ConnectionError("no node to ask")
            for address in asked:
                node = self._node(address)
                try:
                    async with asyncio.timeout(self._timeout):
                        asking = node.client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]  # redis-py
                        told = await asking
                except exceptions.ResponseError as error:
                    failure = NoCluster(str(error)) if "cluster support disabled" in str(error) else error
                    continue
                except (exceptions.RedisError, OSError, TimeoutError) as error:
                    failure = error
                    continue
                slots, replicas = _read_slots(told, address)
                if None in slots:
                    failure = exceptions.ClusterDownError("some slots lie on no node")
                    continue
                self._slots, self._replicas, self._stale = slots, replicas, False
                return
            raise failure


class ClusterPipeline:
    """What `Redis.pipeline(transaction=False)` is for one server."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._commands: list[tuple[Any, ...]] = []

    def execute_command(self, *words: Any) -> ClusterPipeline:
        """Add one command, whose keys must lie in one slot."""
        self._commands.append(words)
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send everything, answer by answer in order. Exceptions stand for what failed, or the first is raised."""
        commands, self._commands = self._commands, []
        replies = await self._cluster.run(commands)
        if raise_on_error:
            for reply in replies:
                if isinstance(reply, Exception):
                    raise reply
        return replies


def _slot(words: Sequence[Any]) -> int:
    key = words[3] if words[0] in ("EVAL", "EVALSHA") else words[1]
    return key_slot(key.encode() if isinstance(key, str) else key)


def _read_slots(told: Any, asked: Address) -> tuple[list[Any], set[Address]]:
    """Of an answer to CLUSTER SLOTS: the address of each slot's primary, None where there is none, and all replicas."""

    def address(node: Sequence[Any]) -> Address:
        host = node[0].decode() if isinstance(node[0], bytes) else node[0]
        # a node that knows no address of its own, or must not tell it: where it was asked
        return (asked[0] if not host or host == "?" else host), int(node[1])

    slots: list[Any] = [None] * REDIS_CLUSTER_HASH_SLOTS
    replicas: set[Address] = set()
    for first, last, primary, *others in told:
        slots[first : last + 1] = [address(primary)] * (last + 1 - first)
        replicas |= {address(node) for node in others}
    return slots, replicas
