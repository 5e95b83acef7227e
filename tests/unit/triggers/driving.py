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
from triggers.counted import Counted
from triggers.customer import NEVER, CustomerRow, new_row
from triggers.engine import Engine, Proposal
from triggers.expressions import Reads
from triggers.gates.suppression import Suppressions
from triggers.kinds.cart_abandoned import CartAbandoned
from triggers.messages.template import Message, MessageTemplate
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.receipts import Finding
from triggers.rules.model import Rule, RuleBook, Shop, Step

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
        self.reads = Reads()

    def render(self, context: Context, writing: Writing = AS_IT_IS, ending: str = "") -> Message:
        text = f"{self.source} {ending}" if ending else self.source
        return Message(text, "gsm-7", len(text), 1)


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
class Counting:
    """The ledger, slowly: of customers it knows what their rows know, of phones and budgets all that was granted."""

    granted: dict[tuple[str, str, str], list[tuple[str, int, int]]] = field(default_factory=dict)

    def answer(self, ask: Ask) -> LedgerAnswer:
        counts: list[int] = []
        for number, scope in enumerate(ask.scopes):
            shared = self.granted.get((ask.shop_id, scope.name, scope.key), [])
            known = scope.known if scope.name == "customer" else tuple(shared)
            found = []
            for cap in scope.limits:
                since, until = (ask.at - cap.window + 1, ask.at + 1) if cap.window else (cap.since, cap.until)
                within = [(at, weight) for one, at, weight in known if since <= at < until and one != ask.touch_id]
                found.append((sum(weight for _, weight in within), cap, within))
            counts += [count for count, _, _ in found]
            for index, (count, cap, within) in enumerate(found):
                if count + scope.weight > cap.limit:
                    free = min(at for at, _ in within) + cap.window if cap.window and within else cap.until
                    return Full(number, index, tuple(counts), free)
        for scope in ask.scopes:
            if scope.name != "customer":
                self.granted.setdefault((ask.shop_id, scope.name, scope.key), []).append(
                    (ask.touch_id, ask.at, scope.weight)
                )
        return Granted(False, tuple(counts))


@dataclass
class Drive:
    """One row and what it put out. `full`: the ledger's caps are full from now on."""

    engine: Engine
    row: CustomerRow = field(default_factory=lambda: new_row("main", "42"))
    sent: list[Any] = field(default_factory=list)
    cancels: list[CancelSms] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    ledger: Counting = field(default_factory=Counting)
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
        while (due := self.row.deadline) < below:
            proposals = self.engine.on_deadline(self.row, due)
            assert self.row.deadline > due, "a deadline that does not move on would never end"
            for proposal in proposals:
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
            answer = self.ledger.answer(judgement.ask)
            if self.full and isinstance(answer, Granted):
                answer = Full(0, 0, answer.counts)
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
        for one in self.row.outgoing:
            if isinstance(one, CancelSms):
                self.cancels.append(one)
            elif isinstance(one, Counted):
                self.counted.append(one)
            else:
                self.findings.append(one)
        self.row.outgoing = []


def drive(*rules: Rule, events: Iterable[wire.CustomerEvent] = (), shop: Shop | None = None) -> Drive:
    return Drive(engine(*rules, shop=shop)).feed(*events)


def dues(made: Drive) -> list[int]:
    """Minutes after noon at which touches were sent."""
    return [(parse_rfc3339(sms.due_at) - NOON) // MINUTE for sms in made.sent]


def at(minutes: int) -> int:
    """So many minutes after noon."""
    return NOON + minutes * MINUTE
