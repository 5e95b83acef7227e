"""`category_viewed`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import wire
from tests.property.joining import Asked, Joins, Thing
from tests.property.shelf import CATEGORIES
from tests.unit.triggers.driving import event
from triggers.kinds.category_viewed import CategoryViewed

LOOKS = (wire.CategoryViewed, wire.ProductViewed, wire.CartItemAdded)


def _may_begin(asked: Asked) -> bool:
    wanted: CategoryViewed = asked.rule.trigger
    told, category = asked.told, asked.epoch_id
    looks = [at for at, one in told.of(*LOOKS) if one.category_id == category]
    if not looks or looks[-1] != asked.epoch_at or asked.began < looks[-1] + wanted.idle:
        return False
    if any(at >= looks[-1] for at, _ in told.of(wire.OrderPlaced)) or (
        wanted.categories and category not in wanted.categories
    ):
        return False
    return sum(looks[-1] - at < wanted.within for at in looks) >= wanted.times


def _looked(category: str) -> Thing:
    return lambda at, n: event(wire.CategoryViewed, at, category_id=category)


JOINS = Joins(
    triggers=st.builds(
        "category_viewed: {{idle: {}, times: {}, within: {}{}}}".format,
        st.sampled_from(["30m", "4h", "2d"]), st.integers(1, 3), st.sampled_from(["6h", "7d"]),
        st.sampled_from(["", ", categories: [kettles, cups]"]),
    ),
    may_begin=_may_begin,
    things=[_looked(category) for category in CATEGORIES[:2]],
)  # fmt: skip
