"""`cart_abandoned`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.joining import Joins
from tests.property.kinds._carts import IDLES, emptied, quiet
from tests.property.shelf import PRODUCTS
from tests.unit.triggers.driving import added

JOINS = Joins(
    triggers=st.builds(
        "cart_abandoned: {{idle: {}, reenter: {}}}".format,
        st.sampled_from(IDLES), st.sampled_from(["per_cart", "each_spell"]),
    ),
    may_begin=quiet,
    things=[lambda at, n: added(at, PRODUCTS[n % 4])],
    over={"cart_emptied": emptied},
)  # fmt: skip
