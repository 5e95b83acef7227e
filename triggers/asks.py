"""What the ledger is asked for a touch that passed every pure gate, and what it answers. Data only.

The ledger (`streams.ledger.protocol`) says how it counts.
"""

from __future__ import annotations

import msgspec

__all__ = ["Ask", "CapLimit", "Full", "Granted", "LedgerAnswer", "Scope"]


class CapLimit(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """At most `limit` within a stretch of time.

    `window` > 0: rolling, any stretch of that length (microseconds). `window` == 0: the one span `since` <= t <
    `until` of instants, such as a day, a week or a month in the customer's zone.
    """

    limit: int
    window: int
    since: int = 0
    until: int = 0


class Scope(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a touch is counted together with, and how much of it may be.

    `name` says whose slot of the ledger it lies in: "customer"; "phone" and "text"; "budget". `key` tells what is
    counted together there:
    - customer: "" for all his touches, else a part of them: "rule:abandoned-cart", "tag:promo", "product:sku-7".
    - phone: the phone in E.164. text: the phone, a blank, and what identifies the text. Nothing but the phone's HMAC
      and a hash of the rest is ever stored.
    - budget: the day, or the day, a blank and what else is counted apart on it ("2026-11-22 money:RUB"). Its limits
      are of that one day or less, as a minute: calendar ones, with `at` in their span.

    `weight`: of this touch, in the unit of the limits: 1 touch; money in millionths of its currency. `known`: what the
    row itself can prove, as (touch_id, at, weight); of customer scopes only.
    """

    name: str
    key: str
    limits: tuple[CapLimit, ...]
    weight: int = 1
    known: tuple[tuple[str, int, int], ...] = ()


class Ask(msgspec.Struct, frozen=True, gc=False):
    """Reserve `touch_id` at `at` in all `scopes`, or in none. The customer's own first, then phone, then budget.

    Asking twice for one `touch_id` counts once and answers the same.
    """

    shop_id: str
    customer_id: str
    touch_id: str
    at: int
    scopes: tuple[Scope, ...]


class Granted(msgspec.Struct, frozen=True, gc=False):
    """It counts in every scope. `repeated`: it did so before (a replay). `counts`: for each limit of each scope, in
    their order, what its stretch of time held before this touch: of a customer's, what his row knows."""

    repeated: bool
    counts: tuple[int, ...]


class Full(msgspec.Struct, frozen=True, gc=False):
    """It counts nowhere: limit number `cap` of scope number `scope` is full.

    `counts` as in `Granted`, as far as was asked: nothing of the slots behind the one that refused. `free_at`: the
    earliest instant at which this limit has room as far as is known; 0 unknown, or never.
    """

    scope: int
    cap: int
    counts: tuple[int, ...]
    free_at: int = 0


LedgerAnswer = Granted | Full
