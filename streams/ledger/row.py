"""A ledger that knows only what the row knows: for replay, where one process sees everything in order, and for workers
without a Redis (`REWAKE_LEDGER=rows`), where a partition has one owner and its rows are what was committed."""

from __future__ import annotations

from collections.abc import Sequence

from streams.ledger.counting import Counted, judge
from streams.ledger.memory import MemoryLedger
from triggers.asks import Ask, Full, Granted, LedgerAnswer, Scope


class RowLedger:
    """Decides a customer's scopes from `Scope.known` alone and keeps nothing: the caller records a grant in the row
    before the next ask.

    No row proves what went to a phone, or was spent on a day. `beyond` is asked for those scopes, where the customer's
    have room; it must be the only one that sends (a replay's). Without it they count nothing and refuse nothing:
    start-up does not let a shop with such limits run so.
    """

    def __init__(self, beyond: MemoryLedger | None = None) -> None:
        self._beyond = beyond

    def decide(self, ask: Ask) -> LedgerAnswer:
        """The answer, at once."""
        scopes = ask.scopes
        if scopes and scopes[-1].name == "customer":  # the customer's come first
            return judge(ask.touch_id, ask.at, scopes, [_counted(scope) for scope in scopes])
        his = tuple([scope for scope in scopes if scope.name == "customer"])
        said = judge(ask.touch_id, ask.at, his, [_counted(scope) for scope in his])
        if isinstance(said, Full) or len(his) == len(scopes):
            return said
        others = scopes[len(his) :]
        if self._beyond is None:
            return Granted(said.repeated, said.counts + (0,) * sum(len(scope.limits) for scope in others))
        (beyond,) = self._beyond.answers([Ask(ask.shop_id, ask.customer_id, ask.touch_id, ask.at, others)])
        counts = said.counts + beyond.counts
        if isinstance(beyond, Full):
            return Full(len(his) + beyond.scope, beyond.cap, counts, beyond.free_at)
        return Granted(said.repeated and beyond.repeated, counts)

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """Never None."""
        return [self.decide(ask) for ask in asks]

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """The row is the record."""

    async def release(self, asks: Sequence[Ask]) -> None:
        """The row is the record; what lies beyond it was granted to nobody else."""
        if self._beyond is not None:
            await self._beyond.release(asks)

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """The row is gone."""

    async def close(self) -> None:
        """Nothing is open."""


def _counted(scope: Scope) -> Counted:
    return [(touch_id, at, at, weight) for touch_id, at, weight in scope.known]
