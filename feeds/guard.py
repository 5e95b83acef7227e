"""Whether what a feed changed looks like a catastrophe of the feed and not like news of the shop.

One pass over the differences counts; what was counted is judged by what the shop allows. Constant memory. A first sync
changes nothing that anybody was told of, so it is held for one thing alone: every price is 0.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import log10
from typing import Final, Literal

import msgspec

from feeds.differ import Changed, Difference, Held, Vanished
from schemas.catalogue import Product
from schemas.feed_guard import DEFAULT_GUARD, FeedGuard

What = Literal["vanished", "prices", "unpriced", "sold-out", "all-zero"]

_PER_DECADE: Final = 100
"""Of factors those of one hundredth of a decade are counted together: a median within 2.4 per cent."""
_TO_NOTHING: Final = -100 * _PER_DECADE
"""Where prices that became 0 are counted: below every factor."""
_HUNDRED: Final = Decimal(100)


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a feed is held: `count` products of `of`, where at most `allowed` per cent are. Of prices: the `median` of
    what those that moved were multiplied by (0: they became 0; None: all of them moved to other currencies), how many
    became 0, and how many moved to another currency."""

    what: What
    count: int
    of: int
    allowed: Decimal | None = None
    median: Decimal | None = None
    to_zero: int = 0
    to_other_currency: int = 0


class Counts:
    """What the differences come to. `take` each of them once, in any order."""

    def __init__(self, guard: FeedGuard = DEFAULT_GUARD) -> None:
        self.guard = guard
        self.known = 0
        """Products that the topic has."""
        self.new = 0
        self.changed = 0
        """Of those known; the new ones apart."""
        self.vanished = 0
        self.held = 0
        self.unchanged = 0
        self.priced = 0
        """Known, still in the feed, and with a price before."""
        self.compared = 0
        """And with a price now."""
        self.moved = 0
        self.to_zero = 0
        self.to_other_currency = 0
        self.unpriced = 0
        self.sellable = 0
        """Known, still in the feed, and could be ordered before."""
        self.sold_out = 0
        self.priced_now = 0
        self.zero_now = 0
        self.zero_since = 0
        """At 0 and not so before."""
        self._factors: Counter[int] = Counter()
        self._up, self._down = guard.factor, 1 / guard.factor

    def take(self, difference: Difference) -> None:
        if isinstance(difference, Vanished):
            self.known += 1
            self.vanished += 1
        elif isinstance(difference, Held):
            self.known += 1
            self.held += 1
        elif isinstance(difference, Changed):
            self._changed(difference.product, difference.previous)
        else:
            product = difference.product
            self.known += 1
            self.unchanged += 1
            self.sellable += product.available
            if product.price is not None:
                self.priced += 1
                self.compared += 1
                self.priced_now += 1
                self.zero_now += not product.price

    def median(self) -> Decimal | None:
        """Of the factors by which prices moved further than is allowed; 0 where they became 0."""
        wanted = (self._factors.total() + 1) // 2
        passed = 0
        for place in sorted(self._factors):
            passed += self._factors[place]
            if passed >= wanted:
                return Decimal(0) if place == _TO_NOTHING else _shown(10 ** (place / _PER_DECADE))
        return None

    def _changed(self, now: Product, before: Product | None) -> None:
        if now.price is not None:
            self.priced_now += 1
            if not now.price:
                self.zero_now += 1
                self.zero_since += before is None or before.price != now.price
        if before is None:
            self.new += 1
            return
        self.known += 1
        self.changed += 1
        if before.available:
            self.sellable += 1
            self.sold_out += not now.available
        if before.price is not None:
            self.priced += 1
            if now.price is None:
                self.unpriced += 1
            else:
                self.compared += 1
                self._compare(before.price, now.price, before.currency, now.currency)

    def _compare(self, before: Decimal, now: Decimal, old_currency: str | None, currency: str | None) -> None:
        if old_currency != currency and None not in (old_currency, currency):
            self.moved += 1
            self.to_other_currency += 1
        elif before == now or not before:  # from 0 up is how a feed gets well again
            return
        elif not now:
            self.moved += 1
            self.to_zero += 1
            self._factors[_TO_NOTHING] += 1
        else:
            factor = now / before
            if factor > self._up or factor < self._down:
                self.moved += 1
                self._factors[round(log10(factor) * _PER_DECADE)] += 1


def reasons(counts: Counts) -> tuple[Reason, ...]:
    """Why the feed is to be held; none: it may be published."""
    guard = counts.guard
    found = []
    if counts.zero_since and counts.zero_now == counts.priced_now:
        found.append(Reason(what="all-zero", count=counts.zero_now, of=counts.priced_now))
    if counts.known >= guard.least:
        if _more(counts.vanished, counts.known, guard.vanished):
            found.append(_share("vanished", counts.vanished, counts.known, guard.vanished))
        if _more(counts.moved, counts.compared, guard.prices):
            found.append(Reason(
                what="prices", count=counts.moved, of=counts.compared, allowed=guard.prices, median=counts.median(),
                to_zero=counts.to_zero, to_other_currency=counts.to_other_currency,
            ))  # fmt: skip
        if _more(counts.unpriced, counts.priced, guard.unpriced):
            found.append(_share("unpriced", counts.unpriced, counts.priced, guard.unpriced))
        if _more(counts.sold_out, counts.sellable, guard.sold_out):
            found.append(_share("sold-out", counts.sold_out, counts.sellable, guard.sold_out))
    return tuple(found)


def _more(count: int, of: int, allowed: Decimal) -> bool:
    return count * _HUNDRED > allowed * of


def _share(what: What, count: int, of: int, allowed: Decimal) -> Reason:
    return Reason(what=what, count=count, of=of, allowed=allowed)


def _shown(factor: float) -> Decimal:
    """With three digits that count."""
    return Decimal(f"{factor:.3g}").normalize()
