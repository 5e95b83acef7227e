"""What the topics have shown so far, folded record by record. No Kafka here and no clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from schemas.emitted import CancelSms, Decision, SendSms, decode_command, decode_decision
from streams.table import ATTENTION, PARTITION_KEY, RESERVED, PartitionRecord
from triggers.customer import decode_row
from triggers.engine import NEVER

_T = TypeVar("_T")

_TIME_BYTES: Final = 8
_STOPPED: Final = ("refused", "skipped", "held_out")


@dataclass(frozen=True, slots=True)
class RowSeen:
    """What the demo keeps of a customer row: its next time (microseconds), and whether cart and journeys are open."""

    next_at: int
    open_cart: bool
    journeys: int


@dataclass(slots=True)
class Picture:
    """Everything by its own id, so that what an at-least-once worker writes twice counts once, and is counted."""

    messages: dict[str, SendSms] = field(default_factory=dict)
    cancels: dict[str, CancelSms] = field(default_factory=dict)
    """By the id of the message they cancel."""
    decisions: dict[str, Decision] = field(default_factory=dict)
    crm: set[str] = field(default_factory=set)
    letters: set[tuple[str, bytes]] = field(default_factory=set)
    """(reason, the original bytes)"""
    rows: dict[bytes, RowSeen] = field(default_factory=dict)
    partitions: dict[int, PartitionRecord] = field(default_factory=dict)
    twice: Counter[str] = field(default_factory=Counter)
    """Records that repeat what was there, by topic."""
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(outcome, gate, reason) of what was not emitted, by the verdict that settled it."""
    open_carts: int = 0
    journeys: int = 0

    # -- the folds, one a topic

    def on_command(self, value: bytes) -> None:
        """A record of `sms-commands`."""
        command = decode_command(value)
        if isinstance(command, SendSms):
            self._once("sms-commands", self.messages, command.command_id, command)
        elif isinstance(command, CancelSms):
            self._once("sms-commands", self.cancels, command.cancels, command)

    def on_crm_command(self, value: bytes) -> None:
        """A record of `crm-commands`."""
        command_id = decode_command(value).command_id
        self.twice["crm-commands"] += command_id in self.crm
        self.crm.add(command_id)

    def on_decision(self, value: bytes) -> None:
        """A record of `decisions`."""
        decision = decode_decision(value)
        if not self._once("decisions", self.decisions, decision.decision_id, decision):
            return
        self.outcomes[decision.outcome] += 1
        wanted = "delay" if decision.outcome == "delayed" else "refuse" if decision.outcome in _STOPPED else None
        for verdict in decision.verdicts:
            if verdict.verdict == wanted:
                self.reasons[decision.outcome, verdict.gate, verdict.reason] += 1
                return

    def on_letter(self, value: bytes, reason: str) -> None:
        """A record of `dead-letters`."""
        self.twice["dead-letters"] += (reason, value) in self.letters
        self.letters.add((reason, value))

    def on_row(self, partition: int, key: bytes, value: bytes | None) -> None:
        """A record of the changelog: a customer's row, or the partition's own record."""
        if key == PARTITION_KEY:
            if value is not None:
                self.partitions[partition] = msgspec.msgpack.decode(value[_TIME_BYTES:], type=PartitionRecord)
            return
        if key.startswith(RESERVED):
            return
        former = self.rows.pop(key, None)
        if former is not None:
            self.open_carts -= former.open_cart
            self.journeys -= former.journeys
        if value is not None:
            row = decode_row(value[_TIME_BYTES:])
            seen = RowSeen(
                int.from_bytes(value[:_TIME_BYTES], "big"),
                row.has_open_cart(),
                sum(journey.running for journey in row.journeys),
            )
            self.rows[key] = seen
            self.open_carts += seen.open_cart
            self.journeys += seen.journeys

    def _once(self, topic: str, known: dict[str, _T], name: str, value: _T) -> bool:
        if name in known:
            self.twice[topic] += 1
            return False
        known[name] = value
        return True

    # -- what they add up to

    @property
    def counters(self) -> Counter[str]:
        """Of all partitions: in, applied, repeated, dead_lettered, markers."""
        total: Counter[str] = Counter()
        for record in self.partitions.values():
            total.update(record.counters)
        return total

    def reached(self, partitions: int) -> int:
        """The time (microseconds) that every one of `partitions` partitions has come to; 0 before that can be said."""
        if len(self.partitions) < partitions:
            return 0
        return min(record.reached for record in self.partitions.values())

    def last_deadline(self) -> int | None:
        """The latest time that any row waits for; None when none does."""
        return max((row.next_at for row in self.rows.values() if ATTENTION < row.next_at < NEVER), default=None)

    def undecided(self) -> int:
        """Rows with touches that have fallen due and are not concluded."""
        return sum(row.next_at == ATTENTION for row in self.rows.values())
