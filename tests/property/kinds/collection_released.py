"""`collection_released`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import events, wire
from schemas.instants import HOUR, rfc3339
from tests.property.joining import Asked, Joins
from tests.property.shelf import CATEGORIES, PRODUCTS
from tests.unit.triggers.driving import viewed
from triggers.kinds.collection_released import CollectionReleasedTrigger

SIGNS = (wire.ProductViewed, wire.CategoryViewed, wire.CartItemAdded, wire.CartUpdated, wire.WishlistChanged)


def _may_begin(asked: Asked) -> bool:
    """There was such a release right then, and there were as many signs of a liking, of whatever it was."""
    wanted: CollectionReleasedTrigger = asked.rule.trigger
    at = asked.epoch_at
    released = [when for when, one in asked.told.of(events.CollectionReleased) if one.collection_id == asked.epoch_id]
    if at not in released or (wanted.collections and asked.epoch_id not in wanted.collections):
        return False
    if not at <= asked.began <= at + (HOUR if wanted.pace else 0):
        return False
    then = asked.told.as_of(at)
    signs = sum(
        len(getattr(one, "items", None) or getattr(one, "added", None) or [one])
        for when, one in then.of(*SIGNS) if when > at - wanted.within
    ) + sum(len(what) for when, _, what in then.bought() if when > at - wanted.within)  # fmt: skip
    return signs >= wanted.times


JOINS = Joins(
    triggers=st.builds(
        "collection_released: {{times: {}, within: {}{}}}".format, st.integers(1, 3), st.sampled_from(["6h", "180d"]),
        st.sampled_from(["", ", pace: 100/min", ", collections: [k0, k1, k2, k3]"]),
    ),
    may_begin=_may_begin,
    things=[
        lambda at, n: viewed(at, PRODUCTS[n % 4], category_id=CATEGORIES[n % 3]),
        lambda at, n: events.CollectionReleased(
            event_id=f"m{n}", occurred_at=rfc3339(at), at=at, collection_id=f"k{n // 4}", name="New",
            product_ids=[PRODUCTS[n % 4]], categories=[CATEGORIES[n % 3]],
        ),
    ],
)  # fmt: skip
