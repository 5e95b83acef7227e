"""What the kinds share that wait for a quiet cart."""

from __future__ import annotations

from typing import Final

from schemas import wire
from triggers.cart import CART_CHANGED, CART_EMPTIED, ORDER_PLACED
from triggers.customer import CustomerRow
from triggers.journeys import Journey
from triggers.kinds._seam import KindBase
from triggers.rules.model import Rule

WATCHES: Final = frozenset({
    wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated, wire.CheckoutStarted, wire.OrderPlaced,
    wire.CustomerErased,
})
EXITS: Final = {CART_EMPTIED: "nothing is left in the cart"}
DEFAULT_EXITS: Final = frozenset({ORDER_PLACED, CART_EMPTIED})


class CartKind(KindBase):
    """What those kinds say alike."""

    watches = WATCHES
    exits = EXITS
    default_exits = DEFAULT_EXITS

    def ready(self, row: CustomerRow, rule: Rule, journey: Journey, at: int) -> int:
        """No touch falls due before the cart has been quiet for `idle` again."""
        cart = row.cart.now
        idle: int = rule.trigger.idle
        return max(at, cart.changed_at + idle) if cart.lines else at

    def ended(self, row: CustomerRow, rule: Rule, journey: Journey) -> tuple[int, str]:
        """With `each_spell` any activity ends a journey, else the end of the cart's life."""
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


def used_up(row: CustomerRow, rule: Rule, since: int) -> bool:
    """Whether the rule has a journey that runs, or one that began by something as new as `since`."""
    for journey in row.journeys:
        if journey.rule == rule.name and journey.running:
            return True
    past = row.history.get(rule.name)
    return past is not None and past.used_at >= since
