"""What a product cost, and since when, kept long enough to say the lowest price of the 30 days before a reduction.

That price is what Directive 98/6/EC, Article 6a (as amended by (EU) 2019/2161) asks to be named beside a reduced one.
A snapshot carries the history of its own product, so that the topic is the only record of it; what is lowest is worked
out by who reads it, as of an instant, so that nothing has to be published because time passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from schemas.instants import DAY, parse_rfc3339, rfc3339

SPAN: Final = 30 * DAY
"""Microseconds."""

MAX_PRICES: Final = 60
"""Of one product. Of more, the two neighbours that together held the shortest time become one: its price is the lower
of theirs, so that what is said is never too high, and too low for about a day at most."""


class PriceSince(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A price from `since` (RFC 3339) until the next one; `price` None: none was named, and then no currency either.
    ValueError for what is no instant or no amount (as a decoder's own error where it was read)."""

    since: str
    price: Decimal | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        parse_rfc3339(self.since)
        if self.price is not None and not self.price.is_finite():
            raise ValueError("not an amount")


PriceHistory = tuple[PriceSince, ...]
"""In the order of time; the last is the price that holds. Several may begin at one instant."""


def begun(since: str, price: Decimal | None, currency: str | None) -> PriceHistory:
    """The history of a product of which nothing is known before `since`."""
    return (PriceSince(since, price, None if price is None else currency),)


def extended(history: PriceHistory, price: Decimal | None, currency: str | None, at: int) -> PriceHistory:
    """The history when from `at` (microseconds) on this price holds. What ended more than 30 days before the price that
    now holds began is left out. A clock that was set back makes no price begin before the one that it follows."""
    if not history:
        return begun(rfc3339(at), price, currency)
    last = history[-1]
    if last.price != price or (price is not None and last.currency != currency):
        history = (*history, *begun(rfc3339(max(at, parse_rfc3339(last.since))), price, currency))
    return _bounded(_recent(history))


def lowest(history: PriceHistory, at: int, *, on_sale: bool = False) -> Decimal | None:
    """The lowest price of the 30 days before the last reduction: up to when the price that holds began, where it is
    lower than the one before it, else up to `at` (microseconds). `on_sale`: it is sold for less than the feed says, so
    it is reduced as of `at`.

    In the currency that holds; a time without a price counts for nothing. None where it can't be said: there is no
    price, less than these 30 days are known, or they begin in another currency.
    """
    if not history or history[-1].price is None:
        return None
    current = history[-1]
    times = [parse_rfc3339(entry.since) for entry in history]
    end = times[-1] if not on_sale and _reduced(history) else at
    begin = end - SPAN
    if times[0] > begin:
        return None
    found: Decimal | None = None
    for number, entry in enumerate(history):
        since = times[number]
        until = times[number + 1] if number + 1 < len(times) else max(end, since)
        if since >= end or (until <= begin and since < begin) or entry.price is None:
            continue
        if entry.currency != current.currency:
            if since <= begin < until:
                return None
        elif found is None or entry.price < found:
            found = entry.price
    return found


def _reduced(history: PriceHistory) -> bool:
    """Whether the price that holds is lower than the one before it, which must have ended in the 30 days before: what
    ended earlier is not kept."""
    current = history[-1]
    begin = parse_rfc3339(current.since) - SPAN
    for entry, following in zip(reversed(history[:-1]), reversed(history), strict=False):
        if parse_rfc3339(following.since) <= begin:
            return False
        if entry.price is not None and entry.currency == current.currency:
            return current.price is not None and current.price < entry.price
    return False


def _recent(history: PriceHistory) -> PriceHistory:
    """From the price on that held 30 days before the last one began."""
    begin = parse_rfc3339(history[-1].since) - SPAN
    first = 0
    for number, entry in enumerate(history[1:], 1):
        if parse_rfc3339(entry.since) > begin:
            break
        first = number
    return history[first:]


def _bounded(history: PriceHistory) -> PriceHistory:
    while len(history) > MAX_PRICES:
        shortest = _shortest(history)
        if shortest is None:  # a currency a day: what is left is too short to say anything
            return history[-MAX_PRICES:]
        one, other = history[shortest : shortest + 2]
        history = (*history[:shortest], _together(one, other), *history[shortest + 2 :])
    return history


def _shortest(history: Sequence[PriceSince]) -> int | None:
    """The first of the two neighbours that together held the shortest time, the last two prices apart: these tell
    whether the last one is a reduction."""
    times = [parse_rfc3339(entry.since) for entry in history]
    lengths = [
        (times[number + 2] - times[number], number)
        for number in range(len(history) - 3)
        if history[number].currency == history[number + 1].currency
        or history[number].price is None
        or history[number + 1].price is None
    ]
    return min(lengths)[1] if lengths else None


def _together(one: PriceSince, other: PriceSince) -> PriceSince:
    prices = [(entry.price, entry.currency) for entry in (one, other) if entry.price is not None]
    price, currency = min(prices, key=_price) if prices else (None, None)
    return PriceSince(one.since, price, currency)


def _price(priced: tuple[Decimal, str | None]) -> Decimal:
    return priced[0]
