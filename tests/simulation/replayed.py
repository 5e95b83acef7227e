"""The wall clock's oracle: the pure engine over the same log, given the schedule that the workers kept to.

What is taken from the workers is when: in which order a customer's records of several topics were applied, at which
wall and between which of them a touch was judged, and what the ledger answered. What is applied comes from the log, its
effective time is reckoned here, deadlines and touches are the engine's own, and so is everything that comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from schemas.catalogue import EmptyCatalogue
from schemas.emitted import encode
from schemas.suppressions import OPTED_IN
from schemas.topics import CRM_COMMANDS, topic_of
from schemas.wire import CustomerEvent
from streams.partition.findings import SOURCE, lifting
from streams.suppressions.records import record
from tests.simulation.oracle import screened
from tests.simulation.outcome import Outcome
from tests.simulation.schedule import Applied, Judged, Looked, Schedule, Step, Way
from tests.simulation.secret import SECRET
from tests.simulation.suppressed import AsRead, Suppressing
from tests.simulation.worker import INPUTS, Setting
from tests.simulation.world import World
from triggers.customer import CustomerRow, decode_row, encode_row, new_row
from triggers.engine import Engine, Proposal
from triggers.receipts import Lift, Suppress, Unplaced

_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Record:
    """An event in its log, the first with its id."""

    topic: str
    offset: int
    effective: int
    event: CustomerEvent


def records(world: World, setting: Setting) -> dict[str, dict[str, Record]]:
    """By the row's key and the event's id."""
    found: dict[str, dict[str, Record]] = {}
    for number in range(setting.partitions):
        for spec in INPUTS:
            reached = -(1 << 62)
            for stretch in screened(spec, number, world, setting).stretches:
                effective = list(accumulate(stretch.times, max, initial=reached))[1:]
                reached = effective[-1] if effective else reached
                for at, offset, event in zip(effective, stretch.offsets, stretch.events, strict=True):
                    if isinstance(event, CustomerEvent):
                        of_row = found.setdefault(f"{event.shop_id}:{event.customer_id}", {})
                        of_row.setdefault(event.event_id, Record(spec.name, offset, at, event))
    return found


class Astray(Exception):
    """The schedule asks for what the engine would not do; the message says what."""


@dataclass(slots=True)
class _Out:
    decisions: list[bytes] = field(default_factory=list)
    sms: list[bytes] = field(default_factory=list)
    crm: list[bytes] = field(default_factory=list)
    suppressions: list[tuple[bytes | None, bytes | None]] = field(default_factory=list)
    """By key, as receipts cause or end them."""

    def take(self, commands: Iterable[Any]) -> None:
        for command in commands:
            if isinstance(command, Suppress):
                made = record(
                    SECRET, "main", command.phone, command.reason, since=command.since, until=command.until,
                    source=SOURCE,
                )  # fmt: skip
                self.suppressions.append((made.key, made.value))
            elif isinstance(command, Lift):
                ended = lifting(SECRET, "main", command)
                self.suppressions.append((ended.key, ended.value))
            elif not isinstance(command, Unplaced):
                self._take(command)

    def _take(self, command: Any) -> None:
        (self.crm if topic_of(type(command).__name__) is CRM_COMMANDS else self.sms).append(encode(command))

    def add(self, other: _Out) -> None:
        self.decisions += other.decisions
        self.sms += other.sms
        self.crm += other.crm
        self.suppressions += other.suppressions


class _Customer:
    """One row, driven by the engine alone."""

    def __init__(self, key: str, engine: Engine, suppressed: AsRead, log: dict[str, Record]) -> None:
        shop, _, customer = key.partition(":")
        self.key = key
        self.row = new_row(shop, customer)
        self.read: dict[str, int] = {}
        """By topic: the offset of the last event applied."""
        self.applied: set[str] = set()
        self._engine = engine
        self._suppressed = suppressed
        self._log = log

    def go(self, steps: Sequence[Step]) -> _Out:
        out = _Out()
        for step in steps:
            if isinstance(step, Applied):
                self._apply(step.event_id)
            elif isinstance(step, Looked):
                self._look(step.due)
            else:
                self._judge(step, out)
            out.take(self.row.outgoing)
            self.row.outgoing = []
        return out

    def _apply(self, event_id: str) -> None:
        record = self._log.get(event_id)
        if record is None:
            raise Astray(f"{event_id} was applied, and is not in the log")
        if record.offset <= self.read.get(record.topic, -1):
            raise Astray(f"{record.topic} was applied out of its order: {event_id} at {record.offset}")
        self.read[record.topic] = record.offset
        self.applied.add(event_id)
        if self.row.deadline < record.effective:
            raise Astray(f"{event_id} was applied at {record.effective}, the deadline {self.row.deadline} left out")
        if not self._engine.on_event(self.row, record.event, record.effective):
            raise Astray(f"{event_id} was applied twice")

    def _look(self, due: int) -> None:
        if self.row.deadline != due:
            raise Astray(f"looked at {due}, where the deadline was {self.row.deadline}")
        self._engine.on_deadline(self.row, due)

    def _judge(self, step: Judged, out: _Out) -> None:
        own = self._waiting(step.proposal)
        self._suppressed.upto = step.read
        judgement = self._engine.on_emit(self.row, own, step.wall)
        if judgement.ask != step.ask:
            raise Astray(f"{own}: the ledger was to be asked {judgement.ask}, and was asked {step.ask}")
        emitted = self._engine.conclude(self.row, judgement, step.answer)
        out.decisions.append(encode(emitted.decision))
        out.take(emitted.commands)

    def _waiting(self, proposal: Proposal) -> Proposal:
        for own in self.row.outbox:
            if own == proposal:
                return own
        raise Astray(f"{proposal} was judged, and waiting were {self.row.outbox}")


class Replay:
    """All customers of a seed. `wrong`: the first thing that the engine would have done otherwise."""

    def __init__(
        self,
        world: World,
        setting: Setting,
        schedule: Schedule,
        out: Outcome,
        suppressions: Sequence[Suppressing],
        caused: Sequence[Suppressing],
    ) -> None:
        """`caused`: those of the suppressions that workers wrote."""
        self._setting = setting
        self._schedule = schedule
        self._suppressed = AsRead(suppressions)
        self._caused = caused
        self._engine = Engine(setting.rules, EmptyCatalogue(), self._suppressed)
        self._decided = {one.value for one, _ in out.decisions}
        self._found = out
        self._out = _Out()
        self.judged = 0
        log = records(world, setting)
        self.wrong = self._first(self._customers(log)) or self._first(self._totals())

    @staticmethod
    def _first(complaints: Iterator[str]) -> str | None:
        return next(complaints, None)

    def _customers(self, log: dict[str, dict[str, Record]]) -> Iterator[str]:
        for key in sorted(log.keys() | self._found.versions.keys()):
            customer = _Customer(key, self._engine, self._suppressed, log.get(key, {}))
            before: bytes | None = None
            for number, value in enumerate(self._found.versions.get(key, [])):
                if value == before:
                    continue
                try:
                    self._version(customer, before, value)
                except Astray as astray:
                    yield f"row {key}, committed version {number}: {astray}"
                    return
                before = value
            missing = log.get(key, {}).keys() - customer.applied
            if missing:
                yield f"row {key}: {sorted(missing)} are in the log and were never applied"

    def _version(self, customer: _Customer, before: bytes | None, value: bytes) -> None:
        """From one committed version of a row to the next, on one of the ways that led there."""
        ways = [way for way in self._schedule.ways[customer.key, value] if way.before == before]
        if not ways:
            raise Astray("nobody made it out of the version that was committed before it")
        kept = encode_row(customer.row), dict(customer.read), set(customer.applied)
        why: Astray | None = None
        for way in dict.fromkeys(ways):
            if why is not None:
                customer.row, customer.read, customer.applied = decode_row(kept[0]), dict(kept[1]), set(kept[2])
            try:
                self._out.add(self._along(customer, way, value))
                return
            except Astray as astray:
                why = why or astray
        assert why is not None
        raise why

    def _along(self, customer: _Customer, way: Way, value: bytes) -> _Out:
        out = customer.go(way.steps)
        stored = decode_row(value[_TIME_BYTES:])
        customer.row.applied = stored.applied  # where its repeated records lie is no part of the schedule
        customer.row.walked = stored.walked  # nor how its partition numbers what concerns many
        if encode_row(customer.row) != value[_TIME_BYTES:]:
            raise Astray(f"{_shown(stored)} instead of {_shown(customer.row)}")
        for decision in out.decisions:
            if decision not in self._decided:
                raise Astray(f"not among the decisions: {decision.decode()}")
        return out

    def _totals(self) -> Iterator[str]:
        found, right = self._found, self._out
        self.judged = len(right.decisions)
        for what, there, wanted in (
            ("decisions", [one.value for one, _ in found.decisions], right.decisions),
            ("SMS commands", found.sms, right.sms),
            ("CRM commands", found.crm, right.crm),
            ("suppressions", [(one.key, one.value) for one in self._caused], right.suppressions),
        ):
            # At least once, what was written before a crash comes again, and may be judged otherwise then.
            extra = Counter(there) - Counter(wanted) if self._setting.transactions else Counter()
            # An opt-out is not taken back by who knows of a later one.
            missing = Counter(one for one in wanted if not _takes_back(one)) - Counter(there)
            if extra or missing:
                yield f"{what}: {extra.total()} too many: {[*extra][:2]}, {missing.total()} missing: {[*missing][:2]}"


def _takes_back(one: bytes | tuple[bytes | None, bytes | None]) -> bool:
    return isinstance(one, tuple) and (one[0] or b"").endswith(f":{OPTED_IN}".encode())


def _shown(row: CustomerRow) -> str:
    journeys = [(one.rule, one.step, one.due, one.wake, one.end) for one in row.journeys]
    at = f"deadline {row.deadline}, fired {row.fired}, outbox {row.outbox}"
    return f"{at}, journeys {journeys}, seen {row.seen.hex()}"
