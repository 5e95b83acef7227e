"""The open cart of a customer, and what one thing done to it makes of it.

What ended while it is folded (the life of the cart, the quiet spell) is noted in it, and with it the end of a journey.
`triggers.cart_book` keeps it so that the order in which events arrive does not matter.

An operation older than what a deadline has already settled can't be sorted in any more; it then changes only what was
not changed after its own time: a late order takes the lines last changed up to the order's instant and no newer one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from triggers.bought import Bought, take

MAX_LINES: Final = 100

ADD: Final = 1
REMOVE: Final = 2
REPLACE: Final = 3
CHECKOUT: Final = 4
ORDER: Final = 5
WHOLE_ORDER: Final = 6

CART_CHANGED: Final = "cart_changed"
CART_EMPTIED: Final = "cart_emptied"
ORDER_PLACED: Final = "order_placed"

OpItem = tuple[str, int, Decimal | None]
"""Product, quantity, price."""


class Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One product in the cart. `at`: its last change. `price` as the storefront last said, None if it never did."""

    quantity: int
    at: int
    price: Decimal | None = None
    currency: str | None = None


class Op(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One thing done to the cart: `kind` is ADD, REMOVE, REPLACE, CHECKOUT, ORDER or WHOLE_ORDER.

    An ORDER without `items` takes the whole cart. So does a WHOLE_ORDER, which has not said what was bought: what it
    takes.
    """

    at: int
    kind: int
    event_id: str
    product_id: str | None = None
    quantity: int | None = None
    price: Decimal | None = None
    currency: str | None = None
    items: list[OpItem] | None = None


class Cart(msgspec.Struct, array_like=True, gc=False):
    """The cart of one customer. `lines` by product, the newest change last.

    `first_*`: the event that put the first item into the cart (its life). `changed_*`: the last change or
    CheckoutStarted. `last_*`: instant and kind of the newest operation applied. `cleared_at`: the last operation that
    stood for the whole cart. `looked`: for how long (microseconds) the present quiet spell was already looked at.
    `broken_*`, `ended_*`: the first activity and the first end of a life since the base, 0 for none. `dropped`: lines
    lost to the bound of MAX_LINES. `checkout_*`: the last CheckoutStarted that no order has finished. `taken`: what
    orders for the whole cart have taken out since the base, by product.
    """

    lines: dict[str, Line] = {}
    first_at: int = 0
    first_id: str = ""
    changed_at: int = 0
    changed_id: str = ""
    last_at: int = 0
    last_order: bool = False
    cleared_at: int = 0
    looked: int = 0
    broken_at: int = 0
    broken_why: str = ""
    ended_at: int = 0
    ended_why: str = ""
    dropped: int = 0
    checkout_at: int = 0
    checkout_id: str = ""
    taken: dict[str, Bought] = {}


def place(op: Op) -> tuple[int, bool]:
    """By which ops are sorted. Equal instants are ordered by topic: cart events before orders, so that an order at the
    same instant as an add includes it."""
    return op.at, op.kind >= ORDER


def copy(cart: Cart) -> Cart:
    """One of its own, whose lines may be changed."""
    return msgspec.structs.replace(cart, lines=dict(cart.lines), taken=dict(cart.taken))


def fold(cart: Cart, ops: list[Op]) -> Cart:
    """`cart` itself, with the ops done to it."""
    newest = (cart.last_at, cart.last_order)
    for op in ops:
        apply(cart, op, late=place(op) < newest)
    return cart


def apply(cart: Cart, op: Op, late: bool) -> None:
    """One operation. `late`: it is older than the newest one in the base."""
    at, kind = op.at, op.kind
    if not late:
        cart.last_at = at
        cart.last_order = kind >= ORDER
    lines = cart.lines
    if kind == ADD:
        assert op.product_id is not None
        if late and at <= cart.cleared_at:
            return
        old = lines.pop(op.product_id, None)
        quantity = 1 if op.quantity is None else op.quantity
        if old is None:
            new = Line(quantity, at, op.price, op.currency)
        else:
            priced = op if op.price is not None and at >= old.at else old
            new = Line(old.quantity + quantity, max(at, old.at), priced.price, priced.currency)
        if not lines and old is None:
            cart.first_at, cart.first_id = at, op.event_id
        elif at == cart.first_at and op.event_id < cart.first_id and not late:
            cart.first_id = op.event_id
        lines[op.product_id] = new
        if len(lines) > MAX_LINES:
            del lines[next(iter(lines))]
            cart.dropped += 1
        _active(cart, op, CART_CHANGED)
    elif kind == CHECKOUT:
        if lines:
            _active(cart, op, CART_CHANGED)
            if at >= cart.first_at:
                _checked_out(cart, op)
    elif kind == REMOVE:
        assert op.product_id is not None
        if _take_out(cart, op.product_id, op.quantity, at):
            _changed(cart, op, CART_EMPTIED)
    elif kind == REPLACE:
        if late and at <= max(cart.cleared_at, cart.changed_at):
            return
        _replace(cart, op)
    elif op.items is not None:
        taken = [_take_out(cart, product, quantity, at) for product, quantity, _ in op.items]
        if any(taken):
            _finished(cart, at)
            _changed(cart, op, ORDER_PLACED)
    else:
        _order(cart, op)


def _take_out(cart: Cart, product_id: str, quantity: int | None, at: int) -> bool:
    """Take `quantity` (None: all) of a product out; False when that changes nothing."""
    line = cart.lines.get(product_id)
    if line is None or line.at > at:
        return False
    del cart.lines[product_id]
    if quantity is not None and quantity < line.quantity:
        cart.lines[product_id] = Line(line.quantity - quantity, at, line.price, line.currency)
    return True


def _changed(cart: Cart, op: Op, emptied_why: str) -> None:
    """Something was taken out: the cart goes on, or its life is over."""
    if cart.lines:
        _active(cart, op, CART_CHANGED)
    else:
        _active(cart, op, emptied_why)
        _end(cart, op.at, emptied_why)


def _replace(cart: Cart, op: Op) -> None:
    """CartUpdated: the same products in the same quantities are no activity (their prices are taken over)."""
    wanted: dict[str, tuple[int, Decimal | None]] = {}
    for product, quantity, price in op.items or ():
        if quantity > 0:
            earlier, known = wanted.get(product, (0, None))
            wanted[product] = earlier + quantity, price if price is not None else known
    cart.cleared_at = op.at
    had = cart.lines
    same = {p: line for p, line in had.items() if p in wanted and wanted[p][0] == line.quantity}
    lines: dict[str, Line] = {}
    for product, line in same.items():
        price = wanted[product][1]
        lines[product] = line if price is None else Line(line.quantity, line.at, price, op.currency)
    for product, (quantity, price) in wanted.items():
        if product not in lines:
            lines[product] = Line(quantity, op.at, price, op.currency)
    while len(lines) > MAX_LINES:
        del lines[next(iter(lines))]
        cart.dropped += 1
    unchanged = len(same) == len(had) == len(lines)
    cart.lines = lines
    if unchanged:
        return
    if had:
        _changed(cart, op, CART_EMPTIED)
        return
    cart.first_at, cart.first_id = op.at, op.event_id
    _active(cart, op, CART_CHANGED)


def _order(cart: Cart, op: Op) -> None:
    """An order for the whole cart: everything that was in it at the order's instant."""
    if op.at > cart.cleared_at:
        cart.cleared_at = op.at
    if not cart.lines:
        return
    left = {product: line for product, line in cart.lines.items() if line.at > op.at}
    if len(left) == len(cart.lines):
        return
    if op.kind == WHOLE_ORDER:
        for product, line in cart.lines.items():
            if line.at <= op.at:
                take(cart.taken, product, op.at, line.price)
    cart.lines = left
    _finished(cart, op.at)
    _active(cart, op, ORDER_PLACED)
    _end(cart, op.at, ORDER_PLACED)
    if left:  # only when the order is late: what came after it is a cart of its own
        cart.first_at, cart.first_id = cart.changed_at, cart.changed_id


def _active(cart: Cart, op: Op, why: str) -> None:
    if not cart.broken_at and (op.at > cart.changed_at or why != CART_CHANGED):
        cart.broken_at, cart.broken_why = op.at, why
    if op.at > cart.changed_at:
        cart.changed_at, cart.changed_id = op.at, op.event_id
        cart.looked = 0
    elif op.at == cart.changed_at and op.event_id < cart.changed_id and not cart.looked:
        cart.changed_id = op.event_id


def _checked_out(cart: Cart, op: Op) -> None:
    if op.at > cart.checkout_at or (op.at == cart.checkout_at and op.event_id < cart.checkout_id):
        cart.checkout_at, cart.checkout_id = op.at, op.event_id


def _finished(cart: Cart, at: int) -> None:
    """What was checked out up to then is ordered, or the cart was emptied."""
    if cart.checkout_at <= at:
        cart.checkout_at, cart.checkout_id = 0, ""


def _end(cart: Cart, at: int, why: str) -> None:
    _finished(cart, at)
    if not cart.ended_at:
        cart.ended_at, cart.ended_why = at, why
