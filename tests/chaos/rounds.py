"""One round: fresh topics, two workers, events while faults go on; then peace, and what must hold is looked at."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from streams.provision import provide
from tests import topics
from tests.chaos import evidence
from tests.chaos.checks import Findings, counted, offsets_at_ends
from tests.chaos.evidence import Kept
from tests.chaos.faults import SESSION_SECONDS, Planned, Stage, plan
from tests.chaos.publisher import Publisher
from tests.chaos.servers import Broker, Servers
from tests.chaos.workers import Post
from tests.e2e.running import Shop

PARTITIONS: Final = 4
WORKERS: Final = ("one", "two")
SPARE: Final = "three"

SLOWLY: Final = 0.2

LIMIT_SECONDS: Final = 240.0
"""In peace, everything published has been applied by then. Far more than it takes: the machine may be busy."""


class Stuck(AssertionError):
    """In peace, and not everything was applied in time."""


@dataclass(slots=True)
class Report:
    """What a round did and found. `faults`: (begin, end, what), seconds from the beginning of the round."""

    number: int
    clock: str
    seed: str
    folder: Path
    settings: Mapping[str, str]
    faults: list[tuple[float, float, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    events: int = 0
    commands: int = 0
    ended: list[str] = field(default_factory=list)
    applied: float = 0.0
    """The share of the records that had been applied when peace came: that much of the work was done under faults."""
    notes: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.findings.complaints


def drawn(rng: random.Random) -> dict[str, str]:
    """Settings that faults may meet in different shapes."""
    return {
        "fetch": rng.choice(("batches", "batches", "plain")),
        "chunk_records": rng.choice(("20", "300", "4000")),
        "commit_interval": rng.choice(("0.02", "0.1")),
        "rows": rng.choice(("memory", "rocksdb")),
        "rows_decoded": rng.choice(("1000", "200000")),
    }


class Pace:
    """The time by which a round's faults and events come: it goes slowly while the broker is away, so that a restart,
    which takes long, does not swallow the round. `seconds`: since `start`."""

    def __init__(self, broker: Broker) -> None:
        self.seconds = 0.0
        self._broker = broker
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="pace")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def reach(self, seconds: float) -> None:
        while self.seconds < seconds:  # noqa: ASYNC110  # it is a clock
            await asyncio.sleep(0.02)

    async def _run(self) -> None:
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.02)
            now = time.monotonic()
            self.seconds += (now - last) * (1.0 if self._broker.answers else SLOWLY)
            last = now


class Round(ABC):
    """One round of `count` faults, one in `every` seconds on average."""

    clock: str

    def __init__(self, number: int, seed: str, servers: Servers, folder: Path, count: int, every: float) -> None:
        self.servers = servers
        self.pace = Pace(servers.broker)
        self.planned: Sequence[Planned] = plan(seed, count, WORKERS, every)
        rng = random.Random(f"{seed} settings")
        settings = {**drawn(rng), **self.settings()}
        self._static = rng.random() < 0.3
        shown = settings | ({"instance_id": "static"} if self._static else {})
        self.report = Report(number, self.clock, seed, folder, shown)
        folder.mkdir(parents=True)
        self.prepare(folder)
        self.shop = Shop(
            folder, f"chaos-{seed.replace(' ', '-')}", servers.bootstrap, servers.redis_url,
            rules=str(folder / "shop"), clock=self.clock, session_timeout=str(SESSION_SECONDS),
            transaction_timeout=str(SESSION_SECONDS), **settings,
        )  # fmt: skip
        self.posts = {name: Post(folder, name, self._of(name), servers.guard) for name in (*WORKERS, SPARE)}

    def _of(self, worker: str) -> dict[str, str]:
        lines = self.servers.lines[worker]
        return {
            **self.shop.settings,
            "kafka_bootstrap": f"127.0.0.1:{lines.kafka.port}",
            "redis_url": f"redis://127.0.0.1:{lines.redis.port}/0",
            "products_store": str(self.report.folder / f"products-{worker}"),
            "rows_dir": str(self.report.folder / "rows"),
            **({"instance_id": worker} if self._static else {}),
        }

    # -- what the two kinds of rounds do differently

    def settings(self) -> dict[str, str]:
        """More of the workers' settings."""
        return {}

    @abstractmethod
    def prepare(self, folder: Path) -> None:
        """Put the shop and its rules into `folder/shop`."""

    @abstractmethod
    async def open(self, publisher: Publisher) -> None:
        """Before the workers start."""

    @abstractmethod
    async def publish(self, publisher: Publisher, seconds: float) -> None:
        """While faults go on, for about `seconds`."""

    @abstractmethod
    async def finish(self, publisher: Publisher) -> None:
        """In peace, the last records."""

    @abstractmethod
    async def settled(self, kept: Kept) -> bool:
        """Everything published has been applied: has it had its effects, too?"""

    @abstractmethod
    async def judge(self, kept: Kept, findings: Findings) -> None:
        """Look at what stands there; also set `report.commands`."""

    # -- the round

    async def run(self) -> Report:
        began = time.monotonic()
        try:
            await self._run(began)
        except Exception as error:  # noqa: BLE001  # whatever broke it, the round failed and says so
            self.report.findings.complaints.append(f"the round broke: {error!r}")
        finally:
            self.pace.stop()
            for post in self.posts.values():
                await post.close()
            for lines in self.servers.lines.values():
                lines.heal()
            await self._heal_servers()
            self.report.seconds = time.monotonic() - began
        return self.report

    async def _run(self, began: float) -> None:
        report = self.report
        await self.fresh_topics()
        async with Publisher(self.servers.bootstrap, PARTITIONS) as publisher:
            await self.open(publisher)
            for name in WORKERS:
                self.posts[name].begin()
            await self._until(lambda: all("partitions owned" in self.posts[name].said() for name in WORKERS))
            seconds = self.planned[-1].at + self.planned[-1].fault.seconds if self.planned else 5.0
            self.pace.start()
            publishing = asyncio.create_task(self.publish(publisher, seconds))
            try:
                await self._faults(began)
            finally:
                await self._peace()
                await publishing
            await publisher.flush()
            while not report.applied:  # a broker that has just come back knows no offsets yet
                offsets, ends = await evidence.progress(self.servers.bootstrap, self.shop.app, PARTITIONS)
                report.applied = sum(offsets.values()) / sum(ends.values())
            await self.finish(publisher)
            await publisher.flush()
            report.events = publisher.events
            kept = await self._applied()
        await asyncio.gather(*(post.leave() for post in self.posts.values()))
        findings = report.findings
        for post in self.posts.values():
            findings.complaints += post.unwilling
            report.ended += [f"{at - began:.1f} s: {post.name}, {how}" for at, how in post.ended]
        findings.complaints += counted(kept.counters, publisher.events + publisher.markers)
        findings.complaints += offsets_at_ends(
            *await evidence.progress(self.servers.bootstrap, self.shop.app, PARTITIONS)
        )
        dead = await self.shop.records("dead-letters")
        findings.complaints += [f"dead letter: {letter.headers} {letter.value!r}" for letter in dead]
        await self.judge(kept, findings)

    async def fresh_topics(self) -> None:
        """Empty ones; those of former rounds are gone."""
        bootstrap, app = self.servers.bootstrap, self.shop.app
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            old = {name for name in await admin.list_topics() if not name.startswith("__")}
        finally:
            await admin.close()
        await topics.delete(bootstrap, old)
        await provide(
            {"bootstrap_servers": bootstrap}, app=app, partitions=PARTITIONS, default_partitions=PARTITIONS,
            history=True,
        )  # fmt: skip

    async def _faults(self, began: float) -> None:
        stage = Stage(self.servers, self.posts, SPARE)

        async def one(planned: Planned) -> None:
            await self.pace.reach(planned.at)
            begun = time.monotonic() - began
            await planned.fault.do(stage)
            self.report.faults.append((begun, time.monotonic() - began, str(planned.fault)))
            self.report.kinds.append(planned.fault.kind)

        async with asyncio.TaskGroup() as group:
            for planned in self.planned:
                group.create_task(one(planned))

    async def _peace(self) -> None:
        for lines in self.servers.lines.values():
            lines.heal()
        await self._heal_servers()
        for name in WORKERS:
            self.posts[name].thaw()
            self.posts[name].begin()

    async def _heal_servers(self) -> None:
        for server in (self.servers.broker, self.servers.redis):
            if not server.alive:
                await server.start()

    # -- waiting

    async def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        while not condition():  # there is no event: other processes are waited for
            if time.monotonic() > deadline:
                raise Stuck(f"waited {LIMIT_SECONDS:g} s\n{self._logs()}")
            await asyncio.sleep(0.1)

    async def _applied(self) -> Kept:
        """Wait until all that was published has had its effects, and answer the rows."""
        deadline = time.monotonic() + LIMIT_SECONDS
        pause = 0.5
        while True:
            offsets, ends = await evidence.progress(self.servers.bootstrap, self.shop.app, PARTITIONS)
            if not offsets_at_ends(offsets, ends):
                kept = await evidence.kept(self.shop)
                if await self.settled(kept):
                    return kept
                pause = 2.0
            if time.monotonic() > deadline:
                short = "; ".join(offsets_at_ends(offsets, ends)[:5]) or "offsets are at the ends"
                raise Stuck(f"not everything was applied within {LIMIT_SECONDS:g} s: {short}\n{self._logs()}")
            await asyncio.sleep(pause)

    def _logs(self) -> str:
        return "\n".join(f"-- {post.name}:\n{post.said()[-3000:]}" for post in self.posts.values())
