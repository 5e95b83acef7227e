"""One partition's log: batches at offsets, who may append, which transactions are open in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from aiokafka import errors

from tests.simulation.broker import batches
from tests.simulation.broker.batches import Batch
from tests.simulation.broker.interface import Clock, FetchAnswer, Isolation

REMEMBERED: Final = 5
"""Batches of a producer that a broker remembers, to know them again when they come twice."""


class Topic(NamedTuple):
    """A topic's settings. `log_append`: the broker stamps records; `max_bytes`: of one batch."""

    name: str
    partitions: int
    compacted: bool = False
    log_append: bool = False
    max_bytes: int = 1_048_588


class Aborted(NamedTuple):
    """A transaction that ended in vain here: from its first record to its marker."""

    producer: int
    first: int
    last: int


@dataclass(slots=True)
class Producer:
    """What a partition remembers of one. `recent`: (first sequence, last sequence, base offset)."""

    epoch: int
    recent: deque[tuple[int, int, int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))


class PartitionLog:
    """`verify(batch)` asks the coordinator whether its transaction includes this partition; raises where not."""

    def __init__(self, topic: Topic, clock: Clock, verify: Callable[[Batch], None]) -> None:
        self.topic = topic
        self.start = 0
        self.end = 0
        self.batches: list[Batch] = []
        self.aborted: list[Aborted] = []
        self._clock = clock
        self._verify = verify
        self._producers: dict[int, Producer] = {}
        self._open: dict[int, int] = {}  # producer id -> first offset of its open transaction here

    @property
    def last_stable(self) -> int:
        return min(self._open.values(), default=self.end)

    # -- writing

    def append(self, data: bytes) -> int:
        """Take one batch; answers its first offset, of a batch that came before too. Raises KafkaError."""
        if len(data) > self.topic.max_bytes:
            raise errors.MessageSizeTooLargeError
        batch = batches.read(data)
        if self.topic.compacted and any(key is None for _, _, key, _, _ in batch.items()):
            raise errors.for_code(87)  # INVALID_RECORD
        if batch.producer == batches.NO_PRODUCER:
            return self._place(batch)
        known = self._producers.get(batch.producer)
        if known is not None:
            if batch.epoch < known.epoch:
                raise errors.InvalidProducerEpoch
            if batch.epoch == known.epoch:
                for first, last, base in known.recent:
                    if (first, last) == (batch.sequence, batch.last_sequence):
                        return base
        if not batch.transactional and batch.producer in self._open:
            raise errors.InvalidTxnState
        if batch.transactional and (batch.producer not in self._open or known is None or known.epoch != batch.epoch):
            self._verify(batch)
        expected = known.recent[-1][1] + 1 if known is not None and known.epoch == batch.epoch and known.recent else 0
        # A producer that is not known here, or no longer, may begin anywhere; within transactions it may not.
        if batch.sequence != expected and (known is not None or batch.transactional):
            raise errors.OutOfOrderSequenceNumber
        if known is None or known.epoch != batch.epoch:
            known = self._producers[batch.producer] = Producer(batch.epoch)
        base = self._place(batch)
        known.recent.append((batch.sequence, batch.last_sequence, base))
        if batch.transactional:
            self._open.setdefault(batch.producer, base)
        return base

    def mark(self, producer: int, epoch: int, *, commit: bool) -> None:
        """The marker that ends the producer's transaction. Whoever has a lower epoch writes here no more."""
        made = batches.marker(producer, epoch, commit=commit, milliseconds=self._clock() // 1000)
        at = self._place(made)
        first = self._open.pop(producer, None)
        if first is not None and not commit:
            self.aborted.append(Aborted(producer, first, at))
        known = self._producers.get(producer)
        if known is None or known.epoch < epoch:
            self._producers[producer] = Producer(epoch)

    def _place(self, batch: Batch) -> int:
        stamp = self._clock() // 1000 if self.topic.log_append and not batch.control else None
        placed = batches.placed(batch, self.end, stamp)
        self.batches.append(placed)
        self.end = placed.last + 1
        return placed.base

    # -- reading

    def fetch(self, offset: int, isolation: Isolation, max_bytes: int) -> FetchAnswer:
        """From `offset` on: at least one batch where there is one, and others while they fit. OffsetOutOfRangeError."""
        if not self.start <= offset <= self.end:
            raise errors.OffsetOutOfRangeError
        committed = isolation == "read_committed"
        bound = self.last_stable if committed else self.end
        found: list[bytes] = []
        size, upto = 0, offset
        for batch in self.batches[bisect_left(self.batches, offset, key=lambda batch: batch.last) :]:
            if batch.base >= bound or (found and size + len(batch.data) > max_bytes):
                break
            found.append(batch.data)
            size += len(batch.data)
            upto = batch.last + 1
        aborted = [(a.producer, a.first) for a in self.aborted if committed and a.last >= offset and a.first < upto]
        return FetchAnswer(offset, b"".join(found), aborted, self.end, self.last_stable, self.start)

    def delete_before(self, offset: int) -> None:
        """Retention: the log begins at `offset`."""
        if offset > self.end:
            raise errors.OffsetOutOfRangeError
        self.start = max(self.start, offset)
        del self.batches[: bisect_right(self.batches, self.start - 1, key=lambda batch: batch.last)]
        self.aborted = [aborted for aborted in self.aborted if aborted.last >= self.start]
