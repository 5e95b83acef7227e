"""What is known of a customer, slowly: a plain list of all that was heard, gone through anew for each question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas import wire
from tests.model.settings import Said

Heard = tuple[int, int, Any]
"""(the event's time, the order in which it came, the event)."""


class Customer:
    def __init__(self, shop: Said) -> None:
        self.shop = shop
        self.heard: list[Heard] = []

    @property
    def erased_at(self) -> int:
        return max((at for at, _, event in self.heard if isinstance(event, wire.CustomerErased)), default=-1)

    def known(self, *kinds: type) -> list[Heard]:
        """What is remembered of these kinds, in order of the events' own times."""
        erased = self.erased_at
        return sorted(
            ((at, seq, event) for at, seq, event in self.heard if isinstance(event, kinds) and at > erased),
            key=lambda one: one[:2],
        )

    def profile(self, name: str) -> str | None:
        value: str | None = None
        for _, _, event in self.known(wire.CustomerUpdated):
            said = getattr(event, name)
            if said is not msgspec.UNSET:
                value = said
        return value

    def orders(self) -> list[int]:
        return [at for at, _, _ in self.known(wire.OrderPlaced)]

    def answered_at(self) -> int:
        return max((at for at, _, _ in self.known(wire.OrderPlaced, wire.LinkClicked)), default=0)

    def opted_out(self) -> bool:
        """By SMS, and nobody since who may opt in again."""
        return self._consented()[0]

    def stopped_at(self) -> int:
        """The last opt-out by SMS; 0: none."""
        said = [
            at for at, _, event in self.known(wire.ConsentChanged)
            if (event.channel, event.purpose, event.source, event.granted) == ("sms", "marketing", "inbound-sms", False)
        ]  # fmt: skip
        return max(said, default=0)

    def consent(self) -> str:
        """To texts: granted, no-consent, withdrawn or not-confirmed."""
        return self._consented()[1]

    def consent_to_calls(self) -> str:
        """granted, no-consent or withdrawn."""
        said = [
            event.granted for _, _, event in self.known(wire.ConsentChanged)
            if (event.channel, event.purpose) == ("call", "marketing")
        ]  # fmt: skip
        if not said:
            return "no-consent"
        return "granted" if said[-1] else "withdrawn"

    def _consented(self) -> tuple[bool, str]:
        said = [
            event
            for _, _, event in self.known(wire.ConsentChanged)
            if (event.channel, event.purpose) == ("sms", "marketing")
        ]
        if not said:
            return False, "no-consent"
        double = self.shop.get("double_opt_in")
        confirming = ["inbound-sms"]
        if isinstance(double, dict):
            confirming += double["sources"]
        out = believed = confirmed = False
        for event in said:
            sms = event.source == "inbound-sms"
            if not event.granted:
                out, confirmed = out or sms, False
            else:
                if sms or event.source in self.shop.get("opt_in_sources", ()):
                    out = False
                if event.source in confirming:
                    confirmed = True
            believed = event.granted
        if out or not believed:
            return out, "withdrawn"
        return out, "granted" if confirmed or not double else "not-confirmed"

    def cart(self) -> Cart:
        cart = Cart()
        kinds = (
            wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated, wire.CheckoutStarted, wire.OrderPlaced,
        )  # fmt: skip
        for at, seq, event in self.known(*kinds):
            cart.take(at, seq, event)
        return cart

    def exits(self, rule: Said, epoch_at: int, began: int) -> Iterator[str]:
        """What has ended a journey that began when `began` things had been heard."""
        exit_on = rule.get("exit_on", ["order_placed", "cart_emptied"])
        for at, seq, event in self.heard:
            if seq <= began or at < epoch_at:
                continue
            if isinstance(event, wire.CustomerErased):
                yield from ("erased", "cart_emptied", "cart_changed")  # which came first is forgotten
            if isinstance(event, wire.OrderPlaced) and "order_placed" in exit_on:
                yield "order_placed"
            if (
                isinstance(event, wire.ConsentChanged) and not event.granted and rule.get("purpose") != "transactional"
                and (event.channel, event.purpose) == ("sms", "marketing")
            ):  # fmt: skip
                yield "consent_withdrawn"
        cart = self.cart()
        for seq, why in cart.emptied:
            if seq > began:
                if why == "order_placed" and "order_placed" in exit_on:
                    yield "order_placed"
                elif "cart_emptied" in exit_on:
                    yield "cart_emptied"
        if rule["trigger"]["cart_abandoned"]["reenter"] == "each_spell" and any(seq > began for seq in cart.active):
            yield "cart_changed"


class Cart:
    """`lines`: (quantity, last change) by product. `changed_at`: the last change or CheckoutStarted. `active`,
    `emptied`: when, by the order in which events came."""

    def __init__(self) -> None:
        self.lines: dict[str, tuple[int, int]] = {}
        self.changed_at = 0
        self.active: list[int] = []
        self.emptied: list[tuple[int, str]] = []

    @property
    def count(self) -> int:
        return sum(quantity for quantity, _ in self.lines.values())

    def newest(self) -> str:
        return max(self.lines, key=lambda product: self.lines[product][1])

    def take(self, at: int, seq: int, event: Any) -> None:
        before = dict(self.lines)
        if isinstance(event, wire.CartItemAdded):
            had = self.lines.get(event.product_id, (0, 0))[0]
            self.lines[event.product_id] = (had + (event.quantity or 1), at)
        elif isinstance(event, wire.CartItemRemoved):
            had = self.lines.pop(event.product_id, (0, 0))[0]
            if event.quantity is not None and event.quantity < had:
                self.lines[event.product_id] = (had - event.quantity, at)
        elif isinstance(event, wire.CartUpdated):
            wanted: dict[str, int] = {}
            for item in event.items:
                wanted[item.product_id] = wanted.get(item.product_id, 0) + item.quantity
            same = {product: line for product, line in before.items() if wanted.get(product) == line[0]}
            self.lines = same | {product: (count, at) for product, count in wanted.items() if product not in same}
        elif isinstance(event, wire.OrderPlaced):
            self.lines = {}
        if self.lines == before and not (isinstance(event, wire.CheckoutStarted) and before):
            return
        self.changed_at = at
        self.active.append(seq)
        if before and not self.lines:
            self.emptied.append((seq, "order_placed" if isinstance(event, wire.OrderPlaced) else "cart_emptied"))
