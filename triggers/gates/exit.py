"""`exit`: the journey must still run.

Passes: `running`. Refuses, ending the journey, with what ended it: order_placed, cart_emptied, cart_changed,
consent_withdrawn, erased, merged; `rule-withdrawn` when no rule of that name is in force, `step-withdrawn` when the
rule has that step no more.
"""

from __future__ import annotations

from typing import Final

from schemas.instants import rfc3339
from triggers.verdicts import Answer, Verdict, constant

RUNNING: Final = constant(Verdict(gate="exit", answer=Answer.PASS, reason="running"))


def running(ended_at: int, why: str) -> Verdict:
    """`ended_at`: 0 while the journey runs."""
    if not ended_at:
        return RUNNING
    return Verdict(
        gate="exit", answer=Answer.REFUSE, reason=why, numbers=(("ended_at", rfc3339(ended_at)),), ends_journey=True
    )


def withdrawn(reason: str) -> Verdict:
    return Verdict(gate="exit", answer=Answer.REFUSE, reason=reason, ends_journey=True)
