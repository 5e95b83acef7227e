"""What a stretch of time caused, and whose part in it is whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from schemas.emitted import CancelSms
from schemas.partitioner import row_key
from streams.faults import Fault
from streams.merge import Merged, key_of
from triggers.asks import Ask, LedgerAnswer
from triggers.counted import Counted
from triggers.customer import CustomerRow
from triggers.walks import NOTHING_OPENED, Opened


class Rows(Protocol):
    """The rows of one partition by key `shop_id:customer_id`; `get` decodes a row kept as bytes."""

    def get(self, key: str) -> CustomerRow | None: ...
    def put(self, key: str, row: CustomerRow) -> None: ...

    def look(self, key: str) -> CustomerRow | None:
        """As `get`, of a row that is most likely left as it is: it is kept only when it is `put`."""

    def keys(self) -> Iterator[str]:
        """Of all rows that are stored. Rows may come, go and change meanwhile: of those it may name any."""

    def undo(self, key: str) -> CustomerRow | None:
        """Put the row back as it was stored last, whatever has become of it; None, and no row, where it never was.

        Raises Unkept where that is not kept."""


class Unkept(Exception):
    """What a row was before is not known: everything must be done over, and kept this time."""


class Reserve(Protocol):
    """The ledger as the timeline needs it: one answer an ask, None where it was away."""

    async def reserve(self, asks: Sequence[Ask]) -> Sequence[LedgerAnswer | None]: ...


@runtime_checkable
class AtOnce(Protocol):
    """A ledger that is never away and needs nothing but the ask: no row has to pause for its answer."""

    def decide(self, ask: Ask) -> LedgerAnswer: ...


class Out(NamedTuple):
    """One record to publish, keyed by its customer: a command or a decision (structs of schemas.emitted).

    `at` is the instant it was decided (microseconds); with the rest it gives every output one place in order.
    """

    key: str
    at: int
    epoch: str
    record: Any


class Advanced(NamedTuple):
    """Events were applied, and the deadlines below `reached` fired; rows had taken what was `opened` by then."""

    items: Sequence[Merged]
    reached: int
    opened: Opened = NOTHING_OPENED


class Asked(NamedTuple):
    """These rows took what was `opened`, and fired their deadlines below `reached`."""

    keys: Collection[str]
    reached: int
    opened: Opened


class Judged(NamedTuple):
    """What waited in these rows' outboxes was judged."""

    keys: Collection[str]
    wall: int | None


Passed = Advanced | Asked | Judged


@dataclass(slots=True)
class Effects:
    """What a stretch of time caused in one partition: a row takes its own partition's walks, by their numbers there.
    `touched` rows are to be stored; `granted` are to be confirmed in the ledger."""

    touched: dict[str, CustomerRow] = field(default_factory=dict)
    commands: list[Out] = field(default_factory=list)
    decisions: list[Out] = field(default_factory=list)
    findings: list[Out] = field(default_factory=list)
    """What receipts say of phones (triggers.receipts)."""
    counted: list[Out] = field(default_factory=list)
    """What customers add to the figures of their shop (triggers.tallies), each at the effective time of its event."""
    granted: list[Ask] = field(default_factory=list)
    returned: list[Ask] = field(default_factory=list)
    """Granted and then not used: to be released."""
    arisen: list[str] = field(default_factory=list)
    """Keys of rows with touches left in their outbox: not yet emitted (wall clock), or the ledger was away."""
    applied: int = 0
    repeats: list[tuple[str, int]] = field(default_factory=list)
    """(key, topic's rank) of events without effect."""
    fell_due: list[tuple[str, str]] = field(default_factory=list)
    """(key, rule) of touches that fell due, or woke from a delay."""
    faults: list[Fault] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    """Keys of rows that a fault left in pieces; empty between two calls."""
    passed: list[Passed] = field(default_factory=list)
    """What all this came of, in order."""

    @property
    def repeated(self) -> Counter[int]:
        """Events without effect, by their topic's rank."""
        return Counter(rank for _, rank in self.repeats)

    @property
    def proposals(self) -> Counter[str]:
        """Touches that fell due, or woke from a delay, by rule."""
        return Counter(rule for _, rule in self.fell_due)

    def withdraw(self, keys: Collection[str], items: int) -> list[Ask]:
        """Take out what these rows caused, whose records here are `items` in number. Answers what was granted them."""
        for key in keys:
            self.touched.pop(key, None)
        parked = sum(1 for one in self.faults if one.key in keys and one.item is not None)
        self.applied -= items - parked - sum(1 for key, _ in self.repeats if key in keys)
        self.commands = [out for out in self.commands if out.key not in keys]
        self.decisions = [out for out in self.decisions if out.key not in keys]
        self.findings = [out for out in self.findings if out.key not in keys]
        self.counted = [out for out in self.counted if out.key not in keys]
        self.arisen = [key for key in self.arisen if key not in keys]
        self.repeats = [one for one in self.repeats if one[0] not in keys]
        self.fell_due = [one for one in self.fell_due if one[0] not in keys]
        self.faults = [one for one in self.faults if one.key not in keys]
        granted, self.granted = self.granted, []
        taken_out: list[Ask] = []
        for ask in granted:
            (taken_out if row_key(ask.shop_id, ask.customer_id) in keys else self.granted).append(ask)
        return taken_out

    def take_outgoing(self, key: str, row: CustomerRow, at: int) -> None:
        """Cancels that the row's last change caused, what it adds to the shop's figures, and what it found out about
        phones."""
        for one in row.outgoing:
            if isinstance(one, Counted):
                self.counted.append(Out(key, at, "", one))
            else:
                (self.commands if isinstance(one, CancelSms) else self.findings).append(Out(key, at, "", one))
        row.outgoing = []

    def add(self, other: Effects) -> None:
        """What one row caused after all."""
        self.touched |= other.touched
        self.commands += other.commands
        self.decisions += other.decisions
        self.findings += other.findings
        self.counted += other.counted
        self.granted += other.granted
        self.returned += other.returned
        self.arisen += other.arisen
        self.applied += other.applied
        self.repeats += other.repeats
        self.fell_due += other.fell_due
        self.faults += other.faults


def items_of(keys: Collection[str], passed: Sequence[Passed]) -> Iterator[tuple[int, str, Merged]]:
    """The records of these rows: (index of the stretch, key, record), in order."""
    for index, stretch in enumerate(passed):
        if isinstance(stretch, Advanced):
            for item in stretch.items:
                key = key_of(item)
                if key in keys:
                    yield index, key, item
