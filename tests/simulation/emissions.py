"""The engine, watched: what it did to each row, and what it had seen when it let a touch pass."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from schemas.wire import CustomerEvent
from tests.simulation.schedule import Applied, Judged, Looked, Notes
from tests.simulation.suppressed import SuppressionLog
from tests.simulation.world import World
from triggers.asks import LedgerAnswer
from triggers.customer import CustomerRow
from triggers.engine import Emitted, Engine, Judgement, Proposal
from triggers.walks import Walk


class EmissionCheck:
    """On the wall clock no touch is emitted while a record that was in the log when it arose is unread: one of the
    customer's own, or a suppression."""

    def __init__(self, world: World, true_time: Callable[[], int], suppressions: SuppressionLog) -> None:
        self.wrong: str | None = None
        self.true_time = true_time
        self._world = world
        self._suppressions = suppressions

    def emitted(self, row: CustomerRow, proposal: Proposal, arose: int, read: int) -> None:
        """`arose`: an instant of the broker's clock, at which the wall less the grace had passed the touch and all that
        its row consists of had been read; or before. `read`: it was judged by the suppressions below this offset."""
        if self.wrong is not None:
            return
        for known in reversed(self._suppressions.records):
            if known.offset < read:
                break
            if known.readable < arose:
                self.wrong = (
                    f"{proposal.rule} of customer {row.customer_id} passed, though the suppression at offset "
                    f"{known.offset} was in the log when it arose and was not read"
                )
                return
        for place, logged in self._world.log.items():
            for one in logged:
                if one.stamp * 1000 >= arose:
                    break
                sent = one.sent
                if not sent.happened or sent.customer != row.customer_id:
                    continue
                name = orjson.loads(sent.value or b"")["event_id"]
                if blake2b(name.encode(), digest_size=8).digest() not in row.seen:
                    self.wrong = (
                        f"{proposal.rule} of customer {row.customer_id} passed, though {sent.kind} at offset "
                        f"{one.offset} of {place[0]}/{place[1]} was in the log when it arose and was not read"
                    )
                    return


class WatchedEngine(Engine):
    """`loaded`: when this worker's partitions were assigned, for touches that it found in their outboxes. `passes`:
    when, by the broker's clock, its wall less the grace passes an instant. `notes` hear of every step that changes a
    row. `read`: how far this worker has read the suppressions."""

    def __init__(
        self,
        *args: Any,
        check: EmissionCheck,
        loaded: Callable[[], int],
        passes: Callable[[int], int],
        notes: Notes,
        read: Callable[[], int],
    ) -> None:
        super().__init__(*args)
        self._read = read
        self._judged: dict[tuple[str, str, str, str, int], int] = {}
        self._passes = passes
        self._changed: dict[str, int] = {}
        self._check = check
        self._loaded = loaded
        self._notes = notes
        self._arose: dict[tuple[str, str, str, str, int], int] = {}

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        new = super().on_event(row, event, now)
        self._changed[row.key] = self._check.true_time()
        if new:
            self._notes.note(row.key, Applied(event.event_id))
        return new

    def on_deadline(self, row: CustomerRow, due: int) -> list[Proposal]:
        proposals = super().on_deadline(row, due)
        self._notes.note(row.key, Looked(due))
        for one in proposals:
            arose = max(self._passes(one.planned), self._changed.get(row.key, 0), self._loaded())
            self._arose[_name(row, one)] = min(arose, self._check.true_time())
        return proposals

    def on_walk(self, row: CustomerRow, walk: Walk) -> bool:
        changed = super().on_walk(row, walk)
        if changed:
            self._changed[row.key] = self._check.true_time()
        return changed

    def on_emit(self, row: CustomerRow, proposal: Proposal, wall: int) -> Judgement:
        self._judged[_name(row, proposal)] = self._read()
        return super().on_emit(row, proposal, wall)

    def conclude(self, row: CustomerRow, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
        emitted = super().conclude(row, judgement, answer)
        name = _name(row, judgement.proposal)
        read = self._judged[name]
        self._notes.note(row.key, Judged(judgement.proposal, judgement.wall, judgement.ask, answer, read))
        if emitted.decision.outcome == "emitted":
            # Of a step computed again, after a commit that failed, the earlier time stands: it asks for less.
            self._check.emitted(row, judgement.proposal, self._arose.get(name, self._loaded()), read)
        return emitted


def _name(row: CustomerRow, proposal: Proposal) -> tuple[str, str, str, str, int]:
    return row.customer_id, proposal.rule, proposal.epoch, proposal.step, proposal.planned
