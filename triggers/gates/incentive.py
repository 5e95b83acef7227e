"""`incentive`: what the touch offers still lasts when it is made.

Passes: `none` without an incentive, `lasting`, with its end where it has one. Refuses, skipping the step: `expired`,
when its `until` has gone by: an offer that is over is not announced.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.rules.model import Incentive
from triggers.verdicts import Answer, Verdict, constant

NONE: Final = constant(Verdict(gate="incentive", answer=Answer.PASS, reason="none"))
_LASTING: Final = constant(Verdict(gate="incentive", answer=Answer.PASS, reason="lasting"))


def incentive(offered: Incentive | None, ends: int, wall: int) -> Verdict:
    """`ends`: the first instant at which it is over, 0 for none."""
    if offered is None:
        return NONE
    if not ends:
        return _LASTING
    return _until(ends, ends <= wall)


@lru_cache(maxsize=1024)
def _until(ends: int, over: bool) -> Verdict:
    numbers = (("ends", rfc3339(ends)),)
    if over:
        return constant(Verdict(gate="incentive", answer=Answer.REFUSE, reason="expired", numbers=numbers))
    return constant(Verdict(gate="incentive", answer=Answer.PASS, reason="lasting", numbers=numbers))
