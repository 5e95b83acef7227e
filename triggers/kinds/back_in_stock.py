"""`back_in_stock`: a product of the customer's interest can be ordered again.

A sync of the feed found it available, and not of stock 0, which it was not as of the sync before. What is new in the
feed, or has come back into it, was not known before: that is none.
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

NAME: Final = "back_in_stock"


@dataclass(frozen=True, slots=True)
class BackInStock:
    """`within` microseconds; `pace` customers a minute."""

    of: tuple[Way, ...] = WAYS
    within: int = 30 * DAY
    most: int = 3
    pace: int | None = None
    kind: ClassVar[str] = NAME


class WrittenBackInStock(WrittenKind):
    """A product that the customer looked at, carted or wished for can be ordered again."""

    of: list[Way] = Field(default=list(WAYS), min_length=1, description="Which: looked at, carted, wished for.")
    within: Duration = Field(default=30 * DAY, description="How long ago, at most, the customer was interested in it.")
    most: int = Field(default=3, ge=1, le=MAX_SHOWN, description="How many products a journey is about.")
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> BackInStock:
        return BackInStock(ways(self.of), self.within, self.most, self.pace)


class BackInStockKind(ChangeKind):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 21
    settings = WrittenBackInStock
    trigger = BackInStock
    exits = {SOLD_OUT: "its products can't be ordered any more"}
    default_exits = frozenset({"order_placed", SOLD_OUT})

    def finds(self, trigger: BackInStock, change: Change, interest: Interested) -> Rank | None:
        return (-interest.at,) if change.is_ and not change.was else None

    def over(self, change: Change, shown: Shown) -> str:
        return "" if change.is_ else SOLD_OUT


KIND: Final = BackInStockKind()
