"""Rules that are published change over at one event time, however many partitions there are; what runs goes on, begins
anew, or ends, as they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from schemas.emitted import CancelSms, SendSms
from schemas.instants import HOUR, MINUTE, parse_rfc3339, rfc3339
from schemas.partitioner import partition_of, row_key
from schemas.rules import Appointment, RulePointer, RuleVersion, ShopAppointment, ShopPointer, ShopVersion
from schemas.topics import CUSTOMER_EVENTS
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.ledger import RowLedger
from streams.merge import Merged
from streams.replay import MemoryRows
from streams.timeline import Timeline
from streams.walking import Walking
from tests.unit.triggers.driving import event
from triggers.customer import NEVER
from triggers.engine import Engine
from triggers.rules.inforce import RulesInForce

T0 = parse_rfc3339("2026-11-22T09:00:00Z")
CHANGE = T0 + 2 * HOUR

FIRST = """\
rule: letter
trigger: {cart_abandoned: {idle: 60m}}
steps:
  - sms: first
  - {after: 3h, sms: second of the first}
"""
SECOND = """\
rule: letter
trigger: {cart_abandoned: {idle: 60m}}
steps:
  - sms: other
  - {after: 4h, sms: second of the other}
"""


class Topic:
    """The rules of shop main as they are published."""

    def __init__(self, settings: str = "") -> None:
        self.rules = RulesInForce()
        self._history: list[Appointment] = []
        self._shop = settings or None
        self.settings("s1", settings, T0 - HOUR)

    def settings(self, version: str, text: str, at: int) -> None:
        self.rules.take(ShopVersion(
            type="ShopVersion", shop_id="main", version=version, published_at=rfc3339(at), source=text
        ))  # fmt: skip
        self.rules.take(ShopPointer(
            type="ShopPointer", shop_id="main", history=[ShopAppointment(version=version, effective_at=rfc3339(at))]
        ))  # fmt: skip

    def publish(self, version: str | None, text: str, at: int, no_earlier: int = 0, migrate: Any = "continue") -> Topic:
        if version is not None:
            self.rules.take(RuleVersion(
                type="RuleVersion", shop_id="main", rule="letter", version=version, published_at=rfc3339(at),
                source=text, shop=self._shop,
            ))  # fmt: skip
        self._history.append(Appointment(version=version, effective_at=rfc3339(at), migrate=migrate))
        self.rules.take(
            RulePointer(type="RulePointer", shop_id="main", rule="letter", history=list(self._history)), no_earlier
        )
        return self


class Worker:
    """Some partitions that work by the same rules, each on its own: what one of them caused is no other's."""

    def __init__(self, rules: RulesInForce, partitions: int) -> None:
        self.engine = Engine(rules, EmptyCatalogue())
        self.rows = [MemoryRows() for _ in range(partitions)]
        self.lines = [
            Timeline(self.engine, rows, DeadlineIndex(), RowLedger(), judge_at_once=True) for rows in self.rows
        ]
        self.effects = [Effects() for _ in self.rows]

    async def run(self, events: Sequence[Any], reached: int) -> Worker:
        items: list[list[Merged]] = [[] for _ in self.lines]
        for number, one in enumerate(sorted(events, key=lambda one: one.at)):
            key = row_key(one.shop_id, one.customer_id)
            items[partition_of(key.encode(), len(self.lines))].append(
                (one.at, CUSTOMER_EVENTS.rank or 0, 0, number, key, one)
            )
        for line, mine, effects in zip(self.lines, items, self.effects, strict=True):
            await line.advance(mine, reached, effects)
            await line.finish_walks(effects)
        return self

    @property
    def commands(self) -> list[Any]:
        return [out.record for effects in self.effects for out in effects.commands]

    @property
    def decided(self) -> list[tuple[int, Any]]:
        """What was decided, and as of when."""
        return [(out.at, out.record) for effects in self.effects for out in effects.decisions]

    @property
    def sent(self) -> list[tuple[str, str, str]]:
        """(customer, when, text) of all that was sent."""
        sms = [one for one in self.commands if isinstance(one, SendSms)]
        return sorted((one.customer_id or "", one.due_at[11:16], one.text) for one in sms)

    @property
    def cancelled(self) -> list[tuple[str | None, str]]:
        return sorted(
            (one.customer_id, one.reason) for one in self.commands if isinstance(one, CancelSms)
        )  # fmt: skip

    def versions(self) -> list[str]:
        rows = (row for rows in self.rows for row in rows.rows.values())
        return sorted({journey.version for row in rows for journey in row.journeys if journey.running})


