"""`price_dropped`: a product of the customer's interest costs less.

A sync of the feed found its price lower than it was, and it is now lower by so much than what the customer saw, that
the rule asks for: by share, by amount, by both. What was as cheap already before the sync is none, unless this drop
alone is as large: so small steps down are told of once, when together they are enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from pydantic import Field

from schemas.instants import DAY
from triggers.customer import CustomerRow
from triggers.expressions.values import ARITHMETIC
from triggers.journeys import MAX_SHOWN, About, Shown
from triggers.kinds._changes import SOLD_OUT, WAYS, ChangeKind, Rank, Way, ways
from triggers.kinds._pace import Pace
from triggers.kinds._products import Interested
from triggers.kinds._seam import KindWorld, Path, Reading, WrittenKind
from triggers.rules.model import Rule, Shop
from triggers.rules.values import Duration, Percent
from triggers.rules.written_limits import Money
from triggers.walks import Change

NAME: Final = "price_dropped"
DEARER: Final = "dearer"


@dataclass(frozen=True, slots=True)
class PriceDropped:
    """`by` per cent, `by_amount` of the shop's currency, of what the customer saw; `within` microseconds; `pace`
    customers a minute."""

    by: Decimal | None = None
    by_amount: Decimal | None = None
    of: tuple[Way, ...] = WAYS
    within: int = 30 * DAY
    most: int = 3
    pace: int | None = None
    kind: ClassVar[str] = NAME

    def enough(self, before: Decimal, now: Decimal) -> bool:
        """Whether a price went down by as much as is asked for."""
        drop = before - now
        return (
            drop > 0
            and (self.by is None or drop * 100 >= self.by * before)
            and (self.by_amount is None or drop >= self.by_amount)
        )


class WrittenPriceDropped(WrittenKind):
    """A product that the customer looked at, carted or wished for costs less than the customer saw."""

    by: Percent | None = Field(default=None, description="By which share of the price that the customer saw, at least.")
    by_amount: Money | None = Field(default=None, description="By how much, at least, in the shop's currency.")
    of: list[Way] = Field(default=list(WAYS), min_length=1, description="Which: looked at, carted, wished for.")
    within: Duration = Field(default=30 * DAY, description="How long ago, at most, the customer was interested in it.")
    most: int = Field(default=3, ge=1, le=MAX_SHOWN, description="How many products a journey is about.")
    pace: Pace | None = Field(default=None, description="How many customers a minute; left out: all at once.")

    def meant(self, read: Reading) -> PriceDropped:
        return PriceDropped(self.by, self.by_amount, ways(self.of), self.within, self.most, self.pace)


class PriceDroppedKind(ChangeKind):
    """See `triggers.kinds.Kind`."""

    name = NAME
    code = 20
    settings = WrittenPriceDropped
    trigger = PriceDropped
    exits = {
        DEARER: "its products cost again what the customer saw, or more",
        SOLD_OUT: "its products can't be ordered any more",
    }
    default_exits = frozenset({"order_placed", DEARER, SOLD_OUT})

    def finds(self, trigger: PriceDropped, change: Change, interest: Interested) -> Rank | None:
        old, new = change.old, change.new
        if old is None or new is None or new >= old or not change.is_:
            return None
        seen = old if interest.seen is None else interest.seen
        if not trigger.enough(seen, new) or (trigger.enough(seen, old) and not trigger.enough(old, new)):
            return None
        return -ARITHMETIC.divide(seen - new, seen), -interest.at

    def over(self, change: Change, shown: Shown) -> str:
        if not change.is_:
            return SOLD_OUT
        return DEARER if change.new is not None and shown.seen is not None and change.new >= shown.seen else ""

    def example(self, row: CustomerRow, world: KindWorld) -> About:
        """As if the products looked at last had cost more then than now: a fifth off, where they did not."""
        shown = []
        for one in super().example(row, world).products:
            product = world.catalogue.get(row.shop_id, one.product_id)
            now = None if product is None else product.price
            if now is not None and (one.seen is None or one.seen <= now):
                one = Shown(one.product_id, seen=now * 5 / 4)
            shown.append(one)
        return About(tuple(shown))

    def check(self, rule: Rule, shop: Shop) -> Iterable[tuple[Path, str, str | None]]:
        if rule.trigger.by is None and rule.trigger.by_amount is None:
            yield (), "the smallest drop is enough", "say `by: 10%` or `by_amount` if it is to be worth a message"


KIND: Final = PriceDroppedKind()
