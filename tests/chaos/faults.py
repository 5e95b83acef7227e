"""The catalogue: everything that is done to workers, servers and connections, and a seeded choice of it.

A fault holds the lock of what it does something to, so two of them overlap unless they are about the same thing; the
later one then waits. A fault undoes itself before it comes back, which does not mean that all is well then.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from tests.chaos.servers import Lines, Servers
from tests.chaos.workers import Post

SESSION_SECONDS: Final = 6
"""Session and transaction timeout of the workers: freezes and stalls are chosen shorter and longer than this."""


class Stage:
    """What faults act on. `posts` of the workers by name; the `spare` one runs only while a fault lets it."""

    def __init__(self, servers: Servers, posts: Mapping[str, Post], spare: str) -> None:
        self.servers = servers
        self.posts = posts
        self.spare = spare
        self.broker_lock = asyncio.Lock()
        self.redis_lock = asyncio.Lock()
        self._line_locks = {(name, to): asyncio.Lock() for name in posts for to in ("kafka", "redis")}

    def line(self, worker: str, to: str) -> AbstractAsyncContextManager[None]:
        return self._line_locks[worker, to]

    def lines(self, worker: str) -> Lines:
        return self.servers.lines[worker]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as planned. `worker`: whom it is about, if anyone; `seconds`: how long it lasts (a restart: how long
    there is nothing before it comes back)."""

    kind: str
    worker: str
    seconds: float

    def __str__(self) -> str:
        of = f" {self.worker}" if KINDS[self.kind].about_a_worker else ""
        return f"{self.kind}{of} for {self.seconds:.1f} s" if self.seconds else f"{self.kind}{of}"

    async def do(self, stage: Stage) -> None:
        """Comes back when it is over."""
        await KINDS[self.kind].do(stage, self)


@dataclass(frozen=True, slots=True)
class Kind:
    """`share`: how often among the others. `least` and `most`: seconds."""

    share: int
    least: float
    most: float
    do: Callable[[Stage, Fault], Awaitable[None]]
    about_a_worker: bool = True


async def _kill(stage: Stage, fault: Fault) -> None:
    post = stage.posts[fault.worker]
    async with post.lock:
        await post.kill()
        await asyncio.sleep(fault.seconds)
        post.start()


async def _freeze(stage: Stage, fault: Fault) -> None:
    post = stage.posts[fault.worker]
    async with post.lock:
        post.freeze()
        await asyncio.sleep(fault.seconds)
        post.thaw()


async def _leave(stage: Stage, fault: Fault) -> None:
    post = stage.posts[fault.worker]
    async with post.lock:
        await post.leave()
        await asyncio.sleep(fault.seconds)
        post.begin()


async def _join(stage: Stage, fault: Fault) -> None:
    post = stage.posts[stage.spare]
    async with post.lock:
        post.begin()
        await asyncio.sleep(fault.seconds)
        await post.leave()


async def _restart_broker(stage: Stage, fault: Fault) -> None:
    async with stage.broker_lock:
        await stage.servers.broker.stop()
        await asyncio.sleep(fault.seconds)
        await stage.servers.broker.start()


async def _kill_broker(stage: Stage, fault: Fault) -> None:
    async with stage.broker_lock:
        await stage.servers.broker.kill()
        await asyncio.sleep(fault.seconds)
        await stage.servers.broker.start()


async def _kill_redis(stage: Stage, fault: Fault) -> None:
    async with stage.redis_lock:
        await stage.servers.redis.kill()
        await asyncio.sleep(fault.seconds)
        await stage.servers.redis.start()


async def _flush(stage: Stage, fault: Fault) -> None:
    async with stage.redis_lock:
        await stage.servers.redis.tell("FLUSHALL")


async def _forget_scripts(stage: Stage, fault: Fault) -> None:
    async with stage.redis_lock:
        await stage.servers.redis.tell("SCRIPT", "FLUSH")


def _drop(to: str) -> Callable[[Stage, Fault], Awaitable[None]]:
    async def drop(stage: Stage, fault: Fault) -> None:
        """Resets what there is, and for a while whatever is new."""
        proxy = getattr(stage.lines(fault.worker), to)
        async with stage.line(fault.worker, to):
            proxy.refuse()
            await asyncio.sleep(fault.seconds)
            proxy.heal()

    return drop