def shopper(customer: str, at: int) -> list[Any]:
    """Consents, and leaves something in the cart at `at`."""
    made = [
        event(wire.CustomerUpdated, at - MINUTE, phone="+79990000042", time_zone="UTC"),
        event(wire.ConsentChanged, at - MINUTE, channel="sms", purpose="marketing", granted=True, source="site"),
        event(wire.CartItemAdded, at, product_id="sku-1"),
    ]
    for one in made:
        one.customer_id = customer
    return made


def story(customers: int = 12) -> list[Any]:
    """Somebody every 20 minutes: half of them fall due before the change."""
    return [one for number in range(customers) for one in shopper(f"c{number:02}", T0 + number * 20 * MINUTE)]


async def test_all_change_over_at_one_event_time_however_many_partitions_there_are() -> None:
    topic = Topic().publish("v1", FIRST, T0 - HOUR).publish("v2", SECOND, CHANGE)
    workers = [await Worker(topic.rules, partitions).run(story(), NEVER) for partitions in (1, 3)]
    one, three = workers
    assert one.sent == three.sent
    texts = {customer: text for customer, _, text in one.sent if not text.startswith("second")}
    assert texts == {
        f"c{number:02}": "first" if T0 + HOUR + number * 20 * MINUTE < CHANGE else "other" for number in range(12)
    }


async def test_a_partition_whose_first_record_comes_later_numbers_its_changes_from_there() -> None:
    """Two changes lie before the first record of one partition, and after that of another."""
    quick = SECOND.replace("60m", "30m")
    changes = [("v2", quick, 12), ("v1", FIRST, 13), ("v2", quick, 68), ("v1", FIRST, 75), ("v2", quick, 88)]
    sent = []
    for partitions in (1, 3):
        topic = Topic().publish("v1", FIRST, T0 - HOUR)
        for version, source, minutes in changes:
            topic.publish(version, source, T0 + minutes * MINUTE)
        worker = Worker(topic.rules, partitions)
        early = [one for one in story() if one.at < T0 + HOUR]
        await worker.run(early, T0 + HOUR)
        assert {line.walking.walks.last for line in worker.lines} == ({2} if partitions == 1 else {0, 2})
        sent.append((await worker.run([one for one in story() if one.at >= T0 + HOUR], NEVER)).sent)
    assert sent[0] == sent[1] and ("c02", "10:10", "other") in sent[0]


async def test_who_goes_on_at_the_instant_of_a_change_takes_it_after_the_events_of_that_instant() -> None:
    engine = Engine(Topic().publish("v1", FIRST, T0 - HOUR).publish("v2", SECOND, CHANGE).rules, EmptyCatalogue())
    rank = CUSTOMER_EVENTS.rank or 0
    items: list[Merged] = [(one.at, rank, 0, 0, "main:c", one) for one in shopper("c", CHANGE)[2:]]
    walking = Walking(engine, MemoryRows(), ticked=CHANGE - 1)
    walking.change_rules(engine.stamps(CHANGE - 1), CHANGE - 1)
    assert [(list(part), walking.opened.last) for part in walking.parts(items, CHANGE + 1)] == [(items, 0)]
    assert [walk.at for walk in walking.opened.walks] == [CHANGE]


async def test_a_journey_stays_on_the_version_it_began_under() -> None:
    topic = Topic().publish("v1", FIRST, T0 - HOUR).publish("v2", SECOND, CHANGE)
    worker = await Worker(topic.rules, 1).run(shopper("c", T0), NEVER)
    assert worker.sent == [("c", "10:00", "first"), ("c", "13:00", "second of the first")]


@pytest.mark.parametrize(
    ("migrate", "expected"),
    [
        ("continue", [("10:00", "first"), ("13:00", "second of the first")]),
        ("restart", [("10:00", "first"), ("11:00", "other"), ("15:00", "second of the other")]),
        ("stop", [("10:00", "first")]),
    ],
)
async def test_a_version_says_what_becomes_of_what_runs_under_the_one_before(
    migrate: str, expected: list[tuple[str, str]]
) -> None:
    topic = Topic().publish("v1", FIRST, T0 - HOUR).publish("v2", SECOND, CHANGE, migrate=migrate)
    for partitions in (1, 3):
        worker = await Worker(topic.rules, partitions).run(shopper("c", T0), NEVER)
        assert [(at, text) for _, at, text in worker.sent] == expected
        ids = [one.command_id for one in worker.commands]
        assert len(ids) == len(set(ids))


