"""The fake: Redis' ledger in a dict, for one process. For tests, the simulator and workers without Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from streams.ledger.counting import judge, kept_for
from triggers.asks import Ask, Granted, LedgerAnswer

LAPSE: Final = 600_000_000
"""A reservation lives this long (microseconds) without being confirmed: forty transaction timeouts."""


def _wall() -> int:
    return time.time_ns() // 1000


@dataclass(slots=True)
class _Customer:
    touches: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)  # touch_id -> when it lapses, on the ledger's clock


class MemoryLedger:
    """Same answers as `RedisLedger`. `clock`: the ledger's own time in microseconds; `away` makes it answer None."""

    def __init__(self, *, lapse: int = LAPSE, clock: Callable[[], int] = _wall) -> None:
        self._lapse = lapse
        self._clock = clock
        self._customers: dict[tuple[str, str], _Customer] = {}
        self.away = False

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """See `Ledger.reserve`."""
        return [None if self.away else self._reserve(ask) for ask in asks]

    def _reserve(self, ask: Ask) -> LedgerAnswer:
        customer = self._customers.setdefault((ask.shop_id, ask.customer_id), _Customer())
        touches, pending, now = customer.touches, customer.pending, self._clock()
        for touch_id, at, _ in ask.scopes[0].known:  # what the row holds was committed
            touches[touch_id] = max(at, touches.get(touch_id, at))
            pending.pop(touch_id, None)
        for touch_id in [t for t, lapses in pending.items() if lapses <= now]:
            del pending[touch_id]
            touches.pop(touch_id, None)
        for touch_id in [t for t, at in touches.items() if at <= ask.at - kept_for(ask) and t != ask.touch_id]:
            del touches[touch_id]
            pending.pop(touch_id, None)
        answer = judge(touches, ask)
        if isinstance(answer, Granted):
            if ask.touch_id not in touches or ask.touch_id in pending:
                pending[ask.touch_id] = now + self._lapse
            touches[ask.touch_id] = max(ask.at, touches.get(ask.touch_id, ask.at))
        return answer

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.confirm`."""
        for ask in () if self.away else asks:
            customer = self._customers.setdefault((ask.shop_id, ask.customer_id), _Customer())
            customer.pending.pop(ask.touch_id, None)
            customer.touches.setdefault(ask.touch_id, ask.at)

    async def release(self, asks: Sequence[Ask]) -> None:
        """See `Ledger.release`."""
        for ask in () if self.away else asks:
            customer = self._customers.get((ask.shop_id, ask.customer_id))
            if customer is not None and customer.pending.pop(ask.touch_id, None) is not None:
                del customer.touches[ask.touch_id]

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """See `Ledger.forget`."""
        for customer in () if self.away else customers:
            self._customers.pop(customer, None)

    async def close(self) -> None:
        """Nothing is open."""

    def lose_everything(self) -> None:
        """What FLUSHALL does."""
        self._customers.clear()
