"""What a partition has to do with the figures of whole shops: it counts its part (streams.tallying), publishes it when
its clock has passed a shop's midnight, and on the stream clock waits for what the others have counted.

A day is in force 24 hours after it is over (triggers.shopfacts). On the stream clock a partition's time does not go
beyond that before all of them have published the day, so that whatever is decided later has the same figures however
many there are; only where a rule asks for them. Whoever is behind all others waits for nobody: to publish a day it only
has to pass its end. On the wall clock nobody waits: what is there counts, and its day is named.
"""

from __future__ import annotations

from datetime import date

from schemas.topics import SHOP_FACTS
from streams.delivery import Outgoing
from streams.effects import Effects
from streams.merge import BEGINNING, END
from streams.partition.intake import Intake
from streams.partition.plan import PartitionPlan
from streams.shopfacts import ending, record
from streams.table import Table
from streams.tallying import Tallying
from triggers.customer import CustomerRow
from triggers.engine import Engine
from triggers.shopfacts import WHOLE, takes_effect
from triggers.zones import zone_of


class Midnights:
    """Of partition `number`."""

    def __init__(self, number: int, plan: PartitionPlan, engine: Engine, table: Table[CustomerRow]) -> None:
        self._number = number
        self._facts = plan.facts
        self._waits = plan.stream_clock
        self._partitions = plan.partitions[plan.inputs[0].name]
        self._engine = engine
        self._table = table
        self._tallying = Tallying(number, engine, table.record.days, table.reserved)

    def bound(self, intake: Intake, reached: int) -> int:
        """How far time may go in this turn, where `reached` is how far it has come; the intake takes nothing beyond."""
        if not self._tallying.begun:
            first = reached if reached > 0 else intake.first()
            if first is not None:
                self._tallying.begin(first, self._customers)
        intake.below = END
        if self._waits and self._facts is not None:
            for shop_id in self._engine.counted:
                intake.below = min(intake.below, self._bound(shop_id)[0])
        return intake.below

    def due(self, reached: int) -> bool:
        """Whether there is something to publish once time has come so far."""
        return self._tallying.due(reached)

    def publish(self, outgoing: Outgoing, effects: Effects, reached: int) -> None:
        """What was counted goes beside the rows, and days that are over into `outgoing`."""
        for fact in self._tallying.count(effects.counted, reached):
            outgoing.publish(SHOP_FACTS.name, 0, record(fact))
            if fact.fact == WHOLE and self._number == 0 and self._facts is not None:
                for part in self._facts.outlived(fact.shop_id, date.fromisoformat(fact.day)):
                    outgoing.publish(SHOP_FACTS.name, 0, ending(fact.shop_id, part))
        for key, value in self._tallying.changed():
            self._table.reserve(key, value)
        self._table.record.days = self._tallying.days

    def waits_for(self, reached: int) -> str | None:
        """What time, which has come so far, can't go beyond; None where nothing holds it."""
        if not self._waits or self._facts is None:
            return None
        for shop_id in self._engine.counted:
            bound, says = self._bound(shop_id)
            if bound <= reached or bound == BEGINNING:
                return says
        return None

    def _bound(self, shop_id: str) -> tuple[int, str]:
        if not self._engine.counted[shop_id] or self._facts is None:
            return END, ""
        day, partitions = self._facts.behind(shop_id, self._partitions)
        whose = ", ".join(map(str, partitions))
        if day is None:
            return BEGINNING, f"{SHOP_FACTS.name}: partitions that have not begun to count shop {shop_id}: {whose}"
        tz, _ = zone_of(None, self._engine.shop(shop_id).time_zone)
        return takes_effect(day, tz), f"{SHOP_FACTS.name}: {day} of shop {shop_id}, which is to come from: {whose}"

    def _customers(self, shop_id: str) -> int:
        """How many rows the shop has here already."""
        prefix = f"{shop_id}:"
        rows = self._table.keys()
        return sum(1 for key in rows if key.startswith(prefix))
