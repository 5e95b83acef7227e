"""`checkout_abandoned`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import wire
from tests.property.joining import Joins
from tests.property.kinds._carts import IDLES, checkout_open, emptied, quiet
from tests.property.shelf import PRODUCTS
from tests.unit.triggers.driving import added, event

JOINS = Joins(
    triggers=st.builds(
        "checkout_abandoned: {{idle: {}, reenter: {}}}".format,
        st.sampled_from(IDLES), st.sampled_from(["per_cart", "each_spell"]),
    ),
    may_begin=lambda asked: quiet(asked) and checkout_open(asked.told),
    things=[lambda at, n: added(at, PRODUCTS[n % 4]), lambda at, n: event(wire.CheckoutStarted, at)],
    over={"cart_emptied": emptied},
)  # fmt: skip
