"""What may be given to a customer: a share of what an average cheque earns.

    limit = average cheque x margin x share

900 x 40 % x 50 % = 180. Money is counted to the hundredth and what is less is cut off, of the limit as of what is held
against it, so that a discount of margin x share is just within it whatever the cheque.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

_HUNDRED: Final = Decimal(100)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Economics:
    """`average_cheque`: the first figure, where the shop's own is not known yet, or not asked for (`live`). `margin`
    and `share` in per cent; `point_value`: what a bonus point is worth. All money is the shop's currency."""

    average_cheque: Decimal
    margin: Decimal
    share: Decimal
    live: bool = True
    point_value: Decimal = Decimal(1)

    def limit(self, cheque: Decimal) -> Decimal:
        """The most that may be given by such an average cheque."""
        return cut(cheque * self.margin * self.share / (_HUNDRED * _HUNDRED))

    def points(self, points: Decimal) -> Decimal:
        """What bonus points cost."""
        return cut(points * self.point_value)

    def discount(self, percent: Decimal, sold: Decimal) -> Decimal:
        """What a discount costs on goods of this price."""
        return cut(sold * percent / _HUNDRED)

    def most_points(self, limit: Decimal) -> Decimal:
        """The most whole points that cost no more than the limit."""
        return _most(limit, self.point_value)

    def most_discount(self, limit: Decimal, sold: Decimal) -> Decimal:
        """The highest whole per cent, 100 at most, that costs no more than the limit on goods of this price."""
        return min(_HUNDRED, _most(limit, sold / _HUNDRED)) if sold > 0 else _HUNDRED

    def __str__(self) -> str:
        return f"{plain(self.average_cheque)} x {plain(self.margin)}% x {plain(self.share)}%"


def cut(money: Decimal) -> Decimal:
    """To the hundredth, what is less cut off."""
    return money.quantize(_CENT, ROUND_FLOOR)


def plain(number: Decimal) -> str:
    """Without an exponent, and without noughts behind the point."""
    return format(number.normalize(), "f")


def _most(limit: Decimal, each: Decimal) -> Decimal:
    """How many of what costs `each` cost no more than the limit, once what is less than a hundredth is cut off."""
    return max(Decimal(0), ((limit + _CENT) / each).to_integral_value(ROUND_CEILING) - 1)
