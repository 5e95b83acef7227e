"""`consent`: for the channel and purpose of the message.

Passes: `granted`, with when and from where; `transactional`, which needs none. Refuses, ending the journey:
`no-consent` when none was ever given, `withdrawn` when the last word was a withdrawal, or there was an opt-out by SMS
and nobody since who may opt in again; `not-confirmed` where the shop has `double_opt_in` and a consent to marketing was
given once. Where the shop's `call_consent` is `sms` and nothing was ever said of calls, the word on texts counts for
calls, and the verdict names it (`channel`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from schemas import inbound
from schemas.instants import rfc3339
from triggers.customer import Consent
from triggers.verdicts import Answer, Verdict, constant

TRANSACTIONAL: Final = constant(Verdict(gate="consent", answer=Answer.PASS, reason="transactional"))


def consent(
    consents: Mapping[str, Consent], channel: str, purpose: str, confirming: frozenset[str] | None = None
) -> Verdict:
    """`confirming`: sources that confirm a consent, besides an SMS; None where the shop needs no confirmation."""
    if purpose == "transactional":
        return TRANSACTIONAL
    given = consents.get(f"{channel}/{purpose}")
    if given is None:
        return Verdict(gate="consent", answer=Answer.REFUSE, reason="no-consent", ends_journey=True)
    if given.opted_out:
        return Verdict(
            gate="consent", answer=Answer.REFUSE, reason="withdrawn", ends_journey=True,
            numbers=(("at", rfc3339(given.opted_out_at)), ("source", inbound.SOURCE)),
        )
    numbers: tuple[tuple[str, str], ...] = (("at", rfc3339(given.at)),)
    if given.source is not None:
        numbers += (("source", given.source),)
    if not given.granted:
        return Verdict(gate="consent", answer=Answer.REFUSE, reason="withdrawn", numbers=numbers, ends_journey=True)
    if confirming is not None and not given.confirmed and given.source not in confirming:
        return Verdict(gate="consent", answer=Answer.REFUSE, reason="not-confirmed", numbers=numbers, ends_journey=True)
    return Verdict(gate="consent", answer=Answer.PASS, reason="granted", numbers=numbers)


def to_calls(
    consents: Mapping[str, Consent], purpose: str, word: Literal["own", "sms"], confirming: frozenset[str] | None = None
) -> Verdict:
    """To be called. `word`: whose counts, the one on calls alone, or in its absence the one on texts."""
    if word == "own" or purpose == "transactional" or f"call/{purpose}" in consents:
        return consent(consents, "call", purpose)
    verdict = consent(consents, "sms", purpose, confirming)
    return Verdict(
        gate="consent", answer=verdict.answer, reason=verdict.reason, numbers=(*verdict.numbers, ("channel", "sms")),
        ends_journey=verdict.ends_journey,
    )
