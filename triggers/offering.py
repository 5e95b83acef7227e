"""What a touch offers as things are when it is made: how much, until when, and what it costs against what may be given.

The end is worked out once, for the text and the command alike: the end of the customer's local day, and of a reminder
of the balance the instant at which its points lapse. What may be given goes by the average cheque: that of the shop's
orders where it is live and known (`Cheques`), else the first figure of the settings.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from triggers.context import Context
from triggers.customer import CustomerRow
from triggers.rules.economics import Economics
from triggers.rules.incentives import cost_of
from triggers.rules.model import Incentive, Shop
from triggers.spans import day_after
from triggers.zones import day_end, local_date


class Cheques(Protocol):
    """Who counts what orders come to."""

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        """In the shop's currency, of the segment or else of the shop, and the newest day that is counted in it, as of
        the instant `at`; None where too little is known."""


class Worth(NamedTuple):
    """`cost`: of what is offered; None where nothing can be. `limit`: the most that may be given, by `cheque`; `facts`:
    the day up to which that was counted, "" for the figure of the settings."""

    cost: Decimal | None
    limit: Decimal
    cheque: Decimal
    facts: str = ""


class Offered(NamedTuple):
    """`incentive` with its amount and its last day. `ends`: the first instant at which it is over, 0 where nothing says
    when. `worth`: None where nobody says what it costs, or how much may be given."""

    incentive: Incentive
    ends: int
    worth: Worth | None = None

    @property
    def points(self) -> int:
        """The bonus points that are granted."""
        one = self.incentive
        return int(one.amount) if one.kind == "bonus" and one.amount is not None else 0


def work_out(
    incentive: Incentive,
    row: CustomerRow,
    shop: Shop,
    seen: Context,
    cheques: Cheques | None,
    wall: int,
    tz: ZoneInfo,
) -> Offered:
    """`seen`: the customer and the cart as conditions see them; they are looked at where the shop has economics."""
    if incentive.kind == "balance":
        ends = row.bonus_expires_at
        last = local_date(ends - 1, tz) if ends else None
        return Offered(replace(incentive, amount=row.bonus_balance, until=last), ends)
    ends = _ends(incentive, wall, tz)
    economics = shop.economics
    if economics is None:
        return Offered(incentive, ends)
    cheque, facts = _cheque(economics, shop, seen, cheques, wall)
    limit = economics.limit(cheque)
    sold = _sold(seen, shop, cheque) if incentive.kind == "discount" else cheque
    if incentive.most:
        amount = _most(incentive, economics, limit, sold)
        incentive = replace(incentive, amount=amount or None)
    cost = cost_of(incentive, economics, sold)
    if cost is None and not incentive.most:
        return Offered(incentive, ends)
    return Offered(incentive, ends, Worth(cost, limit, cheque, facts))


def _cheque(
    economics: Economics, shop: Shop, seen: Context, cheques: Cheques | None, wall: int
) -> tuple[Decimal, str]:
    if economics.live and cheques is not None:
        counted = cheques.average_cheque(shop, seen.customer.segment, wall)
        if counted is not None:
            return counted
    return economics.average_cheque, ""


def _sold(seen: Context, shop: Shop, cheque: Decimal) -> Decimal:
    """What a discount is given on: the cart, where there is one whose price is known, else an average cheque."""
    cart = seen.cart
    if not cart.count:
        return cheque
    total = cart.total
    return cheque if not total or cart.currency != shop.currency else total


def _most(incentive: Incentive, economics: Economics, limit: Decimal, sold: Decimal) -> Decimal:
    if incentive.kind == "bonus":
        return economics.most_points(limit)
    return economics.most_discount(limit, sold)


def _ends(incentive: Incentive, wall: int, tz: ZoneInfo) -> int:
    """The end of a local day."""
    ends = 0 if incentive.valid is None else day_end(wall + incentive.valid, tz)
    if incentive.until is not None:
        last = day_after(incentive.until, tz)
        ends = min(ends, last) if ends else last
    return ends
