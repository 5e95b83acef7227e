"""`dedupe` and `cap`: what the ledger answered, as verdicts.

`dedupe` passes: `once`. The ledger counts a touch once however often it is asked for it, and whether it was asked
before (a crash in between) is no part of the decision: that must be the same after a replay.
`cap` passes: `off` when the shop has none, `free`. Refuses, skipping the step: `cap-full`. `numbers` give for each cap
how many touches its window held before this one. Both are `not_asked` when a pure gate has already decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from triggers.rules.model import Cap
from triggers.verdicts import Answer, Verdict, constant

_SECOND = 1_000_000
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))

NOT_ASKED = (
    constant(Verdict(gate="dedupe", answer=Answer.NOT_ASKED, reason="decided-before")),
    constant(Verdict(gate="cap", answer=Answer.NOT_ASKED, reason="decided-before")),
)


_ONCE = constant(Verdict(gate="dedupe", answer=Answer.PASS, reason="once"))
_ONCE_NO_CAP = (_ONCE, constant(Verdict(gate="cap", answer=Answer.PASS, reason="off")))


def granted(caps: Sequence[Cap], counts: Sequence[int]) -> tuple[Verdict, Verdict]:
    if not caps:
        return _ONCE_NO_CAP
    return _ONCE, _free(tuple(caps), tuple(counts))


@lru_cache(maxsize=1024)
def _free(caps: tuple[Cap, ...], counts: tuple[int, ...]) -> Verdict:
    return constant(Verdict(gate="cap", answer=Answer.PASS, reason="free", numbers=_numbers(caps, counts)))


def full(caps: Sequence[Cap], counts: Sequence[int]) -> tuple[Verdict, Verdict]:
    return (
        _ONCE,
        Verdict(gate="cap", answer=Answer.REFUSE, reason="cap-full", numbers=_numbers(caps, counts)),
    )


def _numbers(caps: Sequence[Cap], counts: Sequence[int]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"per {_duration(cap.window)}", f"{count} of {cap.limit}") for cap, count in zip(caps, counts, strict=False)
    )


def _duration(micros: int) -> str:
    seconds = micros // _SECOND
    for size, unit in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
