"""`cart_abandoned`: goods left in a cart for `idle`.

`per_cart`: one journey for a cart's life, from its first item until it is ordered or emptied. A change lets the journey
go on, but no touch falls due before the cart has been quiet for `idle` again. A cart whose quiet spell began no journey
(audience, `once_per`, `cooldown`) is not used up: its next quiet spell is looked at again.
`each_spell`: one journey for every quiet spell; any change, or CheckoutStarted, ends the former one (`cart_changed`).

With `on_order: items` an order that leaves goods in the cart is a change; the cart's life goes on.
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
class CartAbandoned:
    """Goods left in a cart for `idle`. One shop has one cart, so `on_order` must be the same in all its cart rules."""

    idle: int
    reenter: Literal["per_cart", "each_spell"] = "per_cart"
    on_order: Literal["cart", "items"] = "cart"
    kind: ClassVar[str] = "cart_abandoned"


class WrittenCartAbandoned(WrittenKind):
    """Goods lie in the cart and nothing has changed for `idle`."""

    idle: Duration = Field(description="How long the cart must have been quiet: no change of it, no checkout begun.")
    reenter: Literal["per_cart", "each_spell"] = Field(
        default="per_cart",
        description="per_cart: one journey in a cart's life, until the order or its emptying. each_spell: one journey "
        "for every quiet spell; a change of the cart ends the former one.",
    )
    on_order: Literal["cart", "items"] = Field(
        default="cart",
        description="cart: an order ends the whole cart. items: an order takes out only what was bought. The same in "
        "all cart rules of a shop.",
    )

    def meant(self, read: Reading) -> CartAbandoned:
        return CartAbandoned(idle=self.idle, reenter=self.reenter, on_order=self.on_order)


class CartAbandonedKind(_carts.CartKind):
    """See `triggers.kinds.Kind`."""

    name = "cart_abandoned"
    code = 1
    stage = 30
    settings = WrittenCartAbandoned
    trigger = CartAbandoned

    def watch(self, rules: Sequence[Rule], world: KindWorld) -> Watch:
        return _Watch(rules)


class _Watch:
    """See `triggers.kinds.Watch`. The rules that wait least come first: the first that is free is the next to look."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._waiting = WaitingRules([(rule.trigger.idle, rule) for rule in rules])

    def heard(self, row: CustomerRow, event: CustomerEvent, now: int) -> int:
        return self.next_look(row, now)

    def next_look(self, row: CustomerRow, now: int) -> int:
        cart = row.cart.now
        if not cart.lines:
            return NEVER
        idles, rules, changed_at, looked = self._waiting.lengths, self._waiting.items, cart.changed_at, cart.looked
        if row.looked_at - changed_at > looked:  # as looked_for
            looked = row.looked_at - changed_at
        for number in range(bisect_right(idles, looked), len(idles)):
            if not _used_up(row, cart, rules[number]):
                return changed_at + idles[number]
        return NEVER

    def coming(self, row: CustomerRow, until: int) -> list[Begin]:
        cart = row.cart.now
        if not cart.lines:
            return []
        waiting = self._waiting.coming_for(row, cart.changed_at, looked_for(row, cart.looked, cart.changed_at), until)
        return [_begin(cart, rule, idle) for idle, rule in waiting if not _used_up(row, cart, rule)]

    def due(self, row: CustomerRow, at: int) -> list[Begin]:
        cart = row.cart.now
        if not cart.lines:
            return []
        changed_at, looked = cart.changed_at, cart.looked
        if row.looked_at - changed_at > looked:  # as looked_for
            looked = row.looked_at - changed_at
        waiting = self._waiting.due_for(row, changed_at, looked, at)
        if len(waiting) == 1:  # as most are
            (idle, rule), = waiting
            return [_begin(cart, rule, idle)]
        return [_begin(cart, rule, idle) for idle, rule in waiting]

    def looked(self, row: CustomerRow, at: int) -> None:
        look(row.cart, at)


def _begin(cart: Cart, rule: Rule, idle: int) -> Begin:
    if rule.trigger.reenter == "per_cart":
        return Begin(rule, cart.changed_at + idle, cart.first_at, cart.first_id)
    return Begin(rule, cart.changed_at + idle, cart.changed_at, cart.changed_id)


def _used_up(row: CustomerRow, cart: Cart, rule: Rule) -> bool:
    """Whether the rule has a journey that runs, or has had one of this cart or of this spell: a look would be vain."""
    for journey in row.journeys:
        if journey.rule == rule.name and not journey.exit_at and not journey.fact_at:
            return True
    past = row.history.get(rule.name)
    if past is None or not past.used_at:
        return False
    if rule.trigger.reenter == "per_cart":
        return past.used_at == cart.first_at and past.used_id == cart.first_id
    return past.used_at == cart.changed_at and past.used_id == cart.changed_id


KIND: Final = CartAbandonedKind()
