"""`profile_date`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.property.joining import Asked, Joins
from tests.property.kinds._days import on_its_day
from tests.unit.triggers.driving import profile


def _may_begin(asked: Asked) -> bool:
    wanted = asked.rule.trigger
    return on_its_day(asked, asked.told.day(wanted.field), wanted.yearly)


JOINS = Joins(
    triggers=st.builds(
        "profile_date: {{field: {}, before: {}, yearly: {}}}".format, st.sampled_from(["anniversary", "warranty"]),
        st.sampled_from(["0d", "7d"]), st.sampled_from(["true", "false"]),
    ),
    may_begin=_may_begin,
    things=[
        lambda at, n: profile(at, dates={"anniversary": f"2015-{n % 12 + 1:02d}-15"}),
        lambda at, n: profile(at, dates={"warranty": ("2026-12-20", "2027-01-10", None)[n % 3]}),
    ],
)  # fmt: skip
