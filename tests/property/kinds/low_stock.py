"""`low_stock`, as the property tests know it."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from hypothesis import strategies as st

from tests.property.joining import Asked, Joins
from tests.property.kinds._changes import LIKED, OPTIONS, news, sold_out, synced
from triggers.kinds.low_stock import LowStock
from triggers.walks import Change


def _wanted(asked: Asked, change: Change, seen: list[Decimal]) -> bool:
    if change.stock is None or change.stock_was is None or not change.is_:
        return False
    wanted: LowStock = asked.rule.trigger
    return 0 < change.stock < wanted.below <= change.stock_was


JOINS = Joins(
    triggers=st.builds(
        "low_stock: {{below: {}{}}}".format, st.sampled_from([2, 5, 20]), st.sampled_from(OPTIONS)
    ),
    may_begin=lambda asked: news(asked, partial(_wanted, asked)),
    things=LIKED,
    walks=[synced],
    over={"sold_out": sold_out},
)
