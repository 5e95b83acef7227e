"""What a customer bought: a product each.

Purchases may be told in any order: the newest and the one before it are the two newest of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

MAX_BOUGHT: Final = 50


class Bought(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A product bought: last at, in how many orders, what was paid for one then (None: that was not said), and how long
    before the last order the one before it (`gap`) and the first (`span`) were, in microseconds."""

    at: int
    times: int = 1
    price: Decimal | None = None
    gap: int = 0
    span: int = 0

    @property
    def usual(self) -> int:
        """How much time there is from one order to the next, in the mean; 0 where there was one alone."""
        return self.span // (self.times - 1) if self.times > 1 else 0


def take(bought: dict[str, Bought], product_id: str, at: int, price: Decimal | None) -> None:
    """One more order with the product, which may be a late one. Of more than MAX_BOUGHT products the oldest goes."""
    _add(bought, product_id, Bought(at, 1, price))


def together(bought: Mapping[str, Bought], more: Mapping[str, Bought]) -> dict[str, Bought]:
    """What was bought then and then, of different orders."""
    both = dict(bought)
    for product_id, one in more.items():
        _add(both, product_id, one)
    return both


def bought_since(bought: Mapping[str, Bought], than: int) -> dict[str, Bought]:
    """What was bought after an instant, as far as that is known: of more than two orders the two newest."""
    kept = {}
    for product_id, one in bought.items():
        if one.at > than:
            again = one.times > 1 and one.at - one.gap > than
            if one.at - one.span > than:  # all of it
                kept[product_id] = one
            elif again:
                kept[product_id] = Bought(one.at, 2, one.price, one.gap, one.gap)
            else:
                kept[product_id] = Bought(one.at, 1, one.price)
    return kept


def _add(bought: dict[str, Bought], product_id: str, one: Bought) -> None:
    known = bought.get(product_id)
    if known is None:
        bought[product_id] = one
        if len(bought) > MAX_BOUGHT:
            del bought[min(bought, key=lambda product: (bought[product].at, product))]
        return
    last, before = sorted((*_orders(known), *_orders(one)), reverse=True)[:2]
    newest = one if one.at >= known.at else known
    first = min(known.at - known.span, one.at - one.span)
    bought[product_id] = Bought(last, known.times + one.times, newest.price, last - before, last - first)


def _orders(one: Bought) -> tuple[int, ...]:
    """The instants of the newest two."""
    return (one.at, one.at - one.gap) if one.times > 1 else (one.at,)
