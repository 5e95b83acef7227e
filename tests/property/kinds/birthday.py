"""`birthday`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.joining import Joins
from tests.property.kinds._days import on_its_day
from tests.unit.triggers.driving import profile

JOINS = Joins(
    triggers=st.builds(
        "birthday: {{before: {}, at: '{}'}}".format, st.sampled_from(["0d", "3d", "40d"]),
        st.sampled_from(["00:00", "10:00", "23:30"]),
    ),
    may_begin=lambda asked: on_its_day(asked, asked.told.field("birthday")),
    things=[lambda at, n: profile(at, birthday=("1990-12-01", "1988-02-29", "2001-01-03", None)[n % 4])],
)  # fmt: skip
