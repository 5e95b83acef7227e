"""`registered`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas.instants import MINUTE, parse_rfc3339, rfc3339
from tests.property.joining import Asked, Joins
from tests.unit.triggers.driving import profile
from triggers.kinds.registered import Registered


def _may_begin(asked: Asked) -> bool:
    wanted: Registered = asked.rule.trigger
    said = asked.told.field("registered_at")
    if said is None or parse_rfc3339(said) != asked.epoch_at:
        return False
    return asked.epoch_at <= asked.began <= asked.epoch_at + wanted.within


JOINS = Joins(
    triggers=st.builds("registered: {{within: {}}}".format, st.sampled_from(["30m", "2d"])),
    may_begin=_may_begin,
    things=[lambda at, n: profile(at, registered_at=rfc3339(at - (n % 5) * 20 * MINUTE))],
)