def _delay(to: str, seconds: float) -> Callable[[Stage, Fault], Awaitable[None]]:
    async def delay(stage: Stage, fault: Fault) -> None:
        proxy = getattr(stage.lines(fault.worker), to)
        async with stage.line(fault.worker, to):
            proxy.delay(seconds, seconds)
            await asyncio.sleep(fault.seconds)
            proxy.heal()

    return delay


def _stall(to: str, *, there: bool, back: bool) -> Callable[[Stage, Fault], Awaitable[None]]:
    async def stall(stage: Stage, fault: Fault) -> None:
        """What was stuck goes on afterwards, unless that connection has been given up."""
        proxy = getattr(stage.lines(fault.worker), to)
        async with stage.line(fault.worker, to):
            proxy.stall(there=there, back=back)
            await asyncio.sleep(fault.seconds)
            proxy.heal()

    return stall


_LONG: Final = (SESSION_SECONDS + 1.0, SESSION_SECONDS + 5.0)

KINDS: Final[dict[str, Kind]] = {
    "worker killed": Kind(5, 0.0, 4.0, _kill),
    "worker frozen, briefly": Kind(3, 0.3, 4.5, _freeze),
    "worker frozen beyond its session": Kind(2, *_LONG, _freeze),
    "worker leaves and comes back": Kind(2, 0.0, 4.0, _leave),
    "third worker joins and leaves": Kind(2, 3.0, 12.0, _join, about_a_worker=False),
    "broker restarted": Kind(1, 0.0, 2.0, _restart_broker, about_a_worker=False),
    "broker killed": Kind(1, 0.0, 2.0, _kill_broker, about_a_worker=False),
    "redis killed": Kind(2, 0.0, 3.0, _kill_redis, about_a_worker=False),
    "redis emptied": Kind(2, 0.0, 0.0, _flush, about_a_worker=False),
    "redis forgets its scripts": Kind(1, 0.0, 0.0, _forget_scripts, about_a_worker=False),
    "kafka connections reset": Kind(3, 0.0, 2.0, _drop("kafka")),
    "kafka slow": Kind(2, 1.0, 5.0, _delay("kafka", 0.15)),
    "kafka stalled": Kind(1, 1.0, 4.0, _stall("kafka", there=True, back=True)),
    "kafka stalled beyond the session": Kind(1, *_LONG, _stall("kafka", there=True, back=True)),
    "kafka's answers stalled": Kind(2, 1.0, 9.0, _stall("kafka", there=False, back=True)),
    "redis connections reset": Kind(2, 0.0, 2.0, _drop("redis")),
    "redis slow": Kind(2, 1.0, 4.0, _delay("redis", 0.3)),
    "redis stalled": Kind(1, 1.0, 5.0, _stall("redis", there=True, back=True)),
    "redis' answers stalled": Kind(1, 1.0, 5.0, _stall("redis", there=False, back=True)),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """`at`: seconds from the beginning of the round."""

    at: float
    fault: Fault


def plan(seed: str, count: int, workers: Sequence[str], every: float) -> list[Planned]:
    """`count` faults, one in `every` seconds on average. Kinds are dealt from a shuffled pack, so that none is rare;
    of equal arguments the same."""
    rng = random.Random(seed)
    planned: list[Planned] = []
    pack: list[str] = []
    at = 0.0
    while len(planned) < count:
        if not pack:
            # every kind once before any comes again, then the rest by their shares
            once = rng.sample(list(KINDS), len(KINDS))
            rest = [name for name, kind in KINDS.items() for _ in range(kind.share - 1)]
            rng.shuffle(rest)
            pack = [*rest, *once]
        kind = pack.pop()
        at += rng.uniform(0.2, 2 * every - 0.2)
        seconds = round(rng.uniform(KINDS[kind].least, KINDS[kind].most), 1)
        planned.append(Planned(round(at, 1), Fault(kind, rng.choice(workers), seconds)))
    return planned
