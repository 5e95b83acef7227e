"""Who contends with a touch that is due for the customer's one slot. See `triggers.gates.competition`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.catalogue import Catalogue
from triggers.beginning import free, full
from triggers.beyond import NOTHING_BEYOND, Beyond
from triggers.customer import CustomerRow
from triggers.expressions import unexplained
from triggers.gates import competition
from triggers.gates.conditions import holds
from triggers.ids import identifier
from triggers.journeys import Journey, Proposal, epoch_name
from triggers.kinds import Begin, Kind, Watch
from triggers.planning import due_of
from triggers.rules.model import Rule, Shop, Step
from triggers.verdicts import Verdict
from triggers.view import context


class Rival(NamedTuple):
    """A touch to come. The smallest wins."""

    priority: int  # below nothing: the higher, the smaller
    stage: int  # likewise
    planned: int
    id: str
    rule: Rule
    step: Step


Of = Callable[[str, str], tuple[Rule, Kind] | None]
"""A rule by its name and version; as it is in force where there is no such version; None: in force no more."""


class Rivals:
    """A shop's, made ready. `within`: the shop's `compete`."""

    def __init__(
        self, shop: Shop, within: int, of: Of, watches: Sequence[tuple[Watch, Kind]], catalogue: Catalogue
    ) -> None:
        self._shop = shop
        self._within = within
        self._of = of
        self._watches = watches
        self._catalogue = catalogue

    def judge(
        self, row: CustomerRow, proposal: Proposal, rule: Rule, kind: Kind, step: Step, wall: int, tz: ZoneInfo,
        beyond: Beyond = NOTHING_BEYOND,
    ) -> Verdict:
        """`rule`, `kind` and `step` are the proposal's."""
        if rule.purpose == "transactional":
            return competition.TRANSACTIONAL
        planned, within = proposal.planned, self._within
        for touch in reversed(row.touches):
            if abs(touch.planned - planned) < within and self._competes(touch.rule):
                return competition.taken(touch.rule, touch.step, touch.planned)
        own = _rival(row, rule, kind, step, proposal.epoch, planned)
        others = [
            rival for rival, journey in self._others(row, proposal, planned)
            if self._conditions_hold(row, rival, journey, wall, tz, beyond)
        ]  # fmt: skip
        if not others:
            return competition.ALONE
        best = min(others)
        if best > own:
            return competition.won(len(others) + 1)
        return competition.lost(best.rule.name, best.step.id, best.planned, best.rule.priority)

    def _competes(self, rule: str) -> bool:
        """Whether touches of a rule do; those of one that is in force no more did."""
        known = self._of(rule, "")
        return known is None or known[0].purpose != "transactional"

    def _others(self, row: CustomerRow, proposal: Proposal, planned: int) -> Iterator[tuple[Rival, Journey | Begin]]:
        """Near enough, and their journeys, or those that may begin."""
        for journey in row.journeys:
            known = self._of(journey.rule, journey.version) if journey.running else None
            if known is None or known[0].purpose == "transactional":
                continue
            rule, kind = known
            step = next((one for one in rule.steps if one.id == journey.step), None)
            if step is None:
                continue
            epoch = journey.epoch
            if rule.name == proposal.rule and epoch == proposal.epoch and journey.step == proposal.step:
                continue
            at = kind.ready(row, rule, journey, journey.planned)
            if abs(at - planned) < self._within:
                yield _rival(row, rule, kind, step, epoch, at), journey
        for watch, kind in self._watches:
            for begin in watch.coming(row, planned + self._within):
                rule, look = begin.rule, begin.at
                if rule.purpose == "transactional" or not free(row, begin, look) or full(row):
                    continue
                first = rule.steps[0]
                due = due_of(first, look, begin.about)
                if abs(due - planned) < self._within:
                    epoch = epoch_name(begin.epoch_at, begin.epoch_id)
                    yield _rival(row, rule, kind, first, epoch, due), begin

    def _conditions_hold(
        self, row: CustomerRow, rival: Rival, of: Journey | Begin, wall: int, tz: ZoneInfo, beyond: Beyond
    ) -> bool:
        rule, step = rival.rule, rival.step
        conditions = [condition for condition in (rule.audience, step.when) if condition is not None]
        if not conditions:
            return True
        began, journey = (of.began, of) if isinstance(of, Journey) else (of.at, None)
        seen = unexplained(context(
            row, self._shop, self._catalogue, tz, wall, step=step.id, began=began, incentive=step.incentive,
            journey=journey, about=of.about, beyond=beyond,
        ))
        return all(holds(condition, seen) for condition in conditions)


def _rival(row: CustomerRow, rule: Rule, kind: Kind, step: Step, epoch: str, planned: int) -> Rival:
    id = identifier(row.shop_id, row.customer_id, rule.name, epoch, step.id, "touch")
    return Rival(-rule.priority, -kind.stage, planned, id, rule, step)
