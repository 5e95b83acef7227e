"""`incentive`: what the touch offers still lasts when it is made, is there to be offered, and the shop can afford it.

Passes: `none` without an incentive, `lasting`, with its end where it has one, and with what it costs where the shop has
economics; `above-limit` where it costs more than these allow and the rule says why it may. Refuses, skipping the step:
`expired`, when its end has gone by: an offer that is over is not announced; `no-balance`, a reminder of points to who
has none; `too-dear`, when it costs more than may be given.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.offering import Offered
from triggers.rules.economics import plain
from triggers.verdicts import Answer, Verdict, constant

NONE: Final = constant(Verdict(gate="incentive", answer=Answer.PASS, reason="none"))


def incentive(offered: Offered | None, wall: int) -> Verdict:
    if offered is None:
        return NONE
    one, ends, worth = offered
    numbers: tuple[tuple[str, str], ...] = (("ends", rfc3339(ends)),) if ends else ()
    if worth is not None:
        if worth.cost is not None:
            numbers += (("costs", plain(worth.cost)),)
        numbers += (("limit", plain(worth.limit)), ("cheque", plain(worth.cheque)))
    if ends and ends <= wall:
        return _said(Answer.REFUSE, "expired", numbers)
    if one.kind == "balance" and (one.amount is None or one.amount <= 0):
        return _said(Answer.REFUSE, "no-balance", numbers)
    if worth is not None and (worth.cost is None or worth.cost > worth.limit):
        if one.because and worth.cost is not None:
            return _said(Answer.PASS, "above-limit", numbers)
        return _said(Answer.REFUSE, "too-dear", numbers)
    return _said(Answer.PASS, "lasting", numbers)


@lru_cache(maxsize=1024)
def _said(answer: Answer, reason: str, numbers: tuple[tuple[str, str], ...]) -> Verdict:
    return constant(Verdict(gate="incentive", answer=answer, reason=reason, numbers=numbers))
