"""What comes back to the shop while a history runs: receipts of its messages, and what people answer to them.

A dispatcher follows `sms-commands` as any reader does, and writes what became of each message. People write STOP and
START: what that causes is the product's own (streams.inbound.handling), by the links that can be read by then, in one
transaction, as the inbound loop writes it.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple

import orjson

from schemas.emitted import SendSms, decode_command
from schemas.instants import parse_rfc3339, rfc3339
from schemas.partitioner import partition_of
from schemas.topics import CUSTOMER_EVENTS, DELIVERY_RECEIPTS, PHONE_LINKS, SMS_COMMANDS, SUPPRESSIONS
from schemas.wire import SmsReceived
from streams.chunks.chunk import Columns
from streams.delivery import Outgoing, Record
from streams.inbound.handling import Known, handle
from streams.inbound.links import PhoneLinks
from streams.privacy import phone_hmac
from tests.simulation.broker import batches, columns
from tests.simulation.broker.broker import Broker
from tests.simulation.broker.interface import Place
from tests.simulation.clocks import EVENING, SECOND
from tests.simulation.loop import SimLoop
from tests.simulation.secret import SECRET
from tests.simulation.suppressed import SuppressionLog
from tests.simulation.trace import Trace
from tests.simulation.worker import Setting
from tests.simulation.world import PHONES, Batch, Logged, Sent, World
from triggers.gates.suppression import NoSuppressions
from triggers.rules.inforce import settings_in_force

LOOK_SECONDS: Final = 0.25
MARKED_WITHIN: Final = 31
"""Milliseconds within which a committed transaction's markers are written (`Simulation._defer`)."""
PERMANENT: Final = ("unknown_subscriber", "blocked")
_FATES: Final = (None, "delivered", "delivered", "delivered", *PERMANENT * 2, "undeliverable", "expired")


class Receipt(NamedTuple):
    """What became of a message. `at`: microseconds."""

    event_id: str
    customer: str
    phone: str
    status: str
    at: int


