"""`purchased`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import wire
from tests.property.joining import Asked, Joins
from tests.property.shelf import PRODUCTS
from tests.property.told import Told
from tests.unit.triggers.driving import DAY, ordered
from triggers.kinds.purchased import Purchased


def _cancelled(told: Told, order_id: str) -> bool:
    return any(one.order_id == order_id for _, one in told.of(wire.OrderCancelled))


def _may_begin(asked: Asked) -> bool:
    wanted: Purchased = asked.rule.trigger
    told = asked.told
    if not wanted.after:
        orders = [(at, what) for at, order_id, what in told.bought() if order_id == asked.epoch_id]
        if asked.epoch_at not in [at for at, _ in orders] or _cancelled(told, asked.epoch_id):
            return False
        return not wanted.products or any(set(wanted.products) & set(what) for _, what in orders)
    product = asked.epoch_id
    if wanted.products and product not in wanted.products:
        return False
    times = [at for at, _, what in told.bought() if product in what]
    if not times or times[-1] != asked.epoch_at:
        return False
    if wanted.usual and len(times) >= 3:  # by the customer's own interval, a day at least
        return asked.began >= times[-1] + DAY
    return asked.began >= times[-1] + wanted.after


def _again(asked: Asked, told: Told, at: int) -> bool:
    """What the journey was begun by is one of the products that it is about."""
    if not asked.rule.trigger.after:
        return False
    return any(asked.began < when <= at and asked.epoch_id in what for when, _, what in told.bought())


JOINS = Joins(
    triggers=st.one_of(
        st.just("purchased: {}"),
        st.builds("purchased: {{of: {{products: [{}]}}}}".format, st.sampled_from(PRODUCTS)),
        st.builds(
            "purchased: {{replenish: {{after: {}}}}}".format,
            st.sampled_from(["5d", "30d", "interval, without_interval: 12d", "interval"]),
        ),
    ),
    may_begin=_may_begin,
    things=[lambda at, n: ordered(at, f"o{n}", items=[wire.Item(PRODUCTS[n % 2])])],
    over={
        "order_cancelled": lambda asked, told, at: not asked.rule.trigger.after and _cancelled(told, asked.epoch_id),
        "bought_again": _again,
    },
)  # fmt: skip
