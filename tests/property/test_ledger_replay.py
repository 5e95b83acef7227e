"""On the stream clock a crash changes nothing: what is asked again is answered as the rows alone would have it."""

from __future__ import annotations

import asyncio
import random
from bisect import insort
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ledger import MemoryLedger, RowLedger
from triggers.asks import Ask, CapLimit, Full, Granted, LedgerAnswer, Scope

DAY = 86_400_000_000
LAPSE = 600_000_000
WEEK = 7 * DAY

KEYS = ("", "rule:a", "channel:b")

Due = tuple[int, int, int, bool, bool]
"""A touch that falls due: (when it is asked for, its number, of how many of KEYS, whether a full cap delays it, whether
it is asked for at a time before that, as the step after one that was put off and then refused)."""


@dataclass
class Row:
    """A customer's, and what is still to come of him: all that an answer changes."""

    touches: list[tuple[str, int, int]] = field(default_factory=list)
    due: list[Due] = field(default_factory=list)
    told: list[tuple[str, LedgerAnswer]] = field(default_factory=list)

    def copy(self) -> Row:
        return Row([*self.touches], [*self.due], [*self.told])

    def ask(self, limits: tuple[tuple[CapLimit, ...], ...]) -> Ask:
        due, number, of, _, late = self.due[0]
        at = due - 2 * DAY if late else due
        return Ask("main", "42", f"t{number}", at, tuple(
            Scope("customer", KEYS[n], _of(limits[n], at), 1, tuple((i, t, 1) for i, t, its in self.touches if its > n))
            for n in range(of)
        ))  # fmt: skip

    def goes_on(self, ask: Ask, said: LedgerAnswer) -> None:
        _, number, of, delays, _ = self.due.pop(0)
        self.told.append((ask.touch_id, said if isinstance(said, Full) else Granted(False, said.counts)))
        if isinstance(said, Granted):
            self.touches.append((ask.touch_id, ask.at, of))
        elif delays and said.free_at > ask.at:
            insort(self.due, (said.free_at, number, of, False, False))


def _of(limits: tuple[CapLimit, ...], at: int) -> tuple[CapLimit, ...]:
    """A limit without a window is one of the week."""
    since = at // WEEK * WEEK
    return tuple(one if one.window else CapLimit(one.limit, 0, since, since + WEEK) for one in limits)


LIMITS = st.lists(
    st.builds(CapLimit, st.integers(1, 4), st.sampled_from([0, DAY, 2 * DAY, 5 * DAY])), max_size=2
).map(tuple)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 1_000_000), st.tuples(LIMITS, LIMITS, LIMITS), st.booleans())
def test_what_is_asked_again_after_a_crash_is_answered_as_if_there_had_been_none(
    seed: int, limits: tuple[tuple[CapLimit, ...], ...], backwards: bool
) -> None:
    draw = random.Random(seed)
    began, at = Row(), 1000 * DAY
    for number in range(draw.randint(1, 30)):
        at += draw.choice((0, DAY // 8, DAY // 2, DAY - 1, DAY, 2 * DAY))
        began.due.append((at, number, draw.randint(1, 3), draw.random() < 0.3, backwards and draw.random() < 0.2))
    alone, rows = began.copy(), RowLedger()
    while alone.due:
        ask = alone.ask(limits)
        alone.goes_on(ask, rows.decide(ask))
    told = asyncio.run(_with_crashes(draw, began, limits))
    assert told == alone.told


async def _with_crashes(
    draw: random.Random, committed: Row, limits: tuple[tuple[CapLimit, ...], ...]
) -> list[tuple[str, LedgerAnswer]]:
    """A worker asks, and commits now and then. When it dies another does again what was not committed, and now and then
    what the first one goes on to ask comes between. Redis forgets what lapses, and sometimes everything."""
    clock = [0]
    owner = MemoryLedger(lapse=LAPSE, clock=lambda: clock[0])
    crashes, row, granted = 12, committed.copy(), list[Ask]()
    zombies: list[tuple[MemoryLedger, Row]] = []
    while row.due:
        ask = row.ask(limits)
        (said,) = await owner.reserve([ask])
        assert said is not None
        row.goes_on(ask, said)
        if isinstance(said, Granted):
            granted.append(ask)
        for ledger, its in zombies:
            if its.due and draw.random() < 0.5:
                ask = its.ask(limits)
                (said,) = await ledger.reserve([ask])
                assert said is not None
                its.goes_on(ask, said)
        if draw.random() < 0.1:
            clock[0] += draw.choice((LAPSE // 2, LAPSE))
        if draw.random() < 0.03:
            owner.lose_everything()
        if draw.random() < 0.1:
            committed = row.copy()
            if draw.random() < 0.5:
                await owner.confirm(granted)
            granted = []
        elif crashes and draw.random() < 0.25:
            crashes -= 1
            if draw.random() < 0.3:
                await owner.release(granted[draw.randrange(len(granted) + 1) :])
            elif draw.random() < 0.3:
                zombies.append((owner, row))
            owner, row, granted = owner.another(), committed.copy(), []
    return row.told
