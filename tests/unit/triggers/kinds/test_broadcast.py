"""`broadcast`: at a time, on a schedule, or when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.events import BroadcastRequested
from schemas.instants import parse_rfc3339
from streams.deadlines import DeadlineIndex
from streams.ledger import RowLedger
from streams.replay import MemoryRows
from streams.timeline import Effects, Timeline
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, book, engine, event, ordered, shopper, step
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.customer import NEVER
from triggers.engine import Engine
from triggers.expressions import Audience, compile_expression
from triggers.kinds._pace import paced, width
from triggers.kinds.broadcast import KIND, Broadcast
from triggers.rules.model import Rule, Shop

MARKETING, CUSTOMERS = 4, 5


def named(trigger: Broadcast, name: str = "letter", **more: Any) -> Rule:
    return replace(of(trigger, **more), name=name)


def asked(at: int, id: str = "b-1", rule: str = "letter", **more: Any) -> BroadcastRequested:
    return BroadcastRequested(event_id=f"m-{at}-{id}", occurred_at="", at=at, broadcast_id=id, rule=rule, **more)


def known(*customers: str, at: int = MONDAY) -> list[Any]:
    """Customers who may be written to."""
    return [by(customer, event) for customer in customers for event in shopper(at)]


def by(customer: str, event: Any) -> Any:
    event.customer_id = customer
    return event


class Line:
    """Some customers, on the stream clock."""

    def __init__(self, *rules: Rule, shop: Shop | None = None, last: int | None = None) -> None:
        self.engine = engine(*rules, shop=shop)
        self.engine.last = last
        self.rows = MemoryRows()
        self.timeline = Timeline(self.engine, self.rows, DeadlineIndex(), RowLedger(), judge_at_once=True)
        self.effects = Effects()

    async def advance(self, events: Iterable[Any], reached: int = NEVER) -> Line:
        items = [
            (event.at, MARKETING if isinstance(event, BroadcastRequested) else CUSTOMERS, 0, number, "", event)
            for number, event in enumerate(events)
        ]
        await self.timeline.advance(sorted(items, key=lambda item: item[:2]), reached, self.effects)
        await self.timeline.finish_walks(self.effects)
        return self

    @property
    def sent(self) -> list[tuple[str, int]]:
        """(customer, when) of the messages."""
        return [
            (out.record.customer_id, parse_rfc3339(out.record.due_at))
            for out in self.effects.commands
            if type(out.record).__name__ == "SendSms"
        ]


async def test_the_rules_on_the_page_write_at_their_times_to_their_audiences() -> None:
    letter, monday = documented("broadcast", Shop(time_zone="Europe/Moscow"))
    assert letter.trigger == Broadcast(at=parse_rfc3339("2026-12-05T07:00:00Z"), pace=5000)
    line = Line(letter, monday, shop=Shop(time_zone="Europe/Moscow"))
    bought = by("1", ordered(MONDAY + MINUTE))
    city = known("2")
    city[0].city = "Kazan"
    await line.advance([*known("1"), bought, *city], MONDAY + 15 * DAY)
    by_one = [at for customer, at in line.sent if customer == "1"]
    by_two = [at for customer, at in line.sent if customer == "2"]
    begin = parse_rfc3339("2026-12-05T07:00:00Z")
    assert len(by_one) == 1 and begin <= by_one[0] < begin + HOUR
    assert by_two == [MONDAY + 7 * HOUR, MONDAY + 7 * DAY + 7 * HOUR, MONDAY + 14 * DAY + 7 * HOUR]


async def test_everybody_known_by_then_is_written_to_and_who_comes_later_is_not() -> None:
    line = await Line(named(Broadcast())).advance([
        *known("1", "2"), asked(MONDAY + HOUR), *known("3", at=MONDAY + HOUR), *known("4", at=MONDAY + 2 * HOUR)
    ])  # fmt: skip
    assert sorted(line.sent) == [("1", MONDAY + HOUR), ("2", MONDAY + HOUR)]


async def test_one_sending_that_is_asked_for_twice_is_sent_once() -> None:
    line = await Line(named(Broadcast())).advance([
        *known("1"), asked(MONDAY + HOUR), asked(MONDAY + HOUR + 1), asked(MONDAY + 3 * HOUR),
    ])  # fmt: skip
    assert line.sent == [("1", MONDAY + HOUR)]


async def test_another_sending_is_another_message() -> None:
    line = await Line(named(Broadcast())).advance([*known("1"), asked(MONDAY + HOUR), asked(MONDAY + 3 * HOUR, "b-2")])
    assert line.sent == [("1", MONDAY + HOUR), ("1", MONDAY + 3 * HOUR)]


async def test_a_request_for_a_rule_that_is_not_there_opens_nothing() -> None:
    line = await Line(named(Broadcast())).advance([*known("1"), asked(MONDAY + HOUR, rule="other")])
    assert line.sent == [] and line.timeline.walking.walks.last == 0


async def test_a_request_that_names_an_audience_is_for_those_of_it_who_are_in_the_rules_own_too() -> None:
    among = {"vip": Audience("vip", compile_expression('customer.card == "VIP"'), {}, frozenset({"3"}))}
    customers = known("1", "2", "3", "4")
    for number in (0, 2):  # the first two have the card
        customers[number].card = "VIP"
    rule = named(Broadcast(), audience=compile_expression('customer.id != "2"'))
    line = Line(rule)
    line.engine = Engine(replace(book(rule), audiences={"main": among}), EmptyCatalogue())
    line.timeline = Timeline(line.engine, line.rows, DeadlineIndex(), RowLedger(), judge_at_once=True)
    await line.advance([*customers, asked(MONDAY + HOUR, audience="vip"), asked(MONDAY + HOUR, "b-2", audience="none")])
    assert sorted(line.sent) == [("1", MONDAY + HOUR), ("3", MONDAY + HOUR)]


async def test_what_a_customer_does_before_its_instant_counts_and_what_comes_after_does_not() -> None:
    rule = named(Broadcast(), steps=(step(HOUR),))
    before = by("1", ordered(MONDAY + HOUR - 1))
    after = by("2", ordered(MONDAY + HOUR + 1))
    line = await Line(rule).advance([*known("1", "2"), before, asked(MONDAY + HOUR), after])
    assert line.sent == [("1", MONDAY + 2 * HOUR)]  # the order of the other ended its journey


async def test_a_schedule_stops_with_the_last_record_when_the_data_drains() -> None:
    line = Line(named(Broadcast(cron="0 * * * *")), last=MONDAY + 2 * HOUR)
    await line.advance([*known("1"), by("1", ordered(MONDAY + 2 * HOUR))])
    assert line.sent == [("1", MONDAY), ("1", MONDAY + HOUR), ("1", MONDAY + 2 * HOUR)]


async def test_an_event_at_the_instant_of_a_schedule_comes_first() -> None:
    rule = named(Broadcast(cron="0 * * * *"))
    line = await Line(rule).advance([*known("1", at=MONDAY + HOUR)], MONDAY + HOUR + 1)
    assert line.sent == [("1", MONDAY + HOUR)]


async def test_a_rule_may_have_both_a_time_and_a_schedule() -> None:
    rule = named(Broadcast(at=MONDAY + HOUR + MINUTE, cron="0 2 * * *"))
    line = await Line(rule).advance(known("1"), MONDAY + 3 * HOUR)
    assert line.sent == [("1", MONDAY + HOUR + MINUTE), ("1", MONDAY + 2 * HOUR)]


async def test_who_was_erased_and_not_heard_of_since_takes_nothing() -> None:
    erased = [by(customer, event(wire.CustomerErased, MONDAY + MINUTE)) for customer in ("1", "2")]
    line = await Line(named(Broadcast())).advance([
        *known("1", "2", "3"), *erased, *known("2", at=MONDAY + 2 * MINUTE), asked(MONDAY + HOUR)
    ])  # fmt: skip
    assert sorted(out.record.customer_id for out in line.effects.decisions) == ["2", "3"]


async def test_a_pace_spreads_customers_over_the_time_and_gives_each_always_the_same_turn() -> None:
    names = [str(number) for number in range(40)]
    line = await Line(named(Broadcast(pace=100))).advance([*known(*names), asked(MONDAY + HOUR)])
    again = await Line(named(Broadcast(pace=100))).advance([*known(*reversed(names)), asked(MONDAY + HOUR)])
    turns = dict(line.sent)
    assert turns == dict(again.sent) and len(turns) == 40
    assert all(MONDAY + HOUR <= at < MONDAY + 2 * HOUR for at in turns.values()) and len(set(turns.values())) == 40


def test_a_pace_takes_as_long_as_all_customers_need() -> None:
    assert width(None, 12_000) == 0
    assert width(5000, 12_000) == 3 * MINUTE
    assert width(5000, None) == HOUR


def test_no_minute_of_a_pace_has_many_more_than_it_says() -> None:
    counts = [0] * 4
    wide = width(1000, 4000)
    line = Line(named(Broadcast()))
    for number in range(4000):
        row = line.engine.new_row("main", str(number))
        counts[(paced(row, "letter", MONDAY, "b", wide) - MONDAY) // MINUTE] += 1
    assert sum(counts) == 4000 and max(counts) < 1150


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("broadcast: {at: 2026-12-05T10:00:00Z}", "is no time of a day"),
        ('broadcast: {at: "2026-02-30 10:00"}', "is no time of a day"),
        ('broadcast: {cron: "0 10 * *"}', "5 fields"),
        ('broadcast: {cron: "61 10 * * *"}', "no such minute"),
        ("broadcast: {pace: 5000}", "is no pace"),
        ("broadcast: {pace: 0/min}", "can't be kept"),
    ],
)
def test_what_is_no_broadcast_is_told_in_a_marketers_words(written: str, why: str) -> None:
    assert any(why in message for message in mistakes(written))


def test_a_broadcast_to_everybody_is_warned_of() -> None:
    assert [message for _, message, _ in KIND.check(named(Broadcast()), Shop())] == [
        "this goes to every customer of the shop"
    ]
