"""Everything that a seed is judged by when it is over."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.emitted import Decision
from tests.simulation.observed import ObservedBroker
from tests.simulation.oracle import Expected
from tests.simulation.outcome import Outcome
from tests.simulation.returning import Returning
from tests.simulation.schedule import Schedule
from tests.simulation.suppressed import PLACE as SUPPRESSED
from tests.simulation.suppressed import Suppressing, SuppressionLog
from tests.simulation.trace import Trace
from tests.simulation.worker import Setting
from tests.simulation.world import World


@dataclass(slots=True)
class Evidence:
    """Everything there is to judge by."""

    setting: Setting
    world: World
    broker: ObservedBroker
    out: Outcome
    expected: Expected
    trace: Trace
    reached: int
    """Touches due by then must have been judged (microseconds)."""
    schedule: Schedule
    suppressions: SuppressionLog
    returning: Returning | None

    @property
    def caused(self) -> list[Suppressing]:
        """The suppressions, and ends of some, that workers wrote."""
        if self.returning is None:
            return []
        others = self.returning.suppressed_at | {one.offset for one in self.world.log[SUPPRESSED]}
        return [one for one in self.suppressions.records if one.offset not in others]


def touch_of(decision: Decision) -> str:
    return f"{decision.rule} of customer {decision.customer_id}, step {decision.step}"
