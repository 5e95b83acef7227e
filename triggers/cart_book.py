"""The open cart, kept so that the order in which one customer's events arrive does not matter.

The row keeps the cart three times: as it was at the row's last deadline (`base`), what has been done to it since
(`ops`, sorted by the events' own times), and as it is (`folded`). An operation in time order is applied to `folded` at
once; a late one is sorted in and `folded` made anew. So events that arrive between two deadlines commute.

Ties: equal instants are ordered by topic (`triggers.cart.place`), then as they arrived.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import msgspec

from triggers.bought import bought_since
from triggers.cart import MAX_LINES, ORDER, Cart, Op, apply, copy, fold, place

MAX_OPS: Final = 64
MAX_OP_ITEMS: Final = 4 * MAX_LINES
"""Items of all ops together: whole-cart updates of a large cart would else outgrow a changelog record."""


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
            cart = self.folded = fold(self.base or Cart(), self.ops)
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
        apply(cart, op, late=False)
    else:
        ops.insert(bisect_right(ops, place(op), key=place), op)
        _forget_op_bytes(book)
        book.folded = fold(book.base or Cart(), ops)
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
    base = fold(book.base or Cart(), book.ops[:count])
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
        fresh = copy(base)
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
    book.folded = fold(fresh, book.ops)
