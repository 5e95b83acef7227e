"""The ledger of the stream clock waits for its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from streams.ledger import MemoryLedger, PatientLedger
from triggers.asks import Ask, Granted, LedgerAnswer, Scope


def ask(number: int) -> Ask:
    return Ask("main", f"c{number}", f"touch-{number}", 1_000_000, (Scope("customer", "", ()),))


async def test_it_answers_when_the_ledger_is_back_and_not_before() -> None:
    ledger = MemoryLedger()
    ledger.away = True
    waiting = asyncio.create_task(PatientLedger(ledger).reserve([ask(1), ask(2)]))
    await asyncio.sleep(0)
    assert not waiting.done()
    ledger.away = False
    assert [type(answer) for answer in await waiting] == [Granted, Granted]


async def test_what_was_answered_is_not_asked_again() -> None:
    class HalfAway(MemoryLedger):
        asked: list[int]

        async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
            answers = await super().reserve(asks)
            self.asked = [*getattr(self, "asked", []), len(asks)]
            return [answers[0], *[None] * (len(asks) - 1)] if len(self.asked) == 1 else answers

    ledger = HalfAway()
    answers = await PatientLedger(ledger).reserve([ask(1), ask(2), ask(3)])
    assert None not in answers
    assert ledger.asked == [3, 2]
