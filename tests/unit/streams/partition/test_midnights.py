"""A partition's part in the figures of a whole shop: published with the commit that passes midnight, waited for by the
others where a rule asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.catalogue import EmptyCatalogue
from schemas.topics import SHOP_FACTS
from streams.chunks.chunk import Columns
from streams.delivery import Outgoing
from streams.effects import Effects
from streams.partition.midnights import Midnights
from streams.shopfacts import FactsReader, record
from streams.table import Table
from tests.unit.streams.chunking import columns
from tests.unit.streams.partition.driving import HERE, PARTITIONS, Bench, Broker, added, profile, some_turns, until
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, book, rule, step
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.messages.template import compile_template
from triggers.rules.model import Shop
from triggers.shopfacts import BEGINS, KEPT, SOLD_KEPT, WHOLE, ShopFacts, beginning, facts_of
from triggers.tallies import BOUGHT, ORDERS, Sums
from triggers.zones import zone_of

UTC, _ = zone_of(None, "UTC")
ASKING = rule(steps=(step(sms=compile_template("{{ shop.average_cheque | default(0) }}")),))
MONDAY_IS = date(2026, 11, 23)


def asking(facts: ShopFacts, *, stream: bool = True, broker: Broker | None = None, asks: bool = True) -> Bench:
    engine = Engine(book(ASKING if asks else rule(), shop=Shop(figures=True)), EmptyCatalogue(), facts=facts)
    made = Bench(stream=stream, bugs=engine, broker=broker)
    object.__setattr__(made.plan, "facts", facts)
    made.partition._midnights._facts = facts
    return made


def told(broker: Broker) -> list[tuple[str, str]]:
    return [(one["day"], one["fact"]) for one in broker.values(SHOP_FACTS.name)]


def say(facts: ShopFacts, broker: Broker, day: date | None = None) -> None:
    """What this partition has published is read, and the others say the same: that they begin with Sunday, and then
    everything up to `day`."""
    for outgoing in broker.committed:
        for one in outgoing.published.get((SHOP_FACTS.name, 0), ()):
            FactsReader(facts).take(columns([one.value or b""], key=one.key or b""))
    for number in range(PARTITIONS):
        if number == HERE:
            continue
        facts.take(beginning("main", number, date(2026, 11, 22), UTC))
        for past in range(date(2026, 11, 22).toordinal(), day.toordinal() + 1) if day is not None else ():
            facts.take(facts_of(Sums(), "main", number, date.fromordinal(past), UTC)[-1])


def applied(broker: Broker) -> int:
    return broker.offsets().get("customer-events", 0)


async def test_nothing_is_taken_before_all_have_said_when_they_begin_and_the_partition_says_what_it_waits_for() -> None:
    facts = ShopFacts()
    async with asking(facts) as made:
        await made.offer("customer-events", *profile())
        await made.markers(MONDAY)
        await until(lambda: told(made.broker) == [("2026-11-22", BEGINS)])
        await some_turns(made)
        assert applied(made.broker) == 0
        waits = made.partition._midnights.waits_for(made.partition.reached)
        assert waits is not None and waits.startswith("shop-facts: partitions that have not begun to count shop main:")
        say(facts, made.broker)
        await until(lambda: applied(made.broker) >= 2)


async def test_time_does_not_go_beyond_a_day_that_others_have_not_told() -> None:
    """Sunday is in force with Tuesday's first instant."""
    facts = ShopFacts()
    async with asking(facts) as made:
        await made.offer("customer-events", *profile())
        await made.offer("cart-events", added(MONDAY + 2 * DAY))
        await made.markers(MONDAY + 3 * DAY)
        await until(lambda: told(made.broker))
        say(facts, made.broker)
        await until(lambda: ("2026-11-23", WHOLE) in told(made.broker))
        await some_turns(made)
        assert made.partition.reached == MONDAY + DAY
        waits = made.partition._midnights.waits_for(made.partition.reached)
        assert waits is not None and "2026-11-22 of shop main" in waits
        for _ in range(5):  # each day that is read lets it tell the next
            say(facts, made.broker, date(2026, 11, 25))
            await some_turns(made)
        assert made.partition.reached == MONDAY + 3 * DAY
        assert made.partition._midnights.waits_for(made.partition.reached) is None


