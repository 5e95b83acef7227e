"""The broker and the Redis of a run, which die and come back, and a proxy of its own for each worker to each of them.

Kafka's clients go where the broker says it is, so the broker has a listener for each worker, and says that it is where
the worker's proxy listens. Who publishes, reads and judges goes past the proxies: that side has to see everything.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis.asyncio

from streams.stacks import StackFailed, real
from streams.stacks.embedded import redis_at
from streams.stacks.process import Guard, Server, port_is_free
from tests.chaos.proxy import Proxy

_PORTS: Final = range(20_000, 32_000)
"""Below those that systems give to clients: while a server is down its port must stay free."""


def _ports(count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)
        if port not in found and port_is_free(port):
            found.append(port)
    return found


@dataclass(frozen=True, slots=True)
class Lines:
    """One worker's ways to the servers."""

    kafka: Proxy
    redis: Proxy

    def heal(self) -> None:
        self.kafka.heal()
        self.redis.heal()


class Broker:
    """Apache Kafka on a folder of its own; what was written survives its death."""

    def __init__(self, folder: Path, guard: Guard, doors: dict[str, int], port: int, controller: int) -> None:
        """`doors`: by worker, the port at which the broker is said to be. Raises StackFailed."""
        self.port = port
        self.behind = dict(zip(doors, _ports(len(doors)), strict=True))
        self._folder = folder
        self._guard = guard
        self._java, self._libraries = real.find_java(), real.kafka_libraries()
        self._properties = folder / "kafka.properties"
        data = folder / "kafka"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        listeners = [f"PLAINTEXT://127.0.0.1:{port}", f"CONTROLLER://127.0.0.1:{controller}"]
        listeners += [f"{name.upper()}://127.0.0.1:{behind}" for name, behind in self.behind.items()]
        advertised = [f"PLAINTEXT://127.0.0.1:{port}"]
        advertised += [f"{name.upper()}://127.0.0.1:{door}" for name, door in doors.items()]
        names = ["PLAINTEXT", "CONTROLLER", *(name.upper() for name in doors)]
        settings = {
            "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(advertised),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
            "inter.broker.listener.name": "PLAINTEXT",
        }
        text = real.broker_properties(port, controller, data)  # of a name given twice the last one holds
        self._properties.write_text(text + "".join(f"{name}={value}\n" for name, value in settings.items()))
        real.format_storage(self._java, self._libraries, self._properties)
        self.answers = False
        """Whether it is there, as far as is known: set by what is done to it."""
        self._starts = 0
        self._server: Server | None = None

    async def start(self) -> None:
        self._starts += 1
        log = self._folder / f"broker-{self._starts}.log"
        self._server = real.kafka_server(
            self._java, self._libraries, self._properties, self.port, log=log, guard=self._guard
        )
        await asyncio.to_thread(self._server.wait)
        self.answers = True

    async def stop(self) -> None:
        self.answers = False
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def kill(self) -> None:
        self.answers = False
        if self._server is not None:
            await asyncio.to_thread(self._server.kill)

    @property
    def alive(self) -> bool:
        return self._server is not None and self._server.alive()


class RedisServer:
    """A Redis that keeps nothing: each start is an empty one."""

    def __init__(self, folder: Path, guard: Guard, port: int) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise StackFailed("redis-server is not on the PATH: install it (Debian: apt-get install redis-server).")
        self.port = port
        self._program = program
        self._folder = folder
        self._guard = guard
        self._server: Server | None = None

    async def start(self) -> None:
        self._server, _ = redis_at(self._program, self.port, at=self._folder, guard=self._guard)
        await asyncio.to_thread(self._server.wait)

    async def stop(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)

    async def kill(self) -> None:
        if self._server is not None:
            await asyncio.to_thread(self._server.kill)

    @property
    def alive(self) -> bool:
        return self._server is not None and self._server.alive()

    async def tell(self, *words: str) -> None:
        """One command, past the proxies."""
        client = redis.asyncio.Redis(host="127.0.0.1", port=self.port, socket_timeout=10)
        try:
            await client.execute_command(*words)  # type: ignore[no-untyped-call]  # untyped in redis-py
        finally:
            await client.aclose()


class Servers:
    """Both, and the proxies before them. `guard` ends whatever is left when this process dies."""

    def __init__(self, folder: Path, workers: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.guard = Guard.start()
        broker, controller, redis_port, *doors = _ports(3 + 2 * len(workers))
        to_kafka = dict(zip(workers, doors, strict=False))
        to_redis = dict(zip(workers, doors[len(workers) :], strict=True))
        try:
            self.redis = RedisServer(folder, self.guard, redis_port)
            self.broker = Broker(folder, self.guard, to_kafka, broker, controller)
        except BaseException:
            self.guard.close()
            raise
        self.lines = {
            name: Lines(Proxy(to_kafka[name], self.broker.behind[name]), Proxy(to_redis[name], redis_port))
            for name in workers
        }

    @property
    def bootstrap(self) -> str:
        """The broker past the proxies."""
        return f"127.0.0.1:{self.broker.port}"

    @property
    def redis_url(self) -> str:
        """Redis past the proxies."""
        return f"redis://127.0.0.1:{self.redis.port}/0"

    async def start(self) -> None:
        for lines in self.lines.values():
            await lines.kafka.start()
            await lines.redis.start()
        await asyncio.gather(self.broker.start(), self.redis.start())

    async def stop(self) -> None:
        for lines in self.lines.values():
            await lines.kafka.close()
            await lines.redis.close()
        await asyncio.gather(self.broker.kill(), self.redis.kill())
        self.guard.close()
