"""The customer row: everything Rewake knows of one customer. One row, one changelog record.

Encoded as a MessagePack array (the number of the layout first), about 1 KB for a customer with a profile, a cart of
three lines and ten views. Facts carry the events' own times, so that updates commute: the last writer by event time
wins, of equal times the later arrival.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from typing import Final

import msgspec

from schemas.emitted import CancelSms
from triggers.cart import CartBook, new_book, packed
from triggers.journeys import Journey, Past, Proposal
from triggers.layouts import LAYOUT, LAYOUTS, Layouts

MAX_INTERESTS: Final = 50
MAX_TOUCHES: Final = 30
MAX_ORDERS: Final = 16
SEEN_IDS: Final = 64
_HASH: Final = 8
_SEEN_BYTES: Final = SEEN_IDS * _HASH

NEVER: Final = 1 << 62
"""A deadline that is none."""

PROFILE_FIELDS: Final = (
    "phone", "email", "first_name", "last_name", "time_zone", "language", "gender", "birthday", "city", "region",
    "card",
)
"""Profile fields by their number in the row. Only ever appended to."""


class Field(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A profile field and when it was said; None: deleted then."""

    value: str | None
    at: int


class Consent(msgspec.Struct, array_like=True, frozen=True, gc=False):
    granted: bool
    at: int
    source: str | None = None


class Interest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A product viewed: last at, how often, and the price last seen."""

    at: int
    times: int = 1
    price: Decimal | None = None


class Order(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A recent order, remembered to know a repeated or a cancelled one. Either may be heard of first."""

    at: int
    placed: bool
    cancelled: bool
    total: Decimal | None = None
    currency: str | None = None


class Orders(msgspec.Struct, array_like=True, gc=False):
    """`count` and `totals` without the cancelled, `first_at` and `last_at` with them.

    `totals`, by currency ("" where none is named): how many orders named a total, and what they add up to.
    """

    count: int = 0
    totals: dict[str, tuple[int, Decimal]] = {}
    first_at: int = 0
    last_at: int = 0
    recent: dict[str, Order] = {}


class Touch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A touch that passed all gates, as caps count it."""

    touch_id: str
    at: int
    rule: str


class CustomerRow(msgspec.Struct, array_like=True, gc=False):
    """Instants in microseconds since the epoch. `applied`: next offset to apply, by topic rank. `outbox`: proposals
    that arose and are not yet concluded. `outgoing`: cancels not yet taken by the caller. `fired`: the last deadline.
    `profile` by number (PROFILE_FIELDS), `consents` by "channel/purpose", `history` by rule. `seen`: hashes of the last
    event ids. `dropped_*`: how much the bounds of the row have cost so far."""

    layout: int
    shop_id: str
    customer_id: str
    deadline: int
    applied: dict[int, int]
    outbox: list[Proposal]
    outgoing: list[CancelSms]
    cart: CartBook
    orders: Orders | None = None
    seen: bytes = b""
    profile: dict[int, Field] = {}
    consents: dict[str, Consent] = {}
    interests: dict[str, Interest] = {}
    journeys: list[Journey] = []
    history: dict[str, Past] = {}
    touches: list[Touch] = []
    bonus_balance: Decimal | None = None
    bonus_at: int = 0
    fired: int = 0
    erased_at: int = 0
    dropped_interests: int = 0
    dropped_touches: int = 0

    @property
    def key(self) -> str:
        return f"{self.shop_id}:{self.customer_id}"

    def has_open_cart(self) -> bool:
        return bool(self.cart.now.lines)

    def field(self, name: str) -> str | None:
        """A profile field's value; None when unknown or deleted."""
        known = self.profile.get(PROFILE_FIELDS.index(name))
        return None if known is None else known.value


def new_row(shop_id: str, customer_id: str) -> CustomerRow:
    return CustomerRow(LAYOUT, shop_id, customer_id, NEVER, {}, [], [], new_book())


def remember(row: CustomerRow, event_id: str) -> bool:
    """False when the row has seen this id among its last 64."""
    digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=_HASH).digest()
    seen = row.seen
    if digest in seen and any(seen[i : i + _HASH] == digest for i in range(0, len(seen), _HASH)):
        return False
    row.seen = seen + digest if len(seen) < _SEEN_BYTES else seen[_HASH:] + digest
    return True


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(CustomerRow)


def encode_row(row: CustomerRow) -> bytes:
    book = row.cart
    if not book.ops:
        return _encoder.encode(row)
    row.cart = packed(book)
    try:
        return _encoder.encode(row)
    finally:
        row.cart = book


def decode_row(data: bytes) -> CustomerRow:
    """Raises UnknownLayout for a row of a release unknown here, ValueError (msgspec.DecodeError) for what is no row."""
    try:
        row = _decoder.decode(data)
        if row.layout == LAYOUT:
            return row
    except msgspec.MsgspecError:
        pass
    return read_row(data, LAYOUTS)


def read_row(data: bytes, layouts: Layouts) -> CustomerRow:
    """A row in any of these layouts, the newest of which is CustomerRow. Raises as `decode_row`."""
    return _decoder.decode(layouts.upgraded(data))
