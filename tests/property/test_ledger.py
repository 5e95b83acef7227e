"""The ledger against a slow count, and its promise: whatever happens in whatever order, no limit is ever exceeded."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ledger import MemoryLedger, RowLedger
from triggers.asks import Ask, CapLimit, Full, Granted, LedgerAnswer, Scope

ROLLING = st.builds(CapLimit, st.integers(0, 4), st.integers(1, 40))
CALENDAR = st.builds(
    lambda limit, since, length: CapLimit(limit, 0, since, since + length),
    st.integers(0, 4), st.integers(980, 1100), st.integers(1, 60),
)  # fmt: skip
LIMITS = st.lists(st.one_of(ROLLING, CALENDAR), max_size=3).map(tuple)
KEYS = ("", "rule:a", "tag:b")


@dataclass(frozen=True)
class Step:
    """What happens next to one customer."""

    kind: str  # ask | repeat | lose | wait
    after: int
    limits: tuple[tuple[CapLimit, ...], ...]
    of: int
    which: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(["ask", "ask", "ask", "repeat", "lose", "wait"]),
        st.integers(0, 12),
        st.tuples(LIMITS, LIMITS, LIMITS),
        st.integers(1, 3),
        st.integers(0, 9),
    ),
    max_size=30,
)

Sent = list[tuple[str, int, int]]
"""(touch_id, at, of how many of KEYS)."""


def asked(touch_id: str, at: int, limits: tuple[tuple[CapLimit, ...], ...], sent: Sent, of: int = 1) -> Ask:
    return Ask(
        "main", "42", touch_id, at,
        tuple(
            Scope("customer", KEYS[n], limits[n], 1, tuple((i, t, 1) for i, t, its in sent if its > n))
            for n in range(of)
        ),
    )  # fmt: skip


def naive(sent: Sent, ask: Ask) -> LedgerAnswer:
    """Look at every microsecond, one by one."""
    first: tuple[int, int] | None = None
    counts, known, free = [], True, 0
    for n, scope in enumerate(ask.scopes):
        known = known and any(i == ask.touch_id for i, _, of in sent if of > n)
        others = [t for i, t, of in sent if i != ask.touch_id and of > n and t <= ask.at]

        def held(cap: CapLimit, at: int, others: list[int] = others) -> int:
            span = range(at - cap.window + 1, at + 1) if cap.window else range(cap.since, min(cap.until, at + 1))
            return sum(others.count(instant) for instant in span)

        for c, cap in enumerate(scope.limits):
            counts.append(held(cap, ask.at))
            if first is None and counts[-1] >= cap.limit and ask.touch_id not in [i for i, _, of in sent if of > n]:
                first, free = (n, c), ask.at + 1
                while cap.limit and cap.window and held(cap, free) >= cap.limit:
                    free += 1
                free = 0 if not cap.limit else free if cap.window else cap.until
    return Granted(known, tuple(counts)) if first is None else Full(*first, tuple(counts), free)


@settings(deadline=None)
@given(STEPS)
def test_row_memory_and_a_naive_count_agree(steps: list[Step]) -> None:
    asyncio.run(_agree(steps))


async def _agree(steps: list[Step]) -> None:
    clock, lapse = [0], 10
    row, memory = RowLedger(), MemoryLedger(lapse=lapse, clock=lambda: clock[0])
    sent: Sent = []  # what the row remembers
    now = 1000
    for number, step in enumerate(steps):
        if step.kind == "lose":
            memory.lose_everything()
            continue
        if step.kind == "wait":
            clock[0] += 2 * lapse  # whatever was not confirmed lapses; what the row holds must count all the same
            continue
        if step.kind == "repeat" and sent:
            touch_id, at, of = sent[step.which % len(sent)]
        else:
            now += step.after
            touch_id, at, of = f"t{number}", now, step.of
        ask = asked(touch_id, at, step.limits, sent, of)
        later = [one for one in sent if one[1] > at]
        expected = naive(sent, ask)
        if not later:
            assert row.decide(ask) == expected
            assert await memory.reserve([ask]) == [expected]
        elif isinstance(expected, Granted):  # told as it was, whatever came later
            assert await memory.reserve([ask]) == [row.decide(ask)] == [expected]
        if isinstance(expected, Granted):
            if not expected.repeated:
                sent.append((touch_id, at, of))
            if step.which % 2:
                await memory.confirm([ask])


@settings(deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_no_window_ever_holds_more_than_its_limit_in_whatever_order_times_come(
    steps: list[Step], order: object
) -> None:
    cap = (CapLimit(2, 20),)
    times = [1000 + step.after * 7 + step.which for step in steps]
    order.shuffle(times)  # type: ignore[attr-defined]  # Hypothesis' Random has no public type
    sent: Sent = []
    for number, at in enumerate(times):
        if isinstance(RowLedger().decide(asked(f"t{number}", at, (cap,), sent)), Granted):
            sent.append((f"t{number}", at, 1))
    for start in range(900, 1200):
        assert sum(start <= at < start + 20 for _, at, _ in sent) <= 2


# -- many workers, many customers, shared phones, one budget a day

DAY = 50
LAPSE = 100
WORKERS = 3


KINDS = (
    *["ask"] * 5, *["again"] * 4, *["commit"] * 4, *["commit unheard"] * 2, "drop", *["zombie asks"] * 3,
    *["zombie releases"] * 2, *["takeover"] * 2, "wait", "lose customers",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """A touch that was sent."""

    ask: Ask
    by: int


class Shop:
    """Four customers with two phones; a worker owns a customer until another takes him over, and may go on believing
    that it does. Owners commit what they were granted before it lapses, at the time for which they asked last. A worker
    lets go of what it lost before it owns the customer again, and knows what it has committed itself."""

    def __init__(self, draw: random.Random) -> None:
        self.loose = [draw.choice((0, 0, 9)) for _ in range(7)]  # what is added to each limit
        self.clock = 0
        self.now = 1000
        self.store = MemoryLedger(lapse=LAPSE, clock=lambda: self.clock)
        self.workers = [self.store.another() for _ in range(WORKERS)]
        self.owner = [0, 0, 0, 0]
        self.touches: dict[str, tuple[int, int]] = {}  # customer and weight
        self.open: dict[str, Ask] = {}  # granted to its customer's owner, and neither committed nor dropped
        self.lost: list[tuple[int, Ask]] = []  # granted to a worker that owns the customer no more
        self.sent: dict[str, Done] = {}

    def ask(self, touch_id: str, at: int, *, worker: int) -> Ask:
        customer, weight = self.touches[touch_id]
        mine = [done for done in self.sent.values() if done.ask.customer_id == str(customer)]
        known = [(done.ask.touch_id, done.ask.at, 1) for done in mine]
        if worker == self.owner[customer]:  # its row holds what it was granted in this chunk, too
            known += [
                (i, ask.at, 1) for i, ask in self.open.items() if ask.customer_id == str(customer) and i != touch_id
            ]
        rule = f"rule:{'ab'[int(touch_id) % 2]}"
        whose = {i: f"rule:{'ab'[int(i) % 2]}" for i, _, _ in known}
        phone, day = f"+7999000000{customer % 2}", at // DAY * DAY
        span = (0, day, day + DAY)
        more = self.loose
        return Ask("main", str(customer), touch_id, at, (
            Scope("customer", "", (CapLimit(3 + more[0], 30), CapLimit(3 + more[1], *span)), 1, tuple(known)),
            Scope(
                "customer", rule, (CapLimit(1 + more[2], 20),), 1, tuple(one for one in known if whose[one[0]] == rule)
            ),
            Scope("phone", phone, (CapLimit(3 + more[3], 25),)),
            Scope("text", f"{phone} {int(touch_id) % 3}", (CapLimit(1 + more[4], 15),)),
            Scope("budget", str(day), (CapLimit(8 + more[5], *span),)),
            Scope("budget", f"{day} money", (CapLimit(17 + 3 * more[6], *span),), weight),
        ))  # fmt: skip

    async def move(self, number: int, draw: random.Random) -> None:
        kind, customer, worker = draw.choice(KINDS), draw.randrange(4), draw.randrange(WORKERS)
        self.now += draw.choice((0, 0, 1, 2))
        at = max(1000, self.now + draw.choice((-3, -1, 0, 0, 0, 1, 3)))
        if kind == "ask":
            self.touches[str(number)] = customer, draw.randint(1, 5)
            await self.reserve(str(number), at, self.owner[customer])
        elif kind in ("again", "zombie asks") and self.touches:
            touch_id = draw.choice([*self.touches][-6:])
            customer, weight = self.touches[touch_id]
            self.touches[touch_id] = customer, max(weight, draw.randint(1, 5))
            if kind == "again" and touch_id not in self.sent and touch_id not in self.open:
                await self.reserve(touch_id, at, self.owner[customer])
            elif kind == "zombie asks" and worker not in (self.owner[customer], self.sender(touch_id)):
                await self.reserve(touch_id, at, worker)
        elif kind in ("commit", "commit unheard", "drop") and self.open:
            touch_id = draw.choice([*self.open])
            ask = self.open.pop(touch_id)
            owner = self.workers[self.owner[int(ask.customer_id)]]
            if kind == "drop":
                await owner.release([ask])
                return
            self.sent[touch_id] = Done(ask, self.owner[int(ask.customer_id)])
            if kind == "commit":
                await owner.confirm([ask])
        elif kind == "zombie releases" and self.lost:
            former, ask = self.lost.pop(draw.randrange(len(self.lost)))
            await self.workers[former].release([ask])
        elif kind == "takeover":
            former, self.owner[customer] = self.owner[customer], worker
            for mine in [one for one in self.lost if one[0] == worker and one[1].customer_id == str(customer)]:
                self.lost.remove(mine)  # who is given a partition again has let go of it before
                await self.workers[worker].release([mine[1]])
            for touch_id in [i for i, ask in self.open.items() if ask.customer_id == str(customer)]:
                ask = self.open.pop(touch_id)
                if former != worker:
                    self.lost.append((former, ask))
        elif kind == "wait":
            self.open.clear()  # nobody commits what has lapsed
            self.clock += LAPSE
        elif kind == "lose customers":
            await self.store.forget([("main", str(customer)) for customer in range(4)])

    def sender(self, touch_id: str) -> int | None:
        return self.sent[touch_id].by if touch_id in self.sent else None

    async def reserve(self, touch_id: str, at: int, worker: int) -> None:
        ask = self.ask(touch_id, at, worker=worker)
        (answer,) = await self.workers[worker].reserve([ask])
        if isinstance(answer, Granted):
            if worker == self.owner[int(ask.customer_id)]:
                self.open[touch_id] = ask
            else:
                self.lost.append((worker, ask))

    def check(self) -> None:
        held: dict[tuple[str, str], list[tuple[int, int, tuple[CapLimit, ...]]]] = defaultdict(list)
        for done in self.sent.values():
            for scope in done.ask.scopes:
                whose = done.ask.customer_id if scope.name == "customer" else ""
                held[whose, f"{scope.name} {scope.key}"].append((done.ask.at, scope.weight, scope.limits))
        for (whose, key), touches in held.items():
            for at, _, limits in touches:
                for cap in limits:
                    since, until = (at, at + cap.window) if cap.window else (cap.since, cap.until)
                    total = sum(weight for touched_at, weight, _ in touches if since <= touched_at < until)
                    assert total <= cap.limit, f"{total} of {cap} from {since}: {whose} {key}"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000))
def test_no_limit_of_any_scope_is_ever_exceeded_whatever_workers_do_and_whenever(seed: int) -> None:
    async def play() -> None:
        draw = random.Random(seed)
        shop = Shop(draw)
        for number in range(400):
            await shop.move(number, draw)
        shop.check()

    asyncio.run(play())
