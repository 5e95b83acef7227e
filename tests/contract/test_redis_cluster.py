"""Pipelines over a Redis Cluster: answered in order wherever slots lie, move to or are lost, by redis-server itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from redis import exceptions
from redis.crc import key_slot

from streams.ledger.cluster import Cluster, NoCluster
from streams.settings import Settings
from tests.contract.redis_process import ClusterProcesses, RedisProcess

TIMEOUT = 2.0
NAMES = [f"n{number}" for number in range(60)]


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterProcesses]:
    """A cluster that a test may break."""
    running = ClusterProcesses(tmp_path_factory.mktemp("cluster"))
    yield running
    running.stop()


@pytest.fixture
async def cluster(servers: ClusterProcesses) -> AsyncIterator[Cluster]:
    made = Settings(redis_url=servers.url, redis_cluster=True, redis_timeout=TIMEOUT).ledger_client()
    assert isinstance(made, Cluster)
    yield made
    await made.aclose()


async def get(cluster: Cluster, *names: str) -> list[Any]:
    pipeline = cluster.pipeline()
    for name in names:
        pipeline.execute_command("GET", name)
    return await pipeline.execute(raise_on_error=False)


async def put(cluster: Cluster, *names: str) -> list[Any]:
    """Each under its own name."""
    pipeline = cluster.pipeline()
    for name in names:
        pipeline.execute_command("EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, name, name)
    return await pipeline.execute(raise_on_error=False)


def of(node: RedisProcess, servers: ClusterProcesses, names: list[str]) -> list[str]:
    """Those whose slots lie on a node."""
    return [name for name in names if servers.owner(key_slot(name.encode())) is node]


async def once(cluster: Cluster, wanted: list[Any], *names: str) -> None:
    """Wait until these read so; breakers decide how soon."""
    until = time.monotonic() + 30
    answers: list[Any] = []
    while time.monotonic() < until:
        answers = await get(cluster, *names)
        if answers == wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"still {answers}")


async def test_answers_come_in_order_from_all_nodes(servers: ClusterProcesses, cluster: Cluster) -> None:
    assert await put(cluster, *NAMES) == [b"OK"] * len(NAMES)
    assert await get(cluster, *NAMES) == [name.encode() for name in NAMES]
    assert all(of(node, servers, NAMES) for node in servers.nodes)
    assert await cluster.pipeline().execute() == []


async def test_an_error_of_one_command_is_its_answer_alone_or_is_raised(cluster: Cluster) -> None:
    await put(cluster, "a", "b")
    pipeline = cluster.pipeline().execute_command("GET", "a").execute_command("INCR", "a").execute_command("GET", "b")
    first, wrong, last = await pipeline.execute(raise_on_error=False)
    assert (first, type(wrong), last) == (b"a", exceptions.ResponseError, b"b")
    with pytest.raises(exceptions.ResponseError, match="not an integer"):
        await cluster.pipeline().execute_command("INCR", "a").execute()


async def test_a_slot_that_moved_is_found_where_it_is(servers: ClusterProcesses, cluster: Cluster) -> None:
    await put(cluster, *NAMES)
    slot = key_slot(NAMES[0].encode())
    old = servers.owner(slot)
    new = next(node for node in servers.nodes if node is not old)
    await move(slot, old, new)
    assert await get(cluster, *NAMES) == [name.encode() for name in NAMES]
    assert servers.owner(slot) is new


async def test_a_slot_that_is_being_moved_is_asked_on_both_sides(servers: ClusterProcesses, cluster: Cluster) -> None:
    here, there = "{moving}here", "{moving}there"
    await put(cluster, here, *NAMES)
    slot = key_slot(here.encode())
    old = servers.owner(slot)
    new = next(node for node in servers.nodes if node is not old)
    new.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", old.ask("CLUSTER", "MYID"))
    old.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", new.ask("CLUSTER", "MYID"))
    assert await put(cluster, there) == [b"OK"]
    assert await get(cluster, NAMES[0], there, here, there, NAMES[1]) == [
        word.encode() for word in (NAMES[0], there, here, there, NAMES[1])
    ]
    assert old.ask("EXISTS", here) == 1


async def move(slot: int, old: RedisProcess, new: RedisProcess) -> None:
    names = [old.ask("CLUSTER", "MYID"), new.ask("CLUSTER", "MYID")]
    new.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
    old.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
    for key in old.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
        old.ask("MIGRATE", "127.0.0.1", new.port, key, 0, 5000)
    for node in (new, old):
        node.ask("CLUSTER", "SETSLOT", slot, "NODE", names[1])


@pytest.mark.parametrize("how", ["dead", "frozen"])
async def test_a_node_that_is_away_costs_its_own_slots_alone(
    servers: ClusterProcesses, cluster: Cluster, how: str
) -> None:
    # as an operator sets it who would rather have some slots than none
    for node in servers.nodes:
        node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
    await put(cluster, *NAMES)
    lost = servers.nodes[1]
    theirs = of(lost, servers, NAMES)
    with structlog.testing.capture_logs() as logs:
        lost.stop() if how == "dead" else lost.freeze()
        for _ in range(5):
            answers = dict(zip(NAMES, await get(cluster, *NAMES), strict=True))
            assert all(isinstance(answers[name], Exception) for name in theirs)
            assert all(answers[name] == name.encode() for name in NAMES if name not in theirs)
    assert [line["event"] for line in logs] == ["a node of the Redis cluster is away"]
    lost.start() if how == "dead" else lost.thaw()
    await once(cluster, [None if how == "dead" else name.encode() for name in theirs], *theirs)


async def test_when_a_primary_dies_its_replica_is_asked_once_it_is_promoted(
    servers: ClusterProcesses, cluster: Cluster
) -> None:
    lost = servers.nodes[2]
    replica = servers.add_replica(lost)
    await put(cluster, *NAMES)
    assert lost.ask("WAIT", 1, 10_000) == 1
    theirs = of(lost, servers, NAMES)
    lost.stop()
    assert any(isinstance(answer, Exception) for answer in await get(cluster, *theirs))
    await once(cluster, [name.encode() for name in NAMES], *NAMES)
    assert replica.ask("ROLE")[0] == b"master"


async def test_a_cluster_without_some_slots_answers_errors_and_nothing_hangs(
    servers: ClusterProcesses, cluster: Cluster
) -> None:
    await put(cluster, *NAMES)
    servers.nodes[0].stop()
    until = time.monotonic() + 30
    while not isinstance((await get(cluster, of_second(servers)))[0], exceptions.ClusterDownError):
        assert time.monotonic() < until
        await asyncio.sleep(0.05)


def of_second(servers: ClusterProcesses) -> str:
    first = 16_384 // 3
    return next(name for name in NAMES if first < key_slot(name.encode()) < first * 2)


async def test_when_no_node_answers_every_command_is_answered_by_an_error(servers: ClusterProcesses) -> None:
    cluster = Settings(redis_url=servers.url, redis_cluster=True, redis_timeout=TIMEOUT).ledger_client()
    assert isinstance(cluster, Cluster)
    for node in servers.nodes:
        node.stop()
    assert [type(answer) for answer in await get(cluster, "a", "b")] == [exceptions.ConnectionError] * 2
    await cluster.aclose()


async def test_a_server_that_is_in_no_cluster_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    cluster = Settings(redis_url=server.url, redis_cluster=True, redis_timeout=TIMEOUT).ledger_client()
    assert isinstance(cluster, Cluster)
    try:
        with pytest.raises(NoCluster):
            await cluster.members()
    finally:
        await cluster.aclose()
        server.stop()
