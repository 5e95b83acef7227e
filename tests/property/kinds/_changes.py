"""What the kinds share that wait for a change of the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Final

from schemas import wire
from schemas.instants import HOUR
from tests.property.joining import Asked, Thing
from tests.property.shelf import PRODUCTS
from tests.property.told import ON_CART, Told
from tests.unit.triggers.driving import added, event, viewed
from triggers.walks import Change, Synced

OPTIONS: Final = ["", ", of: [viewed]", ", of: [cart, wished], within: 2d", ", within: 5h, pace: 100/min"]
"""What all of them may say besides."""

_PRICES: Final = (Decimal(500), Decimal(650), Decimal(700), Decimal(90))
_PIECES: Final = (None, 0, 1, 4, 30)


def synced(at: int, number: int) -> Synced:
    """A sync of any sort, half of which are told of twice."""
    dice = Random(number // 2)
    changes = {}
    for product in PRODUCTS:
        (old, new), (was, now) = dice.choices(_PRICES, k=2), dice.choices(_PIECES, k=2)
        changes[product] = Change(old, new, was != 0 and dice.random() < 0.7, now != 0, was, now)
    return Synced(f"s{number // 2}", changes)


LIKED: Final[Sequence[Thing]] = [
    *(lambda at, n, p=p: viewed(at, p, price=Decimal(700)) for p in PRODUCTS[:2]),
    lambda at, n: added(at, PRODUCTS[n % 4], price=Decimal(650)),
    lambda at, n: event(wire.WishlistChanged, at, added=[PRODUCTS[n % 4]]),
]


def news(asked: Asked, wanted: Callable[[Change, list[Decimal]], bool]) -> bool:
    """Whether the sync has such a change of a product that the customer liked, and has not bought since. `wanted` is
    told of the change and of the prices that the customer may have seen."""
    trigger, at = asked.rule.trigger, asked.epoch_at
    if not at <= asked.began <= at + (HOUR if trigger.pace else 0):
        return False
    told = asked.told.as_of(at)
    said = [one for when, one in told.of(Synced) if (when, one.sync_id) == (at, asked.epoch_id)]
    if not said:
        return False
    for product, change in said[0].changes.items():
        liked = [when for way in trigger.of for when in _liked(told, product, way)]
        bought = max((when for when, _, what in told.bought() if product in what), default=0)
        if liked and max(liked) >= at - trigger.within and max(liked) > bought and wanted(change, _seen(told, product)):
            return True
    return False


def _liked(told: Told, product: str, way: str) -> Iterator[int]:
    """When the customer said so last."""
    if way == "viewed":
        yield from [at for at, one in told.of(wire.ProductViewed) if one.product_id == product][-1:]
    elif way == "wished":
        said = [(at, one) for at, one in told.of(wire.WishlistChanged) if product in (*one.added, *one.removed)]
        yield from [at for at, one in said[-1:] if product in one.added]
    elif product in told.cart:
        yield from [at for at, one in told.of(*ON_CART) if product in _named(one)][-1:]


def _seen(told: Told, product: str) -> list[Decimal]:
    prices = [one.price for _, one in told.of(wire.ProductViewed, wire.CartItemAdded) if one.product_id == product]
    for _, one in told.of(wire.OrderPlaced, wire.CartUpdated):
        prices += [item.price for item in one.items or () if item.product_id == product]
    return [price for price in prices if price is not None]


def _named(one: Any) -> list[str]:
    if isinstance(one, wire.CartUpdated):
        return [item.product_id for item in one.items]
    return [one.product_id]


def sold_out(asked: Asked, told: Told, at: int) -> bool:
    """Of rules that are about one product at a time: a sync since has found that none of those it told of is left."""
    first = [one for when, one in told.of(Synced) if when == asked.epoch_at]
    since = [one for _, one in told.between(asked.began, at, Synced)]
    told_of = first[0].changes if first else {}
    return any(
        set(told_of) <= set(one.changes) and not any(change.is_ for change in one.changes.values()) for one in since
    )
