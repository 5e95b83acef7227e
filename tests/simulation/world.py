"""What shoppers do: a small shop's events by seed, and how they reach the broker.

On the stream clock two days of the shop's time come in within seconds, some records hours late; on the wall clock a
record comes less than the grace after what it tells of. Among them are doubled records, records that are no events,
and transactions of a storefront that are aborted or left open: nothing of those may ever be seen.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiokafka.errors import KafkaError

from schemas.instants import rfc3339
from schemas.partitioner import partition_of
from schemas.topics import (
    CART_EVENTS,
    CO_PARTITIONED,
    CUSTOMER_EVENTS,
    MARKETING_EVENTS,
    ORDER_EVENTS,
    SITE_VIEWS,
    SUPPRESSIONS,
)
from streams.chunks.chunk import Columns
from streams.privacy import phone_hmac
from tests.simulation.broker import batches
from tests.simulation.broker.broker import Broker
from tests.simulation.broker.interface import Place
from tests.simulation.clocks import EVENING, SECOND
from tests.simulation.loop import SimLoop
from tests.simulation.secret import SECRET
from tests.simulation.trace import Trace

HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
PHONES: Final = tuple(f"+7999000{number:04d}" for number in range(1, 5))
"""Of which several customers have one, where what comes back is drawn."""
LANDLINE: Final = "+74951234567"
MARKED: Final = tuple(spec.name for spec in CO_PARTITIONED if spec.holds_clock)


@dataclass(slots=True)
class Sent:
    """One record on its way. `at`: virtual seconds; `happened`: microseconds, 0 for what is no event."""

    at: float
    place: Place
    key: bytes | None
    value: bytes | None
    happened: int
    customer: str
    kind: str


@dataclass(slots=True)
class Logged:
    """A record as it lies in a log, committed."""

    offset: int
    stamp: int
    sent: Sent


@dataclass(slots=True)
class Batch:
    """Records that go into one partition at once. `fate`: plain, or how their transaction ends."""

    at: float
    place: Place
    records: list[Sent]
    fate: str = "plain"
    ends: float = 0.0


@dataclass(slots=True)
class World:
    """`log` holds what was committed, by place, kept by who wrote it and not read back from the broker."""

    batches: list[Batch]
    partitions: int
    until: float
    customers: list[str]
    lag: int
    """On the wall clock: how much later than it happened everything is published at least, microseconds."""
    log: dict[Place, list[Logged]] = field(default_factory=lambda: defaultdict(list))
    events: int = 0

    def columns(self, place: Place) -> Columns:
        """Everything committed in a place."""
        logged = sorted(self.log.get(place, []), key=lambda one: one.offset)
        return Columns(
            0,
            logged[-1].offset + 1 if logged else 0,
            [one.offset for one in logged],
            [one.sent.key for one in logged],
            [one.sent.value for one in logged],
            [one.stamp for one in logged],
            True,
        )

    def start(self, loop: SimLoop, broker: Broker, trace: Trace) -> None:
        """Let it happen."""
        by_instant: dict[float, list[tuple[int, Batch]]] = defaultdict(list)
        for number, batch in enumerate(self.batches):
            by_instant[batch.at].append((number, batch))
        for at, batches_then in by_instant.items():
            loop.call_at(at, self._write_all, batches_then, loop, broker, trace, context=loop.outside)

    def _write_all(self, batches_then: list[tuple[int, Batch]], loop: SimLoop, broker: Broker, trace: Trace) -> None:
        for number, batch in batches_then:
            self.write(batch, number, loop, broker, trace)

    def write(self, batch: Batch, number: int, loop: SimLoop, broker: Broker, trace: Trace) -> None:
        transaction = batch.fate != "plain"
        producer, epoch, name = batches.NO_PRODUCER, -1, f"storefront-{number}"
        if transaction:
            producer, epoch = broker.init_producer(name, 4 * SECOND)
            broker.add_partitions(name, producer, epoch, [batch.place])
        builder = batches.builder(transactional=transaction, producer=producer, epoch=epoch, size=1 << 20)
        for index, sent in enumerate(batch.records):
            builder.append(index, broker.clock() // 1000, sent.key, sent.value, [])
        base = broker.produce({batch.place: bytes(builder.build())})[batch.place]
        assert isinstance(base, int), base
        stamp = broker.clock() // 1000
        told = [Logged(base + index, stamp, sent) for index, sent in enumerate(batch.records)]
        what = ", ".join(f"{one.kind} {one.customer}".rstrip() for one in batch.records)
        trace.note(
            "appended", f"{_at(batch.place)} {base}: {what}" + (f" [{batch.fate}]" if transaction else ""), "world"
        )
        if batch.fate in ("plain", "commit"):
            self.log[batch.place] += told
            self.events += len(told)
        if batch.fate in ("commit", "abort"):
            if batch.ends <= batch.at:
                _end(batch, name, producer, epoch, broker, trace)
                return
            loop.call_at(batch.ends, _end, batch, name, producer, epoch, broker, trace, context=loop.outside)

    def happens(self, at: float) -> int:
        """Stream clock: what happens in the shop at a (virtual) second, microseconds."""
        return EVENING - 2 * DAY + round(at / self.until * 2 * DAY)

    def at_offset(self, place: Place, offset: int) -> list[Logged]:
        """What was committed to a place below an offset."""
        logged = self.log.get(place, [])
        return logged[: bisect_left(logged, offset, key=lambda one: one.offset)]


def _end(batch: Batch, name: str, producer: int, epoch: int, broker: Broker, trace: Trace) -> None:
    try:
        broker.end_transaction(name, producer, epoch, commit=batch.fate == "commit")
    except KafkaError as error:
        raise AssertionError(f"the storefront's own transaction: {error!r}") from error
    trace.note("ended", f"{_at(batch.place)} {batch.fate}", "world")


def _at(place: Place) -> str:
    return f"{place[0]}/{place[1]}"


class Shoppers:
    """Draws what happens. `seconds` of virtual time, in which everything is published."""

    def __init__(
        self,
        rng: random.Random,
        *,
        stream: bool,
        partitions: int,
        seconds: float,
        grace: int,
        returning: bool,
        broadcasts: bool,
    ) -> None:
        self._rng = rng
        self._stream = stream
        self._partitions = partitions
        self._seconds = seconds
        self._grace = grace
        self._returning = returning
        self._letters = broadcasts
        self._number = 0
        self._lag = rng.random() * 0.7 * grace
        self._begins = EVENING - 2 * DAY if stream else EVENING
        self._span = 2 * DAY if stream else round(seconds * SECOND)
        self._unit = 60 * SECOND if stream else SECOND / 4
        """A shopper's pace."""

    def world(self) -> World:
        rng = self._rng
        customers = [str(number) for number in range(1, rng.randint(3, 14) + 1)]
        sent: list[Sent] = []
        for customer in customers:
            sent += self._life(customer)
        sent += self._strange(customers)
        sent += [self._again(one) for one in sent if rng.random() < 0.04]
        sent.sort(key=lambda one: one.at)
        made = self._batched(sent)
        made += self._poison(customers)
        made += self._markers()
        made += self._suppressed(customers)
        made += self._broadcasts()
        made.sort(key=lambda one: one.at)
        return World(made, self._partitions, self._seconds, customers, round(self._lag))

    # -- one shopper

    def _life(self, customer: str) -> list[Sent]:
        rng, unit = self._rng, self._unit
        at = self._begins + round(rng.random() * 0.2 * self._span)
        zone = "UTC" if not self._stream else "Europe/Moscow" if int(customer) % 3 else None  # None: by the phone
        events = [
            self._event(CUSTOMER_EVENTS.name, customer, at, "CustomerUpdated", phone=self._phone(customer),
                        first_name=rng.choice(["Anna", "Oleg"]), time_zone=zone),
            self._event(CUSTOMER_EVENTS.name, customer, at, "ConsentChanged", channel="sms", purpose="marketing",
                        granted=rng.random() < 0.95, source="checkout"),
        ]  # fmt: skip
        end = self._begins + self._span
        while at < end and len(events) < 30:
            at += round(rng.expovariate(1 / (25 * unit)) if rng.random() < 0.5 else rng.random() * 6 * unit)
            if at >= end:
                break
            events.append(self._act(customer, at))
        return events

    def _phone(self, customer: str) -> str:
        return self._rng.choice(PHONES) if self._returning else f"+7999000{int(customer):04d}"

    def _act(self, customer: str, at: int) -> Sent:
        rng = self._rng
        if self._returning and rng.random() < 0.1:
            phone = rng.choice([*PHONES, LANDLINE, None])
            return self._event(CUSTOMER_EVENTS.name, customer, at, "CustomerUpdated", phone=phone)
        product = f"sku-{rng.randint(1, 4)}"
        price = rng.choice(["120.00", "490.00", "1990.00"])
        draw = rng.random()
        if draw < 0.45:
            return self._event(
                CART_EVENTS.name, customer, at, "CartItemAdded", product_id=product, quantity=1, price=price,
                currency="RUB",
            )  # fmt: skip
        if draw < 0.55:
            return self._event(CART_EVENTS.name, customer, at, "CartItemRemoved", product_id=product)
        if draw < 0.6:
            return self._event(CART_EVENTS.name, customer, at, "CheckoutStarted")
        if draw < 0.8:
            return self._event(SITE_VIEWS.name, customer, at, "ProductViewed", product_id=product)
        if draw < 0.94:
            return self._event(ORDER_EVENTS.name, customer, at, "OrderPlaced", order_id=f"o{self._number}")
        return self._event(
            CUSTOMER_EVENTS.name, customer, at, "ConsentChanged", channel="sms", purpose="marketing",
            granted=rng.random() < 0.6, source="profile",
        )  # fmt: skip

    def _event(self, topic: str, customer: str, at: int, kind: str, **fields: Any) -> Sent:
        self._number += 1
        key = f"main:{customer}".encode()
        value = {
            "type": kind, "event_id": f"e{self._number}", "shop_id": "main", "customer_id": customer,
            "occurred_at": rfc3339(at), **fields,
        }  # fmt: skip
        place = (topic, partition_of(key, self._partitions))
        return Sent(self._published(at), place, key, orjson.dumps(value), at, customer, kind)

    def _published(self, at: int) -> float:
        """When a record of what happened at `at` reaches the broker."""
        rng = self._rng
        if self._stream:
            late = rng.random() * 0.2 if rng.random() < 0.06 else rng.random() * 0.004
            return min(max((at - self._begins) / self._span + late, 0.0), 1.0) * self._seconds
        # Everything as late as everything else, and less than the grace with the wait for a batch: live, what overtakes
        # a record of another topic is applied as it arrives, and may fire what that record would have ended.
        return (at - self._begins + self._lag) / SECOND

    def _again(self, one: Sent) -> Sent:
        """The storefront sends it twice."""
        late = self._rng.random() * (3.0 if self._stream else 0.3 * self._grace / SECOND)
        return Sent(one.at + late, one.place, one.key, one.value, one.happened, one.customer, f"{one.kind} again")

    # -- what else there is

    def _strange(self, customers: list[str]) -> list[Sent]:
        """Records for `dead-letters`."""
        rng = self._rng
        found = []
        for _ in range(rng.randint(0, 3)):
            at = rng.random() * self._seconds
            customer = rng.choice(customers)
            right = self._event(CART_EVENTS.name, customer, self._begins, "CartItemAdded", product_id="sku-1")
            kind = rng.choice(["no json", "wrong key", "from the future", "wrong topic"])
            value, key, place = right.value, right.key, right.place
            if kind == "no json":
                value = b"{"
            elif kind == "wrong key":
                key = b"main:somebody else"
            elif kind == "wrong topic":
                place = (ORDER_EVENTS.name, place[1])
            else:
                value = orjson.dumps(orjson.loads(value or b"") | {"occurred_at": rfc3339(EVENING + 30 * DAY)})
            found.append(Sent(at, place, key, value, 0, "", kind))
        return found

    def _poison(self, customers: list[str]) -> list[Batch]:
        """What an aborted transaction holds: it would change a lot if it were read."""
        rng = self._rng
        found = []
        for _ in range(rng.randint(0, 4)):
            at = rng.random() * self._seconds
            happened = self._begins + round(at / self._seconds * self._span)
            customer = rng.choice(customers)
            if rng.random() < 0.5:
                one = self._event(ORDER_EVENTS.name, customer, happened, "OrderPlaced", order_id=f"x{self._number}")
            else:
                one = self._event(
                    CART_EVENTS.name, customer, happened, "CartItemAdded", product_id="sku-9", quantity=3,
                    price="9999.00", currency="RUB",
                )  # fmt: skip
            fate = rng.choice(["abort", "abort", "abandoned"])
            open_for = rng.random() * 3.0 if self._stream else 0.0
            if fate == "abandoned" and not self._stream:
                fate = "abort"  # what follows would be read later than the grace
            found.append(Batch(at, one.place, [one], fate, at + open_for))
        return found

    def _markers(self) -> list[Batch]:
        """The stream clock's: the end of the data everywhere, and now and then before."""
        if not self._stream:
            return []
        rng = self._rng
        ends = [(self._seconds + 0.5, self._begins + self._span + 2 * DAY)]
        if rng.random() < 0.5:
            ends.append((self._seconds * 0.6, self._begins + round(self._span * 0.3)))
        places = [(topic, number) for topic in MARKED for number in range(self._partitions)]
        places.append((MARKETING_EVENTS.name, 0))
        found = []
        for index, (at, time) in enumerate(ends):
            value = orjson.dumps({"type": "ClockAdvanced", "event_id": f"clock-{index}", "occurred_at": rfc3339(time)})
            found += [Batch(at, place, [Sent(at, place, None, value, time, "", "clock")]) for place in places]
        steps = 4
        for step in range(1, steps):
            at, time = self._seconds * step / steps, self._begins + self._span * step // steps
            place = (MARKETING_EVENTS.name, 0)
            value = orjson.dumps({"type": "ClockAdvanced", "event_id": f"m-{step}", "occurred_at": rfc3339(time)})
            found.append(Batch(at, place, [Sent(at, place, None, value, time, "", "clock")]))
        return found

    def _broadcasts(self) -> list[Batch]:
        """What marketing asks for, one sending of them twice."""
        if not self._letters:
            return []
        rng = random.Random(repr(self._rng.getstate()[1][:2]))  # nothing else moves
        found = []
        for number in range(rng.randint(1, 5)):
            at = self._begins + round(rng.random() * self._span)
            value = {
                "type": "BroadcastRequested", "event_id": f"b{number}", "shop_id": "main", "occurred_at": rfc3339(at),
                "broadcast_id": f"b-{max(number - 1, 0)}", "rule": rng.choice(["letter", "letter", "no rule"]),
            }  # fmt: skip
            if self._stream:
                when = min((at - self._begins) / self._span + rng.random() * 0.02, 1.0) * self._seconds
            else:
                when = (at - self._begins + self._lag) / SECOND
            place = (MARKETING_EVENTS.name, 0)
            found.append(Batch(when, place, [Sent(when, place, b"main", orjson.dumps(value), at, "", "broadcast")]))
        return found

    def _suppressed(self, customers: list[str]) -> list[Batch]:
        if self._rng.random() < 0.5:
            return []
        hashed = phone_hmac(SECRET, f"+7999000{int(self._rng.choice(customers)):04d}")
        value = {
            "type": "Suppression", "shop_id": "main", "phone_hmac": hashed, "reason": "opted_out",
            "since": rfc3339(EVENING - 9 * DAY), "until": None, "source": "import",
        }  # fmt: skip
        place = (SUPPRESSIONS.name, 0)
        key = f"main:{hashed}:opted_out".encode()
        return [Batch(0.0, place, [Sent(0.0, place, key, orjson.dumps(value), 0, "", "suppressed")])]

    def _batched(self, sent: list[Sent]) -> list[Batch]:
        """A storefront publishes in batches, a few of them in transactions."""
        rng = self._rng
        tick = self._seconds / 60 if self._stream else 0.2 * self._grace / SECOND
        by_tick: dict[tuple[int, Place], list[Sent]] = defaultdict(list)
        for one in sent:
            by_tick[int(one.at / tick) + 1, one.place].append(one)
        made = []
        for (number, place), records in by_tick.items():
            at = number * tick
            fate = "commit" if rng.random() < 0.06 else "plain"
            open_for = rng.random() * 2.0 if self._stream else 0.0
            made.append(Batch(at, place, records, fate, at + open_for))
        return made
