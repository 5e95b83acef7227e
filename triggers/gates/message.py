"""`message`: the text can be made without a hole.

Passes: `rendered`, with encoding and segments; `none` when the step has no text. Refuses, skipping the step, with the
template's reason (no-product-to-show, missing-value, product-vanished, too-many-segments ...). The note of a call is a
text as well: nothing is measured of it, as it is sent to no phone, and `numbers` of a refusal say that it was `of` the
note.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from triggers.context import Context
from triggers.messages.message import Message
from triggers.messages.refused import MessageRefused
from triggers.messages.template import MessageTemplate
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.verdicts import Answer, Verdict, constant

_NONE: Final = constant(Verdict(gate="message", answer=Answer.PASS, reason="none"))
_NOTED: Final = constant(Verdict(gate="message", answer=Answer.PASS, reason="rendered"))


def message(
    template: MessageTemplate | None, context: Context, ending: str = "", writing: Writing = AS_IT_IS
) -> tuple[Message | None, Verdict, Message | None]:
    """`ending`: what a text has to say last, how to opt out; `writing`: how it is written. Answered is, too, what is
    left of a text that was refused as it does not fit."""
    if template is None:
        return None, _NONE, None
    try:
        made = template.render(context, writing, ending)
    except MessageRefused as refused:
        numbers = ((("detail", refused.detail),) if refused.detail else ()) + refused.numbers
        verdict = Verdict(gate="message", answer=Answer.REFUSE, reason=refused.reason, numbers=numbers)
        return None, verdict, refused.left
    return made, _rendered(made.encoding, made.segments), None


def given_up(message: Message) -> dict[str, str]:
    """What the text gave up to fit, as the inputs of a decision have it: how many optional parts, how many characters
    are left of each name that was shortened; and how many segments its cheaper letters saved."""
    said = {}
    if message.saved:
        said["written.saved"] = str(message.saved)
    if message.dropped:
        said["fitted.dropped"] = str(message.dropped)
    if message.shortened:
        said["fitted.names"] = ", ".join(map(str, message.shortened))
    return said


def note(template: MessageTemplate, context: Context) -> tuple[Message | None, Verdict]:
    """Of a call: what somebody of the shop reads."""
    try:
        return template.render(context), _NOTED
    except MessageRefused as refused:
        numbers: tuple[tuple[str, str], ...] = (("of", "note"),)
        if refused.detail:
            numbers += (("detail", refused.detail),)
        return None, Verdict(gate="message", answer=Answer.REFUSE, reason=refused.reason, numbers=numbers)


@lru_cache(maxsize=64)
def _rendered(encoding: str, segments: int) -> Verdict:
    numbers = (("encoding", encoding), ("segments", str(segments)))
    return constant(Verdict(gate="message", answer=Answer.PASS, reason="rendered", numbers=numbers))