class Returning:
    """Of one history. Nothing is written any more `ends` virtual seconds after its beginning."""

    def __init__(
        self,
        seed: int,
        setting: Setting,
        world: World,
        broker: Broker,
        loop: SimLoop,
        trace: Trace,
        suppressions: SuppressionLog,
    ) -> None:
        self._rng = random.Random(f"{seed}-returning")
        self._setting = setting
        self._world = world
        self._broker = broker
        self._loop = loop
        self._trace = trace
        self._suppressions = suppressions
        self._links = PhoneLinks()
        self._next: dict[Place, int] = {}
        self._told: set[str] = set()
        self.receipts: list[Receipt] = []
        self.suppressed_at: set[int] = set()
        """Offsets of suppressions that people's answers have caused, or ended."""
        self._until = world.until + (0.0 if setting.stream else 12.0)
        self.ends = self._until + (3.0 if setting.stream else 9.0)

    def start(self) -> None:
        loop, rng = self._loop, self._rng
        loop.call_later(LOOK_SECONDS, self._look, context=loop.outside)
        for number in range(rng.randint(1, 6)):
            at, phone = rng.uniform(0.1, 0.95) * self._until, rng.choice(PHONES)
            text = rng.choice(["STOP", "Please stop", "START"])
            loop.call_at(at, self._answered, number, phone, text, context=loop.outside)

    # -- the dispatcher

    def _look(self) -> None:
        """At the messages there are."""
        for number in range(self._setting.partitions):
            found = self._read((SMS_COMMANDS.name, number))
            for value in () if found is None else found.values:
                command = decode_command(value or b"")
                if isinstance(command, SendSms) and command.command_id not in self._told:
                    self._told.add(command.command_id)
                    self._send(command)
        if self._loop.time() + LOOK_SECONDS < self._until:
            self._loop.call_later(LOOK_SECONDS, self._look, context=self._loop.outside)

    def _send(self, command: SendSms) -> None:
        rng = self._rng
        status = rng.choice(_FATES)
        if status is None or command.customer_id is None:
            return
        if self._setting.stream:
            later, at = rng.random() * 2, parse_rfc3339(command.not_before) + rng.randint(1, 120) * 60 * SECOND
        else:
            took = round(rng.random() * 5 * SECOND)
            at = max(self._broker.clock(), parse_rfc3339(command.not_before)) + took
            later = max((at - self._broker.clock() + self._late()) / SECOND, 0.0)
        if self._loop.time() + later > self.ends:
            return
        receipt = Receipt(f"r{len(self._told)}", command.customer_id, command.phone, status, at)
        for again in range(rng.choice([1, 1, 1, 1, 1, 2])):
            self._loop.call_later(
                later + 0.2 * again, self._receipt, receipt, command.command_id, context=self._loop.outside
            )

    def _late(self) -> int:
        """Live, what comes back is no later than the shop's events are, and no earlier: see `Shoppers._published`."""
        return self._world.lag + round(self._rng.random() * 0.2 * self._setting.grace)

    def _receipt(self, receipt: Receipt, command_id: str) -> None:
        key = f"main:{receipt.customer}".encode()
        value = {
            "type": "DeliveryReceipt", "event_id": receipt.event_id, "shop_id": "main",
            "customer_id": receipt.customer, "occurred_at": rfc3339(receipt.at), "command_id": command_id,
            "status": receipt.status, "error_code": None,
        }  # fmt: skip
        place = (DELIVERY_RECEIPTS.name, partition_of(key, self._setting.partitions))
        at = self._loop.time()
        sent = Sent(at, place, key, orjson.dumps(value), receipt.at, receipt.customer, receipt.status)
        self._world.write(Batch(at, place, [sent]), 0, self._loop, self._broker, self._trace)
        self.receipts.append(receipt)

    # -- people

    def _answered(self, number: int, phone: str, text: str) -> None:
        setting, broker, rng = self._setting, self._broker, self._rng
        links = self._read((PHONE_LINKS.name, 0))
        if links is not None:
            self._links.take(links)
        at = self._happened()
        event = SmsReceived(
            event_id=f"sms-{number}", shop_id="main", occurred_at=rfc3339(at), at=at, phone=phone, text=text
        )
        caused = Outgoing()
        counts = {CUSTOMER_EVENTS.name: setting.partitions, SMS_COMMANDS.name: setting.partitions}
        known = Known(SECRET, settings_in_force(setting.rules), self._links, NoSuppressions(), counts)
        meant = handle(known, event, at, caused)
        whose = self._links.customers("main", phone_hmac(SECRET, phone))
        places = {place: records for place, records in caused.published.items() if place[0] != SMS_COMMANDS.name}
        self._trace.note("answered", f"{meant} from {phone}, {sorted(places)}", "world")
        name = f"inbound-{number}"
        producer, epoch = broker.init_producer(name, 4 * SECOND)
        broker.add_partitions(name, producer, epoch, list(places))
        for place, records in places.items():
            self._produce(place, records, producer, epoch)
        broker.end_transaction(name, producer, epoch, commit=True)
        self._suppressions.look()
        later = self._loop.time() + rng.random() * 3
        if meant == "opt-out" and whose and rng.random() < 0.6 and later < self._until:
            self._loop.call_at(later, self._opts_in, number, rng.choice(whose), context=self._loop.outside)

    def _opts_in(self, number: int, customer: str) -> None:
        """On a page of the shop's, after all."""
        key, at = f"main:{customer}".encode(), self._loop.time()
        happened = self._happened()
        value = {
            "type": "ConsentChanged", "event_id": f"in-{number}", "shop_id": "main", "customer_id": customer,
            "occurred_at": rfc3339(happened), "channel": "sms", "purpose": "marketing", "granted": True,
            "source": "profile",
        }  # fmt: skip
        place = (CUSTOMER_EVENTS.name, partition_of(key, self._setting.partitions))
        sent = Sent(at, place, key, orjson.dumps(value), happened, customer, "ConsentChanged")
        self._world.write(Batch(at, place, [sent]), 0, self._loop, self._broker, self._trace)

    def _happened(self) -> int:
        """When what is written now has happened, microseconds."""
        now = self._loop.time()
        return self._world.happens(now) if self._setting.stream else EVENING + round(now * SECOND) - self._late()

    def _produce(self, place: Place, records: list[Record], producer: int, epoch: int) -> None:
        stamp = self._broker.clock() // 1000
        builder = batches.builder(transactional=True, producer=producer, epoch=epoch, size=1 << 20)
        for index, one in enumerate(records):
            builder.append(index, stamp, one.key, one.value, [])
        base = self._broker.produce({place: bytes(builder.build())})[place]
        assert isinstance(base, int), base
        if place[0] == SUPPRESSIONS.name:
            self.suppressed_at.update(range(base, base + len(records)))
            return
        for index, one in enumerate(records):
            said = orjson.loads(one.value or b"")
            at = parse_rfc3339(said["occurred_at"])
            sent = Sent(self._loop.time(), place, one.key, one.value or b"", at, said["customer_id"], said["type"])
            self._world.log[place].append(Logged(base + index, stamp + MARKED_WITHIN, sent))
            self._world.events += 1

    def _read(self, place: Place) -> Columns | None:
        """What nobody has read here yet."""
        at = self._next.get(place, 0)
        if self._broker.logs[place].last_stable <= at:
            return None
        found = columns(self._broker.fetch(*place, at, "read_committed", 1 << 30))
        self._next[place] = found.next
        return found
