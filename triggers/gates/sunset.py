"""`sunset`: who neither orders nor clicks is written to less, and then not at all.

Passes: `off` when the shop has none, `transactional`, `interested`, and `slow` where the slower pace has room. Refuses,
skipping the step: `sunset-slow` until the pace has room again, `sunset` when enough touches went unanswered. It ends
with an order or a click. `numbers`: how many touches went unanswered, since when, and how many of the pace are used.

Counted are the marketing messages since the customer's last order or click, as the row remembers its touches: not those
that were held out, nor those of rules that are transactional by now. What was written at the very instant of an order
counts as before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.customer import Touch
from triggers.rules.clean import Sunset
from triggers.verdicts import Answer, Verdict, constant

OFF: Final = constant(Verdict(gate="sunset", answer=Answer.PASS, reason="off"))
_TRANSACTIONAL: Final = constant(Verdict(gate="sunset", answer=Answer.PASS, reason="transactional"))


def sunset(
    setting: Sunset,
    purpose: str,
    touches: Sequence[Touch],
    uncounted: Collection[str],
    answered_at: int,
    at: int,
) -> Verdict:
    """`answered_at`: the last order or click, 0 for none; `uncounted`: rules whose touches are no marketing."""
    if purpose == "transactional":
        return _TRANSACTIONAL
    unanswered = [
        touch.at
        for touch in touches
        if touch.at > answered_at
        and touch.channel == "sms"
        and not touch.held_out
        and touch.rule not in uncounted
    ]
    count = len(unanswered)
    if count < setting.after:
        return _interested(count)
    numbers: tuple[tuple[str, str], ...] = (("unanswered", str(count)),)
    if answered_at:
        numbers += (("answered_at", rfc3339(answered_at)),)
    if setting.stop_after is not None and count >= setting.stop_after:
        return Verdict(gate="sunset", answer=Answer.REFUSE, reason="sunset", numbers=numbers)
    recent = sum(1 for touched in unanswered if touched > at - setting.window)
    numbers += (("pace", f"{recent} of {setting.limit}"),)
    if recent >= setting.limit:
        return Verdict(gate="sunset", answer=Answer.REFUSE, reason="sunset-slow", numbers=numbers)
    return Verdict(gate="sunset", answer=Answer.PASS, reason="slow", numbers=numbers)


@lru_cache(maxsize=64)
def _interested(count: int) -> Verdict:
    return constant(
        Verdict(gate="sunset", answer=Answer.PASS, reason="interested", numbers=(("unanswered", str(count)),))
    )
