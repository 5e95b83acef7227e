"""`back_in_stock`, as the property tests know it."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from hypothesis import strategies as st

from tests.property.joining import Asked, Joins
from tests.property.kinds._changes import LIKED, OPTIONS, news, sold_out, synced
from triggers.walks import Change


def _wanted(asked: Asked, change: Change, seen: list[Decimal]) -> bool:
    return change.is_ and not change.was


JOINS = Joins(
    triggers=st.builds("back_in_stock: {{most: {}{}}}".format, st.integers(1, 3), st.sampled_from(OPTIONS)),
    may_begin=lambda asked: news(asked, partial(_wanted, asked)),
    things=LIKED,
    walks=[synced],
    over={"sold_out": sold_out},
)
