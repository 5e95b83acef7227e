"""What is known of a customer from the events alone, slowly: all are kept, and everything is worked out anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from schemas import wire

Story = list[tuple[int, Any]]
"""What happened, and when, in order: of the customer, and what the shop announces to all."""

ON_CART: Final = (wire.CartItemAdded, wire.CartItemRemoved, wire.CartUpdated)
VISITS: Final = (*ON_CART, wire.ProductViewed, wire.CategoryViewed, wire.WishlistChanged, wire.CheckoutStarted,
                 wire.LinkClicked)  # fmt: skip


@dataclass
class Told:
    """What is known after these events."""

    story: Story = field(default_factory=list)

    def hear(self, at: int, one: Any) -> None:
        self.story.append((at, one))

    def as_of(self, at: int) -> Told:
        """What was known then; what is of that very instant comes first."""
        return Told([(when, one) for when, one in self.story if when <= at])

    @property
    def erased_at(self) -> int:
        return max((at for at, one in self.story if isinstance(one, wire.CustomerErased)), default=0)

    def of(self, *types: type[Any]) -> Story:
        """Those of a type. What a customer did before an erasure is forgotten."""
        erased = self.erased_at
        return [
            (at, one) for at, one in self.story
            if isinstance(one, types) and (at > erased or not isinstance(one, wire.CustomerEvent))
        ]  # fmt: skip

    def between(self, after: int, until: int, *types: type[Any]) -> Story:
        return [(at, one) for at, one in self.of(*types) if after < at <= until]

    def field(self, name: str) -> Any:
        """Of the profile: what was said last."""
        said = [getattr(one, name) for _, one in self.of(wire.CustomerUpdated)]
        return next((value for value in reversed(said) if value is None or isinstance(value, str | dict)), None)

    def zone(self, otherwise: str) -> ZoneInfo:
        return ZoneInfo(self.field("time_zone") or otherwise)

    def day(self, name: str) -> str | None:
        """One of the profile's `dates`."""
        said = [one.dates for _, one in self.of(wire.CustomerUpdated) if isinstance(one.dates, dict)]
        return next((dates[name] for dates in reversed(said) if name in dates), None)

    @property
    def city(self) -> str | None:
        found: str | None = self.field("city")
        return found

    @property
    def orders(self) -> int:
        """That were placed and not cancelled."""
        cancelled = {one.order_id for _, one in self.of(wire.OrderCancelled)}
        return len({one.order_id for _, one in self.of(wire.OrderPlaced)} - cancelled)

    @property
    def consent(self) -> bool:
        said = self.of(wire.ConsentChanged)
        return bool(said) and said[-1][1].granted

    def carts(self) -> Iterator[tuple[int, Any, dict[str, int], dict[str, int]]]:
        """(when, what, the cart before, the cart after), of all that is about carts and orders."""
        cart: dict[str, int] = {}
        for at, one in self.of(*ON_CART, wire.CheckoutStarted, wire.OrderPlaced):
            before, cart = cart, dict(cart)
            if isinstance(one, wire.CartItemAdded):
                cart[one.product_id] = cart.get(one.product_id, 0) + one.quantity
            elif isinstance(one, wire.CartItemRemoved):
                left = 0 if one.quantity is None else cart.get(one.product_id, 0) - one.quantity
                cart[one.product_id] = left
            elif isinstance(one, wire.CartUpdated):
                cart = {item.product_id: item.quantity for item in one.items}
            elif isinstance(one, wire.OrderPlaced):
                cart = {}
            cart = {product: quantity for product, quantity in cart.items() if quantity > 0}
            yield at, one, before, cart

    @property
    def cart(self) -> dict[str, int]:
        return next((after for *_, after in reversed(list(self.carts()))), {})

    def cart_moved(self) -> int:
        """When the cart last changed, or a checkout of it was begun."""
        return max((
            at for at, one, before, after in self.carts()
            if before != after or (isinstance(one, wire.CheckoutStarted) and after)
        ), default=0)  # fmt: skip

    def bought(self) -> list[tuple[int, str, Sequence[str]]]:
        """(when, which order, what): an order that does not say is for what lay in the cart."""
        found: list[tuple[int, str, Sequence[str]]] = []
        for at, one, before, _ in self.carts():
            if isinstance(one, wire.OrderPlaced):
                said = [item.product_id for item in one.items] if one.items else sorted(before)
                found.append((at, one.order_id, said))
        return found


def local(at: int, tz: ZoneInfo) -> datetime:
    """As the zone's clocks show it."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(tz)
