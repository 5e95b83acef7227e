"""What a shop lets one sync of its feed change; beyond it the feed is taken for broken, and held."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedGuard:
    """Shares in per cent, of which *more* is held.

    `vanished` of the products known; `prices` of those with a price before and now may have moved by more than
    `factor`, up or down, or to another currency; `unpriced` of those with a price may have lost it; `sold_out` of those
    that could be ordered may not be any more. Shares count from `least` products on.
    """

    vanished: Decimal = Decimal(30)
    prices: Decimal = Decimal(50)
    factor: Decimal = Decimal(5)
    unpriced: Decimal = Decimal(50)
    sold_out: Decimal = Decimal(90)
    least: int = 20


DEFAULT_GUARD: Final = FeedGuard()
"""Of a shop that says nothing."""
