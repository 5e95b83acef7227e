"""What a worker answers about itself over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from streams.health import HealthServer, Readiness
from streams.metrics import Metrics


async def get(server: HealthServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{server.port}{path}")


def ready() -> Readiness:
    return Readiness(broker=None, assigned=frozenset({0, 1}), recovered={0, 1})


async def test_a_worker_that_just_started_is_alive_and_not_ready() -> None:
    async with HealthServer(Readiness(), Metrics()) as server:
        alive, answer = await get(server, "/healthz"), await get(server, "/readyz")
    assert (alive.status_code, alive.json()["status"]) == (200, "alive")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["reasons"] == ["broker: not connected yet", "partitions: none assigned yet"]


async def test_it_is_ready_once_all_assigned_partitions_are_recovered() -> None:
    readiness = Readiness(broker=None)
    async with HealthServer(readiness, Metrics()) as server:
        readiness.assign(frozenset({3, 1, 2}))
        readiness.recovered.add(2)
        waiting = await get(server, "/readyz")
        readiness.recovered |= {1, 3}
        done = await get(server, "/readyz")
    assert waiting.json()["reasons"] == ["partitions: 1, 3 not recovered yet"]
    assert waiting.status_code == 503
    assert done.status_code == 200
    assert done.json() == {"status": "ready", "reasons": [], "assigned": [1, 2, 3], "recovered": [1, 2, 3], "notes": {}}


def test_a_rebalance_keeps_what_was_recovered_and_waits_for_the_rest() -> None:
    readiness = ready()
    readiness.assign(frozenset({1, 2}))
    assert readiness.recovered == {1}
    assert readiness.reasons() == ["partitions: 2 not recovered yet"]


def test_a_worker_with_no_partition_to_own_is_ready() -> None:
    readiness = Readiness(broker=None)
    readiness.assign(frozenset())
    assert readiness.reasons() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"broker": "connection refused"}, "broker: connection refused"),
        ({"failed": "row too new"}, "failed: row too new"),
    ],
)
async def test_what_goes_wrong_is_named(change: dict[str, Any], reason: str) -> None:
    readiness = ready()
    for name, value in change.items():
        setattr(readiness, name, value)
    async with HealthServer(readiness, Metrics()) as server:
        answer = await get(server, "/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, [reason])


async def test_only_a_worker_that_cannot_go_on_is_not_alive() -> None:
    readiness = Readiness(broker="connection refused")
    async with HealthServer(readiness, Metrics()) as server:
        assert (await get(server, "/healthz")).status_code == 200
        readiness.failed = "row too new"
        answer = await get(server, "/healthz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["failed: row too new"])


async def test_redis_away_is_a_note_and_no_reason() -> None:
    readiness = ready()
    readiness.notes["redis"] = "away"
    async with HealthServer(readiness, Metrics()) as server:
        answer = await get(server, "/readyz")
    assert (answer.status_code, answer.json()["notes"]) == (200, {"redis": "away"})


async def test_metrics_are_served_as_prometheus_text_and_refreshed_first() -> None:
    metrics = Metrics()
    async with HealthServer(ready(), metrics, refresh=lambda: metrics.rows.set(12)) as server:
        answer = await get(server, "/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "rewake_rows 12.0" in answer.text


async def test_a_taken_port_is_an_error_at_start() -> None:
    async with HealthServer(ready(), Metrics()) as first:
        second = HealthServer(ready(), Metrics(), port=first.port)
        with pytest.raises(OSError, match="in use"):
            await second.start()


async def test_after_stop_nothing_answers() -> None:
    server = HealthServer(ready(), Metrics())
    await server.start()
    await server.stop()
    with pytest.raises(httpx.ConnectError):
        await get(server, "/healthz")
