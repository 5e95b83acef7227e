"""What the kinds share that wait for a quiet cart."""

from __future__ import annotations

from schemas import wire
from tests.property.joining import Asked
from tests.property.told import Told

IDLES = ["20m", "60m", "6h"]


def quiet(asked: Asked) -> bool:
    """Something lies in the cart, and nothing has happened to it for `idle`."""
    return bool(asked.told.cart) and asked.began >= asked.told.cart_moved() + asked.rule.trigger.idle


def emptied(asked: Asked, told: Told, at: int) -> bool:
    """An order empties a cart too."""
    return any(asked.began < when <= at and before and not after for when, _, before, after in told.carts())


def checkout_open(told: Told) -> bool:
    begun = False
    for _, one, _, after in told.carts():
        begun = bool(after) and (begun or isinstance(one, wire.CheckoutStarted))
    return begun
