"""The transaction coordinator: producer ids and epochs, what is in each transaction, and how it ends.

As Kafka's: a transaction's end is decided first, and its markers are written afterwards, place by place; until then the
transactional id answers ConcurrentTransactions. Opening an id, and a transaction's timeout, raise the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from aiokafka import errors

from tests.simulation.broker.interface import Clock, Defer, Place

MOST_EPOCHS: Final = 32_766
"""After this epoch a transactional id gets another producer id."""

State = Literal["empty", "ongoing", "ending", "committed", "aborted"]


@dataclass(slots=True)
class Transaction:
    """What the coordinator keeps of one transactional id. `timeout` and `began` in microseconds; `left`: markers that
    are not written yet."""

    producer: int
    epoch: int
    timeout: int
    state: State = "empty"
    commits: bool = False
    places: set[Place] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    began: int = 0
    left: int = 0


class Coordinator:
    """`mark` and `settle` end a transaction at one partition and in one group."""

    def __init__(
        self,
        clock: Clock,
        defer: Defer,
        *,
        mark: Callable[[Place, int, int, bool], None],
        settle: Callable[[str, int, int, bool], None],
    ) -> None:
        self._clock = clock
        self._defer = defer
        self._mark = mark
        self._settle = settle
        self._producers = 0
        self._transactions: dict[str, Transaction] = {}

    def new_producer(self) -> int:
        self._producers += 1
        return self._producers - 1

    def init(self, transactional_id: str, timeout: int) -> tuple[int, int]:
        """InitProducerId: (producer id, epoch). ConcurrentTransactions while one that was open is being ended."""
        found = self._transactions.get(transactional_id)
        if found is None:
            found = self._transactions[transactional_id] = Transaction(self.new_producer(), -1, timeout)
        if found.state == "ongoing":
            self._fence(found)
            raise errors.ConcurrentTransactions
        if found.state == "ending":
            raise errors.ConcurrentTransactions
        if found.epoch >= MOST_EPOCHS:
            found.producer, found.epoch = self.new_producer(), -1
        found.epoch += 1
        found.timeout = timeout
        found.state = "empty"
        return found.producer, found.epoch

    def add(self, transactional_id: str, producer: int, epoch: int, places: Collection[Place]) -> None:
        """AddPartitionsToTxn; the first begins the transaction."""
        self._joined(transactional_id, producer, epoch).places.update(places)

    def add_group(self, transactional_id: str, producer: int, epoch: int, group: str) -> None:
        """AddOffsetsToTxn."""
        self._joined(transactional_id, producer, epoch).groups.add(group)

    def end(self, transactional_id: str, producer: int, epoch: int, *, commit: bool) -> None:
        """EndTxn. Asked again after the answer was lost, it answers the same."""
        found = self._known(transactional_id, producer, epoch)
        if found.state == "ending":
            raise errors.ConcurrentTransactions if found.commits == commit else errors.InvalidTxnState
        if found.state in ("committed", "aborted"):
            if (found.state == "committed") == commit:
                return
            raise errors.InvalidTxnState
        if found.state == "empty":
            raise errors.InvalidTxnState
        self._end(found, commit)

    def includes(self, producer: int, epoch: int, *, place: Place | None = None, group: str | None = None) -> None:
        """Raises unless this producer's open transaction includes the partition, or the group."""
        for found in self._transactions.values():
            if found.producer != producer:
                continue
            if found.epoch != epoch:
                raise errors.InvalidProducerEpoch
            if found.state == "ongoing" and (place in found.places or group in found.groups):
                return
        raise errors.InvalidTxnState

    def expire(self) -> None:
        """Abort what is older than its timeout."""
        now = self._clock()
        for found in self._transactions.values():
            if found.state == "ongoing" and now - found.began > found.timeout:
                self._fence(found)

    def open_for(self) -> Iterable[tuple[str, int]]:
        """(transactional id, instant at which it will be aborted) of all that are open."""
        return [(name, t.began + t.timeout) for name, t in self._transactions.items() if t.state == "ongoing"]

    def _known(self, transactional_id: str, producer: int, epoch: int) -> Transaction:
        found = self._transactions.get(transactional_id)
        if found is None or found.producer != producer:
            raise errors.InvalidProducerIdMapping
        if found.epoch != epoch:
            raise errors.InvalidProducerEpoch
        return found

    def _joined(self, transactional_id: str, producer: int, epoch: int) -> Transaction:
        found = self._known(transactional_id, producer, epoch)
        if found.state == "ending":
            raise errors.ConcurrentTransactions
        if found.state != "ongoing":
            found.state = "ongoing"
            found.began = self._clock()
        return found

    def _fence(self, found: Transaction) -> None:
        found.epoch += 1
        self._end(found, commit=False)

    def _end(self, found: Transaction, commit: bool) -> None:
        producer, epoch = found.producer, found.epoch
        found.state, found.commits = "ending", commit
        found.left = len(found.places) + len(found.groups) + 1

        def one(write: Callable[[], None] | None) -> None:
            if write is not None:
                write()
            found.left -= 1
            if not found.left:
                found.places.clear()
                found.groups.clear()
                found.state = "committed" if commit else "aborted"

        for place in sorted(found.places):
            self._defer(lambda place=place: one(lambda: self._mark(place, producer, epoch, commit)))  # type: ignore[misc]  # the loop's own
        for group in sorted(found.groups):
            self._defer(lambda group=group: one(lambda: self._settle(group, producer, epoch, commit)))  # type: ignore[misc]  # the loop's own
        one(None)
