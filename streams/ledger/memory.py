"""The fake: Redis' ledger in dicts, for one process. For tests, the simulator and what a replay's rows can't prove."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from streams.ledger.counting import Counted, disproved, judge, judge_beside_row
from streams.ledger.slots import ORDER, Part, kept_for, parts
from triggers.asks import Ask, Full, Granted, LedgerAnswer, Scope

LAPSE: Final = 600_000_000
"""A reservation lives this long (microseconds) without being confirmed: forty transaction timeouts."""

SHARED: Final = -1
"""Holds a reservation that several workers asked for: nobody may take it back."""


def _wall() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class _Held:
    """One touch in one slot, somewhere between `first` and `last` (see `Counted`). `weights`: by what it counts with.
    `holder`: who reserved it; 0 once it is confirmed. `lapses`: when it is forgotten, on the ledger's clock; 0 for
    never."""

    first: int
    last: int
    weights: dict[str, int]
    holder: int = 0
    lapses: int = 0


@dataclass(slots=True)
class _Slot:
    """`totals`: of a budget, which holds too many touches to be counted each time; by key, all of `touches`."""

    touches: dict[str, _Held] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    keep: int = 0

    def weigh(self, held: _Held, key: str, weight: int) -> None:
        self.totals[key] = self.totals.get(key, 0) + weight - held.weights.get(key, 0)
        held.weights[key] = weight

    def forget(self, touch_id: str) -> None:
        for key, weight in self.touches.pop(touch_id).weights.items():
            self.totals[key] -= weight

    def counted(self, ask: Ask, kind: str, scope: Scope, key: str) -> Counted:
        """What `judge` looks at. Of a budget everything is of its one day."""
        if kind != "budget":
            return [
                (i, held.first, held.last, held.weights[key]) for i, held in self.touches.items() if key in held.weights
            ]
        own = self.touches.get(ask.touch_id)
        weight = None if own is None else own.weights.get(key)
        since = min([ask.at, *(limit.since for limit in scope.limits)])
        found = [("", since, since, self.totals.get(key, 0) - (weight or 0))]
        return found if weight is None else [*found, (ask.touch_id, ask.at, ask.at, weight)]


@dataclass(slots=True)
class _Store:
    slots: dict[tuple[str, str, str], _Slot] = field(default_factory=dict)
    away: bool = False
    holders: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


class MemoryLedger:
    """Same answers as `RedisLedger`. `clock`: the ledger's own time in microseconds; `away` makes it answer None."""

    def __init__(
        self, *, lapse: int = LAPSE, clock: Callable[[], int] = _wall, beside: MemoryLedger | None = None
    ) -> None:
        self._lapse = lapse
        self._clock = clock
        self._store: _Store = _Store() if beside is None else beside._store
        self._me = next(self._store.holders)

    def another(self) -> MemoryLedger:
        """Another worker's, over the same store."""
        return MemoryLedger(lapse=self._lapse, clock=self._clock, beside=self)

    @property
    def away(self) -> bool:
        return self._store.away

    @away.setter
    def away(self, away: bool) -> None:
        self._store.away = away

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """See `Ledger.reserve`."""
        return [None] * len(asks) if self.away else list(self.answers(asks))

    def answers(self, asks: Sequence[Ask]) -> list[LedgerAnswer]:
        """The answers, at once: all customers' slots are asked, then the phones', then the budgets'."""
        whole = [parts(ask) for ask in asks]
        answers: list[LedgerAnswer] = [Granted(bool(each), ()) for each in whole]
        newly: list[list[Part]] = [[] for _ in whole]
        returned: list[Part] = []
        for slot in ORDER:
            for index, each in enumerate(whole):
                so_far = answers[index]
                part = next((part for part in each if part.slot == slot), None)
                if part is None or not isinstance(so_far, Granted):
                    continue
                said, new = self._reserve(part)
                if isinstance(said, Full):
                    answers[index] = Full(part.first + said.scope, said.cap, so_far.counts + said.counts, said.free_at)
                    returned += newly[index]
                    continue
                answers[index] = Granted(so_far.repeated and said.repeated, so_far.counts + said.counts)
                if new:
                    newly[index].append(part)
        for part in returned:
            self._release(part)
        return answers

    def _reserve(self, part: Part) -> tuple[Granted | Full, bool]:
        """The slot's answer, and whether it held nothing of the touch before."""
        slot, now, (ask, kind, _, scopes, keys, _) = self._slot(part), self._clock(), part
        touches = slot.touches
        keep = slot.keep
        for scope, key in zip(scopes, keys, strict=True):  # what the row holds was committed
            for touch_id, at, weight in scope.known:
                if at > ask.at - keep or touch_id == ask.touch_id:
                    held = touches.setdefault(touch_id, _Held(at, at, {}))
                    if held.holder:
                        held.first, held.last, held.holder, held.lapses = at, at, 0, 0
                    held.first, held.last = min(at, held.first), max(at, held.last)
                    slot.weigh(held, key, weight)
        own = touches.get(ask.touch_id)
        if own and own.holder and ask.at in (own.first, own.last) and disproved(ask.touch_id, ask.at, scopes):
            slot.forget(ask.touch_id)
        if kind != "budget":
            for touch_id, held in [*touches.items()]:
                old = held.last <= ask.at - keep and touch_id != ask.touch_id and kind == "customer"
                if old or 0 < held.lapses <= now:
                    slot.forget(touch_id)
        said = (judge_beside_row if kind == "customer" else judge)(
            ask.touch_id, ask.at, scopes,
            [slot.counted(ask, kind, scope, key) for scope, key in zip(scopes, keys, strict=True)],
        )
        own = touches.get(ask.touch_id)
        new = own is None
        if isinstance(said, Full):
            return said, new
        if own is None:
            own = touches[ask.touch_id] = _Held(ask.at, ask.at, {}, self._me)
        elif own.holder == self._me:
            own.first = own.last = ask.at  # what this worker asked before has come to nothing
        elif own.holder:
            own.holder = SHARED
        if own.holder or (kind == "phone" and own.last < ask.at):
            own.lapses = self._lapses(kind, keep)
        own.first, own.last = min(ask.at, own.first), max(ask.at, own.last)
        self._weigh(slot, own, part)
        return said, new

    def _lapses(self, kind: str, keep: int) -> int:
        return 0 if kind == "budget" else self._clock() + (self._lapse if kind == "customer" else keep)

    def _weigh(self, slot: _Slot, own: _Held, part: Part) -> None:
        for scope, key in zip(part.scopes, part.keys, strict=True):
            slot.weigh(own, key, max(scope.weight, own.weights.get(key, 0)))

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.confirm`."""
        for part in () if self.away else [part for ask in asks for part in parts(ask)]:
            slot = self._slot(part)
            at = part.ask.at
            own = slot.touches.setdefault(part.ask.touch_id, _Held(at, at, {}, self._me))
            self._weigh(slot, own, part)
            if own.holder:
                own.first = own.last = at
                own.holder, own.lapses = 0, 0
            if part.slot == "phone":  # longer than before where caps look back farther by now
                own.lapses = self._lapses("phone", slot.keep)

    async def release(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.release`."""
        for part in () if self.away else [part for ask in asks for part in parts(ask)]:
            self._release(part)

    def _release(self, part: Part) -> None:
        slot = self._store.slots.get((part.ask.shop_id, part.slot, part.whose))
        own = None if slot is None else slot.touches.get(part.ask.touch_id)
        if slot is not None and own is not None and own.holder == self._me:
            slot.forget(part.ask.touch_id)

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """See `Ledger.forget`."""
        for shop_id, customer_id in () if self.away else customers:
            self._store.slots.pop((shop_id, "customer", customer_id), None)

    async def close(self) -> None:
        """Nothing is open."""

    def dump(self) -> bytes:
        """All that it holds, for `load`. What was reserved counts as confirmed then."""
        return msgspec.msgpack.encode([(*name, slot) for name, slot in self._store.slots.items()])

    def load(self, dumped: bytes) -> None:
        """Hold this in place of what it held. Raises msgspec.MsgspecError for anything but a dump."""
        found = msgspec.msgpack.decode(dumped, type=list[tuple[str, str, str, _Slot]])
        for _, _, _, slot in found:
            for held in slot.touches.values():
                held.holder = 0
        self._store.slots = {(shop_id, kind, whose): slot for shop_id, kind, whose, slot in found}

    def lose_everything(self) -> None:
        """What FLUSHALL does."""
        self._store.slots.clear()

    def _slot(self, part: Part) -> _Slot:
        slot = self._store.slots.setdefault((part.ask.shop_id, part.slot, part.whose), _Slot())
        slot.keep = max(slot.keep, kept_for(part))
        return slot