async def test_a_journey_that_begins_anew_under_a_version_that_has_come_back_makes_no_touch_twice() -> None:
    topic = Topic().publish("v1", FIRST, T0 - HOUR)
    for minutes, version, source in ((70, "v2", SECOND), (71, "v1", FIRST), (72, "v2", SECOND)):
        topic.publish(version, source, T0 + minutes * MINUTE, migrate="restart")
    worker = await Worker(topic.rules, 1).run(shopper("c", T0), NEVER)
    assert [text for _, _, text in worker.sent] == ["first", "other", "first", "other", "second of the other"]
    ids = [one.command_id for one in worker.commands]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("before", [0, 1])
async def test_an_import_at_the_instant_of_a_change_does_not_keep_what_runs_from_changing_over(before: int) -> None:
    topic = Topic().publish("v1", FIRST, T0 - HOUR).publish("v2", SECOND, CHANGE, migrate="restart")
    imported = event(wire.CustomerImported, CHANGE - before)
    imported.customer_id = "c"
    worker = await Worker(topic.rules, 1).run([*shopper("c", T0), imported], NEVER)
    assert worker.sent == [("c", "10:00", "first"), ("c", "11:00", "other"), ("c", "15:00", "second of the other")]


async def test_a_rule_that_is_withdrawn_calls_back_what_is_on_its_way_and_begins_no_more() -> None:
    quiet = 'quiet_hours: {from: "21:00", to: "10:00"}\n'
    late = T0 + 12 * HOUR  # its time comes in the evening, and what is held back leaves within minutes of 10:00
    wake = T0 + 25 * HOUR
    topic = Topic(quiet).publish("v1", FIRST, T0 - HOUR).publish(None, "", wake + 1)
    worker = await Worker(topic.rules, 3).run([*story(), *shopper("late", late)], NEVER)
    held = {
        one.customer_id: one.not_before for one in worker.commands
        if isinstance(one, SendSms) and one.due_at != one.not_before
    }  # fmt: skip
    assert "late" in held
    expected = [(customer, "rule-withdrawn") for customer, at in held.items() if parse_rfc3339(at) > wake + 1]
    assert ("late", "rule-withdrawn") in expected
    assert worker.cancelled == sorted(expected)
    after = [text for customer, _, text in worker.sent if customer == "late"]
    assert after == ["first"]


@pytest.mark.parametrize(("cap", "expected"), [("2 per 1d", ["first", "Tea"]), ("1 per 1d", ["first"])])
async def test_limits_are_those_in_force_when_a_touch_is_made_texts_those_of_its_version(
    cap: str, expected: list[str]
) -> None:
    topic = Topic("name: Tea\n").publish("v1", FIRST.replace("second of the first", '"{{ shop.name }}"'), T0 - HOUR)
    text = f"name: Coffee\ncaps: [{cap}]\n"
    topic.rules.take(ShopVersion(
        type="ShopVersion", shop_id="main", version="s2", published_at=rfc3339(CHANGE), source=text
    ))  # fmt: skip
    settings = [("s1", T0 - HOUR), ("s2", CHANGE)]
    topic.rules.take(ShopPointer(type="ShopPointer", shop_id="main", history=[
        ShopAppointment(version=version, effective_at=rfc3339(at)) for version, at in settings
    ]))  # fmt: skip
    worker = await Worker(topic.rules, 1).run(shopper("c", T0), NEVER)
    assert [text for _, _, text in worker.sent] == expected


async def test_what_is_published_while_time_goes_on_holds_from_its_time_or_from_where_time_has_come_to() -> None:
    for late in (False, True):
        topic = Topic().publish("v1", FIRST, T0 - HOUR)
        worker = Worker(topic.rules, 3)
        await worker.run([one for one in story() if one.at < CHANGE], CHANGE)
        topic.publish("v2", SECOND, CHANGE - HOUR if late else CHANGE, no_earlier=CHANGE)
        worker.engine.look_again()
        await worker.run([one for one in story() if one.at >= CHANGE], NEVER)
        texts = [text for _, _, text in worker.sent if not text.startswith("second")]
        assert sorted(texts) == ["first"] * 3 + ["other"] * 9


async def test_before_the_first_version_no_rule_is_in_force_and_a_new_one_begins_nothing_that_is_past() -> None:
    topic = Topic().publish("v1", FIRST, CHANGE)
    worker = await Worker(topic.rules, 3).run(story(), NEVER)
    begun = {customer for customer, _, _ in worker.sent}
    assert begun == {f"c{number:02}" for number in range(12) if T0 + HOUR + number * 20 * MINUTE >= CHANGE}
