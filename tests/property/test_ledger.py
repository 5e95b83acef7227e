"""Every ledger answers what a naive count would, whatever is asked in whatever order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.ledger import MemoryLedger, RowLedger
from triggers.asks import Ask, CapLimit, Full, Granted, LedgerAnswer, Scope

CAPS = st.lists(st.builds(CapLimit, st.integers(0, 4), st.integers(1, 40)), max_size=3).map(tuple)


@dataclass(frozen=True)
class Step:
    """What happens next to one customer."""

    kind: str  # ask | repeat | lose | wait
    after: int
    caps: tuple[CapLimit, ...]
    which: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["ask", "ask", "ask", "repeat", "lose", "wait"]),
        st.integers(0, 12),
        CAPS,
        st.integers(0, 9),
    ),
    max_size=30,
)


def asked(touch_id: str, at: int, caps: tuple[CapLimit, ...], sent: list[tuple[str, int]]) -> Ask:
    return Ask("main", "42", touch_id, at, (Scope("customer", "", caps, 1, tuple((*one, 1) for one in sent)),))


def naive(sent: list[tuple[str, int]], touch_id: str, at: int, caps: tuple[CapLimit, ...]) -> LedgerAnswer:
    """Look at every microsecond back from `at`, one by one."""
    known = dict(sent)
    others = [t for i, t in sent if i != touch_id]
    counts = tuple(sum(others.count(at - back) for back in range(cap.window)) for cap in caps)
    if touch_id in known:
        return Granted(True, counts)
    full = [i for i, cap in enumerate(caps) if counts[i] >= cap.limit]
    return Full(0, full[0], counts) if full else Granted(False, counts)


@given(STEPS)
def test_row_memory_and_a_naive_count_agree(steps: list[Step]) -> None:
    asyncio.run(_agree(steps))


async def _agree(steps: list[Step]) -> None:
    clock, lapse = [0], 10
    row, memory = RowLedger(), MemoryLedger(lapse=lapse, clock=lambda: clock[0])
    sent: list[tuple[str, int]] = []  # what the row remembers
    now = 1000
    for number, step in enumerate(steps):
        if step.kind == "lose":
            memory.lose_everything()
            continue
        if step.kind == "wait":
            clock[0] += 2 * lapse  # whatever was not confirmed lapses; what the row holds must count all the same
            continue
        if step.kind == "repeat" and sent:
            touch_id, at = sent[step.which % len(sent)]
        else:
            now += step.after
            touch_id, at = f"t{number}", now
        ask = asked(touch_id, at, step.caps, sent)
        expected = naive([t for t in sent if t[1] <= at], touch_id, at, step.caps)
        assert row.decide(ask) == expected
        assert await memory.reserve([ask]) == [expected]
        if isinstance(expected, Granted):
            if not expected.repeated:
                sent.append((touch_id, at))
            if step.which % 2:
                await memory.confirm([ask])


@given(STEPS, st.randoms(use_true_random=False))
def test_no_window_ever_holds_more_than_its_limit_in_whatever_order_times_come(
    steps: list[Step], order: object
) -> None:
    cap = (CapLimit(2, 20),)
    times = [1000 + step.after * 7 + step.which for step in steps]
    order.shuffle(times)  # type: ignore[attr-defined]  # Hypothesis' Random has no public type
    sent: list[tuple[str, int]] = []
    for number, at in enumerate(times):
        if isinstance(RowLedger().decide(asked(f"t{number}", at, cap, sent)), Granted):
            sent.append((f"t{number}", at))
    for start in range(900, 1200):
        assert sum(start <= at < start + 20 for _, at in sent) <= 2
