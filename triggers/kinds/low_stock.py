"""`low_stock`: of a product of the customer's interest few are left.

A sync of the feed found fewer pieces of it than `below`, and at least one, where there were as many or more as of the
sync before. A feed that says nothing of pieces begins nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from pydantic import Field

from schemas.instants import DAY
from triggers.journeys import MAX_SHOWN, Shown
from triggers.kinds._changes import SOLD_OUT, WAYS, ChangeKind, Rank, Way, ways
from triggers.kinds._pace import Pace
from triggers.kinds._products import Interested
from triggers.kinds._seam import Reading, WrittenKind
from triggers.rules.values import Duration
from triggers.walks import Change

NAME: Final = "low_stock"


@dataclass(frozen=True, slots=True)
class LowStock:
    """`within` microseconds; `pace` customers a minute."""

    below: int = 5
    of: tuple[Way, ...] = WAYS
    within: int = 30 * DAY
    most: int = 3
    pace: int | None = None
    kind: ClassVar[str] = NAME


class WrittenLowStock(WrittenKind):
    """Of a product that the customer looked at, carted or wished for fewer than `below` are left."""

    below: int = Field(default=5, ge=2, le=1_000_000, description="Fewer pieces than this are few.")
    of: list[Way] = Field(default=list(WAYS), min_length=1, description="Which: looked at, carted, wished for.")
    within: Duration = Field(default=30 * DAY, description="How long ago, at most, the customer was interested in it.")
    most: int = Field(default=3, ge=1, le=MAX_SHOWN, description="How many products a journey is about.")
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> LowStock:
        return LowStock(self.below, ways(self.of), self.within, self.most, self.pace)


class LowStockKind(ChangeKind):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 22
    settings = WrittenLowStock
    trigger = LowStock
    exits = {SOLD_OUT: "its products can't be ordered any more"}
    default_exits = frozenset({"order_placed", SOLD_OUT})

    def finds(self, trigger: LowStock, change: Change, interest: Interested) -> Rank | None:
        was, now = change.stock_was, change.stock
        if was is None or now is None or not change.is_ or not 0 < now < trigger.below <= was:
            return None
        return (-interest.at,)

    def over(self, change: Change, shown: Shown) -> str:
        return "" if change.is_ else SOLD_OUT


KIND: Final = LowStockKind()
