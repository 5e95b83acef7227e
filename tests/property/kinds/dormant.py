"""`dormant`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import wire
from schemas.instants import parse_rfc3339
from tests.property.joining import Asked, Joins
from tests.property.told import VISITS, Told
from triggers.kinds.dormant import Dormant

TABLES = [
    "30d",
    "[{name: once, when: orders.count == 1, after: 20d}, {name: few, when: orders.count <= 2, after: 35d}, "
    "{name: more, after: 45d}]",
]


def _base(told: Told, since: str) -> int:
    kinds = {"order": (wire.OrderPlaced,), "visit": VISITS, "any": (wire.OrderPlaced, *VISITS)}[since]
    moved = [at for at, _ in told.of(*kinds)]
    if since == "any" and (registered := told.field("registered_at")):
        moved.append(parse_rfc3339(registered))
    return max(moved, default=0)


def _may_begin(asked: Asked) -> bool:
    wanted: Dormant = asked.rule.trigger
    base = _base(asked.told, wanted.since)
    if not base or base != asked.epoch_at:
        return False
    count = asked.told.orders
    for line in wanted.after:  # the first that holds is the customer's
        source = "" if line.when is None else line.when.source
        if {"": True, "orders.count == 1": count == 1, "orders.count <= 2": count <= 2}.get(source, count <= 3):
            return asked.began == base + line.after.plus
    return False


JOINS = Joins(
    triggers=st.builds(
        "dormant: {{since: {}, after: {}}}".format,
        st.sampled_from(["order", "visit", "any"]), st.sampled_from(TABLES),
    ),
    may_begin=_may_begin,
    over={"visited": lambda asked, told, at: bool(told.between(asked.began, at, *VISITS))},
)  # fmt: skip
