"""Real workers as processes, and what they left behind on the broker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.table import PARTITION_KEY, PartitionRecord

REWAKE = str(Path(sys.executable).with_name("rewake"))
PATIENCE = 60.0
"""Seconds until a test gives up waiting. Nothing depends on how fast it is."""

PHONE = re.compile(r"(?<![\w.:-])(?:\+?79|89)\d{9}(?!\w)")
"""One as all tests with real workers have them."""

RULE = """\
rule: abandoned-cart
description: Remind of the goods left in the cart
trigger:
  cart_abandoned: {idle: 60m}
steps:
  - sms: "Your cart waits"
"""


class Worker:
    """One `rewake worker`. `settings` are REWAKE_ variables without the prefix, `program` another rewake to run."""

    def __init__(
        self, folder: Path, name: str, settings: dict[str, str], program: Sequence[str] = (REWAKE,)
    ) -> None:
        self.log = folder / f"{name}.log"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("REWAKE_")},
            **{f"REWAKE_{key.upper()}": value for key, value in settings.items()},
        }
        with self.log.open("ab") as out:
            self.process = subprocess.Popen([*program, "worker"], env=environment, stdout=out, stderr=out, cwd=folder)

    def kill(self) -> None:
        """As an out-of-memory killer would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, words: str) -> bool:
        return words in self.said()


class Shop:
    """One installation on a broker: its settings, its rule, its workers."""

    def __init__(self, folder: Path, app: str, bootstrap: str, redis_url: str, **settings: str) -> None:
        self.folder = folder
        self.app = app
        self.bootstrap = bootstrap
        rules = folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "abandoned-cart.yaml").write_text(RULE)
        self.settings = {
            "app_id": app,
            "kafka_bootstrap": bootstrap,
            "redis_url": redis_url,
            "rules": str(rules),
            "products_store": str(folder / "products"),
            "clock": "stream",
            "session_timeout": "6",
            "heartbeat_interval": "1",
            "transaction_timeout": "6",
            **settings,
        }

    @contextmanager
    def worker(
        self, name: str = "one", program: Sequence[str] = (REWAKE,), **settings: str
    ) -> Iterator[Worker]:
        """Runs within; killed at the end if it still does. What it has said by then has no phone in it, in any test."""
        worker = Worker(self.folder, name, self.settings | settings, program)
        try:
            yield worker
        finally:
            if worker.process.poll() is None:
                worker.kill()
        said = PHONE.search(worker.said())
        assert said is None, f"a phone in the log: {said[0]}"

    def command(self, *arguments: str) -> str:
        """Run another `rewake` command of this installation to its end."""
        done = self._run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        """As `command`, of one that leaves with 1; what it said to people."""
        done = self._run(*arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("REWAKE_")},
            **{f"REWAKE_{key.upper()}": value for key, value in self.settings.items()},
        }
        return subprocess.run(
            [REWAKE, *arguments], env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )

    # -- what there is on the broker

    async def records(self, topic: str, isolation: str = "read_committed") -> list[Any]:
        """Everything a reader of the topic sees now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level=isolation, enable_auto_commit=False, fetch_max_wait_ms=50
        )
        await consumer.start()
        try:
            cluster = await consumer._client.fetch_all_metadata()
            partitions = [TopicPartition(topic, number) for number in cluster.partitions_for_topic(topic)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            found: list[Any] = []
            # The end as the first fetch of each names it: workers go on writing, and ListOffsets is off on one broker.
            ends: dict[TopicPartition, int] = {}
            while len(ends) < len(partitions) or any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for records in (await consumer.getmany(*partitions, timeout_ms=100)).values():
                    found += records
                for tp in partitions:
                    end = consumer.last_stable_offset(tp) if isolation == "read_committed" else consumer.highwater(tp)
                    if end is not None:
                        ends.setdefault(tp, end)
            return found
        finally:
            await consumer.stop()

    async def commands(self, isolation: str = "read_committed") -> list[dict[str, Any]]:
        return [orjson.loads(record.value) for record in await self.records("sms-commands", isolation)]

    async def counters(self) -> Counter[str]:
        """Of all partitions together, as their own records in the changelog say."""
        last: dict[int, PartitionRecord] = {}
        for record in await self.records(f"{self.app}-customers-changelog"):
            if record.key == PARTITION_KEY:
                last[record.partition] = msgspec.msgpack.decode(record.value[8:], type=PartitionRecord)
        total: Counter[str] = Counter()
        for found in last.values():
            total.update(found.counters)
        return total

    async def until(self, reached: Callable[[Counter[str]], bool]) -> Counter[str]:
        """Wait until the counters are as wanted, and answer them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            counters = await self.counters()
            if reached(counters):
                return counters
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in self.folder.glob("*.log"))
                raise AssertionError(f"not reached; counters: {dict(counters)}\n{logs}")
            await asyncio.sleep(0.2)

    async def publish(self, topic: str, records: Sequence[tuple[bytes | None, bytes | None, int]]) -> None:
        """Records of (key, value, partition)."""
        async with AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all") as producer:
            for key, value, partition in records:
                await producer.send(topic, key=key, value=value, partition=partition)
            await producer.flush()


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.05)


def replayed(shop: Shop, events: Path, *options: str) -> list[dict[str, Any]]:
    """The commands that the engine alone makes of these events."""
    out = shop.folder / "replayed"
    shop.command("replay", "--rules", shop.settings["rules"], "--out", str(out), *options, str(events))
    return [orjson.loads(line) for line in (out / "commands.jsonl").read_bytes().splitlines()]


def by_id(commands: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {command["command_id"]: command for command in commands}
