"""A fault of ours costs one customer one step: what it leaves of the row, what is told of it, and who never notices."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from streams.careful import FRAME, PAUSE, TRIES, RecordLimits
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.faults import TooLarge
from streams.ledger import MemoryLedger
from streams.merge import Merged
from streams.table import Table, Unstorable
from streams.timeline import Timeline
from tests.unit.streams.flawed import Bug, Flawed
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, added, ordered, profile, rule, shopper, step, viewed
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.layouts import UnknownLayout
from triggers.rules.model import Cap, Shop


class Line:
    """A timeline over a table, as a partition has them."""

    def __init__(
        self, engine: Engine, *, stream: bool = True, limits: RecordLimits | None = None, skip: bool = False
    ) -> None:
        self.table = Table[CustomerRow](encode_row, decode_row)
        self.ledger = MemoryLedger()
        self.timeline = Timeline(
            engine, self.table, DeadlineIndex(), self.ledger, judge_at_once=stream, skip_applied=skip, limits=limits
        )
        self.offset = 0
        self.all: list[Effects] = []

    async def advance(self, events: Sequence[Any], reached: int) -> Effects:
        """One turn, stored at its end."""
        effects = await self.unstored(events, reached)
        self.stored(effects)
        return effects

    async def unstored(self, events: Sequence[Any], reached: int) -> Effects:
        items: list[Merged] = []
        for event in events:
            items.append((event.at, 7, 0, self.offset, "", event))
            self.offset += 1
        return await self.timeline.advance(items, reached)

    def stored(self, effects: Effects) -> None:
        self.table.rows(effects.touched)
        self.all.append(effects)

    def row(self, customer: str = "42") -> CustomerRow | None:
        return self.table.get(f"main:{customer}")

    def commands(self, customer: str = "42") -> list[Any]:
        return [out.record for one in self.all for out in one.commands if out.key == f"main:{customer}"]

    def decisions(self, customer: str = "42") -> list[Any]:
        return [out.record for one in self.all for out in one.decisions if out.key == f"main:{customer}"]


def of(customer: str, *events: Any) -> list[Any]:
    return [msgspec.structs.replace(event, customer_id=customer) for event in events]


def bad(event: Any) -> bool:
    return bool(event.event_id == "bad")


BEFORE = MONDAY - HOUR


async def test_a_poisoned_record_has_no_effect_and_everything_else_of_its_customer_has() -> None:
    flawed, sound = Line(Flawed(rule(), event=bad)), Line(Flawed(rule()))
    events = [*shopper(BEFORE), added(MONDAY, event_id="1"), added(MONDAY + 5 * MINUTE, event_id="2")]
    poison = ordered(MONDAY + MINUTE, event_id="bad")
    effects = await flawed.advance([*events[:3], poison, *events[3:]], MONDAY + 3 * HOUR)
    await sound.advance(events, MONDAY + 3 * HOUR)
    (found,) = effects.faults
    assert (found.place, found.kind, found.item and found.item[3]) == ("event", "Bug", 3)
    assert flawed.row() == sound.row()
    assert flawed.commands() == sound.commands() and len(flawed.commands()) == 1
    assert (effects.applied, effects.repeats) == (4, [])


async def test_the_row_goes_back_to_what_was_stored_not_to_nothing() -> None:
    line = Line(Flawed(rule(), event=bad))
    await line.advance([*shopper(BEFORE), added(MONDAY)], MONDAY)
    kept = encode_row(line.row() or pytest.fail())
    effects = await line.advance([ordered(MONDAY + MINUTE, event_id="bad")], MONDAY + MINUTE)
    assert encode_row(line.row() or pytest.fail()) == kept
    assert effects.touched == {} and len(effects.faults) == 1
    await line.advance([], MONDAY + 3 * HOUR)
    assert len(line.commands()) == 1


async def test_a_row_that_is_as_it_was_is_still_looked_at_at_its_deadline() -> None:
    line = Line(Flawed(rule(), event=bad))
    await line.advance([*shopper(BEFORE), added(MONDAY, event_id="1")], MONDAY + MINUTE)
    await line.advance([added(MONDAY + 30 * MINUTE, event_id="2")], MONDAY + 31 * MINUTE)
    # the index still has the first add's hour: it comes up in the very turn of the poison
    effects = await line.advance([viewed(MONDAY + 40 * MINUTE, event_id="bad")], MONDAY + 70 * MINUTE)
    assert len(effects.faults) == 1 and effects.touched == {}
    await line.advance([], MONDAY + 3 * HOUR)
    assert len(line.commands()) == 1


async def test_a_customer_whose_first_record_is_poison_has_no_row() -> None:
    line = Line(Flawed(rule(), event=bad))
    effects = await line.advance([added(MONDAY, event_id="bad")], MONDAY + DAY)
    assert len(effects.faults) == 1 and line.row() is None and effects.touched == {}
    assert len(line.table) == 0


async def test_a_record_is_found_wherever_in_a_stretch_with_deadlines_and_caps_it_lies() -> None:
    shop = Shop(caps=(Cap(1, HOUR),))
    carts = [added(MONDAY + hour * HOUR, event_id=f"a{hour}") for hour in (0, 3, 6, 9)]
    for place in range(len(carts) + 1):
        flawed = Line(Flawed(rule(reenter="each_spell"), shop=shop, event=bad))
        sound = Line(Flawed(rule(reenter="each_spell"), shop=shop))
        poison = ordered(MONDAY + (3 * place - 1) * HOUR, event_id="bad")
        effects = await flawed.advance([*shopper(BEFORE), *carts[:place], poison, *carts[place:]], MONDAY + DAY)
        await sound.advance([*shopper(BEFORE), *carts], MONDAY + DAY)
        assert len(effects.faults) == 1
        assert flawed.commands() == sound.commands() and len(flawed.commands()) == 4
        assert flawed.decisions() == sound.decisions()
        assert effects.proposals == {"abandoned-cart": 4}
        assert (effects.applied, len(effects.granted), effects.returned) == (6, 4, [])


async def test_the_next_customer_never_notices() -> None:
    flawed, sound = Line(Flawed(rule(), event=bad)), Line(Flawed(rule()))
    others = [*of("7", *shopper(BEFORE)), *of("7", added(MONDAY, event_id="7"))]
    mine = [*shopper(BEFORE), added(MONDAY, event_id="bad")]
    await flawed.advance([event for pair in zip(others, mine, strict=True) for event in pair], MONDAY + DAY)
    await sound.advance(others, MONDAY + DAY)
    assert flawed.commands("7") == sound.commands("7") != []
    assert flawed.row("7") == sound.row("7")


async def test_a_look_that_fails_is_put_off_longer_each_time_and_in_the_end_given_up() -> None:
    looks: list[int] = []

    def deadline(row: CustomerRow, due: int) -> bool:
        looks.append(due)
        return True

    line = Line(Flawed(rule(), deadline=deadline))
    effects = await line.advance([*shopper(BEFORE), added(MONDAY)], NEVER)
    assert {found.place for found in effects.faults} == {"deadline"} and len(effects.faults) == TRIES + 1
    tried = sorted(set(looks))
    assert [b - a for a, b in itertools.pairwise(tried)] == [PAUSE << n for n in range(TRIES)]
    assert (line.row() or pytest.fail()).deadline == NEVER and line.commands() == []
    again = await line.advance([added(MONDAY + 60 * DAY)], MONDAY + 60 * DAY + 2 * HOUR)
    assert len(again.faults) == 1  # an event of its own gives the row a new chance


async def test_a_look_that_works_later_finds_what_was_due() -> None:
    line = Line(Flawed(rule(), deadline=lambda row, due: due < MONDAY + 3 * HOUR))
    effects = await line.advance([*shopper(BEFORE), added(MONDAY)], MONDAY + DAY)
    assert len(effects.faults) == 2
    assert len(line.commands()) == 1 and (line.row() or pytest.fail()).faults == 0


async def test_waiting_for_a_later_look_survives_being_stored() -> None:
    whole, parted = (Line(Flawed(rule(), deadline=lambda row, due: True)) for _ in range(2))
    await whole.advance([*shopper(BEFORE), added(MONDAY, event_id="a")], MONDAY + 30 * DAY)
    await parted.advance([*shopper(BEFORE), added(MONDAY, event_id="a")], MONDAY)
    for hours in range(0, 30 * 24 + 1, 7):
        await parted.advance([], MONDAY + hours * HOUR)
    await parted.advance([], MONDAY + 30 * DAY)
    told = [[found.at for one in line.all for found in one.faults] for line in (whole, parted)]
    assert told[0] == told[1] and len(told[0]) == TRIES + 1


@pytest.mark.parametrize("where", ["emission", "conclusion"])
async def test_a_touch_that_cannot_be_judged_is_refused_and_the_journey_goes_on(where: str) -> None:
    steps = (step(), step(HOUR, "2"))
    flaw: dict[str, Any] = {where: lambda row, proposal: proposal.step == "1"}
    line = Line(Flawed(rule(steps=steps), shop=Shop(caps=(Cap(5, DAY),)), **flaw))
    effects = await line.advance([*shopper(BEFORE), added(MONDAY)], NEVER)
    assert [decision.outcome for decision in line.decisions()] == ["skipped", "emitted"]
    refusal = line.decisions()[0].verdicts[0]
    assert (refusal.gate, refusal.verdict, refusal.reason) == ("engine", "refuse", "engine-error")
    (found,) = effects.faults
    assert (found.place, found.about["rule"], found.about["step"]) == ("emission", "abandoned-cart", "1")
    assert [command.step for command in line.commands()] == ["2"]
    assert len(effects.returned) == (0 if where == "emission" else 1) and len(effects.granted) == 1


async def test_on_the_wall_clock_a_touch_that_cannot_be_judged_leaves_the_outbox() -> None:
    line = Line(Flawed(rule(), emission=lambda row, proposal: True), stream=False)
    effects = await line.advance([*shopper(BEFORE), added(MONDAY)], MONDAY + 2 * HOUR)
    assert effects.arisen == ["main:42"]
    emitted = await line.timeline.emit(["main:42"], MONDAY + 2 * HOUR)
    line.stored(emitted)
    assert [decision.outcome for decision in line.decisions()] == ["skipped"]
    assert (line.row() or pytest.fail()).outbox == [] and emitted.arisen == []


async def test_a_touch_that_cannot_even_be_refused_waits_no_more() -> None:
    class Hopeless(Flawed):
        def conclude(self, row: CustomerRow, judgement: Any, answer: Any) -> Any:
            raise Bug("concluding")

    line = Line(Hopeless(rule()))
    effects = await line.advance([*shopper(BEFORE), added(MONDAY)], NEVER)
    assert len(effects.faults) == 1 and (line.row() or pytest.fail()).outbox == []


async def test_a_row_too_large_for_its_topic_parks_the_record_that_made_it_so() -> None:
    line = Line(Flawed(rule()), limits=RecordLimits({"rows": 2000}, "rows"))
    events = [*shopper(BEFORE), *(viewed(MONDAY, f"{n:0>60}") for n in range(40))]
    effects = await line.unstored(events, MONDAY)
    with pytest.raises(Unstorable) as found:
        line.table.rows(effects.touched, 2000 - FRAME)
    await line.timeline.again(found.value.keys, effects)
    assert {told.kind for told in effects.faults} == {"TooLarge"}
    assert effects.applied + len(effects.faults) == len(events) and effects.applied > 10
    assert len(line.table.rows(effects.touched, 2000 - FRAME)) == 1


async def test_a_row_counts_with_its_key_as_the_broker_counts_it() -> None:
    customer = "k" * 120
    line = Line(Flawed(rule()))
    effects = await line.unstored(of(customer, *shopper(BEFORE), added(MONDAY)), MONDAY)
    (row,) = effects.touched.values()
    assert isinstance(row, CustomerRow)
    most = len(encode_row(row)) + 8 + 60
    assert RecordLimits({"rows": most + FRAME}, "rows").row == most + FRAME
    with pytest.raises(TooLarge):
        RecordLimits({"rows": most + FRAME}, "rows").check_row(f"main:{customer}", len(encode_row(row)))
    with pytest.raises(Unstorable) as found:
        line.table.rows(effects.touched, most)
    assert found.value.keys == [f"main:{customer}"]
    assert len(line.table.rows(effects.touched, most + 65)) == 1


async def test_a_message_too_large_for_its_topic_is_refused() -> None:
    line = Line(Flawed(rule()), limits=RecordLimits(topics={"sms-commands": 400}))
    effects = await line.unstored([*shopper(BEFORE), added(MONDAY)], NEVER)
    assert len(effects.commands) == 1
    await line.timeline.again({"main:42"}, effects)
    assert effects.commands == [] and [out.record.outcome for out in effects.decisions] == ["skipped"]
    assert effects.granted == [] and len(effects.returned) == 1


async def test_a_row_that_cannot_be_read_parks_its_records_and_stays_as_it_is() -> None:
    line = Line(Flawed(rule()))
    broken = (5).to_bytes(8, "big") + b"\x93\x01\xc1\xc1"
    line.table.restore([b"main:42"], [broken])
    both = [added(MONDAY), *of("7", added(MONDAY)), added(MONDAY + 1)]
    effects = await line.advance(both, MONDAY + 1)
    assert [(found.key, found.place) for found in effects.faults] == [("main:42", "row")] * 2
    assert list(effects.touched) == ["main:7"] and effects.applied == 1
    assert line.table.stored("main:42") == broken


async def test_a_row_of_a_newer_release_is_no_fault_of_the_customers() -> None:
    line = Line(Flawed(rule()))
    line.table.restore([b"main:42"], [bytes(8) + msgspec.msgpack.encode([99, "main", "42"])])
    with pytest.raises(UnknownLayout):
        await line.advance([added(MONDAY)], MONDAY)


async def test_what_befalls_the_worker_stops_the_partition() -> None:
    def away(event: Any) -> bool:
        raise OSError("the disk is gone")

    line = Line(Flawed(rule(), event=away))
    with pytest.raises(OSError, match="disk"):
        await line.advance([added(MONDAY)], MONDAY)


async def test_what_is_told_of_a_fault_names_nobody() -> None:
    message = "no Anna of Kazan at +7 (999) 000-00-42, customer 42: 'secret words'"

    class Talkative(Flawed):
        def on_event(self, row: CustomerRow, event: Any, now: int) -> bool:
            if event.event_id == "bad":
                raise KeyError(message)
            return super().on_event(row, event, now)

    line = Line(Talkative(rule()))
    events = [*shopper(BEFORE, first_name="Anna"), profile(MONDAY, city="Kazan", event_id="bad")]
    effects = await line.advance(events, MONDAY)
    (found,) = effects.faults
    assert found.kind == "KeyError" and "KeyError" in found.detail
    for private in ("Anna", "Kazan", "0042", "secret", "42:"):
        assert private not in found.detail + found.trace
    assert "on_event" in found.trace and len(found.trace) <= 4000


async def test_without_transactions_a_parked_record_is_not_met_again() -> None:
    line = Line(Flawed(rule(), event=bad), skip=True)
    events = [*shopper(BEFORE), added(MONDAY, event_id="bad")]
    await line.advance(events, MONDAY)
    line.offset = 0
    effects = await line.advance(events, MONDAY)
    assert (effects.faults, len(effects.repeats), effects.applied) == ([], 3, 0)


