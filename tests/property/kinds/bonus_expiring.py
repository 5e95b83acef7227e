"""`bonus_expiring`, as the property tests know it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from schemas import wire
from schemas.instants import parse_rfc3339, rfc3339
from tests.property.joining import Asked, Joins
from tests.property.told import Told
from tests.unit.triggers.driving import DAY, event
from triggers.kinds.bonus_expiring import BonusExpiring


def _now(told: Told) -> tuple[Decimal, int]:
    """The balance, and when it lapses."""
    said = told.of(wire.BonusBalanceChanged)
    if not said:
        return Decimal(0), 0
    one = said[-1][1]
    return one.balance, 0 if one.expires_at is None else parse_rfc3339(one.expires_at)


def _may_begin(asked: Asked) -> bool:
    wanted: BonusExpiring = asked.rule.trigger
    balance, ends = _now(asked.told)
    return balance >= wanted.at_least and ends - wanted.before <= asked.began < ends


def _gone(asked: Asked, told: Told, at: int) -> bool:
    balance, ends = _now(told)
    return balance < asked.rule.trigger.at_least or ends != _now(asked.told)[1]


JOINS = Joins(
    triggers=st.builds(
        "bonus_expiring: {{before: {}, at_least: {}}}".format, st.sampled_from(["1d", "7d", "20d"]),
        st.sampled_from([1, 200]),
    ),
    may_begin=_may_begin,
    things=[lambda at, n: event(
        wire.BonusBalanceChanged, at, balance=Decimal(50 * (n % 9)),
        expires_at=None if n % 4 == 3 else rfc3339(at + 9 * DAY),
    )],
    over={"points_gone": _gone},
)  # fmt: skip
