"""`price_dropped`, as the property tests know it."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from hypothesis import strategies as st

from tests.property.joining import Asked, Joins
from tests.property.kinds._changes import LIKED, OPTIONS, news, sold_out, synced
from triggers.walks import Change


def _wanted(asked: Asked, change: Change, seen: list[Decimal]) -> bool:
    """Cheaper than before, and by enough cheaper than one of the prices that they saw."""
    old, new, trigger = change.old, change.new, asked.rule.trigger
    if old is None or new is None or new >= old or not change.is_:
        return False
    drops = [(price - new, price) for price in seen or [old]]
    return any(
        drop > 0 and drop / price * 100 >= (trigger.by or 0) and drop >= (trigger.by_amount or 0)
        for drop, price in drops
    )


JOINS = Joins(
    triggers=st.builds(
        "price_dropped: {{most: {}{}{}}}".format, st.integers(1, 3),
        st.sampled_from(["", ", by: 10%", ", by: 5%, by_amount: 100"]), st.sampled_from(OPTIONS),
    ),
    may_begin=lambda asked: news(asked, partial(_wanted, asked)),
    things=LIKED,
    walks=[synced],
    over={"sold_out": sold_out},
)
