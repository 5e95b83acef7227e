"""`streams.delivery.Writers` over a broker in memory, as aiokafka's producer would behave.

Requests go one after another in a task of their own, as in aiokafka's sender: whoever is cancelled while waiting for
one does not take it back, and a request is sent again until it is answered or the writer is closed. An error that ends
aiokafka's sender is raised by the call that waits for it; later ones are refused as aiokafka refuses them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.errors import KafkaError

from streams.delivery.interface import DeliveryFailed, Record
from streams.delivery.producing import BATCH_BYTES, OPEN_SECONDS, STOP_SECONDS
from tests.simulation.broker import batches
from tests.simulation.broker.broker import Broker
from tests.simulation.broker.interface import Clock, Lost, Network, Place, call

RETRY_SECONDS: Final = 0.1
"""aiokafka's pause before a request is sent again."""

MARKER_SECONDS: Final = 0.004
"""The same while the markers of the transaction before are being written (streams.delivery.producing)."""

EXPIRY_SECONDS: Final = 40.0
"""How long aiokafka goes on sending a batch without a sequence number."""

Filled = tuple[Any, int]
"""A builder with records in it, and how many."""

Result = TypeVar("Result")


class SimWriters:
    """See `streams.delivery.Writers`. The writers of one process; `network` is its way to the broker, `clock` its own
    clock for the records' timestamps (the broker's by default)."""

    def __init__(self, broker: Broker, app_id: str, network: Network, clock: Clock | None = None) -> None:
        self._broker = broker
        self._app_id = app_id
        self._network = network
        self._clock = clock or broker.clock

    def transactional(self, partition: int, timeout: float) -> SimWriter:
        name = f"{self._app_id}-{partition}"
        return SimWriter(self._broker, self._network, self._clock, partition, name, timeout, numbered=True)

    def plain(self, partition: int, idempotent: bool) -> SimWriter:
        return SimWriter(self._broker, self._network, self._clock, partition, None, 0.0, numbered=idempotent)


