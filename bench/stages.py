"""The shell of the worker by stages, in one process: what each costs, in microseconds of CPU an event.

One partition's records as the broker sends them (batches of 16 KB, answers of up to `FETCH` bytes) are taken out of
their batches, then offered to a real `Partition` with the ledger of the rows and a delivery that fills record batches
and drops them. No broker, no Redis, no thread. `python -m bench.stages` prints a table: the minimum of several rounds.
`core idle` is the same with an engine that only moves deadlines: what is left of `timeline` there is the shell's own.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import inspect
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from bench.core_workloads import WORKLOADS, Workload
from schemas.instants import rfc3339
from schemas.partitioner import customer_key
from schemas.topics import TOPICS, topic_of
from schemas.wire import ClockAdvanced, CustomerEvent, decode_batch
from streams.chunks import LogEnd
from streams.chunks.chunk import Columns
from streams.chunks.fetch import take_batches
from streams.deadlines import DeadlineIndex
from streams.delivery import Outgoing, producing
from streams.ledger import RowLedger
from streams.merge import Merge
from streams.metrics import Metrics
from streams.partition import loop, screening
from streams.partition.intake import Intake
from streams.partition.loop import Partition
from streams.partition.plan import INPUTS, PartitionPlan
from streams.settings import Settings
from streams.table import Table
from streams.timeline import Timeline
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import NEVER, Engine

FETCH: Final = 1 << 20
BATCH: Final = 16_384
HOUR: Final = 3_600_000_000

STAGES: Final = (
    "take_batches", "decode", "screening", "merge in", "merge out", "intake", "timeline", "records", "hand over",
    "metrics", "fill batches", "loop",
)  # fmt: skip


class Clock:
    """CPU by stage, each without the stages called within it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def measured(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, measured. A coroutine function is measured from its call to its end: nothing here suspends."""
        if inspect.iscoroutinefunction(call):

            @functools.wraps(call)
            async def coroutine(*given: Any, **named: Any) -> Any:
                began = self._begin()
                try:
                    return await call(*given, **named)
                finally:
                    self._end(stage, began)

            return coroutine

        @functools.wraps(call)
        def function(*given: Any, **named: Any) -> Any:
            began = self._begin()
            try:
                return call(*given, **named)
            finally:
                self._end(stage, began)

        return function

    def _begin(self) -> float:
        self._inner.append(0.0)
        return time.process_time()

    def _end(self, stage: str, began: float) -> None:
        whole = time.process_time() - began
        self.spent[stage] += whole - self._inner.pop()
        self._inner[-1] += whole


HOOKS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("decode", screening, "decode_batch"),
    ("screening", screening.Screen, "sort"),
    ("merge in", Merge, "offer"),
    ("merge out", Merge, "take"),
    ("intake", Intake, "offer"),
    ("intake", Intake, "take"),
    ("timeline", Timeline, "advance"),
    ("timeline", DeadlineIndex, "next"),
    ("records", Table, "rows"),
    ("metrics", loop, "count"),
    ("hand over", Partition, "_outgoing"),
    ("hand over", Partition, "_hand_over"),
)


class Idle(Engine):
    """Moves the deadlines of carts and does nothing else."""

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        if hasattr(event, "quantity"):
            row.deadline = now + HOUR
        elif hasattr(event, "order_id"):
            row.deadline = NEVER
        return True

    def on_deadline(self, row: CustomerRow, due: int) -> list[Any]:
        row.deadline = NEVER
        return []


class Outside:
    """Everything around one partition: logs that have no end, a delivery that drops what it has put into batches."""

    def __init__(self, clock: Clock) -> None:
        self._producer = AIOKafkaProducer(max_batch_size=producing.BATCH_BYTES)
        self._fill = clock.measured("fill batches", producing.batches)
        self.paused: set[str] = set()
        self.records = self.commits = self.commands = 0

    async def open(self) -> None: ...
    async def close(self) -> None: ...

    async def commit(self, outgoing: Outgoing) -> None:
        self.commits += 1
        self.records += len(outgoing.rows)
        for (topic, _), records in outgoing.published.items():
            self.commands += len(records) if topic == "sms-commands" else 0
            self._fill(self._producer, records)
        self._fill(self._producer, outgoing.rows)

    def log_end(self, topic: str, partition: int | None = None) -> LogEnd | None:
        return None

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add(topic)

    def resume(self, topic: str, partition: int) -> None:
        self.paused.discard(topic)

    def since(self, topic: str, position: int) -> list[Columns]:
        return []

    def beginnings(self) -> dict[str, int]:
        return {}

    def position(self, topic: str) -> int:
        return 0


class Log:
    """One topic's partition as fetch answers."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.answers: list[tuple[int, bytes]] = []
        self.records = 0
        self._open = b""
        self._begins = 0
        self._batch: list[tuple[bytes | None, bytes]] = []
        self._bytes = 0

    def append(self, key: bytes | None, value: bytes) -> None:
        self._batch.append((key, value))
        self._bytes += len(value) + len(key or b"") + 12
        if self._bytes >= BATCH:
            self.flush()

    def flush(self, answer: bool = False) -> None:
        """End the batch, and the answer too where it is full."""
        if self._batch:
            self._open += _batch(self.records, self._batch)
            self.records += len(self._batch)
            self._batch, self._bytes = [], 0
        if self._open and (answer or len(self._open) >= FETCH):
            self.answers.append((self._begins, self._open))
            self._open, self._begins = b"", self.records

    def columns(self, answer: tuple[int, bytes]) -> Columns:
        position, data = answer
        place = TopicPartition(self.topic, 0)
        return take_batches(PartitionRecords(place, MemoryRecords(data), [], position, None, None, True, 1))


def _batch(base: int, records: list[tuple[bytes | None, bytes]]) -> bytes:
    """One batch of format 2, stamped by the broker."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, 0, 0, 1 << 20)
    for index, (key, value) in enumerate(records):
        builder.append(index, STAMPED, key, value, [])
    data = bytearray(builder.build())
    data[0:8] = base.to_bytes(8, "big")
    data[21:23] = (int.from_bytes(data[21:23], "big") | 0x08).to_bytes(2, "big")
    data[17:21] = calc_crc32c(bytes(data[21:])).to_bytes(4, "big")
    return bytes(data)


STAMPED: Final = 1_900_000_000_000
"""Milliseconds: when the broker wrote everything, after all of it had happened."""


def logs(values: list[bytes]) -> list[Log]:
    """By topic, in the order of the inputs, with a marker behind the last."""
    found = {spec.name: Log(spec.name) for spec in INPUTS}
    last = 0
    for value, event in zip(values, decode_batch(values), strict=True):
        assert isinstance(event, CustomerEvent)
        key = customer_key(event.shop_id, event.customer_id)
        found[topic_of(type(event).__name__).name].append(key, value)
        last = max(last, event.at)
    marker = {"type": ClockAdvanced.__name__, "event_id": "end", "occurred_at": rfc3339(last + 1)}
    for spec in INPUTS:
        if spec.holds_clock:
            found[spec.name].append(None, orjson.dumps(marker))
        found[spec.name].flush(answer=True)
    return list(found.values())


class Drive:
    """One partition and what is offered to it."""

    def __init__(self, workload: Workload, idle: bool, chunk: int, clock: Clock) -> None:
        self.outside = Outside(clock)
        plan = PartitionPlan(
            inputs=INPUTS, shared=(), beside=(), partitions={spec.name: 1 for spec in TOPICS}, stream_clock=True,
            grace_us=0, future_bound_us=600_000_000, chunk_records=chunk, interval=0.1, skip_applied=False,
            wall=lambda: time.time_ns() // 1000, trusts=lambda wall: True,
        )  # fmt: skip
        self.failed: list[Exception] = []
        self.partition = Partition(
            0, plan, table=Table[CustomerRow](encode_row, decode_row),
            engine=(Idle if idle else Engine)(workload.rules, workload.catalogue), ledger=RowLedger(),
            delivery=self.outside, flow=self.outside, shared=self.outside, metrics=Metrics(),
            failed=lambda _, failure: self.failed.append(failure),
        )  # fmt: skip
        self.partition.begin({spec.name: 0 for spec in INPUTS})
        self.partition.start(0.0)
        self.partition.accept()

    async def run(self, given: list[Log]) -> None:
        """Offer all of it as a fetcher would: from each log that is not paused in turn."""
        left = {log.topic: [log.columns(answer) for answer in reversed(log.answers)] for log in given}
        offset = {name: source.next or 0 for name, source in self.partition.intake.inputs.items()}
        while any(left.values()):
            for topic, columns in left.items():
                if columns and topic not in self.outside.paused:
                    await self.partition.offer(topic, moved(columns.pop(), offset[topic]))
            await asyncio.sleep(0)
            if self.failed:
                raise self.failed[0]
        inputs = self.partition.intake.inputs.values()
        while any(source.committed != source.next for source in inputs):  # noqa: ASYNC110  # nobody signals it
            await asyncio.sleep(0.01)


def moved(columns: Columns, by: int) -> Columns:
    """The same records further up the log."""
    if by:
        columns.start, columns.next = columns.start + by, columns.next + by
        columns.offsets = [offset + by for offset in columns.offsets]
    return columns


async def one_round(workload: Workload, known: list[Log], given: list[Log], idle: bool, chunk: int) -> dict[str, float]:
    """Microseconds an event by stage."""
    clock = Clock()
    kept = [(owner, name, getattr(owner, name)) for _, owner, name in HOOKS]
    drive = Drive(workload, idle, chunk, clock)
    try:
        await drive.run(known)
        for stage, owner, name in HOOKS:
            setattr(owner, name, clock.measured(stage, getattr(owner, name)))
        gc.collect()
        gc.freeze()
        gc.set_threshold(1_000_000, 10, 1_000)  # as the worker does
        began = time.process_time()
        for log in given:
            for answer in log.answers:
                log.columns(answer)
        clock.spent["take_batches"] = fetching = time.process_time() - began
        clock.spent["fill batches"] = 0.0
        drive.outside.commits = drive.outside.records = 0
        began = time.process_time()
        await drive.run(given)
        whole = time.process_time() - began - fetching  # columns are taken once more there
        clock.spent["loop"] = whole - sum(spent for stage, spent in clock.spent.items() if stage != "take_batches")
    finally:
        for owner, name, call in kept:
            setattr(owner, name, call)
        await drive.partition.close()
    events = sum(log.records for log in given)
    figures = {stage: 1e6 * clock.spent[stage] / events for stage in STAGES}
    outside = drive.outside
    counts = {
        "commits": outside.commits,
        "commands": outside.commands,
        "rows written, %": 100 * outside.records / events,
    }
    return {**figures, "sum": sum(figures.values()), **counts}


def measure(workload: Workload, rounds: int, idle: bool, chunk: int) -> dict[str, float]:
    """The least of all rounds, stage by stage."""
    known, given = logs(workload.known) if workload.known else [], logs(workload.values)
    best: dict[str, float] = {}
    for _ in range(rounds):
        for stage, value in asyncio.run(one_round(workload, known, given, idle, chunk)).items():
            best[stage] = min(best.get(stage, value), value)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["peers", "shop"], help=", ".join(WORKLOADS))
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunk", type=int, default=Settings.model_fields["chunk_records"].default)
    given = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for name in given.workloads:
        workload = WORKLOADS[name](given.events)
        results[name] = measure(workload, given.rounds, False, given.chunk)
        results[f"{name}, core idle"] = measure(workload, given.rounds, True, given.chunk)
    print(f"{'CPU us an event':<16}" + "".join(f"{name:>18}" for name in results))
    for line in next(iter(results.values())):
        print(f"{line:<16}" + "".join(f"{result[line]:>18.2f}" for result in results.values()))


if __name__ == "__main__":
    main()
