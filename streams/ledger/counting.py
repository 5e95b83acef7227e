"""The arithmetic of caps, and what of a customer's past must be kept for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from triggers.asks import Ask, Full, Granted, LedgerAnswer

DAY: Final = 86_400_000_000
KEEP: Final = 31 * DAY
"""Touches stay at least this long, so that a rule with short windows doesn't forget what one with long ones needs."""


def judge(touches: Mapping[str, int], ask: Ask) -> LedgerAnswer:
    """The answer to an ask, given all touches of its customer that count (its own among them, if it was counted).

    Those before it are looked at first, and are what an answer tells: an ask that comes again after a crash, when later
    touches have been reserved already, is answered with the numbers of the first time. One that comes again for a later
    time than it counts at is judged anew: others may have filled the window that it moves to.
    """
    others = [at for touch_id, at in touches.items() if touch_id != ask.touch_id]
    caps = ask.scopes[0].limits
    before = tuple(sum(ask.at - cap.window < at <= ask.at for at in others) for cap in caps)
    counted = touches.get(ask.touch_id)
    if counted is not None and counted >= ask.at:
        return Granted(True, before)
    around = tuple(sum(ask.at - cap.window < at < ask.at + cap.window for at in others) for cap in caps)
    for counts in (before, around):
        for index, cap in enumerate(caps):
            if counts[index] >= cap.limit:
                return Full(0, index, counts)
    return Granted(counted is not None, before)


def kept_for(ask: Ask) -> int:
    """How long (microseconds before `ask.at`) touches of this customer still matter."""
    return max([KEEP, *(cap.window for cap in ask.scopes[0].limits)])
