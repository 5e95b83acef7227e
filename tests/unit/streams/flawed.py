"""An engine with a bug in it: it fails on some events, looks and touches, the row half changed by then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.catalogue import EmptyCatalogue
from schemas.wire import CustomerEvent
from tests.unit.triggers.driving import book
from triggers.asks import LedgerAnswer
from triggers.customer import CustomerRow
from triggers.engine import Emitted, Engine, Judgement, Proposal
from triggers.rules.model import Rule, Shop


class Bug(RuntimeError):
    """Ours."""


def never(*_: Any) -> bool:
    return False


class Flawed(Engine):
    """Each says of a call whether it fails."""

    def __init__(
        self,
        *rules: Rule,
        shop: Shop | None = None,
        event: Callable[[CustomerEvent], bool] = never,
        deadline: Callable[[CustomerRow, int], bool] = never,
        emission: Callable[[CustomerRow, Proposal], bool] = never,
        conclusion: Callable[[CustomerRow, Proposal], bool] = never,
    ) -> None:
        super().__init__(book(*rules, shop=shop), EmptyCatalogue())
        self._event, self._deadline = event, deadline
        self._emission, self._conclusion = emission, conclusion

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        applied = super().on_event(row, event, now)
        if self._event(event):
            row.journeys = []
            row.deadline = 0
            raise Bug("it said 'Anna' of +79990000042")
        return applied

    def on_deadline(self, row: CustomerRow, due: int) -> list[Proposal]:
        proposals = super().on_deadline(row, due)
        if self._deadline(row, due):
            row.outbox = []
            raise Bug("looking")
        return proposals

    def on_emit(self, row: CustomerRow, proposal: Proposal, wall: int) -> Judgement:
        judgement = super().on_emit(row, proposal, wall)
        if self._emission(row, proposal):
            raise Bug("judging")
        return judgement

    def conclude(self, row: CustomerRow, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
        emitted = super().conclude(row, judgement, answer)
        if self._conclusion(row, judgement.proposal) and emitted.commands:
            raise Bug("concluding")
        return emitted
