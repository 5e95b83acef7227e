"""What a customer allows and forbids."""

from __future__ import annotations

import msgspec


class Consent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The last word, and of an opt-out by SMS, of what ends one (START, or a source that the shop lists), of a
    withdrawal and of what confirms a consent (likewise) when each was last said; 0: never. All of them take the newest,
    so that they may come in any order."""

    granted: bool
    at: int
    source: str | None = None
    opted_out_at: int = 0
    opted_in_at: int = 0
    withdrawn_at: int = 0
    confirmed_at: int = 0

    @property
    def opted_out(self) -> bool:
        """By SMS, and nothing since that opts in again: whatever else is granted, it is not believed."""
        return self.opted_out_at > 0 and self.opted_out_at >= self.opted_in_at

    @property
    def holds(self) -> bool:
        """Whether it allows messages."""
        return self.granted and not self.opted_out

    @property
    def confirmed(self) -> bool:
        """Granted from a source that confirms, and not withdrawn since."""
        return self.confirmed_at > self.withdrawn_at

    def newer(self, at: int) -> Consent:
        """Without what was said up to this instant but the last word."""
        out, back, gone, sure = self.opted_out_at, self.opted_in_at, self.withdrawn_at, self.confirmed_at
        return msgspec.structs.replace(
            self, opted_out_at=out if out > at else 0, opted_in_at=back if back > at else 0,
            withdrawn_at=gone if gone > at else 0, confirmed_at=sure if sure > at else 0,
        )
