"""Drives one row on the stream clock, as the shell does: deadlines strictly below an event first, touches at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.emitted import CancelSms, Decision
from schemas.instants import parse_rfc3339, rfc3339
from triggers.asks import Ask, Full, Granted, LedgerAnswer
from triggers.context import Context
from triggers.customer import NEVER, CustomerRow, new_row
from triggers.engine import Engine, Proposal
from triggers.gates.suppression import Suppressions
from triggers.messages.template import Message, MessageTemplate
from triggers.rules.model import CartAbandoned, Rule, RuleBook, Shop, Step

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY = int(datetime(2026, 11, 23, tzinfo=UTC).timestamp()) * SECOND
"""2026-11-23T00:00:00Z, a Monday."""
NOON = MONDAY + 12 * HOUR


class Fixed(MessageTemplate):
    """A template whose text needs nothing."""

    def __init__(self, text: str = "Your cart is waiting") -> None:
        self.source = text

    def render(self, context: Context) -> Message:
        return Message(self.source, "gsm-7", len(self.source), 1)


def step(after: int = 0, id: str = "1", **more: Any) -> Step:
    return Step(id=id, after=after, sms=more.pop("sms", Fixed()), **more)


TWO = (step(), step(2 * HOUR, "2"))
THREE = (step(), step(2 * HOUR, "2"), step(3 * HOUR, "3"))


def rule(
    idle: int = HOUR,
    reenter: Literal["per_cart", "each_spell"] = "per_cart",
    on_order: Literal["cart", "items"] = "cart",
    **more: Any,
) -> Rule:
    trigger = CartAbandoned(idle=idle, reenter=reenter, on_order=on_order)
    more.setdefault("steps", (step(),))
    return Rule(shop_id="main", name=more.pop("name", "abandoned-cart"), version="v1", trigger=trigger, **more)


def book(*rules: Rule, shop: Shop | None = None) -> RuleBook:
    return RuleBook(shops={"main": shop or Shop()}, rules={"main": rules})


def engine(*rules: Rule, shop: Shop | None = None, suppressions: Suppressions | None = None) -> Engine:
    return Engine(book(*rules, shop=shop), EmptyCatalogue(), suppressions)


_counter = iter(range(1_000_000_000))


def event(kind: type[Any], at: int, **fields: Any) -> Any:
    fields.setdefault("event_id", f"e{next(_counter)}")
    return kind(customer_id="42", occurred_at=rfc3339(at), at=at, **fields)


def added(at: int, product_id: str = "sku-1", **more: Any) -> wire.CartItemAdded:
    made: wire.CartItemAdded = event(wire.CartItemAdded, at, product_id=product_id, **more)
    return made


def removed(at: int, product_id: str = "sku-1", **more: Any) -> wire.CartItemRemoved:
    made: wire.CartItemRemoved = event(wire.CartItemRemoved, at, product_id=product_id, **more)
    return made


def replaced(at: int, *products: str, **more: Any) -> wire.CartUpdated:
    made: wire.CartUpdated = event(wire.CartUpdated, at, items=[wire.Item(p) for p in products], **more)
    return made


def ordered(at: int, order_id: str | None = None, **more: Any) -> wire.OrderPlaced:
    made: wire.OrderPlaced = event(wire.OrderPlaced, at, order_id=order_id or f"o{at}", **more)
    return made


def viewed(at: int, product_id: str = "sku-1", **more: Any) -> wire.ProductViewed:
    made: wire.ProductViewed = event(wire.ProductViewed, at, product_id=product_id, **more)
    return made


def consented(at: int, granted: bool = True, **more: Any) -> wire.ConsentChanged:
    more = {"channel": "sms", "purpose": "marketing"} | more
    made: wire.ConsentChanged = event(wire.ConsentChanged, at, granted=granted, **more)
    return made


def profile(at: int, **fields: Any) -> wire.CustomerUpdated:
    made: wire.CustomerUpdated = event(wire.CustomerUpdated, at, **({"phone": "+79990000042"} | fields))
    return made


def shopper(at: int, **fields: Any) -> list[wire.CustomerEvent]:
    """A customer who can be written to."""
    return [profile(at, **fields), consented(at)]


@dataclass
class Drive:
    """One row and what it put out. `full`: the ledger's caps are full from now on."""

    engine: Engine
    row: CustomerRow = field(default_factory=lambda: new_row("main", "42"))
    sent: list[Any] = field(default_factory=list)
    cancels: list[CancelSms] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    full: bool = False
    now: int = 0

    def feed(self, *events: wire.CustomerEvent) -> Drive:
        for item in events:
            self.now = max(self.now, item.at)
            self.fire(self.now)
            self.engine.on_event(self.row, item, self.now)
            self._take()
        return self

    def fire(self, below: int) -> Drive:
        """Fire every deadline strictly below, and judge at once what falls due."""
        while self.row.deadline < below:
            for proposal in self.engine.on_deadline(self.row, self.row.deadline):
                self.proposals.append(proposal)
                self.judge(proposal, proposal.planned)
            self._take()
        return self

    def drain(self) -> Drive:
        return self.fire(NEVER)

    def judge(self, proposal: Proposal, wall: int) -> Decision:
        judgement = self.engine.on_emit(self.row, proposal, wall)
        answer: LedgerAnswer | None = None
        if judgement.ask is not None:
            self.asks.append(judgement.ask)
            (scope,) = judgement.ask.scopes
            counts = tuple(
                sum(judgement.ask.at - cap.window < at <= judgement.ask.at for _, at, _ in scope.known)
                for cap in scope.limits
            )
            over = [i for i, cap in enumerate(scope.limits) if counts[i] >= cap.limit]
            answer = Full(0, over[0] if over else 0, counts) if over or self.full else Granted(False, counts)
        emitted = self.engine.conclude(self.row, judgement, answer)
        self.sent += emitted.commands
        self.decisions.append(emitted.decision)
        self._take()
        return emitted.decision

    def due(self, below: int) -> list[Proposal]:
        """Fire deadlines strictly below without judging: the wall clock, where touches wait in the outbox."""
        arisen = []
        while self.row.deadline < below:
            arisen += self.engine.on_deadline(self.row, self.row.deadline)
        return arisen

    def outcomes(self) -> list[str]:
        return [decision.outcome for decision in self.decisions]

    def verdict(self, gate: str, decision: int = -1) -> tuple[str, str]:
        """The gate's answer and reason in a decision, the last by default."""
        record = next(v for v in self.decisions[decision].verdicts if v.gate == gate)
        return record.verdict, record.reason

    def _take(self) -> None:
        self.cancels += self.row.outgoing
        self.row.outgoing = []


def drive(*rules: Rule, events: Iterable[wire.CustomerEvent] = (), shop: Shop | None = None) -> Drive:
    return Drive(engine(*rules, shop=shop)).feed(*events)


def dues(made: Drive) -> list[int]:
    """Minutes after noon at which touches were sent."""
    return [(parse_rfc3339(sms.due_at) - NOON) // MINUTE for sms in made.sent]


def at(minutes: int) -> int:
    """So many minutes after noon."""
    return NOON + minutes * MINUTE
