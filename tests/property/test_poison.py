"""Whatever records the engine fails on: it is as if they had never been sent, for their customer and for all others."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.emitted import encode
from streams.careful import RecordLimits
from streams.deadlines import DeadlineIndex
from streams.ledger import MemoryLedger
from streams.merge import Merged
from streams.table import Table
from streams.timeline import Timeline
from tests.unit.streams.flawed import Flawed
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    added,
    ordered,
    removed,
    replaced,
    rule,
    shopper,
    step,
)
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.rules.model import Cap, Shop

CUSTOMERS = ("1", "2", "3")
SHOP = Shop(caps=(Cap(2, DAY),))
RULE = rule(reenter="each_spell", steps=(step(), step(2 * HOUR, "2")))

moments = st.integers(0, 3 * 24 * 12).map(lambda n: MONDAY + n * 5 * MINUTE)
events = st.builds(
    lambda make, customer, at, poison: (make, customer, at, poison),
    st.sampled_from([added, removed, ordered, lambda at, **more: replaced(at, "sku-2", **more)]),
    st.sampled_from(CUSTOMERS),
    moments,
    st.integers(0, 3).map(lambda n: n == 0),
)


def made(story: list[Any]) -> list[Any]:
    found = [
        msgspec.structs.replace(event, customer_id=customer, event_id=f"{customer}-{n}")
        for customer in CUSTOMERS
        for n, event in enumerate(shopper(MONDAY - HOUR))
    ]
    for number, (make, customer, at, poison) in enumerate(sorted(story, key=lambda one: one[2])):
        event = make(at, event_id=f"{'bad' if poison else 'good'}-{number}")
        found.append(msgspec.structs.replace(event, customer_id=customer))
    return found


def is_poison(event: Any) -> bool:
    return bool(event.event_id.startswith("bad"))


async def run(story: list[Any], cuts: list[int], *, poisoned: bool) -> tuple[Any, list[Any]]:
    """Everything that comes of a story in turns of these lengths: (outputs and rows by customer, offsets parked)."""
    table = Table[CustomerRow](encode_row, decode_row)
    engine = Flawed(RULE, shop=SHOP, event=is_poison)
    ledger = MemoryLedger()
    line = Timeline(engine, table, DeadlineIndex(), ledger, judge_at_once=True, limits=RecordLimits())
    items: list[Merged] = [
        (event.at, 7, 0, offset, "", event)
        for offset, event in enumerate(story)
        if poisoned or not is_poison(event)
    ]
    outputs: list[tuple[str, int, bytes]] = []
    parked: list[Any] = []
    turns = []
    for cut in cuts:
        turns.append(items[:cut])
        items = items[cut:]
    turns += [items, []]
    reached = 0
    for turn in turns:
        reached = max([reached, *(item[0] for item in turn)]) if turn else NEVER if turn is turns[-1] else reached
        effects = await line.advance(turn, reached)
        assert effects.applied + len(effects.faults) == len(turn)
        table.rows(effects.touched)
        await ledger.confirm(effects.granted)
        outputs += [(out.key, out.at, encode(out.record)) for out in (*effects.commands, *effects.decisions)]
        parked += [found.item[3] for found in effects.faults if found.item is not None]
    rows = {key: encode_row(row) for key in map("main:{}".format, CUSTOMERS) if (row := table.get(key)) is not None}
    return (sorted(outputs), rows), sorted(parked)


@given(st.lists(events, max_size=14), st.lists(st.integers(1, 6), max_size=4))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_poison_is_parked_and_everything_else_is_as_without_it(story: list[Any], cuts: list[int]) -> None:
    told = made(story)
    found, parked = asyncio.run(run(told, cuts, poisoned=True))
    sound, none = asyncio.run(run(told, [], poisoned=False))
    assert none == []
    assert parked == [offset for offset, event in enumerate(told) if is_poison(event)]
    assert found == sound
