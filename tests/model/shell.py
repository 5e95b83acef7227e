"""What is driven: the real engine by the real timeline, with the ledger's fake behind a way that fails, and the real
stores of suppressions and phone links, one chunk a step: worked through, perhaps dropped and worked through again by
another worker, then committed. The reference is told what happened and asked about every decision.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import SecretStr

from schemas import wire
from schemas.catalogue import Product
from schemas.emitted import CancelSms, SendSms
from schemas.instants import rfc3339
from schemas.topics import CUSTOMER_EVENTS, PHONE_LINKS, SMS_COMMANDS, SUPPRESSIONS
from streams.chunks.chunk import Columns
from streams.deadlines import DeadlineIndex
from streams.delivery import Outgoing, Record
from streams.effects import Effects
from streams.inbound.handling import Known, handle
from streams.inbound.links import PhoneLinks
from streams.ledger import MemoryLedger
from streams.partition.findings import lifting, lifts
from streams.partition.phone_links import PhoneLinker
from streams.suppressions.merged import SuppressionStore
from streams.suppressions.records import ending, record
from streams.timeline import Timeline
from tests.model.calendar import PHONES, instant, to_call
from tests.model.reference import Ghost, Reference, Waiting, Wrong
from tests.model.settings import HOUR, SECOND, Setting, shop_of
from triggers.asks import Ask, Full, LedgerAnswer
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.receipts import Lift, Suppress
from triggers.rules.inforce import settings_in_force
from triggers.shared import SharedOfShops

T = TypeVar("T")

SECRET: Final = SecretStr("s" * 32)
GOODS: Final = ("p1", "p2", "p3")
TEXTS: Final = {
    "STOP": "opt-out", "please stop texting me": "opt-out", "Отпишите меня": "opt-out", "ЅТОР": "opt-out",
    "START": "start", "HELP": "help", "don't stop": "nothing", "When will my kettle come?": "nothing",
}  # fmt: skip
"""What people write, and what it means."""


class Catalogue:
    """Goods that can be shown."""

    def __init__(self) -> None:
        self._goods = {
            name: Product(product_id=name, name=f"Goods {name}", url=f"https://shop.example/{name}") for name in GOODS
        }

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return self._goods.get(product_id)


class Rows:
    """A partition's. `stored` is what was committed."""

    def __init__(self, stored: dict[str, bytes]) -> None:
        self.stored = stored
        self.rows: dict[str, CustomerRow] = {key: decode_row(data) for key, data in stored.items()}

    def get(self, key: str) -> CustomerRow | None:
        return self.rows.get(key)

    def put(self, key: str, row: CustomerRow) -> None:
        self.rows[key] = row

    def look(self, key: str) -> CustomerRow | None:
        """A copy: what is changed in it is lost unless it is `put`, as with a row that was not decoded."""
        row = self.rows.get(key)
        return None if row is None else decode_row(encode_row(row))

    def keys(self) -> Iterator[str]:
        return iter(tuple(self.stored))

    def undo(self, key: str) -> CustomerRow | None:
        if key not in self.stored:
            self.rows.pop(key, None)
            return None
        self.rows[key] = decode_row(self.stored[key])
        return self.rows[key]


class Way:
    """The way to the ledger: `away`, or `deaf`, so that what is asked is done and no answer comes."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.deaf = False
        self.unheard: list[Ask] = []
        self.asked: list[Ask] = []
        self.refused: list[Ask] = []

    async def reserve(self, asks: Sequence[Ask]) -> Sequence[LedgerAnswer | None]:
        answers = await self.ledger.reserve(asks)
        self.asked += asks
        if not self.deaf:
            self.refused += [ask for ask, answer in zip(asks, answers, strict=True) if isinstance(answer, Full)]
            return answers
        self.unheard += asks
        return [None] * len(asks)


@dataclass
class Fate:
    """What becomes of a chunk. `killed`: it is dropped and done again by another worker, who finds what the first one
    had reserved, unless that was `released`. `unconfirmed`: the worker died between commit and confirmation."""

    killed: bool = False
    released: bool = False
    unconfirmed: bool = False


def run(work: Coroutine[Any, Any, T]) -> T:
    """A coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as over:
        result: T = over.value
        return result
    raise AssertionError("it waits for something")


