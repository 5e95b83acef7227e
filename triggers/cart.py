"""The open cart, kept so that the order in which one customer's events arrive does not matter.

The row keeps the cart three times: as it was at the row's last deadline (`base`), what has been done to it since
(`ops`, sorted by the events' own times), and as it is (`folded`). An operation in time order is applied to `folded` at
once; a late one is sorted in and `folded` made anew. So events that arrive between two deadlines commute. What ended
while folding (the life of the cart, the quiet spell) is found anew as well, and with it the end of a journey.

Ties: equal instants are ordered by topic (cart events before orders, so an order at the same instant as an add
includes it), then as they arrived.

An operation older than what a deadline has already settled can't be sorted in any more; it then changes only what was
not changed after its own time: a late order takes the lines last changed up to the order's instant and no newer one.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import Final

import msgspec

from triggers.bought import Bought, bought_since, take

MAX_LINES: Final = 100
MAX_OPS: Final = 64
MAX_OP_ITEMS: Final = 4 * MAX_LINES
"""Items of all ops together: whole-cart updates of a large cart would else outgrow a changelog record."""

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


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """A book as it lies in the row: the cart as it is, or what it was and the ops since."""

    folded: Cart | None
    base: msgspec.Raw
    ops: list[Op] = []


class CartBook(msgspec.Struct, gc=False):
    """What was done to the cart since the last deadline (`ops`), and the cart before that (`base`, None without ops).

    `folded` is the cart as it is; None until somebody asks for `now`. A row with ops is stored without it.
    What is already known as bytes is not encoded again: however many ops wait for a deadline, one more costs one op.
    `base_bytes` is the base, b"" without ops; `cart_bytes` is `folded`, b""
    where that has changed since; `op_bytes` are the first `op_count` ops.
    """

    folded: Cart | None
    base_bytes: bytes = b""
    ops: list[Op] = []
    cart_bytes: bytes = b""
    op_bytes: bytes = b""
    op_count: int = 0

    @property
    def base(self) -> Cart | None:
        """A cart of its own each time."""
        return _read_cart(self.base_bytes) if self.base_bytes else None

    @property
    def now(self) -> Cart:
        cart = self.folded
        if cart is None:
            cart = self.folded = _fold(self.base or Cart(), self.ops)
        return cart


_encode: Final = msgspec.msgpack.Encoder().encode
_read_cart: Final = msgspec.msgpack.Decoder(Cart).decode
_read_stored: Final = msgspec.msgpack.Decoder(_Stored).decode

# MessagePack: an array of three; nil; an array of up to 15, and of up to 65,535 with its length in two bytes.
_THREE: Final = b"\x93"
_NIL: Final = b"\xc0"
_NO_OPS: Final = b"\x90"
_SHORT: Final = 15


def new_book() -> CartBook:
    return CartBook(Cart())


def stored(book: CartBook) -> bytes:
    """The book as it lies in the row: `[cart, nil, []]`, or with ops `[nil, base, ops]`."""
    ops = book.ops
    if not ops:
        if not book.cart_bytes:
            book.cart_bytes = _encode(book.now)
        return _THREE + book.cart_bytes + _NIL + _NO_OPS
    count = len(ops)
    if book.op_count < count:
        for op in ops[book.op_count :]:
            book.op_bytes += _encode(op)
        book.op_count = count
    length = (0x90 | count).to_bytes(1, "big") if count <= _SHORT else b"\xdc" + count.to_bytes(2, "big")
    return _THREE + _NIL + book.base_bytes + length + book.op_bytes


def read_book(data: bytes) -> CartBook:
    """Raises msgspec.DecodeError for what is no book."""
    read = _read_stored(data)
    base = b"" if read.folded is not None else bytes(read.base)
    if data[:1] != _THREE:  # of another shape than what is written here
        return CartBook(read.folded, base, read.ops)
    if read.folded is not None:
        return CartBook(read.folded, cart_bytes=data[1:-2])
    count = len(read.ops)
    begin = 2 + len(base) + (1 if count <= _SHORT else 3)
    return CartBook(None, base, read.ops, op_bytes=data[begin:], op_count=count)


def record(book: CartBook, op: Op) -> None:
    """Do `op` to the cart."""
    cart = book.now
    ops = book.ops
    if not ops:
        book.base_bytes = book.cart_bytes or _encode(cart)
        book.cart_bytes = b""
    last_at = cart.last_at
    if op.at > last_at or (op.at == last_at and (op.kind >= ORDER or not cart.last_order)):
        ops.append(op)
        _apply(cart, op, late=False)
    else:
        ops.insert(bisect_right(ops, _key(op), key=_key), op)
        _forget_op_bytes(book)
        book.folded = _fold(book.base or Cart(), ops)
    if len(ops) > MAX_OPS:
        _settle_oldest(book, MAX_OPS // 2)
    elif op.items and sum(len(one.items or ()) for one in ops) > MAX_OP_ITEMS:
        kept = items = 0
        while kept < len(ops) and (items := items + len(ops[-1 - kept].items or ())) <= MAX_OP_ITEMS:
            kept += 1
        _settle_oldest(book, len(ops) - kept)


def _forget_op_bytes(book: CartBook) -> None:
    book.op_bytes, book.op_count = b"", 0


def _settle_oldest(book: CartBook, count: int) -> None:
    """The oldest ops are done: nothing comes before them any more."""
    base = _fold(book.base or Cart(), book.ops[:count])
    del book.ops[:count]
    _forget_op_bytes(book)
    if book.ops:
        book.base_bytes = _encode(base)
    else:
        book.base_bytes, book.folded = b"", base


def settle(book: CartBook) -> None:
    """A deadline: what was done so far is done. The present cart becomes the base of what follows."""
    cart = book.now
    if book.ops:
        book.ops = []
        book.base_bytes = b""
        _forget_op_bytes(book)
    if cart.broken_at or cart.ended_at or cart.taken:
        cart.broken_at = cart.ended_at = 0
        cart.broken_why = cart.ended_why = ""
        cart.taken = {}
        book.cart_bytes = b""


def look(book: CartBook, at: int) -> None:
    """The present quiet spell was looked at, as long as it is at `at`. After `settle`: ops would not keep it."""
    cart = book.now
    quiet = at - cart.changed_at
    if cart.lines and quiet > cart.looked:
        cart.looked = quiet
        book.cart_bytes = b""


def forget(book: CartBook, up_to: int) -> None:
    """Forget everything up to and including an instant (the customer was erased)."""
    base = book.base or book.now
    kept = {product: line for product, line in base.lines.items() if line.at > up_to}
    fresh = Cart()
    if kept:
        fresh = _copy(base)
        fresh.lines = kept
        if fresh.first_at <= up_to:
            fresh.first_at, fresh.first_id = fresh.changed_at, fresh.changed_id
        if fresh.checkout_at <= up_to:
            fresh.checkout_at, fresh.checkout_id = 0, ""
    fresh.taken = bought_since(base.taken, up_to)
    book.ops = [op for op in book.ops if op.at > up_to]
    book.base_bytes = _encode(fresh) if book.ops else b""
    book.cart_bytes = b""
    _forget_op_bytes(book)
    book.folded = _fold(fresh, book.ops)


def _key(op: Op) -> tuple[int, bool]:
    return op.at, op.kind >= ORDER


def _copy(cart: Cart) -> Cart:
    return msgspec.structs.replace(cart, lines=dict(cart.lines), taken=dict(cart.taken))


def _fold(cart: Cart, ops: list[Op]) -> Cart:
    """`cart` itself, with the ops done to it."""
    newest = (cart.last_at, cart.last_order)
    for op in ops:
        _apply(cart, op, late=_key(op) < newest)
    return cart


def _apply(cart: Cart, op: Op, late: bool) -> None:
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
