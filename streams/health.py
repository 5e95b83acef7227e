"""Is the worker alive, and is it ready? `/metrics`, `/healthz` and `/readyz` over HTTP, on the worker's own loop.

`/healthz` (liveness: restart it when it fails) answers 200 whenever the event loop turns, and 503 once the worker said
that it can't go on. `/readyz` (readiness: send it nothing, roll out no further) answers 200 or 503 with the reasons.
Redis is not among them: while it is away a worker goes on consuming, and says so in its body and its metrics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson
from aiohttp import web

from streams.metrics import CONTENT_TYPE, Exposed


@dataclass(slots=True)
class Readiness:
    """What the worker says of itself; it sets the fields, health reads them. Nothing here waits or locks."""

    broker: str | None = "not connected yet"
    """Why the broker can't be reached; None when it can."""

    assigned: frozenset[int] | None = None
    """Partition numbers given by the group; None before the first assignment. Empty is a valid assignment."""

    recovered: set[int] = field(default_factory=set)
    """Those of them whose rows are read back and that accept records."""

    failed: str | None = None
    """Why the worker can't go on by itself (liveness fails); None as long as it can."""

    notes: dict[str, str] = field(default_factory=dict)
    """What is worth knowing but no reason: `delivery`, `redis` and the like. Shown in the body."""

    def assign(self, partitions: frozenset[int]) -> None:
        """A rebalance: partitions kept stay recovered."""
        self.assigned = partitions
        self.recovered &= partitions

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        said = [f"failed: {self.failed}"] if self.failed else []
        if self.broker is not None:
            said.append(f"broker: {self.broker}")
        if self.assigned is None:
            said.append("partitions: none assigned yet")
        else:
            missing = sorted(self.assigned - self.recovered)
            if missing:
                said.append(f"partitions: {', '.join(map(str, missing))} not recovered yet")
        return said


class HealthServer:
    """The HTTP server. `async with HealthServer(...)`, or `start` and `stop`; port 0 takes a free one, see `port`.

    `refresh` is called before each answer, for what is cheaper to look up when asked (gauges, say).
    """

    def __init__(
        self,
        readiness: Readiness,
        metrics: Exposed,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        refresh: Callable[[], None] | None = None,
    ) -> None:
        self._readiness = readiness
        self._metrics = metrics
        self._host = host
        self._wanted = port
        self._refresh = refresh or (lambda: None)
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        app = web.Application()
        app.router.add_get("/metrics", self._metrics_page)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, self._host, self._wanted)
            await site.start()
        except OSError:
            await self.stop()
            raise
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Closes the port and what is open on it."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _metrics_page(self, request: web.Request) -> web.Response:
        self._refresh()
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def _healthz(self, request: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(0)
        lag = loop.time() - before  # one turn of everything else that is ready to run
        reasons = [f"failed: {self._readiness.failed}"] if self._readiness.failed else []
        return _answer("alive", reasons, {"loop_turn_seconds": round(lag, 6)})

    async def _readyz(self, request: web.Request) -> web.Response:
        self._refresh()
        readiness = self._readiness
        return _answer(
            "ready",
            readiness.reasons(),
            {
                "assigned": sorted(readiness.assigned or ()),
                "recovered": sorted(readiness.recovered),
                "notes": readiness.notes,
            },
        )


def _answer(good: str, reasons: list[str], more: dict[str, object]) -> web.Response:
    return web.Response(
        status=503 if reasons else 200,
        body=orjson.dumps({"status": f"not {good}" if reasons else good, "reasons": reasons, **more}),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
