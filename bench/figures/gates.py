"""The gate checks of one worker against Redis, beside a bare pipeline of as many trivial commands in the same run.

Asks as a worker's chunks bring them: every customer has been written to before, which his row proves, and two caps are
judged; in the second kind the phone is capped too and the shop has a budget of the day, in slots of their own, with the
sentinel looked for. A check is a reservation; what its confirmation takes beside it is told too. All answers are looked
at.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr
from redis.asyncio import Redis

from bench.figures import Options
from bench.processes import RunFailed
from bench.results import between, spreads
from bench.stack import say
from streams.ledger import RedisLedger
from streams.ledger.guard import Guard as Sentinel
from streams.settings import Settings
from streams.stacks.embedded import redis_at
from streams.stacks.process import Guard, free_port
from triggers.asks import Ask, CapLimit, Granted, Scope

ABOUT = "gate checks in Redis by one worker"
CHUNK: Final = 2_000
"""Asks of one call: a chunk's."""
CHECKS: Final = 60_000
DAY: Final = 86_400_000_000
NOW: Final = 1_795_000_000_000_000
CAPS: Final = (CapLimit(1, DAY), CapLimit(10, 30 * DAY))
SECRET: Final = SecretStr("a secret of thirty-two characters")
MEMORY_OF: Final = (1, 3, 10)
"""Touches of the customers whose memory is told."""


def measure(options: Options) -> dict[str, Any]:
    checks = min(CHECKS, options.events)
    program = shutil.which("redis-server")
    if program is None:
        raise RunFailed("redis-server is not on the PATH")
    with tempfile.TemporaryDirectory(prefix="rewake-bench-", ignore_cleanup_errors=True) as folder:
        guard = Guard.start()
        server, port = redis_at(program, free_port(), at=Path(folder), guard=guard)
        try:
            server.wait()
            runs, memory = asyncio.run(_rounds(f"redis://127.0.0.1:{port}/0", checks, options.rounds))
        finally:
            server.stop()
            guard.close()
    fields = ("checks_per_s", "with_confirmation_per_s", "bare_per_s", "share_of_bare", "cpu_us_per_check")
    figures = {kind: spreads([run for run in runs if run["kind"] == kind], *fields) for kind in KINDS}
    return {"checks": checks, "figures": figures, "memory_bytes_per_customer": memory, "runs": runs}