class SimWriter:
    """See `streams.delivery.Writer`. `numbered`: batches carry a producer id and sequence numbers."""

    def __init__(
        self,
        broker: Broker,
        network: Network,
        clock: Clock,
        partition: int,
        transactional_id: str | None,
        timeout: float,
        *,
        numbered: bool,
    ) -> None:
        self.partition = partition
        self._broker = broker
        self._network = network
        self._clock = clock
        self._id = transactional_id
        self._timeout = round(timeout * 1_000_000)
        self._numbered = numbered
        self._producer, self._epoch = batches.NO_PRODUCER, -1
        self._sequences: dict[Place, int] = defaultdict(int)
        self._open = False
        self._begun = False
        self._joined = False  # the transaction holds something
        self._failure: KafkaError | None = None
        self._last: asyncio.Task[Any] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        self._open = True
        if not self._numbered:
            return
        try:
            self._producer, self._epoch = await asyncio.wait_for(self._sent(self._init), OPEN_SECONDS)
        except Exception as error:
            await self.close()
            raise DeliveryFailed(f"no producer for partition {self.partition}: {error!r}") from error

    async def begin(self, partitions: Collection[Place]) -> None:
        """Doesn't wait for the broker: what goes wrong is raised by the next call."""
        self._check(begun=False, refusal=AssertionError)
        self._begun, self._joined = True, False
        places = list(partitions)
        if places:
            self._start(lambda: self._add(places))

    async def send_offsets(self, group: str, offsets: Mapping[Place, int]) -> None:
        self._check(begun=True)
        asked = dict(offsets)
        await self._sent(lambda: self._add_offsets(group, asked))

    async def write(self, written: Iterable[tuple[Place, Iterable[Record]]]) -> None:
        self._check(begun=self._id is not None)
        queues: dict[Place, deque[Filled]] = {}
        for place, records in written:
            if place not in self._broker.logs:
                raise errors.UnknownTopicOrPartitionError
            queues.setdefault(place, deque()).extend(self._fill(records))
        if queues:
            await self._sent(lambda: self._produce(queues))

    async def commit(self) -> None:
        self._check(begun=True, refusal=AssertionError)
        await self._sent(self._end)
        self._begun = False

    async def close(self) -> None:
        """What is on its way may still arrive; nothing is sent again."""
        self._open = False
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=STOP_SECONDS)

    # -- the sender

    def _check(self, *, begun: bool, refusal: type[Exception] = errors.IllegalOperation) -> None:
        if not self._open:
            raise DeliveryFailed(f"partition {self.partition} is not open")
        if self._failure is not None:
            raise refusal(f"the sender has ended: {self._failure!r}")
        if begun != self._begun:
            raise refusal("not in the middle of a transaction" if begun else "in a transaction")

    def _start(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> asyncio.Task[Result]:
        former = self._last

        async def in_turn() -> Result:
            if former is not None and not former.done():  # not by a lock: whoever started first goes first
                await asyncio.wait({former})
            if self._failure is not None:
                raise self._failure
            return await work()

        task = self._last = asyncio.create_task(in_turn())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _sent(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        return await asyncio.shield(self._start(work))

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it has it; else nobody does

    async def _ask(self, name: str, do: Callable[[], Result], pause: float = RETRY_SECONDS) -> Result:
        """A request of the sender, until it is answered. What is refused for good ends the sender."""
        while True:
            try:
                return await call(self._network, name, do)
            except Lost as error:
                again: KafkaError = error
                seconds = RETRY_SECONDS
            except errors.ConcurrentTransactions as error:
                again, seconds = error, pause
            except errors.InvalidProducerEpoch:
                self._failure = errors.ProducerFenced()
                raise self._failure from None
            except KafkaError as error:
                self._failure = KafkaError(f"Unexpected error during batch delivery: {error!r}")
                raise self._failure from error
            await self._pause(again, seconds)

    async def _pause(self, error: KafkaError, seconds: float) -> None:
        if self._open:
            await asyncio.sleep(seconds)
        if not self._open:
            raise error

    # -- requests

    async def _init(self) -> tuple[int, int]:
        return await self._ask("init_producer_id", lambda: self._broker.init_producer(self._id, self._timeout))

    async def _add(self, places: list[Place]) -> None:
        transactional_id = self._id or ""
        await self._ask(
            "add_partitions_to_txn",
            lambda: self._broker.add_partitions(transactional_id, self._producer, self._epoch, places),
            MARKER_SECONDS,
        )
        self._joined = True

    async def _add_offsets(self, group: str, offsets: dict[Place, int]) -> None:
        transactional_id = self._id or ""
        await self._ask(
            "add_offsets_to_txn",
            lambda: self._broker.add_group(transactional_id, self._producer, self._epoch, group),
        )
        self._joined = True
        await self._ask(
            "txn_offset_commit",
            lambda: self._broker.commit_in_transaction(self._producer, self._epoch, group, offsets),
        )

    async def _end(self) -> None:
        transactional_id = self._id or ""
        if self._joined:
            await self._ask(
                "end_txn",
                lambda: self._broker.end_transaction(transactional_id, self._producer, self._epoch, commit=True),
            )

    async def _produce(self, queues: dict[Place, deque[Filled]]) -> None:
        """One batch a partition in each request, and the next when that is answered. The first error once all ended."""
        failures: dict[Place, KafkaError] = {}
        waiting: dict[Place, bytes] = {}
        began = asyncio.get_running_loop().time()
        while queues or waiting:
            for place in list(queues):
                if place not in waiting:
                    waiting[place] = self._numbered_batch(place, queues[place].popleft())
                if not queues[place]:
                    del queues[place]
            try:
                answers: Mapping[Place, int | KafkaError] = await call(
                    self._network, "produce", lambda: self._broker.produce(waiting)
                )
            except Lost as error:
                answers = dict.fromkeys(waiting, error)
            again: KafkaError | None = None
            for place, answer in answers.items():
                if isinstance(answer, KafkaError) and answer.retriable and not self._expired(began):
                    again = answer
                    continue
                del waiting[place]
                if isinstance(answer, KafkaError):
                    fenced = isinstance(answer, errors.InvalidProducerEpoch)
                    failures.setdefault(place, errors.ProducerFenced() if fenced else answer)
            if again is not None:
                await self._pause(again, RETRY_SECONDS)
        for failure in failures.values():
            raise failure

    def _expired(self, began: float) -> bool:
        return not self._numbered and asyncio.get_running_loop().time() - began > EXPIRY_SECONDS

    def _numbered_batch(self, place: Place, batch: Filled) -> bytes:
        """With its sequence number, which it keeps however often it is sent."""
        made, count = batch
        if self._numbered:
            made.set_producer_state(self._producer, self._epoch, self._sequences[place])
            self._sequences[place] += count
        return bytes(made.build())

    def _fill(self, records: Iterable[Record]) -> list[Filled]:
        """Batches with these records in order, as streams.delivery.producing cuts them."""
        filled: list[Filled] = []
        now = self._clock() // 1000
        made, count = self._builder(), 0
        for record in records:
            item = (record.key, record.value, list(record.headers))
            if made.append(count, now, *item) is None:
                filled.append((made, count))
                made, count = self._builder(), 0
                made.append(0, now, *item)
            count += 1
        if count:
            filled.append((made, count))
        return filled

    def _builder(self) -> Any:
        return batches.builder(transactional=self._id is not None, sequence=-1, size=BATCH_BYTES)
