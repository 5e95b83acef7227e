"""`dedupe`: a command goes out once, and a text not twice to one phone within the shop's `dedupe: {text: ...}`,
whoever's phone it is.

Passes: `once`. The ledger counts a touch once however often it is asked for it, and whether it was asked before (a
crash in between) is no part of the decision: that must be the same after a replay. Refuses, skipping the step:
`same-text`. `not_asked` when a pure gate has already decided.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from triggers.rules.quantities import show_duration
from triggers.verdicts import Answer, Verdict, constant

NOT_ASKED: Final = constant(Verdict(gate="dedupe", answer=Answer.NOT_ASKED, reason="decided-before"))
ONCE: Final = constant(Verdict(gate="dedupe", answer=Answer.PASS, reason="once"))


@lru_cache(maxsize=64)
def once(within: int, count: int) -> Verdict:
    return constant(Verdict(gate="dedupe", answer=Answer.PASS, reason="once", numbers=_numbers(within, count)))


@lru_cache(maxsize=64)
def same_text(within: int, count: int) -> Verdict:
    return constant(Verdict(gate="dedupe", answer=Answer.REFUSE, reason="same-text", numbers=_numbers(within, count)))


def _numbers(within: int, count: int) -> tuple[tuple[str, str], ...]:
    return ((f"text per {show_duration(within)}", f"{count} of 1"),)
