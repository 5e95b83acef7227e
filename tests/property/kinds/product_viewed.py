"""`product_viewed`, as the property tests know it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from schemas import wire
from tests.property.joining import Asked, Joins, Thing
from tests.property.shelf import PRODUCTS
from tests.property.told import Told
from tests.unit.triggers.driving import viewed


def _may_begin(asked: Asked) -> bool:
    wanted, told, product = asked.rule.trigger, asked.told, asked.epoch_id
    views = [at for at, one in told.of(wire.ProductViewed) if one.product_id == product]
    if not views or views[-1] != asked.epoch_at or asked.began < views[-1] + wanted.idle:
        return False
    if sum(views[-1] - at < wanted.within for at in views) < wanted.times or product in told.cart:
        return False
    return not any(at >= views[-1] and product in what for at, _, what in told.bought())


def _carted(asked: Asked, told: Told, at: int) -> bool:
    """Of rules that are about one product at a time it is known which."""
    put = [when for when, one, _, after in told.carts() if asked.epoch_id in after and when > asked.began]
    return asked.rule.trigger.most == 1 and asked.epoch_id in told.cart and bool(put)


def _viewed(product: str) -> Thing:
    return lambda at, n: viewed(at, product, price=Decimal(n))


JOINS = Joins(
    triggers=st.builds(
        "product_viewed: {{idle: {}, times: {}, within: {}, most: {}}}".format,
        st.sampled_from(["30m", "1h", "2d"]), st.integers(1, 3), st.sampled_from(["6h", "7d"]), st.integers(1, 3),
    ),
    may_begin=_may_begin,
    things=[_viewed(product) for product in PRODUCTS[:2]],
    over={"carted": _carted},
)  # fmt: skip
