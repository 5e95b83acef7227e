"""A run: shops, two real workers, customers who leave at the last moment, and what the logs hold of it afterwards."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
import redis.asyncio
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from schemas.partitioner import customer_key, partition_of, row_key
from schemas.topics import topic_of
from streams.customers.told import is_marker
from streams.privacy import phone_hmac
from streams.stacks.process import Guard
from tests.chaos import evidence
from tests.chaos.checks import Findings, Live, Logged, each_once, offsets_at_ends
from tests.e2e.running import REWAKE, Shop, Worker
from tests.races import plan
from tests.races.checks import Raced, judge
from tests.races.plan import DAY, GRACE, IDLE, Race
from tests.races.watcher import Watcher
from tests.topics import recreate

PARTITIONS: Final = 4
WORKERS: Final = ("one", "two")
SECRET: Final = SecretStr("races-races-races-races-races-races")

START_SECONDS: Final = 40
"""From now until the first night shop opens, at least: workers have started and carts have come by then."""

PATIENCE: Final = 90.0
"""Seconds until waiting is given up. Nothing depends on how fast it is."""

_SECOND: Final = 1_000_000
_READ: Final = ("suppressions", "sms-commands", "decisions")
_BEAT_SECONDS: Final = 15.0


@dataclass(slots=True)
class Report:
    """What was raced and found. `missed`: cancels."""

    raced: Sequence[Raced] = ()
    findings: Findings = field(default_factory=Findings)
    missed: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.findings.complaints


@dataclass(slots=True)
class Ran:
    """What the run itself knows of a race, microseconds: when the cart was filled, and when what ends it occurred, was
    stamped by the broker, and was in the log for certain."""

    filled: int = 0
    occurred: int = 0
    stamped: int | None = None
    in_log: int | None = None


class Leads:
    """How long each kind takes from its publication into the log, as of the last ones: so much sooner the next one is
    published, for the race to be near."""

    def __init__(self) -> None:
        self._took = {kind: deque([300_000 if kind == "stop" else 10_000], 15) for kind in plan.KINDS}

    def note(self, kind: str, took: int) -> None:
        self._took[kind].append(took)

    def of(self, kind: str) -> int:
        return round(median(self._took[kind]))


class Run:
    """One run in `folder`. The servers' topics of Rewake are made anew. `program`: another rewake to run."""

    def __init__(
        self, races: Sequence[Race], folder: Path, app: str, bootstrap: str, redis_url: str,
        program: Sequence[str] = (REWAKE,),
    ) -> None:  # fmt: skip
        self.races = races
        self.shop = Shop(
            folder, app, bootstrap, redis_url, rules=str(folder / "shop"), clock="wall", grace=f"{GRACE:g}s",
            hmac_secret=SECRET.get_secret_value(), ledger="redis",
        )  # fmt: skip
        self._program = program
        self._ran = {race.customer: Ran() for race in races}
        self._stops = {
            phone_hmac(SECRET, race.phone): race.customer for race in races if race.kind == "stop"
        }  # fmt: skip
        self._settled: set[str] = set()
        self._leads = Leads()
        self._began = 0
        self._opens: dict[str, int] = {}

    async def run(self) -> Report:
        """All of it. Raises AssertionError where the workers never begin."""
        began = time.monotonic()
        shop, folder = self.shop, self.shop.folder
        await recreate(shop.bootstrap, app=shop.app, partitions=PARTITIONS)
        first = (_now() // _SECOND + START_SECONDS + 59) // 60 * 60
        self._opens = {name: (first + 60 * n) * _SECOND for n, name in enumerate(plan.shops_of(self.races))}
        plan.write_shops(folder / "shop", self._opens)
        producer = AIOKafkaProducer(bootstrap_servers=shop.bootstrap, enable_idempotence=True, acks="all")
        await producer.start()
        guard = Guard.start()
        try:
            now = _now()
            await asyncio.gather(
                *[self._publish(producer, event) for race in self.races for event in race.known(now)]
            )
            with ExitStack() as stack:
                workers = [stack.enter_context(shop.worker(name, self._program)) for name in WORKERS]
                for worker in workers:
                    guard.watch(worker.process.pid)
                await self._started(workers)
                async with Watcher(shop.bootstrap, _READ, self._told) as watcher:
                    await self._race(producer)
                    await self._until_settled()
                    for worker in workers:
                        code = await asyncio.to_thread(worker.stop)
                        assert code == 0, worker.said()[-2000:]
                        guard.release(worker.process.pid)
                    report = await self._judged(watcher)
        finally:
            guard.close()
            await producer.stop()
        report.seconds = time.monotonic() - began
        return report

    # -- publishing

    async def _publish(self, producer: AIOKafkaProducer, event: dict[str, Any]) -> int:
        """Into the log; the broker's stamp of it, microseconds."""
        if event["type"] == "SmsReceived":
            key = f"{event['shop_id']}:{event['phone']}".encode()
        else:
            key = customer_key(event["shop_id"], event["customer_id"])
        done = await producer.send_and_wait(
            topic_of(event["type"]).name, key=key, value=orjson.dumps(event), partition=partition_of(key, PARTITIONS)
        )
        return int(done.timestamp) * 1000

    async def _race(self, producer: AIOKafkaProducer) -> None:
        self._began = _now() + _SECOND
        beating = asyncio.create_task(self._beat())
        try:
            async with asyncio.TaskGroup() as group:
                for race in self.races:
                    group.create_task(self._one(producer, race))
        finally:
            beating.cancel()

    async def _one(self, producer: AIOKafkaProducer, race: Race) -> None:
        ran = self._ran[race.customer]
        at = round(race.cart * _SECOND)
        opens = self._opens.get(race.shop)
        await _reach(self._began + at if opens is None else opens - at)
        ran.filled = _now()
        await self._publish(producer, race.filled(ran.filled))
        planned = max(ran.filled + round(IDLE * _SECOND), opens or 0)
        aim = planned + round((GRACE + race.offset) * _SECOND)
        await _reach(aim - _SECOND)
        # An end that occurs before the touch is planned prevents it, and nothing races.
        await _reach(max(aim - self._leads.of(race.kind), planned + 50_000))
        ran.occurred = _now()
        stamped = await self._publish(producer, race.end(ran.occurred))
        if race.kind != "stop":
            ran.stamped, ran.in_log = stamped, _now()
            self._leads.note(race.kind, ran.in_log - ran.occurred)

    def _told(self, record: Any, now: int) -> None:
        """Something has been committed by the workers."""
        if record.topic == "suppressions":
            customer = self._stops.get(record.key.decode().split(":")[1])
            ran = None if customer is None else self._ran[customer]
            if ran is not None and ran.in_log is None:
                ran.stamped, ran.in_log = record.timestamp * 1000, now
                self._leads.note("stop", now - ran.occurred)
        elif record.topic == "decisions":
            decision = orjson.loads(record.value)
            if decision["outcome"] != "delayed":
                self._settled.add(decision["customer_id"])

    # -- waiting

    async def _started(self, workers: Iterable[Worker]) -> None:
        deadline = time.monotonic() + PATIENCE
        for worker in workers:
            while not all(line in worker.said() for line in ("partitions owned", "inbound owned")):
                assert worker.process.poll() is None and time.monotonic() < deadline, worker.said()[-3000:]
                await asyncio.sleep(0.1)
        while await self._behind():
            assert time.monotonic() < deadline, "the customers never were applied"
            await asyncio.sleep(0.3)

    async def _behind(self) -> list[str]:
        return offsets_at_ends(*await evidence.progress(self.shop.bootstrap, self.shop.app, PARTITIONS))

    async def _until_settled(self) -> None:
        """Everything applied, every touch settled, every STOP taken. Where that never comes the checks say what is
        missing."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            known = all(ran.in_log is not None for ran in self._ran.values()) and len(self._settled) >= len(self._ran)
            if known and not await self._behind():
                return
            await asyncio.sleep(0.5)

    async def _beat(self) -> None:
        """That it is still alive, for who waits."""
        began = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            over = sum(ran.in_log is not None for ran in self._ran.values())
            seconds = time.monotonic() - began
            print(f"   {over} of {len(self.races)} races run, {seconds:.0f} s", file=sys.stderr, flush=True)

    # -- afterwards

    async def _judged(self, watcher: Watcher) -> Report:
        """Read anew and whole, by a reader of its own; of the watcher only when records could be read."""
        last = _now()

        async def by_customer(topic: str) -> dict[str, list[Logged]]:
            found: defaultdict[str, list[Logged]] = defaultdict(list)
            for record in await self.shop.records(topic):
                at = watcher.seen.get((record.topic, record.partition, record.offset), last)
                value = orjson.loads(record.value)
                found[value["customer_id"]].append(Logged(at, value))
            return found

        decisions, commands = await by_customer("decisions"), await by_customer("sms-commands")
        rows = (await evidence.kept(self.shop)).rows
        keys = await self._redis_keys()
        raced: list[Raced] = []
        for race in self.races:
            ran, sms = self._ran[race.customer], commands[race.customer]
            row = rows.get(row_key(race.shop, race.customer))
            raced.append(Raced(
                customer=race.customer, kind=race.kind, night=race.shop != DAY,
                due=ran.filled + round(IDLE * _SECOND), grace=round(GRACE * _SECOND),
                occurred=ran.occurred, stamped=ran.stamped, in_log=ran.in_log,
                decisions=decisions[race.customer],
                sends=[one for one in sms if one.record["type"] == "SendSms"],
                cancels=[one for one in sms if one.record["type"] == "CancelSms"],
                marker=row is not None and is_marker(row),
                redis_keys=[key for key in keys if f":{race.customer}}}" in key],
            ))  # fmt: skip
        findings, missed = judge(raced)
        findings += each_once(Live(
            carts=[], decisions=[one.record for some in decisions.values() for one in some],
            commands=[one for some in commands.values() for one in some if one.record["type"] == "SendSms"],
            grace=0, limit=1, window=0,
        ))  # fmt: skip
        letters = await self.shop.records("dead-letters")
        findings.complaints += [f"dead letter: {letter.headers} {letter.value!r}" for letter in letters]
        strangers = (decisions.keys() | commands.keys()) - self._ran.keys()
        findings.complaints += [f"nobody of ours: {customer}" for customer in sorted(strangers)]
        if not any(":customer" in key for key in keys):
            findings.complaints.append("Redis holds no customer: nothing is proven of the erased ones")
        return Report(raced, findings, missed)

    async def _redis_keys(self) -> list[str]:
        client = redis.asyncio.Redis.from_url(self.shop.settings["redis_url"], socket_timeout=10)
        try:
            return [key.decode() async for key in client.scan_iter(match=f"{self.shop.app}*", count=1000)]
        finally:
            await client.aclose()


async def _reach(at: int) -> None:
    """Sleep until the wall is there."""
    await asyncio.sleep(max(0, at - _now()) / _SECOND)


def _now() -> int:
    return time.time_ns() // 1000
