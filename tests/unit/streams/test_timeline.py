"""Rows along their own time: what is confirmed in the ledger, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.deadlines import DeadlineIndex
from streams.ledger import MemoryLedger, RowLedger
from streams.replay import MemoryRows
from streams.timeline import Effects, Reserve, Timeline
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, added, engine, rule, shopper
from triggers.asks import Ask, LedgerAnswer
from triggers.engine import NEVER
from triggers.rules.model import Cap, Shop


class Away:
    """A ledger nobody answers for."""

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        return [None] * len(asks)


def timeline(ledger: Reserve) -> Timeline:
    made = rule(reenter="each_spell")
    return Timeline(
        engine(made, shop=Shop(caps=(Cap(1, DAY),))), MemoryRows(), DeadlineIndex(), ledger, judge_at_once=True
    )


async def outcomes(ledger: MemoryLedger | RowLedger) -> list[str]:
    """Carts left at 1h, 21h and 31h under a cap of one a day, each chunk confirmed as a worker does."""
    line = timeline(ledger)
    found = []
    events = [*shopper(MONDAY), *(added(MONDAY + hour * HOUR, event_id=f"a{hour}") for hour in (1, 21, 31))]
    for number, event in enumerate(events):
        items = [(event.at, 5 if number < len(events) - 3 else 7, 0, number, "", event)]
        effects = await line.advance(items, event.at + 2 * HOUR if number >= len(events) - 3 else event.at)
        await ledger.confirm(effects.granted)
        found += [out.record.outcome for out in effects.decisions]
    return found


async def test_a_touch_that_a_full_cap_refused_does_not_count() -> None:
    assert await outcomes(RowLedger()) == await outcomes(MemoryLedger()) == ["emitted", "skipped", "emitted"]


async def test_a_touch_that_the_ledger_could_not_judge_is_not_confirmed() -> None:
    line = timeline(Away())
    items = [(event.at, 5, 0, number, "", event) for number, event in enumerate([*shopper(MONDAY), added(MONDAY)])]
    effects: Effects = await line.advance(items, NEVER)
    assert effects.arisen and not effects.granted and not effects.commands
