"""Drives one partition with the real engine, everything outside it faked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from pydantic import SecretStr

from schemas.instants import rfc3339
from schemas.partitioner import partition_of
from schemas.topics import MARKETING_EVENTS, PRODUCTS, SUPPRESSIONS, TOPICS
from streams.careful import RecordLimits
from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from streams.delivery import DeliveryFailed, Outgoing
from streams.ledger import MemoryLedger
from streams.metrics import Metrics
from streams.partition.loop import Partition
from streams.partition.plan import INPUTS, SLICE_ROWS, PartitionPlan
from streams.table import Table
from streams.timeline import STRETCH
from streams.wall import WallGuard
from tests.unit.streams.chunking import columns
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, engine, rule
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.rules.model import Rule

PARTITIONS = 4
HERE = partition_of(b"main:42", PARTITIONS)


class Broker:
    """What is outside: the logs' ends, the committed chunks, and whether commits succeed."""

    def __init__(self) -> None:
        self.committed: list[Outgoing] = []
        self.ends: dict[str, LogEnd] = {}
        self.paused: set[str] = set()
        self.read: dict[str, int] = {}
        self.fails: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0
        self.closed = False

    # -- a delivery
    async def open(self) -> None: ...

    async def commit(self, outgoing: Outgoing) -> None:
        self.under_way += 1
        assert self.under_way == 1
        await self.gate.wait()
        self.under_way -= 1
        if self.fails is not None:
            raise DeliveryFailed("failed") from self.fails
        self.committed.append(outgoing)

    async def close(self) -> None:
        self.closed = True

    # -- a flow
    def log_end(self, topic: str, partition: int | None = None) -> LogEnd | None:
        return self.ends.get(topic)

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add(topic)

    def resume(self, topic: str, partition: int) -> None:
        self.paused.discard(topic)

    # -- shared logs
    def since(self, topic: str, position: int) -> list[Columns]:
        return []

    def beginnings(self) -> dict[str, int]:
        return {}

    def position(self, topic: str) -> int:
        return self.read.get(topic, 0)

    # -- what came out
    def values(self, topic: str) -> list[dict[str, Any]]:
        return [
            orjson.loads(record.value or b"")
            for outgoing in self.committed
            for (name, _), records in outgoing.published.items()
            if name == topic
            for record in records
        ]

    @property
    def commands(self) -> list[dict[str, Any]]:
        return self.values("sms-commands")

    def offsets(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for outgoing in self.committed:
            found |= outgoing.offsets
        return found

    def restored(self) -> Table[CustomerRow]:
        table = Table[CustomerRow](encode_row, decode_row)
        for outgoing in self.committed:
            table.restore([record.key for record in outgoing.rows], [record.value for record in outgoing.rows])
        return table


class Bench:
    """One partition under test. `wall` is its clock, of which `stepped` was set and did not pass."""

    def __init__(
        self,
        *,
        stream: bool,
        chunk_records: int = 100,
        broker: Broker | None = None,
        rules: Sequence[Rule] = (),
        bugs: Engine | None = None,
        limits: RecordLimits | None = None,
        stretch: int = STRETCH,
        slice_rows: int = SLICE_ROWS,
        hmac_secret: SecretStr | None = None,
        feeds: bool = False,
    ) -> None:
        self.broker = broker or Broker()
        self.ledger = MemoryLedger()
        self.metrics = Metrics()
        self.failures: list[DeliveryFailed] = []
        self.wall = MONDAY + 30 * DAY if stream else MONDAY
        self.clock: Callable[[], int] = lambda: self.wall
        self.guard = WallGuard()
        self.guard.agrees(self.wall, self.wall)
        self.stepped = 0
        counts = {spec.name: PARTITIONS for spec in TOPICS} | {"dead-letters": 1, "marketing-events": 1}
        self.plan = PartitionPlan(
            inputs=INPUTS,
            shared=(PRODUCTS,) if feeds else () if stream else (MARKETING_EVENTS,),
            beside=(SUPPRESSIONS,),
            partitions=counts,
            stream_clock=stream,
            grace_us=0,
            future_bound_us=10 * MINUTE,
            chunk_records=chunk_records,
            interval=0.001,
            skip_applied=False,
            wall=lambda: self.clock(),
            trusts=lambda wall: self.guard.note(wall, wall - self.stepped),
            limits=limits or RecordLimits(),
            stretch=stretch,
            slice_rows=slice_rows,
            hmac_secret=hmac_secret,
        )
        self.partition = Partition(
            HERE,
            self.plan,
            table=self.broker.restored(),
            engine=bugs or engine(*rules or (rule(idle=HOUR),)),
            ledger=self.ledger,
            delivery=self.broker,
            flow=self.broker,
            shared=self.broker,
            metrics=self.metrics,
            failed=lambda _, failure: self.failures.append(failure),
        )
        shared = {spec.name: 0 for spec in self.plan.shared}
        self.partition.begin({spec.name: 0 for spec in INPUTS} | shared | self.broker.offsets())

    async def __aenter__(self) -> Bench:
        self.partition.start(0.0)
        self.partition.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.partition.close()

    async def offer(self, topic: str, *events: dict[str, Any] | bytes) -> None:
        start = self.partition.intake.inputs[topic].next or 0
        values = [value if isinstance(value, bytes) else orjson.dumps(value) for value in events]
        await self.partition.offer(topic, columns(values, start=start, key=b"main:42"))

    def counted(self, name: str, labels: dict[str, str] | None = None) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    async def markers(self, at: int) -> None:
        for spec in INPUTS:
            if spec.holds_clock:
                await self.offer(spec.name, {"type": "ClockAdvanced", "event_id": "m", "occurred_at": rfc3339(at)})

    def all_at_their_ends(self) -> None:
        """The broker answers fetches that are sent from now on: nothing is unread."""
        asked = time.monotonic()
        for name, source in self.partition.intake.inputs.items():
            self.broker.ends[name] = LogEnd(source.next or 0, asked)
        self.broker.ends[SUPPRESSIONS.name] = LogEnd(self.broker.position(SUPPRESSIONS.name), asked)


async def until(met: Callable[[], object], meanwhile: Callable[[], None] = lambda: None) -> None:
    """`meanwhile` is done before each look but the first."""
    async with asyncio.timeout(20):
        while not met():
            meanwhile()
            await asyncio.sleep(0)


async def some_turns(bench: Bench) -> None:
    """Long enough for anything that is due to happen, and to be seen if it wrongly does."""
    for _ in range(30):
        await asyncio.sleep(0.001)


def profile() -> list[dict[str, Any]]:
    who = {"customer_id": "42", "occurred_at": rfc3339(MONDAY - 5 * HOUR)}
    granted = {"channel": "sms", "purpose": "marketing", "granted": True}
    return [
        {"type": "ConsentChanged", "event_id": "c", **who, **granted},
        {"type": "CustomerUpdated", "event_id": "u", **who, "phone": "+79990000042"},
    ]


def added(at: int, event_id: str = "a") -> dict[str, Any]:
    return {
        "type": "CartItemAdded", "event_id": event_id, "customer_id": "42", "occurred_at": rfc3339(at),
        "product_id": "sku",
    }  # fmt: skip


def ordered(at: int) -> dict[str, Any]:
    return {
        "type": "OrderPlaced", "event_id": "o", "customer_id": "42", "occurred_at": rfc3339(at), "order_id": "A-1"
    }  # fmt: skip
