"""`cart_abandoned`: goods left in a cart for `idle`.

`per_cart`: one journey for a cart's life, from its first item until it is ordered or emptied. A change lets the journey
go on, but no touch falls due before the cart has been quiet for `idle` again. A cart whose quiet spell began no journey
(audience, `once_per`, `cooldown`) is not used up: its next quiet spell is looked at again.
`each_spell`: one journey for every quiet spell; any change, or CheckoutStarted, ends the former one (`cart_changed`).

With `on_order: items` an order that leaves goods in the cart is a change; the cart's life goes on.
"""

from __future__ import annotations

from typing import Final

from schemas import wire
from triggers.cart import CART_CHANGED, CART_EMPTIED, ORDER_PLACED, look
from triggers.customer import NEVER, CustomerRow
from triggers.journeys import Journey
from triggers.rules.model import CartAbandoned, Rule


class CartAbandonedKind:
    """See `triggers.kinds.Kind`."""

    name: Final = "cart_abandoned"
    trigger: Final = CartAbandoned
    watches: Final = frozenset({
        wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated, wire.CheckoutStarted, wire.OrderPlaced,
        wire.CustomerErased,
    })

    def next_look(self, row: CustomerRow, rule: Rule) -> int:
        cart = row.cart.now
        trigger = rule.trigger
        if not cart.lines or trigger.idle <= cart.looked:
            return NEVER
        for journey in row.journeys:
            if journey.rule == rule.name and not journey.exit_at and not journey.fact_at:
                return NEVER
        past = row.history.get(rule.name)
        if past is not None and past.used_at:
            if trigger.reenter == "per_cart":
                if past.used_at == cart.first_at and past.used_id == cart.first_id:
                    return NEVER
            elif past.used_at == cart.changed_at and past.used_id == cart.changed_id:
                return NEVER
        return cart.changed_at + trigger.idle

    def epoch(self, row: CustomerRow, rule: Rule) -> tuple[int, str]:
        cart = row.cart.now
        if rule.trigger.reenter == "per_cart":
            return cart.first_at, cart.first_id
        return cart.changed_at, cart.changed_id

    def looked(self, row: CustomerRow, due: int) -> None:
        look(row.cart, due)

    def ready(self, row: CustomerRow, rule: Rule, journey: Journey, at: int) -> int:
        cart = row.cart.now
        return max(at, cart.changed_at + rule.trigger.idle) if cart.lines else at

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        cart = row.cart.now
        if rule.trigger.reenter == "each_spell":
            if not cart.broken_at:
                return 0, ""
            return cart.broken_at, _reason(rule, cart.broken_why) or CART_CHANGED
        if not cart.ended_at:
            return 0, ""
        why = _reason(rule, cart.ended_why)
        return (cart.ended_at, why) if why else (0, "")


def _reason(rule: Rule, why: str) -> str:
    """What ended a cart, in the words of `exit_on`; "" where it names neither. An order empties a cart too."""
    if why == ORDER_PLACED and ORDER_PLACED in rule.exit_on:
        return ORDER_PLACED
    if why in (ORDER_PLACED, CART_EMPTIED) and CART_EMPTIED in rule.exit_on:
        return CART_EMPTIED
    return ""


KIND: Final = CartAbandonedKind()
