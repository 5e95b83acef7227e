"""The sandbox dispatcher's hands: commands from Kafka, through `Dispatcher`, to whoever watches, receipts to Kafka.

Receipts are written before the offsets are committed, and only what is settled is committed: a restart reads again what
was waiting. What was sent is remembered in memory alone, so a message that left while an older one waited shows again
after a restart (a real dispatcher keeps command ids in its database).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import TopicPartition

from schemas.emitted import CancelSms, SendSms, SmsCommand, decode_command
from schemas.partitioner import customer_key, partition_of
from schemas.topics import DELIVERY_RECEIPTS, SMS_COMMANDS
from streams.dispatcher import Clock, Dispatcher, Happening, receipt, stream_time

IDLE: Final = 2.0
"""Seconds without a record after which the stream clock lets go what waits, and `once` leaves."""

_POLL_MS: Final = 200


class Dispatching(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """One dispatcher process; several share the partitions. `show` is called for everything that happens."""

    def __init__(
        self,
        client_options: Mapping[str, Any],
        *,
        app: str,
        clock: Clock,
        show: Callable[[Happening], None],
        fail_rate: float = 0.0,
    ) -> None:
        """`client_options`: of any aiokafka client; `app`: the installation, its group is `<app>-dispatcher`."""
        self.tally: Counter[str] = Counter()
        self._options = dict(client_options)
        self._group = f"{app}-dispatcher"
        self._clock: Clock = clock
        self._show = show
        self._fail_rate = fail_rate
        self._dispatchers: dict[int, Dispatcher] = {}
        self._reached: dict[int, int] = {}  # the stream clock of each partition
        self._committed: dict[int, int] = {}
        self._consumer: Any = None  # aiokafka is untyped
        self._producer: Any = None
        self._receipt_partitions = 1

    async def run(self, *, stopped: Callable[[], bool], once: bool = False) -> None:
        """Until `stopped`, or with `once` until nothing has come for IDLE seconds. Raises aiokafka's KafkaError."""
        self._consumer = AIOKafkaConsumer(
            **self._options,
            group_id=self._group,
            isolation_level="read_committed",  # an aborted transaction's commands never happened
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_POLL_MS,
            session_timeout_ms=6000,
            heartbeat_interval_ms=2000,
        )
        self._producer = AIOKafkaProducer(**self._options, acks="all")
        try:
            await self._producer.start()
            self._receipt_partitions = len(await self._producer.partitions_for(DELIVERY_RECEIPTS.name))
            self._consumer.subscribe([SMS_COMMANDS.name], listener=self)
            await self._consumer.start()
            await self._until(stopped, once)
            await self._commit()
        finally:
            await self._consumer.stop()
            await self._producer.stop()

    async def _until(self, stopped: Callable[[], bool], once: bool) -> None:
        last = time.monotonic()
        while not stopped():
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=2000)
            happened: list[Happening] = []
            for where, records in fetched.items():
                for record in records:
                    happened += self._take(where.partition, record)
            idle = time.monotonic() - last >= IDLE
            if fetched:
                last = time.monotonic()
            happened += self._release(drain=idle and not fetched)
            await self._report(happened)
            await self._commit()
            if once and idle and not fetched and self._consumer.assignment():
                return

    def _take(self, partition: int, record: Any) -> list[Happening]:
        command = understood(record.value)
        if command is None:
            self.tally["not_understood"] += 1
            return []
        dispatcher = self._dispatchers.get(partition)
        if dispatcher is None:
            dispatcher = self._dispatchers[partition] = Dispatcher(self._clock, fail_rate=self._fail_rate)
        if self._clock == "wall":
            now = wall()
        else:
            now = self._reached[partition] = stream_time(command, self._reached.get(partition, 0))
        return dispatcher.take(command, record.offset, now)

    def _release(self, drain: bool) -> list[Happening]:
        happened: list[Happening] = []
        for dispatcher in self._dispatchers.values():
            if self._clock == "wall":
                happened += dispatcher.release(wall())
            elif drain:
                happened += dispatcher.release_all()
        return happened

    async def _report(self, happened: list[Happening]) -> None:
        """Show and count everything, and write the receipts; comes back when the broker has them."""
        sending = []
        for one in happened:
            self.tally[one.status] += 1
            self._show(one)
            value = receipt(one)
            if value is not None and one.command is not None:
                key = customer_key(one.command.shop_id, one.command.customer_id or "")
                partition = partition_of(key, self._receipt_partitions)
                sending.append(
                    await self._producer.send(DELIVERY_RECEIPTS.name, value, key=key, partition=partition)
                )
        await asyncio.gather(*sending)

    async def _commit(self) -> None:
        settled = {
            TopicPartition(SMS_COMMANDS.name, partition): at
            for partition, dispatcher in self._dispatchers.items()
            if (at := dispatcher.resume_from()) is not None and at != self._committed.get(partition)
        }
        if settled:
            try:
                await self._consumer.commit(settled)
            except (CommitFailedError, IllegalStateError):
                return  # the group has moved on: the partition's new owner reads from what was committed before
            self._committed.update({where.partition: at for where, at in settled.items()})

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """What waits here is another dispatcher's to read again."""
        await self._commit()
        self._dispatchers.clear()
        self._reached.clear()
        self._committed.clear()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Dispatchers are made as records come."""


def understood(value: bytes | None) -> SmsCommand | None:
    """The command in a record; None for what is none."""
    try:
        command = decode_command(value or b"")
    except ValueError:
        return None
    return command if isinstance(command, SendSms | CancelSms) else None


def wall() -> int:
    """Microseconds since the epoch, by the machine's clock."""
    return time.time_ns() // 1000
