"""`stale`: a touch that can only be emitted long after it was planned (its due time, or the wake of a delay).

Passes: `fresh`. Refuses, skipping the step: `stale`, when more than the rule's `stale_after` has gone by.
"""

from __future__ import annotations

from typing import Final

from triggers.verdicts import Answer, Verdict, constant

FRESH: Final = constant(Verdict(gate="stale", answer=Answer.PASS, reason="fresh"))


def stale(wall: int, planned: int, stale_after: int) -> Verdict:
    late = wall - planned
    if late <= stale_after:
        return FRESH
    numbers = (("late_seconds", str(late // 1_000_000)), ("stale_after_seconds", str(stale_after // 1_000_000)))
    return Verdict(gate="stale", answer=Answer.REFUSE, reason="stale", numbers=numbers)
