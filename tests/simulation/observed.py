"""The broker, watched: what is written and committed goes into the trace, and every commit of offsets is checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from schemas.topics import DEAD_LETTERS, DECISIONS, SMS_COMMANDS
from tests.simulation.broker import Broker, Clock, Defer
from tests.simulation.broker.batches import read
from tests.simulation.broker.interface import Place
from tests.simulation.loop import current
from tests.simulation.trace import Trace

_TOLD = {DECISIONS.name, SMS_COMMANDS.name, DEAD_LETTERS.name}


class ObservedBroker(Broker):
    """`settled` is called after offsets may have been committed."""

    def __init__(self, clock: Clock, defer: Defer, trace: Trace, settled: Callable[[], None]) -> None:
        super().__init__(clock, defer)
        self._trace = trace
        self._settled = settled
        self.written_at: dict[tuple[Place, int], int] = {}
        """By place and offset of a decision: when the broker took it."""

    @property
    def at_rest(self) -> bool:
        """No transaction is half ended: markers and offsets are all written, or none of them."""
        return all(found.state != "ending" for found in self._coordinator._transactions.values())

    def init_producer(self, transactional_id: str | None, timeout: int) -> tuple[int, int]:
        found = super().init_producer(transactional_id, timeout)
        if current() is not None:
            self._trace.note("producer", f"{transactional_id or 'plain'}: id {found[0]} epoch {found[1]}")
        return found

    def produce(self, batches: Mapping[Place, bytes]) -> dict[Place, Any]:
        answer: dict[Place, Any] = super().produce(batches)
        if current() is None:
            return answer
        for place, base in answer.items():
            if isinstance(base, Exception):
                self._trace.note("refused", f"{place[0]}/{place[1]}: {base!r}")
                continue
            count = read(batches[place]).count
            if place[0] in _TOLD:
                now = self.clock()
                for offset in range(base, base + count):
                    self.written_at.setdefault((place, offset), now)
            self._trace.note("wrote", f"{place[0]}/{place[1]} {base}: {count}")
        return answer

    def end_transaction(self, transactional_id: str, producer: int, epoch: int, *, commit: bool) -> None:
        super().end_transaction(transactional_id, producer, epoch, commit=commit)
        if current() is not None:
            self._trace.note("commit" if commit else "abort", transactional_id)
        self._settled()

    def commit_offsets(self, group: str, generation: int, member: str, offsets: Mapping[Place, int]) -> None:
        super().commit_offsets(group, generation, member, offsets)
        self._trace.note("offsets", ", ".join(f"{t}/{n} {at}" for (t, n), at in offsets.items()))
        self._settled()

    def committed(self, group: str, partitions: Collection[Place]) -> dict[Place, int]:
        return super().committed(group, partitions)
