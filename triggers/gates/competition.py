"""`competition`: of a customer's touches whose times lie nearer than the shop's `compete` one goes out. Nothing waits.

The first that is due looks ahead over what is already in the row within that time and whose conditions hold now:
touches of journeys, and journeys that are about to begin. The best wins, by the rule's `priority`, the stage of its
funnel (how near to an order its trigger is), its time, its id. The others lose when they are due, and so does what
falls due later, near a touch that has gone out (or was held out).

Passes: `off`; `transactional`, which neither competes nor counts; `alone`; `won`, with how many contended. Refuses,
skipping the step: `lost` to one that is better, `taken` by one that has gone out; `numbers` name the winner.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from schemas.instants import rfc3339
from triggers.verdicts import Answer, Verdict, constant

OFF: Final = constant(Verdict(gate="competition", answer=Answer.PASS, reason="off"))
TRANSACTIONAL: Final = constant(Verdict(gate="competition", answer=Answer.PASS, reason="transactional"))
ALONE: Final = constant(Verdict(gate="competition", answer=Answer.PASS, reason="alone"))


@lru_cache(maxsize=32)
def won(contenders: int) -> Verdict:
    numbers = (("contenders", str(contenders)),)
    return constant(Verdict(gate="competition", answer=Answer.PASS, reason="won", numbers=numbers))


def lost(rule: str, step: str, at: int, priority: int) -> Verdict:
    numbers = (("winner", rule), ("step", step), ("due_at", rfc3339(at)), ("priority", str(priority)))
    return Verdict(gate="competition", answer=Answer.REFUSE, reason="lost", numbers=numbers)


def taken(rule: str, step: str, at: int) -> Verdict:
    numbers = (("winner", rule), ("step", step), ("due_at", rfc3339(at)))
    return Verdict(gate="competition", answer=Answer.REFUSE, reason="taken", numbers=numbers)
