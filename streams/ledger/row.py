"""A ledger that knows only what the row knows: for replay, where one process sees everything in order, and for workers
without a Redis (`REWAKE_LEDGER=rows`), where a partition has one owner and its rows are what was committed."""

from __future__ import annotations

from collections.abc import Sequence

from streams.ledger.counting import judge
from triggers.asks import Ask, LedgerAnswer


class RowLedger:
    """Decides from `Scope.known` alone and keeps nothing: the caller records a grant in the row before the next ask."""

    def decide(self, ask: Ask) -> LedgerAnswer:
        """The answer, at once."""
        touches: dict[str, int] = {}
        for touch_id, at, _ in ask.scopes[0].known:
            touches[touch_id] = max(at, touches.get(touch_id, at))
        return judge(touches, ask)

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """Never None."""
        return [self.decide(ask) for ask in asks]

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """The row is the record."""

    async def release(self, asks: Sequence[Ask]) -> None:
        """The row is the record."""

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """The row is the record."""

    async def close(self) -> None:
        """Nothing is open."""
