"""The sandbox dispatcher's mind: what becomes of each SMS command, and when. No Kafka here and no clock.

It does what the docs ask of every dispatcher: a command id is sent once, `not_before` and `not_after` are kept, and a
cancel counts even if it comes first. One `Dispatcher` looks after one partition, in which a command and its cancel lie
in order.

Two clocks. On the wall clock `now` is the time of day. On the stream clock it is the time the commands carry: a message
leaves at its `due_at` (or `not_before`, if later), as soon as the commands show that time has passed it.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeVar

import orjson

from schemas.emitted import CancelSms, SendSms, SmsCommand
from schemas.instants import parse_rfc3339, rfc3339

_T = TypeVar("_T")

Clock = Literal["wall", "stream"]
Status = Literal[
    "accepted", "sent", "delivered", "undeliverable", "unknown_subscriber", "blocked", "expired",
    "repeated", "cancelled", "too_late",
]  # fmt: skip

REPORTED: Final[frozenset[str]] = frozenset(
    ("accepted", "sent", "delivered", "undeliverable", "unknown_subscriber", "blocked", "expired")
)
"""Statuses that go out as delivery receipts; the others stay between us and the log."""

_FAILURES: Final[tuple[tuple[Status, str], ...]] = (
    ("unknown_subscriber", "1"),
    ("unknown_subscriber", "1"),
    ("undeliverable", "27"),
    ("blocked", "13"),
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that became of a command, at an instant (microseconds). `command` is the SendSms concerned; None when
    a cancel names one that is not known (yet)."""

    status: Status
    at: int
    command_id: str
    command: SendSms | None
    error_code: str | None = None


class Dispatcher:
    """The commands of one partition. `fail_rate`: share of phones, 0 to 1, that cannot be written to; always the same
    ones. `remember`: how many command ids are kept to know repeats by; older ones are forgotten."""

    def __init__(self, clock: Clock, *, fail_rate: float = 0.0, remember: int = 200_000) -> None:
        self._clock = clock
        self._fail_rate = fail_rate
        self._remember = remember
        self._known: OrderedDict[str, SendSms] = OrderedDict()  # taken over, waiting or gone
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._waiting: dict[str, int] = {}  # command id -> offset
        self._queue: list[tuple[int, int, str]] = []  # (leaves at, offset, command id); cancelled ones stay in
        self._next_offset: int | None = None

    def take(self, command: SmsCommand, offset: int, now: int) -> list[Happening]:
        """A record of the partition. What had to leave before `now` leaves first, so a cancel is never early."""
        happened = self.release(now - 1)
        self._next_offset = offset + 1
        if isinstance(command, CancelSms):
            return happened + self._cancel(command, now)
        if command.command_id in self._known:
            happened.append(Happening("repeated", now, command.command_id, command))
            return happened
        self._keep(self._known, command.command_id, command)
        if command.command_id in self._cancelled:
            happened.append(Happening("cancelled", now, command.command_id, command))
            return happened
        happened.append(Happening("accepted", now, command.command_id, command))
        self._waiting[command.command_id] = offset
        heapq.heappush(self._queue, (leaves_at(command), offset, command.command_id))
        return happened

    def _cancel(self, cancel: CancelSms, now: int) -> list[Happening]:
        command = self._known.get(cancel.cancels)
        if cancel.cancels in self._cancelled:
            return [Happening("repeated", now, cancel.command_id, command)]
        if command is not None and cancel.cancels not in self._waiting:
            return [Happening("too_late", now, cancel.cancels, command)]
        self._keep(self._cancelled, cancel.cancels, None)
        if command is None:
            return []  # the cancel came first: it is remembered
        del self._waiting[cancel.cancels]
        return [Happening("cancelled", now, cancel.cancels, command)]

    def release(self, now: int) -> list[Happening]:
        """What leaves up to and including `now`."""
        happened: list[Happening] = []
        while self._queue and self._queue[0][0] <= now:
            leaves, _, command_id = heapq.heappop(self._queue)
            if self._waiting.pop(command_id, None) is not None:
                at = leaves if self._clock == "stream" else now
                happened += self._send(self._known[command_id], at)
        return happened

    def release_all(self) -> list[Happening]:
        """The end of the data on the stream clock: everything that waits leaves, each at its own time."""
        return self.release(max(self._queue)[0]) if self._queue else []

    def next_at(self) -> int | None:
        """When `release` has something to do again."""
        return self._queue[0][0] if self._queue else None

    def resume_from(self) -> int | None:
        """The offset to commit: everything before it is settled. None before the first record."""
        return min(self._waiting.values(), default=self._next_offset)

    def _send(self, command: SendSms, at: int) -> list[Happening]:
        if at > parse_rfc3339(command.not_after):
            return [Happening("expired", at, command.command_id, command)]
        status, code = fate(command.phone, self._fail_rate)
        return [
            Happening("sent", at, command.command_id, command),
            Happening(status, at, command.command_id, command, code),
        ]

    def _keep(self, memory: OrderedDict[str, _T], command_id: str, value: _T) -> None:
        memory[command_id] = value
        while len(memory) > self._remember:
            oldest = next(iter(memory))
            if oldest in self._waiting:  # never forget what has yet to leave
                memory.move_to_end(oldest)
                continue
            del memory[oldest]


def leaves_at(command: SendSms) -> int:
    """The instant at which a message may leave: `due_at`, or `not_before` if that is later."""
    return max(parse_rfc3339(command.due_at), parse_rfc3339(command.not_before))


def stream_time(command: SmsCommand, reached: int) -> int:
    """The stream clock after a command: its `due_at` (a cancel's `cancelled_at`), never backwards from `reached`."""
    said = command.due_at if isinstance(command, SendSms) else command.cancelled_at
    return reached if said is None else max(reached, parse_rfc3339(said))


def fate(phone: str, fail_rate: float) -> tuple[Status, str | None]:
    """What the operator answers for a phone: the same each time, derived from its hash."""
    digest = blake2b(phone.encode(), digest_size=9).digest()
    if int.from_bytes(digest[:8], "big") >= fail_rate * 2**64:
        return "delivered", None
    return _FAILURES[digest[8] % len(_FAILURES)]


def receipt(happening: Happening) -> bytes | None:
    """The DeliveryReceipt of a happening as JSON; None where there is none to write (also for a phone without a
    customer, whose receipt would have no key)."""
    command = happening.command
    if happening.status not in REPORTED or command is None or command.customer_id is None:
        return None
    return orjson.dumps(
        {
            "type": "DeliveryReceipt",
            "event_id": f"{happening.command_id}-{happening.status}",  # a receipt written twice has one effect
            "shop_id": command.shop_id,
            "customer_id": command.customer_id,
            "occurred_at": rfc3339(happening.at),
            "command_id": happening.command_id,
            "status": happening.status,
            "error_code": happening.error_code,
        }
    )


def masked(phone: str) -> str:
    """A phone as it may be shown: the first two and the last two characters."""
    return phone[:2] + "•" * max(len(phone) - 4, 3) + phone[-2:]
