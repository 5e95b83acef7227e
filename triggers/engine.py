"""The engine: events and deadlines in, proposals and decisions out. No I/O, no clock, no randomness.

Used unchanged by the worker, by replay, by the simulator and by the tests. All instants are integers of microseconds
since 1970-01-01T00:00:00Z. A row is changed in place and belongs to its caller; nothing else is kept between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from schemas.catalogue import Catalogue
from schemas.wire import CustomerEvent
from triggers.customer import CustomerRow
from triggers.rules.model import Rule, RuleBook
from triggers.verdicts import Verdict

NEVER: Final = 1 << 62
"""A deadline that is none."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A touch that is due. Everything that makes it the same proposal after a replay derives from inputs."""

    rule: str
    rule_version: str
    epoch: str
    step: str
    due: int
    wake: int | None = None


@dataclass(frozen=True, slots=True)
class CapLimit:
    limit: int
    window: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What the ledger is asked for one touch that passed every pure gate: reserve `touch_id` at `at` for the customer.

    `caps`: rolling windows (microseconds). `touches` are the row's own recent (touch_id, at), so that a ledger that
    lost its data, or never confirmed, counts them. Asking twice for one `touch_id` counts once and answers the same.
    """

    shop_id: str
    customer_id: str
    touch_id: str
    at: int
    caps: tuple[CapLimit, ...]
    touches: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """`repeated`: the id was reserved or confirmed before (a replay). `counts`: touches in each cap's window before it."""

    repeated: bool
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Full:
    """Cap number `cap` (index into `Ask.caps`) is full with `counts`."""

    cap: int
    counts: tuple[int, ...]


LedgerAnswer = Granted | Full


@dataclass(slots=True)
class Judgement:
    """One proposal judged at emission, before the ledger. `ask` is None when the pure gates already decided."""

    proposal: Proposal
    wall: int
    verdicts: tuple[Verdict, ...]
    ask: Ask | None
    touch: Any = None  # what would be sent: the engine's own


@dataclass(slots=True)
class Emitted:
    """What concluding a judgement put out: wire-ready commands and one decision."""

    commands: tuple[Any, ...]  # schemas.commands structs
    decision: Any  # schemas.decisions struct


class Engine:
    """`rules` and `catalogue` are looked at, never changed."""

    def __init__(self, rules: RuleBook, catalogue: Catalogue) -> None: ...

    def new_row(self, shop_id: str, customer_id: str) -> CustomerRow:
        raise NotImplementedError

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        """Apply one event at its effective time `now`; False when it was a repeated `event_id` (no effect).

        The caller has fired every deadline of this row strictly below `now` first.
        Changes `row.deadline`. Cancels (`CancelSms`) it causes are appended to `row.outgoing`.
        """
        raise NotImplementedError

    def on_deadline(self, row: CustomerRow, due: int) -> list[Proposal]:
        """Look at the row at `due` (== row.deadline): journeys begin, touches fall due. Proposals go into `row.outbox`
        as well, where they stay until `conclude` takes them out; `row.deadline` moves on (strictly greater or NEVER)."""
        raise NotImplementedError

    def on_emit(self, row: CustomerRow, proposal: Proposal, wall: int) -> Judgement:
        """Judge a proposal of `row.outbox` against the row as it is: exits, conditions, all the pure gates, the text."""
        raise NotImplementedError

    def conclude(self, row: CustomerRow, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
        """Take the proposal out of the outbox: commands and decision out, journey on (next step, skip, delay, end).

        `answer` is the ledger's where `judgement.ask` is set. (With the ledger away the caller does not conclude: the
        proposal stays in the outbox.)"""
        raise NotImplementedError
