"""`audience` (of the rule) and `when` (of the step): three-valued conditions; one that is unknown counts as false.

Passes: `holds`. Refuses: `not-in-audience` (ends the journey) and `condition-false` (skips the step); `unknown` in
either place when a value was missing, which one says `missing`. `numbers` show every comparison and what it came to.
"""

from __future__ import annotations

from triggers.context import Context
from triggers.expressions import Expression, Part, Scope
from triggers.messages.refused import MessageRefused
from triggers.verdicts import Answer, Verdict


def audience(condition: Expression, context: Context) -> Verdict:
    return _judge("audience", "not-in-audience", condition, context, ends_journey=True)


def holds(condition: Expression, scope: Scope) -> bool:
    """Whether `audience` would pass, in a scope of `triggers.expressions.unexplained`."""
    try:
        return condition.holds_in(scope)
    except MessageRefused:
        return False


def when(condition: Expression, context: Context) -> Verdict:
    return _judge("when", "condition-false", condition, context, ends_journey=False)


def _judge(gate: str, false: str, condition: Expression, context: Context, *, ends_journey: bool) -> Verdict:
    try:
        truth = condition.judge(context)
    except MessageRefused as refused:
        return Verdict(
            gate=gate, answer=Answer.REFUSE, reason=refused.reason, numbers=(("detail", refused.detail),),
            ends_journey=ends_journey,
        )
    shown = tuple((part.source, _shown(part)) for part in truth.parts)
    if truth.more:
        shown = (*shown, ("…", f"{truth.more} more"))
    if truth.value is True:
        return Verdict(gate=gate, answer=Answer.PASS, reason="holds", numbers=shown)
    if truth.missing:
        shown = (*shown, ("missing", ", ".join(truth.missing)))
    reason = false if truth.value is False else "unknown"
    return Verdict(gate=gate, answer=Answer.REFUSE, reason=reason, numbers=shown, ends_journey=ends_journey)


def _shown(part: Part) -> str:
    return f"{_word(part.value)} ({part.shown})" if part.shown else _word(part.value)


def _word(value: bool | None) -> str:
    return "unknown" if value is None else "true" if value else "false"
