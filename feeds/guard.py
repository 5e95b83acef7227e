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
from msgspec.structs import replace

from feeds.differ import Changed, Difference, Held, Vanished
from schemas.catalogue import Product
from schemas.feed_guard import DEFAULT_GUARD, FeedGuard

What = Literal["vanished", "prices", "unpriced", "sold-out", "all-zero"]

_PER_DECADE: Final = 100
"""Of factors those of one hundredth of a decade are counted together: a median within 2.4 per cent."""
_TO_NOTHING: Final = -100 * _PER_DECADE
"""Where prices that became 0 are counted: below every factor."""
_HUNDRED: Final = Decimal(100)


EXAMPLES: Final = 3
"""Of a reason."""


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product: what it cost before and in the feed, with the currency."""

    product_id: str
    name: str | None = None
    before: str | None = None
    now: str | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a feed is held: `count` products of `of`, where at most `allowed` per cent are. Of prices: the `factor`
    beyond which they have jumped, the `median` of what those that did were multiplied by (0: they became 0; None: all
    of them moved to other currencies), how many became 0, and how many moved to another currency. `examples`: the
    first, in order of id."""

    what: What
    count: int
    of: int
    allowed: Decimal | None = None
    factor: Decimal | None = None
    median: Decimal | None = None
    to_zero: int = 0
    to_other_currency: int = 0
    examples: tuple[Example, ...] = ()


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
        self._examples: dict[What, list[Example]] = {}
        self._up, self._down = guard.factor, 1 / guard.factor

    def take(self, difference: Difference) -> None:
        if isinstance(difference, Vanished):
            self.known += 1
            self.vanished += 1
            self._note("vanished", difference.previous, None)
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
                if before is None or before.price != now.price:
                    self.zero_since += 1
                    self._note("all-zero", before, now)
        if before is None:
            self.new += 1
            return
        self.known += 1
        self.changed += 1
        if before.available:
            self.sellable += 1
            if not now.available:
                self.sold_out += 1
                self._note("sold-out", before, now)
        if before.price is not None:
            self.priced += 1
            if now.price is None:
                self.unpriced += 1
                self._note("unpriced", before, now)
            else:
                self.compared += 1
                if self._jumps(before.price, now.price, before.currency, now.currency):
                    self.moved += 1
                    self._note("prices", before, now)

    def _jumps(self, before: Decimal, now: Decimal, old_currency: str | None, currency: str | None) -> bool:
        if old_currency != currency and None not in (old_currency, currency):
            self.to_other_currency += 1
            return True
        if before == now or not before:  # from 0 up is how a feed gets well again
            return False
        if not now:
            self.to_zero += 1
            self._factors[_TO_NOTHING] += 1
            return True
        factor = now / before
        if self._down <= factor <= self._up:
            return False
        self._factors[round(log10(factor) * _PER_DECADE)] += 1
        return True

    def _note(self, what: What, before: Product | None, now: Product | None) -> None:
        some = self._examples.setdefault(what, [])
        one = now or before
        if one is not None and len(some) < EXAMPLES:
            some.append(Example(product_id=one.product_id, name=one.name, before=_priced(before), now=_priced(now)))

    def examples(self, what: What) -> tuple[Example, ...]:
        """The first products of which that is true."""
        return tuple(self._examples.get(what, ()))


def reasons(counts: Counts) -> tuple[Reason, ...]:
    """Why the feed is to be held; none: it may be published."""
    guard = counts.guard
    found = []
    if counts.zero_since and counts.zero_now == counts.priced_now:
        zero = counts.zero_now
        found.append(Reason(what="all-zero", count=zero, of=zero, examples=counts.examples("all-zero")))
    shares: tuple[tuple[What, int, int, Decimal], ...] = (
        ("vanished", counts.vanished, counts.known, guard.vanished),
        ("prices", counts.moved, counts.compared, guard.prices),
        ("unpriced", counts.unpriced, counts.priced, guard.unpriced),
        ("sold-out", counts.sold_out, counts.sellable, guard.sold_out),
    )
    for what, count, of, allowed in shares:
        if counts.known < guard.least or count * _HUNDRED <= allowed * of:
            continue
        reason = Reason(what=what, count=count, of=of, allowed=allowed, examples=counts.examples(what))
        if what == "prices":
            reason = replace(
                reason, factor=guard.factor, median=counts.median(), to_zero=counts.to_zero,
                to_other_currency=counts.to_other_currency,
            )  # fmt: skip
        found.append(reason)
    return tuple(found)


def _priced(product: Product | None) -> str | None:
    if product is None or product.price is None:
        return None
    return f"{product.price:f} {product.currency or ''}".rstrip()


def _shown(factor: float) -> Decimal:
    """With three digits that count."""
    return Decimal(format(Decimal(f"{factor:.3g}").normalize(), "f"))
