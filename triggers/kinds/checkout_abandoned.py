"""`checkout_abandoned`: a checkout was begun and not finished, and nothing has happened to the cart for `idle`.

An order finishes a checkout, and so does a cart that is emptied. A change of the cart does not: the checkout is still
not finished, and `idle` is counted from the change.

`per_cart`: one journey for a cart's life, however often a checkout is begun. `each_spell`: one journey for each
checkout; any change, or the next CheckoutStarted, ends the former one (`cart_changed`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from pydantic import Field

from schemas.wire import CustomerEvent
from triggers.cart import Cart
from triggers.cart_book import look
from triggers.customer import NEVER, CustomerRow
from triggers.kinds import _carts
from triggers.kinds._seam import Begin, KindWorld, Reading, Watch, WrittenKind
from triggers.kinds._spells import WaitingRules, looked_for
from triggers.rules.model import Rule
from triggers.rules.values import Duration


@dataclass(frozen=True, slots=True)
class CheckoutAbandoned:
    """A checkout not finished for `idle` microseconds."""

    idle: int
    reenter: Literal["per_cart", "each_spell"] = "per_cart"
    kind: ClassVar[str] = "checkout_abandoned"


class WrittenCheckoutAbandoned(WrittenKind):
    """A checkout was begun and not finished, and nothing has happened for `idle`."""

    idle: Duration = Field(description="How long nothing must have happened since: no change of the cart, no checkout.")
    reenter: Literal["per_cart", "each_spell"] = Field(
        default="per_cart",
        description="per_cart: one journey in a cart's life, until the order or its emptying. each_spell: one journey "
        "for every checkout; a change of the cart ends the former one.",
    )

    def meant(self, read: Reading) -> CheckoutAbandoned:
        return CheckoutAbandoned(self.idle, self.reenter)


class CheckoutAbandonedKind(_carts.CartKind):
    """See `triggers.kinds.Kind`."""

    name = "checkout_abandoned"
    code = 2
    stage = 40
    settings = WrittenCheckoutAbandoned
    trigger = CheckoutAbandoned

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)


class _Watch:
    """See `triggers.kinds.Watch`."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._waiting = WaitingRules([(rule.trigger.idle, rule) for rule in rules])

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int:
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        cart = row.cart.now
        if not cart.checkout_at:
            return NEVER
        idles, rules = self._waiting.lengths, self._waiting.items
        for number in range(bisect_right(idles, looked_for(row, cart.looked, cart.changed_at)), len(idles)):
            if not _used_up(row, cart, rules[number]):
                return cart.changed_at + idles[number]
        return NEVER

    def coming(self, row: CustomerRow, until: int) -> list[Begin]:
        cart = row.cart.now
        if not cart.checkout_at:
            return []
        waiting = self._waiting.coming_for(row, cart.changed_at, looked_for(row, cart.looked, cart.changed_at), until)
        return _begins(row, cart, waiting)

    def due(self, row: CustomerRow, at: int) -> list[Begin]:
        cart = row.cart.now
        if not cart.checkout_at:
            return []
        waiting = self._waiting.due_for(row, cart.changed_at, looked_for(row, cart.looked, cart.changed_at), at)
        return _begins(row, cart, waiting)

    def looked(self, row: CustomerRow, at: int) -> None:
        look(row.cart, at)


def _begins(row: CustomerRow, cart: Cart, waiting: Sequence[tuple[int, Rule]]) -> list[Begin]:
    return [
        Begin(rule, cart.changed_at + idle, cart.checkout_at, cart.checkout_id)
        for idle, rule in waiting if not _used_up(row, cart, rule)
    ]  # fmt: skip


def _used_up(row: CustomerRow, cart: Cart, rule: Rule) -> bool:
    return _carts.used_up(row, rule, cart.first_at if rule.trigger.reenter == "per_cart" else cart.checkout_at)


KIND: Final = CheckoutAbandonedKind()
