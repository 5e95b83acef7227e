"""What a ledger promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from triggers.asks import Ask, LedgerAnswer


class Ledger(Protocol):
    """Who was touched when, shared by all workers: the last gate before a command, and a gate only.

    The record of what was sent to a customer is his row; a ledger may lose everything about him and be made whole by
    what each ask's scopes know. What was sent to a phone or spent on a day no row can tell: there the ledger is the
    record. No method raises because the store behind it is away.

    How it counts. A touch weighs `Scope.weight` in each scope of its ask, and is looked at beside all others of the
    same scope, whichever ask brought them.
    - A rolling limit counts those with `at - window < t <= at`; and where there are later ones, which is only when an
      older chunk is computed again, or clocks differ, those of the stretch of one window's length that holds this touch
      and most of them. What lies before the touch and what lies after it is not added up.
    - A calendar limit counts those with `since <= t < until`.
    Where for every limit of every scope that and its own weight come to no more than the limit, it is granted and
    counted from then on; else it is counted in none. An answer tells what counted before it, `t <= at`; with the later
    ones only where without them nothing would be full. Of a budget, which is one day's, it tells all.

    A customer's row comes first. What it knows of his is what an answer tells, and what it refuses is refused by it
    alone; whatever else is reserved in his slot may only refuse. So a chunk that is computed again after a crash is
    answered as it was, and as if there had been no crash (`streams.ledger.counting.judge_beside_row` says why).

    Asking again. An id that counts already at the very time it is asked for (with no less weight) is granted as
    repeated whatever the limits say, but for what the row says (below), and counted once. Asked for another time it is
    judged anew there; granted, it counts there and no more at the earlier one when that was asked by this same worker
    and not confirmed, for that came to nothing; else, as nobody knows whose commit goes through, anywhere between the
    two until it is confirmed. Refused, what was reserved before stays as it was.

    Against the row. What a ledger that lost its data grants to a worker with an old row, the owner's row may prove
    impossible. So a reservation stands for an ask at that very time only while what the ask's scopes know of other
    touches leaves it room in every stretch of a limit's length that holds it; else it is given back in that slot,
    whoever made it, and judged as if it had never been. What is committed, as the row holds it or it was confirmed,
    stands. An ask that comes again is answered as before: what its row knows was counted beside it the first time, or
    was granted beside it.

    Slot by slot. What is the customer's is asked first, then the phone's (texts among it), then the day's budgets. What
    the earlier ones granted is given back when a later one refuses, unless the touch counted there before. Asks of one
    call are asked of each slot together, in their order: one that was refused because of another, which a later slot
    then refuses, stays refused. So a call may send less than it could, never more.

    Letting go. A customer's reservation lapses unless it is confirmed; that is measured on the ledger's own clock,
    never by `Ask.at`, which on the stream clock may lie years ago. A phone's and a budget's does not, as a worker that
    was killed between commit and confirmation would be counted short for good: it stays until it is released, or too
    old for any limit.
    """

    async def reserve(self, asks: Sequence[Ask]) -> list[LedgerAnswer | None]:
        """One answer an ask, in order; asks of one customer are judged in that order.

        None: the ledger can't tell now. The touch must stay in the outbox and be asked again; it may or may not have
        been reserved, which asking again (same `touch_id`) settles.

        Raises ValueError for scopes that can't be counted exactly: out of order, of two phones or days, a rolling
        budget.
        """
        ...

    async def confirm(self, asks: Sequence[Ask]) -> None:
        """What was granted is committed and counts for good, at its ask's time. Best effort: a customer's row stands
        behind it, and what is a phone's or a budget's counts all the same."""
        ...

    async def release(self, asks: Sequence[Ask]) -> None:
        """What was granted will not be sent (its chunk was dropped). Confirmed touches stay, and so do those that
        another worker asked for. Best effort."""
        ...

    async def forget(self, customers: Sequence[tuple[str, str]]) -> None:
        """These customers, (shop_id, customer_id), are erased: nothing is kept under their names. Best effort: it ends
        by itself when no limit looks so far back."""
        ...

    async def close(self) -> None:
        """Let go of connections. Reservations stay."""
        ...