class World:
    """One shop's shoppers, from the beginning. Each method is a step; it raises Wrong where the two disagree."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.stream = setting.clock == "stream"
        self.now = instant(datetime.fromisoformat(setting.begin).replace(tzinfo=UTC))
        self.book = setting.book()
        self.shop = shop_of(self.book)
        self.reference = Reference(setting, GOODS)
        self.suppressions = SuppressionStore(SECRET)
        self.links = PhoneLinks()
        self.linker = PhoneLinker(SECRET, lambda shop_id: self.shop.default_region)
        self.shared = SharedOfShops(self.book)
        self.engine = Engine(self.book, Catalogue(), self.suppressions)
        self.way = Way(MemoryLedger(clock=self._ledgers_clock))
        self.sent: list[Any] = []
        self.lost = False
        self.seq = 0
        self._work(Rows({}))

    # Steps

    def event(self, who: str, kind: str, fields: dict[str, Any], late: int = 0, fate: Fate | None = None) -> None:
        """A customer's event, a second later; `late`: it is that much older."""
        self._pass(self.now + SECOND)
        at = self.now - late
        fields = fields | {"items": [wire.Item(*item) for item in fields["items"]]} if "items" in fields else fields
        event = getattr(wire, kind)(customer_id=who, event_id=f"e{self.seq}", occurred_at=rfc3339(at), at=at, **fields)
        self._tell(event, fate or Fate())

    def rush(self, whose: Sequence[str], product: str, fate: Fate | None = None) -> None:
        """These customers put a product into their carts, one a second."""
        for who in whose:
            self.event(who, "CartItemAdded", {"product_id": product, "quantity": 1}, fate=fate)

    def receipt(self, back: int, status: str, code: str | None, fate: Fate | None = None) -> None:
        """Of one of the last messages of somebody, `back` from the newest, to a phone written to in the last days."""
        recent = [one for one in self.sent[-6:] if self.now - one[0] < 5 * 24 * HOUR]
        if recent:
            command = recent[-1 - back % len(recent)][1]
            fields = {"command_id": command.command_id, "status": status, "error_code": code}
            self.event(command.customer_id, "DeliveryReceipt", fields, fate=fate)

    def sms(self, phone: str, text: str, fate: Fate | None = None) -> None:
        """Somebody writes to the shop: one transaction, and then its events come to those whose phone it is."""
        self._pass(self.now + SECOND)
        event = wire.SmsReceived(
            event_id=f"e{self.seq}", shop_id="main", occurred_at=rfc3339(self.now), at=self.now, phone=phone, text=text
        )
        outgoing = Outgoing()
        known = Known(
            SECRET, settings_in_force(self.book), self.links, self.suppressions,
            {CUSTOMER_EVENTS.name: 1, SMS_COMMANDS.name: 1},
        )  # fmt: skip
        meant = handle(known, event, self.now, outgoing)
        if meant != TEXTS[text]:
            raise Wrong(f"{text!r} is understood as {meant}")
        number = PHONES[phone][0]
        assert number is not None
        self._suppressions(outgoing)
        if meant == "opt-out":
            self.reference.suppress(number, "opted_out")
            self.reference.stopped[number] = self.now
        elif meant == "start":
            self.reference.lift(number, "opted_out")
        told: list[wire.ConsentChanged] = []
        for written in outgoing.published.get((CUSTOMER_EVENTS.name, 0), ()):
            said = wire.decode_one(written.value)
            if not isinstance(said, wire.ConsentChanged):
                raise Wrong(f"{text!r} is told as {said}")
            told.append(said)
        whom = self.reference.have(number) if meant in ("opt-out", "start") else []
        if sorted(one.customer_id for one in told) != whom:
            raise Wrong(f"{text!r} from {number} is told of {told}, and it is the phone of {whom}")
        for one in told:
            if one.granted != (meant == "start") or one.source != "inbound-sms":
                raise Wrong(f"{text!r} is told as {one}")
            self._tell(one, fate or Fate())

    def by_hand(self, phone: str, days: int) -> None:
        """A shop's own suppression: for so many days, -1 for good, 0 to end it."""
        number = to_call(phone)[0]
        assert number is not None
        outgoing = Outgoing()
        if days:
            until = None if days < 0 else self.now + days * 24 * HOUR
            made = record(SECRET, "main", number, "manual", since=self.now, until=until)
            self.reference.suppress(number, "manual", until)
        else:
            made = ending(SECRET, "main", number, "manual")
            self.reference.lift(number, "manual")
        outgoing.publish(SUPPRESSIONS.name, 0, made)
        self._suppressions(outgoing)

    def clock(self, by: int, prompt: bool, fate: Fate | None = None) -> None:
        """Time passes. `prompt`: on the wall clock touches are judged seconds after they arose, else at the end."""
        self._pass(self.now + by, prompt, fate or Fate())
        if not self.stream:
            self._emit(self.now, fate or Fate())

    def soon(self, then: str, fate: Fate | None = None) -> None:
        """Time passes up to the next thing that falls due. Whoever was written to last may `order` right after that, or
        `withdraw` the consent."""
        due = min((row.deadline for row in self.rows.rows.values()), default=NEVER)
        if due < self.now + 7 * 24 * HOUR:
            self.clock(max(due - self.now, 0) + 3 * SECOND, True, fate)
        if then and self.sent:
            who = self.sent[-1][1].customer_id
            withdrawn = {"channel": "sms", "purpose": "marketing", "granted": False, "source": "account-page"}
            kind, fields = ("OrderPlaced", {"order_id": "f"}) if then == "order" else ("ConsentChanged", withdrawn)
            self.event(who, kind, fields, fate=fate)

    def ledger(self, what: str) -> None:
        """`away`, `deaf`, `lost` (restarted empty) or `there`: filled again where it lost what no row proves."""
        if what == "away":
            self.way.ledger.away = True
        elif what == "deaf":
            self.way.deaf = True
        elif what == "lost":
            self.way.ledger.lose_everything()
            self.reference.ledger_lost()
            self.lost = bool(self.shared.covers)
            self.way.ledger.away = self.way.ledger.away or self.lost  # its guard is missing: nobody is answered
        else:
            self.way.ledger.away, self.way.deaf = False, False
            if self.lost:
                asks = [self.shared.ask_of(command) for _, command in self.sent]
                run(self.way.ledger.confirm([ask for ask in asks if ask is not None]))
                self.lost = False
            self._emit(None if self.stream else self.now, Fate())

    def over(self) -> None:
        """The end of an example: the ledger is there, all that waits is judged, and what was sent is looked at."""
        self.ledger("there")
        self.clock(30 * HOUR, True)
        waiting = [row.outbox for row in self.rows.rows.values() if row.outbox]
        if waiting:
            raise Wrong(f"left in the outbox: {waiting}")
        self.reference.audit()

    # How

    def _ledgers_clock(self) -> int:
        """Its own: on the stream clock days of events take it seconds."""
        return self.seq * SECOND if self.stream else self.now

    def _work(self, rows: Rows) -> None:
        self.rows = rows
        self.deadlines = DeadlineIndex((key, row.deadline) for key, row in rows.rows.items())
        self.timeline = Timeline(self.engine, rows, self.deadlines, self.way, judge_at_once=self.stream)

    def _tell(self, event: Any, fate: Fate) -> None:
        self.seq += 1
        item = (self.now, 0, 0, self.seq, "", event)
        back = self.reference.callable_back(event, self.now)
        links = self.linker.before([item], lambda key: _stored(self.rows.stored.get(key)))
        effects = self._do(lambda: run(self.timeline.advance([item], self.now)), fate)
        outgoing = Outgoing()
        self.linker.publish(outgoing, links, effects.touched)
        self.reference.hear(event.at, self.seq, event)
        self._commit(effects, fate)
        self.links.take(_columns(outgoing, PHONE_LINKS.name))
        cancelled = [out.record.cancels for out in effects.commands if isinstance(out.record, CancelSms)]
        missed = set(back) - set(cancelled)
        if missed:
            raise Wrong(f"not called back by {type(event).__name__}: {missed}")
        for one in cancelled:
            self.reference.cancel(one, event)

    def _pass(self, until: int, prompt: bool = False, fate: Fate | None = None) -> None:
        """One deadline after the other, so that each is looked at on its own."""
        while (due := min((row.deadline for row in self.rows.rows.values()), default=NEVER)) < until:
            self.now = max(self.now, due)
            self._judge(lambda due=due: run(self.timeline.advance([], due + 1)), fate or Fate())  # type: ignore[misc]  # mypy infers no lambda with a default
            if prompt and not self.stream:
                self.now = min(until, self.now + 2 * SECOND)
                self._emit(self.now, fate or Fate())
        self.now = max(self.now, until)

    def _emit(self, wall: int | None, fate: Fate) -> None:
        keys = sorted(key for key, row in self.rows.rows.items() if row.outbox)
        if keys:
            self._judge(lambda: run(self.timeline.emit(keys, wall)), fate)

    def _judge(self, work: Callable[[], Effects], fate: Fate) -> None:
        planned = {}
        sight: dict[str, list[Waiting]] = {}
        for row in self.rows.rows.values():
            for proposal in row.outbox:
                planned[row.customer_id, proposal.rule, proposal.epoch, proposal.step] = proposal.planned
            sight[row.customer_id] = [
                Waiting(row.customer_id, one.rule, one.epoch, one.step, one.planned)
                for one in row.journeys
                if one.running
            ]
        effects = self._do(work, fate)
        for row in effects.touched.values():
            for journey in row.journeys:
                self.reference.began.setdefault((row.customer_id, journey.rule, journey.epoch), self.seq)
        for out in effects.decisions:
            self.reference.began.setdefault((out.record.customer_id, out.record.rule, out.record.epoch), self.seq)
        commands = {out.record.command_id: out.record for out in effects.commands}
        together = [Ghost(ask, self._ledgers_clock()) for ask in self.way.asked]
        # What was reserved unheard, and is asked for again at a later time at which a later slot refuses it, may count
        # at either until it lapses.
        known = {ghost.ask.touch_id for ghost in self.reference.ghosts}
        moved = [ask for ask in self.way.refused if ask.touch_id in known]
        self.reference.ghosts += [Ghost(ask, self._ledgers_clock()) for ask in (*self.way.unheard, *moved)]
        for out in effects.decisions:
            decision = out.record
            name = (decision.customer_id, decision.rule, decision.epoch, decision.step)
            made = [commands[id] for id in decision.command_ids]
            mine = {decision.customer_id}
            others = [ghost for ghost in together if ghost.ask.customer_id not in mine]
            self.reference.ghosts += others
            at = planned.get(name, out.at)
            self.reference.check(decision, at, self._ledgers_clock(), made, sight.pop(decision.customer_id, None))
            del self.reference.ghosts[len(self.reference.ghosts) - len(others) :]
            self.sent += [(out.at, one) for one in made if isinstance(one, SendSms)]
        self.way.unheard.clear()
        self.way.refused.clear()
        self._commit(effects, fate)

    def _do(self, work: Callable[[], Effects], fate: Fate) -> Effects:
        """The chunk's effects; of a chunk that is dropped first, those of the second time."""
        self.way.asked.clear()
        effects = work()
        if fate.killed:
            self.reference.ghosts += [Ghost(ask, self._ledgers_clock()) for ask in effects.granted]
            if fate.released:
                run(self.way.ledger.release([*effects.granted, *effects.returned]))
            self.way.ledger = self.way.ledger.another()
            self._work(Rows(self.rows.stored))
            effects = work()
        if effects.faults:
            raise Wrong(f"the engine failed: {effects.faults}")
        return effects

    def _commit(self, effects: Effects, fate: Fate) -> None:
        outgoing = Outgoing()
        for out in effects.findings:
            found = out.record
            if isinstance(found, Suppress):
                made = record(SECRET, "main", found.phone, found.reason, since=found.since, until=found.until)
                outgoing.publish(SUPPRESSIONS.name, 0, made)
            elif isinstance(found, Lift) and lifts(self.suppressions, "main", found):
                outgoing.publish(SUPPRESSIONS.name, 0, lifting(SECRET, "main", found))
        self._suppressions(outgoing)
        for key, row in effects.touched.items():
            self.rows.stored[key] = encode_row(row)
        if not fate.unconfirmed:
            run(self.way.ledger.confirm(effects.granted))
        run(self.way.ledger.release(effects.returned))
        erased = [
            (row.shop_id, row.customer_id) for row in effects.touched.values() if row.erased_at and not row.touches
        ]
        run(self.way.ledger.forget(erased))

    def _suppressions(self, outgoing: Outgoing) -> None:
        self.suppressions.take(_columns(outgoing, SUPPRESSIONS.name))


def _stored(row: bytes | None) -> bytes | None:
    """As a table keeps it, with a time in front."""
    return None if row is None else bytes(8) + row


def _columns(outgoing: Outgoing, topic: str) -> Columns:
    records: list[Record] = outgoing.published.get((topic, 0), [])
    offsets = list(range(len(records)))
    return Columns(
        0, len(records), offsets, [one.key for one in records], [one.value for one in records], offsets, True
    )
