"""`segment_left`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.joining import Joins
from tests.property.kinds._members import CONDITIONS, came
from tests.unit.triggers.driving import ordered, profile

JOINS = Joins(
    triggers=st.sampled_from(sorted({*CONDITIONS} - {"loyal"})).map("segment_left: {{audience: {}}}".format),
    things=[lambda at, n: ordered(at, f"o{n}"), lambda at, n: profile(at, city=("Kazan", "Omsk")[n % 2])],
    may_begin=lambda asked: came(asked) is False,
)
