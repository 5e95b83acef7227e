"""What a ledger promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from triggers.asks import Ask, LedgerAnswer


class Ledger(Protocol):
    """Who was touched when, shared by all workers: the last gate before a command, and a gate only.

    The record of what was sent is the customer row; a ledger may lose everything and be made whole by the touches that
    each `Ask` brings along. No method raises because the store behind it is away.

    How it counts. Of the customer's other touches, cap `c` counts those nearer than its window: `at - window < t <
    at + window`. (Later ones exist only when an older chunk is computed again; then no stretch of one window's length
    that holds this touch holds more than the limit.) Below every limit the touch is granted and counted from then on.
    An answer tells the counts of those before it, `t <= at`, as they were the first time; with the later ones only
    where without them no cap would be full.
    An id that is counted already at that time or later is granted as repeated whatever the caps say, and counted once.
    Asked for a later time than it counts at, it is judged anew there (its reservation was another worker's, whose
    commit failed, and others may have filled the window since); granted as repeated, it counts there from then on;
    refused, what was reserved at the earlier time counts there until it lapses.

    A reservation lapses unless it is confirmed; that is measured on the ledger's own clock, never by `Ask.at`, which
    on the stream clock may lie years ago.
    """

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """One answer an ask, in order; asks of one customer are judged in that order.

        None: the ledger can't tell now. The touch must stay in the outbox and be asked again; it may or may not have
        been reserved, which asking again (same `touch_id`) settles.
        """
        ...

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """What was granted is committed and counts for good. Best effort: the row's touches stand behind it."""
        ...

    async def release(self, asks: Sequence[Ask]) -> None:
        """What was granted will not be sent (its chunk was dropped). Confirmed touches stay. Best effort: it lapses."""
        ...

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """These customers, (shop, customer), were erased: nothing is kept of them. Best effort: it ends by itself."""
        ...

    async def close(self) -> None:
        """Let go of connections. Reservations stay."""
        ...
