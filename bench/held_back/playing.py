"""The engine over the data, as `rewake replay` runs it, and the phones that answer: receipts, clicks and STOP.

Replay has no suppressions, for it has nobody's secret; here the answers of a message come back a quarter of an hour
later at most, and what they say of a phone holds from then on.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from bench.held_back.visitors import BLOCKED, CLICKS, DEAD, OFTEN_OFF, STOPS, Event, consent, later, products, share
from feeds.store import MemoryStore
from schemas.emitted import Decision, SendSms
from schemas.instants import parse_rfc3339
from schemas.topics import topic_of
from schemas.wire import DEFAULT_SHOP, CustomerEvent, decode_batch
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.ledger import MemoryLedger, RowLedger
from streams.merge import END, Merged
from streams.replay import MemoryRows
from streams.rules.folder import read_rulebook
from streams.timeline import Timeline
from triggers.engine import Engine
from triggers.gates.phone import phone as usable
from triggers.inbound import OptOut, classify
from triggers.receipts import Lift, Suppress
from triggers.rules.model import RuleBook
from triggers.verdicts import Answer

ROOT: Final = Path(__file__).parents[2]
SHOP: Final = Path(__file__).parent / "shop"
SAMPLE_RULES: Final = ROOT / "examples" / "tea-house" / "rules"

_STEP: Final = 15 * 60 * 1_000_000
_AFTER: Final = 30 * 24 * 3600 * 1_000_000
"""How long phones go on answering after the last event, microseconds; by then every journey is over."""


class Wrong(Exception):
    """The figures don't agree with each other; the message says which."""


class Suppressed:
    """triggers' `Suppressions`: phones in the clear, for they are made up."""

    def __init__(self) -> None:
        self._phones: dict[str, dict[str, int]] = defaultdict(dict)

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        for reason, until in self._phones.get(phone, {}).items():
            if at < until:
                return reason
        return None

    def add(self, phone: str, reason: str, until: int | None) -> None:
        self._phones[phone][reason] = END if until is None else until

    def lift(self, phone: str, reason: str) -> None:
        self._phones[phone].pop(reason, None)


@dataclass(slots=True)
class Played:
    """What came of it. `touches`: those that fell due, each once; `judged`: decisions, a delayed touch has several;
    `waited_out`: touches that were put off, and whose journey ended before they woke.

    `decided`: (outcome, gate, reason) of the first gate that kept a touch back, for each decision that emitted nothing.
    `against`: (gate, reason) of every gate that refused or delayed, the first or not.
    """

    events: int = 0
    visitors: int = 0
    touches: int = 0
    judged: int = 0
    waited_out: int = 0
    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    decided: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    against: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    gates: tuple[tuple[str, ...], ...] = ()
    """The gates of decisions, in the order of their verdicts: every order that there was."""

    @property
    def delays(self) -> int:
        return self.outcomes["delayed"]

    def check(self) -> None:
        """Raise Wrong where a sum is not what it must be."""
        settled = self.judged - self.delays
        for what, one, other in (
            ("touches and the decisions that settle one", self.touches, settled + self.waited_out),
            ("decisions and outcomes", self.judged, self.outcomes.total()),
            ("decisions that emitted nothing and the gates that decided", self.decided.total(),
             self.judged - self.outcomes["emitted"]),
            ("messages and touches that were emitted", self.messages, self.outcomes["emitted"]),
        ):  # fmt: skip
            if one != other:
                raise Wrong(f"{what} don't agree: {one:,} and {other:,}")


def rules() -> RuleBook:
    """The sample shop's rules, and those that this measurement adds, with its settings."""
    book = read_rulebook(SHOP)
    sample = read_rulebook(SAMPLE_RULES, SHOP / "shop.yaml")
    if book.errors or sample.errors:
        raise Wrong("\n".join(map(str, (*book.errors, *sample.errors))))
    both = (*book.book.rules[DEFAULT_SHOP], *sample.book.rules[DEFAULT_SHOP])
    return RuleBook(shops=book.book.shops, rules={DEFAULT_SHOP: tuple(sorted(both, key=lambda rule: rule.name))})


async def play(events: Iterable[Event]) -> Played:
    """All of it, to the end of the last journey. Raises Wrong."""
    listed = list(events)
    book = rules()
    goods = MemoryStore()
    sold = sorted({event["product_id"] for event in listed if "product_id" in event})
    goods.apply([(product.shop_id, product.product_id, product) for product in products(sold)])
    return await _Play(book, goods, listed).run()