async def _rounds(url: str, checks: int, rounds: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
    settings = Settings(redis_url=url, redis_timeout=10.0)
    client = settings.redis_client()
    runs: list[dict[str, Any]] = []
    memory: dict[str, int] = {}
    try:
        for turn in range(rounds):
            for kind, scopes in KINDS.items():
                await client.flushall()
                asked = settings.ledger_client()
                sentinel = Sentinel(asked, "rewake", "bench")
                ledger = RedisLedger(asked, timeout=10.0, secret=SECRET, guard=sentinel)
                try:
                    await sentinel.finish("bench", await sentinel.begin("bench"))
                    first = [scopes(1, number) for number in range(CHUNK)]
                    await _reserve(ledger, first)  # connected, and the scripts are known
                    await _confirm(ledger, first)
                    bare = await _bare(client, checks)
                    asks = [scopes(2, number) for number in range(checks)]
                    busy = time.process_time()
                    began = time.perf_counter()
                    await _reserve(ledger, asks)
                    reserved, cpu = time.perf_counter() - began, time.process_time() - busy
                    await _confirm(ledger, asks)
                    both = time.perf_counter() - began
                finally:
                    await ledger.close()
                run = {
                    "round": turn + 1, "kind": kind, "checks_per_s": round(checks / reserved),
                    "with_confirmation_per_s": round(checks / both), "bare_per_s": round(bare),
                    "share_of_bare": round(checks / reserved / bare, 3),
                    "cpu_us_per_check": round(cpu / checks * 1e6, 2),
                }  # fmt: skip
                runs.append(run)
                say(f"gates {kind}: {run['checks_per_s']:,} checks/s beside {run['bare_per_s']:,} bare commands/s")
        await client.flushall()
        for touches in MEMORY_OF:
            memory[str(touches)] = await _memory(settings, client, touches)
    finally:
        await client.aclose()
    return runs, memory


async def _bare(client: Redis, commands: int) -> float:
    """GETs a second of keys that are not there, in pipelines of a call's size."""
    began = time.perf_counter()
    for begin in range(0, commands, CHUNK):
        pipeline = client.pipeline(transaction=False)
        for number in range(begin, min(begin + CHUNK, commands)):
            pipeline.execute_command("GET", f"bare:{{main:{number}}}:touches")
        if any(await pipeline.execute()):
            raise RunFailed("a key is there that nobody has set")
    return commands / (time.perf_counter() - began)


async def _reserve(ledger: RedisLedger, asks: Sequence[Ask]) -> None:
    for begin in range(0, len(asks), CHUNK):
        answers = await ledger.reserve(asks[begin : begin + CHUNK])
        if not all(isinstance(answer, Granted) and not answer.repeated for answer in answers):
            raise RunFailed(f"the ledger answered {answers[:3]}")


async def _confirm(ledger: RedisLedger, asks: Sequence[Ask]) -> None:
    for begin in range(0, len(asks), CHUNK):
        await ledger.confirm(asks[begin : begin + CHUNK])


async def _memory(settings: Settings, client: Redis, touches: int) -> int:
    """Bytes that Redis takes for the key of a customer with so many touches, as it says itself."""
    ledger = RedisLedger(settings.ledger_client(), timeout=10.0, prefix="memory")
    try:
        for touch in range(touches):
            asks = [_ask(touch * 2, 0, known=False)]
            await ledger.reserve(asks)
            await ledger.confirm(asks)
        keys = await client.keys("memory:*")
        used = sum([int(await client.memory_usage(key) or 0) for key in keys])
        await client.flushall()
        return used
    finally:
        await ledger.close()


def _ask(wave: int, number: int, *, known: bool = True, caps: Sequence[CapLimit] = CAPS, more: Any = ()) -> Ask:
    before = tuple((f"{number:020x}{-day:012x}", NOW - (day + 2) * DAY, 1) for day in range(3)) if known else ()
    own = Scope("customer", "", tuple(caps), 1, before)
    return Ask("main", str(number), f"{number:020x}{wave:012x}", NOW + wave * DAY, (own, *more))


def _alone(wave: int, number: int) -> Ask:
    return _ask(wave, number)


def _shared(wave: int, number: int) -> Ask:
    day = NOW + wave * DAY
    phone = Scope("phone", f"+7999{number:07}", (CapLimit(3, 7 * DAY),))
    budget = Scope("budget", f"2026-11-{wave:02}", (CapLimit(10_000_000, 0, day, day + DAY),))
    return _ask(wave, number, more=(phone, budget))


KINDS: Final = {"customer": _alone, "customer, phone and budget": _shared}


def rows(result: dict[str, Any]) -> list[list[str]]:
    said = []
    for kind, figures in result["figures"].items():
        share = 100 * figures["share_of_bare"]["median"]
        said.append([
            f"{ABOUT}: {kind}", f"{between(figures['checks_per_s'])} checks/s",
            f"{between(figures['cpu_us_per_check'], 1)} µs a check; {share:.0f} % of a bare pipeline of as many GETs "
            f"({between(figures['bare_per_s'])}/s); {between(figures['with_confirmation_per_s'])}/s confirmed too",
        ])  # fmt: skip
    memory = result["memory_bytes_per_customer"]
    told = ", ".join(f"{size} with {touches}" for touches, size in memory.items())
    said.append([f"{ABOUT}: memory of a customer's touches", f"{told} bytes", ""])
    return said
