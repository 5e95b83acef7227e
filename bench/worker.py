"""One worker on Apache Kafka with everything on, beside a bare aiokafka loop over the same records in the same run.

The worker decodes and validates, merges, keeps rows with a changelog, fires deadlines, asks Redis, renders messages
from the product store, writes commands and decisions, all in transactions. The bare loop polls and parses JSON by
orjson: the floor under any Python consumer on this machine. Machines are noisy and differ: quote the ratios and the
CPU an event, which is the processes' own, user and system.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import CO_PARTITIONED
from streams.eventfiles import EventFiles
from streams.load import Loader
from streams.provision import provide
from streams.simulation.storefront import storefront
from streams.stacks import Stack

ROOT = Path(__file__).parents[1]
PARTITIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """One measured pass over all events. CPU in microseconds an event."""

    engine: str
    events: int
    seconds: float
    events_per_s: float
    cpu_us_per_event: float
    touches: int = 0
    """Touches judged in the whole run: what makes an event expensive."""


def measured(engine: str, events: int, seconds: float, cpu: float, touches: int = 0) -> Run:
    return Run(engine, events, round(seconds, 2), round(events / seconds), round(cpu / events * 1e6, 2), touches)


def write_events(path: Path, events: int, customers: int) -> None:
    """The seeded sample shop, in order of time."""
    with path.open("wb") as out:
        for number, (_, event) in enumerate(storefront(1, customers, start=datetime(2026, 11, 2, tzinfo=UTC))):
            if number >= events:
                break
            out.write(orjson.dumps(event) + b"\n")


async def publish(bootstrap: str, app: str, path: Path) -> int:
    """Fresh topics with all events and the last clock marker; answers the number of records."""
    options = {"bootstrap_servers": bootstrap}
    await provide(options, app=app, partitions=PARTITIONS, default_partitions=PARTITIONS, history=True)
    files = EventFiles([str(path)], keep_raw=True)
    loader = Loader(options)
    await loader.start()
    try:
        loaded = await loader.run(files)
    finally:
        await loader.stop()
        files.close()
    return sum(loaded.events.values())


async def bare(bootstrap: str) -> Run:
    """Poll and parse, nothing else."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 << 20, fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(spec.name, n) for spec in CO_PARTITIONED for n in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = {partition for partition in partitions if ends[partition]}
        events = 0
        began, cpu = time.perf_counter(), time.process_time()
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=100)).items():
                for record in records:
                    orjson.loads(record.value)
                events += len(records)
                if records[-1].offset + 1 >= ends[partition]:
                    left.discard(partition)
        return measured("bare aiokafka + orjson", events, time.perf_counter() - began, time.process_time() - cpu)
    finally:
        await consumer.stop()


def cpu_of(pid: int) -> float:
    """Seconds of CPU, user and system, that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def counted(port: int, metric: str) -> float:
    """A counter of the worker's own metrics, summed over its labels."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(metric))


def worker(stack: Stack, app: str, events: int, port: int, folder: Path) -> Run:
    """One `rewake worker` over everything, from its first applied event to its last."""
    settings = {
        "APP_ID": app, "KAFKA_BOOTSTRAP": stack.bootstrap, "REDIS_URL": stack.redis_url, "CLOCK": "stream",
        "RULES": str(ROOT / "examples" / "tea-house"), "PRODUCTS_STORE": str(folder / app), "HTTP_PORT": str(port),
        "HTTP_HOST": "127.0.0.1",
    }
    environment = os.environ | {f"REWAKE_{name}": value for name, value in settings.items()}
    with (folder / f"{app}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("rewake")), "worker"], env=environment, stdout=log, stderr=log
        )
    try:
        began: tuple[float, float, float] | None = None
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"the worker ended:\n{(folder / f'{app}.log').read_text()[-2000:]}")
            done = counted(port, "rewake_events_applied_total")
            now = (time.perf_counter(), cpu_of(process.pid), done)
            if began is None and done:
                began = now
            if began is not None and done >= events:
                touches = int(counted(port, "rewake_decisions_total"))
                return measured("rewake worker", int(done - began[2]), now[0] - began[0], now[1] - began[1], touches)
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def summary(runs: list[Run]) -> dict[str, Any]:
    """Medians by engine, and their ratio."""
    result: dict[str, Any] = {"runs": [asdict(run) for run in runs]}
    for engine in dict.fromkeys(run.engine for run in runs):
        own = [run for run in runs if run.engine == engine]
        result[engine] = {
            "events_per_s": statistics.median(run.events_per_s for run in own),
            "cpu_us_per_event": statistics.median(run.cpu_us_per_event for run in own),
        }
    ours, floor = result["rewake worker"], result["bare aiokafka + orjson"]
    result["cpu_ratio_to_bare"] = round(ours["cpu_us_per_event"] / floor["cpu_us_per_event"], 1)
    return result


def bench(stack: Stack, events: int, customers: int, rounds: int) -> dict[str, Any]:
    """Interleaved rounds: the bare loop, the worker, the bare loop ..."""
    runs: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="rewake-bench-") as name:
        folder = Path(name)
        path = folder / "events.jsonl"
        write_events(path, events, customers)
        published = asyncio.run(publish(stack.bootstrap, "bench", path))
        for number in range(rounds):
            runs.append(asyncio.run(bare(stack.bootstrap)))
            print(runs[-1], file=sys.stderr)
            # its own changelog and group each round: a fresh worker over the same records
            app = f"bench-{number}"
            asyncio.run(
                provide({"bootstrap_servers": stack.bootstrap}, app=app, partitions=PARTITIONS,
                        default_partitions=PARTITIONS, history=True)
            )
            runs.append(worker(stack, app, published, 19_400 + number, folder))
            print(runs[-1], file=sys.stderr)
    return summary(runs)