class _Play:
    def __init__(self, book: RuleBook, goods: MemoryStore, events: list[Event]) -> None:
        self._played = Played(events=len(events), visitors=len({event["customer_id"] for event in events}))
        self._suppressed = Suppressed()
        self._inbound = book.shops[DEFAULT_SHOP].inbound.understood(book.shops[DEFAULT_SHOP].language)
        self._who: dict[str, list[tuple[str, str]]] = defaultdict(list)
        """By phone: since when, and whose."""
        for event in events:
            if "phone" in event:
                number, _ = usable(event["phone"], "US")
                if number is not None:
                    self._who[number].append((event["occurred_at"], event["customer_id"]))
        self._items = sorted(_merged(events))
        self._coming: list[tuple[int, int, Event]] = []
        self._opted_out: list[tuple[int, str]] = []
        self._number = 0
        self._fell_due = 0
        self._settled: Counter[tuple[str, str, str, str]] = Counter()
        self._orders: set[tuple[str, ...]] = set()
        ledger = MemoryLedger(clock=lambda: 0)  # whose time stands still: it forgets nothing
        self._ledger = RowLedger(ledger)
        self._timeline = Timeline(
            Engine(book, goods, self._suppressed), MemoryRows(), DeadlineIndex(), self._ledger, judge_at_once=True
        )

    async def run(self) -> Played:
        times = [item[0] for item in self._items]
        begin, taken = times[0] - times[0] % _STEP, 0
        while begin <= times[-1] + _AFTER:
            end = begin + _STEP
            until = bisect_left(times, end, taken)
            items = self._items[taken:until]
            if self._coming and self._coming[0][0] < end:
                items = sorted([*items, *self._answered(begin, end)])
            await self._advance(items, end)
            begin, taken = end, until
        await self._advance([], END)
        played = self._played
        played.touches = len(self._settled)
        played.gates = tuple(sorted(self._orders))
        if self._fell_due != played.judged:
            raise Wrong(f"{self._fell_due:,} touches fell due or woke, {played.judged:,} were judged")
        played.waited_out = sum(1 for count in self._settled.values() if not count)
        if twice := [touch for touch, count in self._settled.items() if count > 1]:
            raise Wrong(f"a touch was settled twice: {twice[0]}")
        played.check()
        return played

    async def _advance(self, items: list[Merged], end: int) -> None:
        effects = await self._timeline.advance(items, end)
        if effects.faults:
            raise Wrong(f"the engine failed: {effects.faults[0]}")
        await self._ledger.release(effects.returned)
        self._found(effects)
        self._fell_due += len(effects.fell_due)
        for out in effects.commands:
            if isinstance(out.record, SendSms):
                self._played.messages += 1
                self._sent(out.record)
        for out in effects.decisions:
            self._count(out.record)

    def _count(self, decision: Decision) -> None:
        played, outcome = self._played, decision.outcome
        played.judged += 1
        played.outcomes[outcome] += 1
        touch = (decision.customer_id, decision.rule, decision.epoch, decision.step)
        self._settled[touch] += outcome != "delayed"
        self._orders.add(tuple(verdict.gate for verdict in decision.verdicts))
        wanted = Answer.DELAY if outcome == "delayed" else Answer.REFUSE
        first = True
        for verdict in decision.verdicts:
            if verdict.verdict in (Answer.REFUSE, Answer.DELAY):
                played.against[verdict.gate, verdict.reason] += 1
            if first and verdict.verdict == wanted:
                first = False
                played.decided[outcome, verdict.gate, verdict.reason] += 1

    def _sent(self, sms: SendSms) -> None:
        """What becomes of a message: a receipt, and perhaps a click or a STOP."""
        number, customer, command = sms.phone, sms.customer_id, sms.command_id
        base = {"shop_id": sms.shop_id, "customer_id": customer, "command_id": command}
        left = sms.not_before
        fate = share("fate", number)
        status = "delivered"
        if fate < DEAD:
            status = "unknown_subscriber"
        elif fate < DEAD + BLOCKED:
            status = "blocked"
        elif fate < DEAD + BLOCKED + OFTEN_OFF and share("off", command) < 2 / 3:
            status = "undeliverable"
        self._played.answers[status] += 1
        self._tell({"type": "DeliveryReceipt", "event_id": f"receipt-{command}", "status": status, **base,
                    "occurred_at": later(left, seconds=10)})  # fmt: skip
        if status != "delivered":
            return
        if share("click", command) < CLICKS:
            self._played.answers["click"] += 1
            self._tell({"type": "LinkClicked", "event_id": f"click-{command}", **base,
                        "occurred_at": later(left, minutes=30)})  # fmt: skip
        if share("stop", command) < STOPS and isinstance(classify("Stop!", self._inbound, {}), OptOut):
            self._played.answers["STOP"] += 1
            at = later(left, minutes=12)
            heapq.heappush(self._opted_out, (parse_rfc3339(at), number))
            for since, owner in self._who[number]:
                if since <= at:
                    self._tell(consent(owner, at, granted=False, source="inbound-sms"))

    def _tell(self, event: Event) -> None:
        self._number += 1
        heapq.heappush(self._coming, (parse_rfc3339(event["occurred_at"]), self._number, event))

    def _answered(self, begin: int, end: int) -> Iterator[Merged]:
        """What came back by `end`; what should have been taken before counts from `begin`, as late events do."""
        events: list[Event] = []
        while self._coming and self._coming[0][0] < end:
            events.append(heapq.heappop(self._coming)[2])
        while self._opted_out and self._opted_out[0][0] < end:
            self._suppressed.add(heapq.heappop(self._opted_out)[1], "opted_out", None)
        for item in _merged(events):
            yield (max(item[0], begin), item[1], 1, *item[3:])

    def _found(self, effects: Effects) -> None:
        for out in effects.findings:
            found: Any = out.record
            if isinstance(found, Suppress):
                self._suppressed.add(found.phone, found.reason, found.until)
            elif isinstance(found, Lift):
                self._suppressed.lift(found.phone, found.reason)


def _merged(events: list[Event]) -> Iterator[Merged]:
    decoded = decode_batch([orjson.dumps(event) for event in events])
    for number, event in enumerate(decoded):
        if not isinstance(event, CustomerEvent):
            raise Wrong(f"no event of a customer: {event}")
        yield event.at, topic_of(type(event).__name__).rank or 0, 0, number, "", event
