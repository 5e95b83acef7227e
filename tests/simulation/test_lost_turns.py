"""The turn in which all fires that is still to come when the data ends, days of it, is lost and done again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from streams.ledger import Ledger
from tests.simulation.drawing import setting_of
from tests.simulation.rules import STREAM_SERIES
from tests.simulation.run import run
from tests.simulation.worker import Seams
from triggers.asks import Ask, LedgerAnswer

SEEDS = list(islice((seed for seed in range(300) if setting_of(seed).rules is STREAM_SERIES), 8))


LONG = 35 * 3_600_000_000
"""Longer than the ledger looks back for this shop's caps."""

DIED = "the worker of this turn died"


class Dies:
    """A worker's ledger, over which the first turn that is so long ends as if its worker had died: nobody gives back
    what was reserved for it."""

    def __init__(self, ledger: Ledger, died: list[int]) -> None:
        self._ledger = ledger
        self._died = died
        self._since = 0
        self.confirm, self.close, self.forget = self._confirm, ledger.close, ledger.forget

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        answers = await self._ledger.reserve(asks)
        latest = max(ask.at for ask in asks)
        self._since = self._since or min(ask.at for ask in asks)
        if not self._died and latest - self._since > LONG:
            self._died.append(latest)
            raise RuntimeError(DIED)
        return answers

    async def _confirm(self, asks: Sequence[Ask]) -> None:
        self._since = 0
        await self._ledger.confirm(asks)

    async def release(self, asks: Sequence[Ask]) -> None:
        pass


def test_days_of_touches_that_are_lost_in_one_turn_are_decided_as_if_it_had_not_been_lost() -> None:
    lost = 0
    for seed in SEEDS:
        died: list[int] = []
        result = run(seed, seams=Seams(ledger=lambda ledger, died=died: Dies(ledger, died)))  # type: ignore[misc]  # one that dies is a ledger too
        wrong = [one for one in result.wrong if not one[1].rstrip().endswith(f"RuntimeError: {DIED}")]
        assert wrong == [], seed
        lost += len(died)
    assert lost >= 4, "there are turns that long"
