"""`cap`: no more touches than the shop's `caps` allow, as the ledger counts them.

Passes: `off` when the shop has none that concern the touch, `free`. When one is full, `cap-full`: refuses, skipping the
step, or delays until there is room where the cap says `on_full: delay`. `numbers` give for each cap how many touches
it held before this one, as far as the ledger was asked. `not_asked` when a pure gate has already decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from triggers.rules.model import Cap
from triggers.rules.remembered import show_per
from triggers.verdicts import Answer, Verdict, constant

NOT_ASKED: Final = constant(Verdict(gate="cap", answer=Answer.NOT_ASKED, reason="decided-before"))
OFF: Final = constant(Verdict(gate="cap", answer=Answer.PASS, reason="off"))

Counted = tuple[str, Cap]
"""What is counted together, as the decision says it ("" for all touches of the customer), and the cap on it."""


def label(counted: Counted) -> str:
    what, cap = counted
    return f"{what} per {show_per(cap)}" if what else f"per {show_per(cap)}"


@lru_cache(maxsize=4096)
def free(caps: tuple[Counted, ...], counts: tuple[int, ...]) -> Verdict:
    return constant(Verdict(gate="cap", answer=Answer.PASS, reason="free", numbers=_numbers(caps, counts)))


def full(caps: Sequence[Counted], counts: Sequence[int], until: int) -> Verdict:
    """`until`: when there is room again, for a cap that delays; 0 to refuse."""
    numbers = _numbers(caps, counts)
    if until:
        return Verdict(gate="cap", answer=Answer.DELAY, reason="cap-full", until=until, numbers=numbers)
    return Verdict(gate="cap", answer=Answer.REFUSE, reason="cap-full", numbers=numbers)


def _numbers(caps: Sequence[Counted], counts: Sequence[int]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (label(counted), f"{count} of {counted[1].limit}") for counted, count in zip(caps, counts, strict=False)
    )
