"""`suppression`: phones that must not be written to, from the store that the shell keeps.

Passes: `not-suppressed`; `no-phone` when there is none to look up. Refuses, ending the journey, with the store's reason
(opted_out, unknown_subscriber, blocked ...).
"""

from __future__ import annotations

from typing import Final, Protocol

from triggers.verdicts import Answer, Verdict, constant

_NO_PHONE: Final = constant(Verdict(gate="suppression", answer=Answer.PASS, reason="no-phone"))
_NOT_SUPPRESSED: Final = constant(Verdict(gate="suppression", answer=Answer.PASS, reason="not-suppressed"))


class Suppressions(Protocol):
    """A look-up that answers from memory. `phone` is E.164; the store hashes it. None: not suppressed at `at`."""

    def reason(self, shop_id: str, phone: str, at: int) -> str | None: ...


class NoSuppressions:
    """Nobody is suppressed."""

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        return None


def suppression(store: Suppressions, shop_id: str, phone: str | None, at: int) -> Verdict:
    if phone is None:
        return _NO_PHONE
    reason = store.reason(shop_id, phone, at)
    if reason is None:
        return _NOT_SUPPRESSED
    return Verdict(gate="suppression", answer=Answer.REFUSE, reason=reason, ends_journey=True)
