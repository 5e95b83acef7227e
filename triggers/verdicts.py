"""A gate's answer with its reason, as data."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Answer(StrEnum):
    PASS = "pass"
    DELAY = "delay"
    REFUSE = "refuse"
    NOT_ASKED = "not_asked"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate said of one proposal.

    `reason` is a stable kebab-case word of the gate's own documentation; `until` (microseconds since the epoch) only
    with DELAY; `numbers` are the figures behind it, strings as they are shown (never a phone, never a text).
    `ends_journey` tells a refusal that ends the journey from one that skips the step (SEMANTICS: a touch is judged
    as one).
    """

    gate: str
    answer: Answer
    reason: str
    until: int | None = None
    numbers: tuple[tuple[str, str], ...] = ()
    ends_journey: bool = False