async def test_who_counts_for_a_rule_to_come_waits_for_nobody_and_neither_does_the_wall_clock() -> None:
    for stream, asks in ((True, False), (False, True)):
        facts = ShopFacts()
        async with asking(facts, stream=stream, asks=asks) as made:
            await made.offer("customer-events", *profile())
            if stream:
                await made.markers(MONDAY + 3 * DAY)
            made.wall = MONDAY + 3 * DAY + HOUR
            made.all_at_their_ends()
            await until(lambda: ("2026-11-25", WHOLE) in told(made.broker), made.all_at_their_ends)
            assert applied(made.broker) >= 2
            assert made.partition._midnights.waits_for(made.partition.reached) is None


async def test_what_was_counted_lies_beside_the_rows_until_its_day_is_told_also_by_another_worker() -> None:
    facts, broker = ShopFacts(), Broker()
    order: dict[str, Any] = {
        "type": "OrderPlaced", "event_id": "o", "customer_id": "42", "occurred_at": "2026-11-23T10:00:00Z",
        "order_id": "A", "total": "500.00",
    }  # fmt: skip
    async with asking(facts, asks=False, broker=broker) as made:
        await made.offer("order-events", order)
        await made.markers(MONDAY + 12 * HOUR)
        await until(lambda: broker.offsets().get("order-events", 0) >= 1)
        assert any(key.startswith(b"\x00tally:main:orders:") for key in broker.restored().reserved)
        assert told(broker) == [("2026-11-23", BEGINS)]
    async with asking(facts, asks=False, broker=broker) as made:
        await made.markers(MONDAY + DAY)
        await until(lambda: ("2026-11-23", WHOLE) in told(broker))
    orders = [one["values"] for one in broker.values(SHOP_FACTS.name) if one["fact"] == ORDERS]
    assert orders == [{"count:": "1", "total:": "500.00"}]
    assert broker.restored().reserved == {}


async def test_partition_0_ends_what_is_needed_no_longer() -> None:
    facts = ShopFacts()
    sums = Sums()
    for fact in (ORDERS, BOUGHT + "0"):
        sums.add(fact, "x", Decimal(1))
    old, older = (date.fromordinal(MONDAY_IS.toordinal() - days) for days in (SOLD_KEPT + 1, KEPT + 1))
    for day in (old, older):
        for one in facts_of(sums, "main", 2, day, UTC):
            facts.take(one)
    ended = {}
    for number in (0, 1):
        engine = Engine(book(ASKING), EmptyCatalogue(), facts=facts)
        table = Table[CustomerRow](encode_row, decode_row)
        table.record.days = {"main": MONDAY_IS.toordinal()}
        bench = asking(facts)
        midnights = Midnights(number, bench.plan, engine, table)
        outgoing = Outgoing()
        midnights.publish(outgoing, Effects(), MONDAY + DAY)
        records = outgoing.published[SHOP_FACTS.name, 0]
        ended[number] = sorted((one.key or b"").decode() for one in records if one.value is None)
    assert ended == {1: [], 0: sorted([
        f"main:{BOUGHT}0:2:{old}", f"main:{BOUGHT}0:2:{older}", f"main:{ORDERS}:2:{older}", f"main:{WHOLE}:2:{older}",
    ])}  # fmt: skip


def test_what_is_no_fact_is_passed_over_and_a_tombstone_takes_one_out() -> None:
    facts = ShopFacts()
    reader = FactsReader(facts)
    sums = Sums()
    sums.add(ORDERS, "count:", Decimal(3))
    (orders, whole) = (record(fact) for fact in facts_of(sums, "main", 1, MONDAY_IS, UTC))
    for key, value in ((orders.key, b"{}"), (whole.key, orders.value)):
        reader.take(columns([value or b""], key=key or b""))
    reader.take(_ended(b"nonsense"))
    assert facts.newest("main", MONDAY + 9 * DAY) is None
    for one in (orders, whole):
        reader.take(columns([one.value or b""], key=one.key or b""))
    assert facts.total("main", ORDERS, MONDAY + 9 * DAY) == {"count:": 3}
    reader.take(_ended(orders.key or b""))
    assert facts.total("main", ORDERS, MONDAY + 9 * DAY) == {}


def _ended(key: bytes) -> Columns:
    return replace(columns([b""], key=key), values=[None])
