"""The changed set of a feed's sync, collected snapshot by snapshot until the sync says that it is over.

Of each product what it was before the set and what it is after it, so that a sync which failed half-way and the one
that was made after it are one set. What is new in the feed is no change: nothing was known of it. What was found more
than a day before the sync is no news any more.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from schemas.instants import DAY
from triggers.expressions.values import ARITHMETIC
from triggers.walks import Change

MOST_CHANGES: Final = 100_000
"""Of one sync. The largest drops of a price go first; the rest is counted."""


class SyncOver(msgspec.Struct, array_like=True, frozen=True):
    """A sync of a shop's feed is through. `at`: when the feed was read; `left_out`: changes beyond MOST_CHANGES."""

    shop_id: str
    sync_id: str
    at: int
    changes: dict[str, Change]
    left_out: int = 0


class ChangedSet:
    """Of one shop, since its last sync. `most`: changes that are kept."""

    def __init__(self, most: int = MOST_CHANGES) -> None:
        self._most = most
        self._changes: dict[str, tuple[Change, int]] = {}
        """By product, with when it was found last."""
        self._left_out = 0

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, product_id: str, change: Change, at: int) -> None:
        """One more snapshot, of `at`, of a product that was known before."""
        known, found = self._changes.pop(product_id, (None, 0))
        if known is not None and at - found <= DAY:
            change = Change(known.old, change.new, known.was, change.is_, known.stock_was, change.stock)
        if (change.old, change.was, change.stock_was) != (change.new, change.is_, change.stock):
            self._changes[product_id] = change, at
            if len(self._changes) >= 2 * self._most:
                self._cut()

    def discard(self, product_id: str) -> None:
        """It has left the feed."""
        self._changes.pop(product_id, None)

    def over(self, shop_id: str, sync_id: str, at: int) -> SyncOver:
        """The set, in order of product; the next one begins."""
        self._changes = {product: one for product, one in self._changes.items() if at - one[1] <= DAY}
        self._cut()
        changes = {product: self._changes[product][0] for product in sorted(self._changes)}
        made = SyncOver(shop_id, sync_id, at, changes, self._left_out)
        self._changes, self._left_out = {}, 0
        return made

    def _cut(self) -> None:
        if len(self._changes) > self._most:
            ranked = sorted(self._changes, key=lambda product: (-drop(self._changes[product][0]), product))
            self._left_out += len(ranked) - self._most
            self._changes = {product: self._changes[product] for product in ranked[: self._most]}


def drop(change: Change) -> Decimal:
    """By which share the price went down; 0 where it did not."""
    if change.old is None or change.new is None or change.new >= change.old:
        return Decimal(0)
    return ARITHMETIC.divide(change.old - change.new, change.old)
