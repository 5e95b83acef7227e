"""`trigger`: what the trigger asks of a touch besides its time, such as a cart that is quiet again.

Passes: `ready`. Delays: `not-quiet` until the trigger's condition can hold. Refuses nothing.
"""

from __future__ import annotations

from typing import Final

from triggers.verdicts import Answer, Verdict, constant

_READY: Final = constant(Verdict(gate="trigger", answer=Answer.PASS, reason="ready"))


def ready(at: int, ready_at: int) -> Verdict:
    if ready_at <= at:
        return _READY
    return Verdict(gate="trigger", answer=Answer.DELAY, reason="not-quiet", until=ready_at)
