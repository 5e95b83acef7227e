"""`ended`: what the journey is about, a sale, is still on.

Passes: `no-end`, where it has none; `on`, with its end. Refuses: `sale-over`, at its end and after it, also where that
came early, which ends the journey; `too-near-the-end`, a step that was to come so long before the end (`before_end`)
that the one before it was not due by then, which skips the step.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.verdicts import Answer, Verdict, constant

NO_END: Final = constant(Verdict(gate="ended", answer=Answer.PASS, reason="no-end"))


def ended(ends_at: int, wall: int, due: int = 0, before_end: int | None = None) -> Verdict:
    """`ends_at`: 0 where there is no end. `due`: for when the step is planned, `before_end` so long before the end, at
    the earliest."""
    if not ends_at:
        return NO_END
    if wall >= ends_at:
        return _said(Answer.REFUSE, "sale-over", ends_at)
    if before_end is not None and due > ends_at - before_end:
        return _said(Answer.REFUSE, "too-near-the-end", ends_at)
    return _said(Answer.PASS, "on", ends_at)


@lru_cache(maxsize=64)
def _said(answer: Answer, reason: str, ends_at: int) -> Verdict:
    over = reason == "sale-over"
    return constant(Verdict(
        gate="ended", answer=answer, reason=reason, numbers=(("ends", rfc3339(ends_at)),), ends_journey=over
    ))
