"""The customer row: everything Rewake knows of one customer. One row, one changelog record.

Encoded as a MessagePack array (the number of the layout first), about 1 KB for a customer with a profile, a cart of
three lines and ten views. Facts carry the events' own times, so that updates commute: the last writer by event time
wins, of equal times the later arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw

from schemas.emitted import CancelSms
from schemas.partitioner import row_key
from triggers import interests
from triggers.answers import Said
from triggers.bought import Bought, together
from triggers.cart_book import CartBook, new_book, read_book, settle, stored
from triggers.consents import Consent
from triggers.counted import Counted
from triggers.interests import Interest
from triggers.journeys import Journey, Occasion, Past, Proposal
from triggers.layouts import LAYOUT, LAYOUTS, Layouts
from triggers.orders import MAX_ORDERS, Order, Orders
from triggers.parts import NO_LIST, NO_MAP, NOTHING, OPEN, Kept, Part
from triggers.receipts import Finding, Number
from triggers.tastes import Seen, Wish

__all__ = [
    "MAX_DATES", "MAX_ORDERS", "MAX_TOUCHES", "NEVER", "PROFILE_FIELDS", "SEEN_IDS", "Consent", "CustomerRow", "Field",
    "Member", "Order", "Orders", "Touch", "decode_row", "encode_row", "new_row", "read_row", "remember", "settle_cart",
]  # fmt: skip

MAX_TOUCHES: Final = 30
MAX_DATES: Final = 10
SEEN_IDS: Final = 64
_HASH: Final = 8
_SEEN_BYTES: Final = SEEN_IDS * _HASH

NEVER: Final = 1 << 62
"""A deadline that is none."""

PROFILE_FIELDS: Final = (
    "phone", "email", "first_name", "last_name", "time_zone", "language", "gender", "birthday", "city", "region",
    "card", "registered_at",
)
"""Profile fields by their number in the row. Only ever appended to."""


class Field(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A profile field and when it was said; None: deleted then."""

    value: str | None
    at: int


class Touch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A touch that passed all gates (or all but holdout: `held_out`), as caps, dedupe and competition count it.

    `tags`: its rule's then. `products`: those that its text offered, where the shop's dedupe asks for them. `due`: what
    it was planned for, 0 where that is `at`. `kind`: its rule's, where that counts its touches."""

    touch_id: str
    at: int
    rule: str
    tags: tuple[str, ...] = ()
    channel: str = "sms"
    products: tuple[str, ...] = ()
    held_out: bool = False
    due: int = 0
    step: str = ""
    kind: str = ""

    @property
    def planned(self) -> int:
        return self.due or self.at


class Member(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Whether the customer was in an audience when that was last judged, and since when that holds."""

    inside: bool
    at: int


class CustomerRow(msgspec.Struct, array_like=True, gc=False, eq=False):
    """Instants in microseconds since the epoch. `applied`: next offset to apply, by topic rank. `outbox`: proposals
    that arose and are not yet concluded. `outgoing`: cancels, and what receipts say of phones, not yet taken by the
    caller. `fired`: the last deadline. `profile` by number (PROFILE_FIELDS), `consents` by "channel/purpose", `history`
    by rule. `seen`: hashes of the last event ids. `dropped_*`: how much the bounds of the row have cost so far.
    `faults`: deadlines in a row that the engine failed at (counted by the shell). `clicked_at`: the last click;
    `numbers`: the phones that messages went to, and what became of them.

    `walked`: the last walk that the row has taken. `plan`: which rules `looks` were made by; `looks`: when each kind of
    trigger, by its code, wants to see the row next. `looked_at`: everything that was to be looked at up to then counts
    as looked at; `looked`, by the name of a spell: what it is counted from, and for how long it was looked at since.
    `occasions`: journeys offered and not yet begun. `visited_at`: when the customer last did something in the shop;
    `surveyed_at`: when a survey was last asked for; `bonus_expires_at`: when the first of the points lapse. `bought`
    and `wishes` by product, `categories` by category, `surveys` by survey, `dates` by name, `members` by audience.

    The fields `part_*` are for the properties without it alone, which decode them when they are asked for: msgspec's
    DecodeError of what is no such part comes only then. Nobody keeps what a property gave over `encode_row`.

    `layout`: the number of the layout; OPEN from when a part other than `cart` and `interests` was decoded until the
    row is encoded, so that of a row of which none was, none is looked at then."""

    layout: int
    shop_id: str
    customer_id: str
    deadline: int
    applied: dict[int, int]
    outbox: list[Proposal]
    outgoing: list[CancelSms | Finding | Counted]
    part_cart: Part
    part_orders: Part = NOTHING
    seen: bytes = b""
    part_profile: Part = NO_MAP
    part_consents: Part = NO_MAP
    part_interests: Part = NO_MAP
    journeys: list[Journey] = []
    part_history: Part = NO_MAP
    part_touches: Part = NO_LIST
    bonus_balance: Decimal | None = None
    bonus_at: int = 0
    fired: int = 0
    erased_at: int = 0
    dropped_interests: int = 0
    dropped_touches: int = 0
    faults: int = 0
    clicked_at: int = 0
    part_numbers: Part = NO_MAP
    walked: int = 0
    plan: int = 0
    looks: dict[int, int] = {}
    looked_at: int = 0
    part_looked: Part = NO_MAP
    part_occasions: Part = NO_LIST
    dropped_occasions: int = 0
    visited_at: int = 0
    surveyed_at: int = 0
    bonus_expires_at: int = 0
    part_bought: Part = NO_MAP
    part_categories: Part = NO_MAP
    part_wishes: Part = NO_MAP
    part_surveys: Part = NO_MAP
    part_dates: Part = NO_MAP
    part_members: Part = NO_MAP

    occasions = Kept("part_occasions", list[Occasion])
    looked = Kept("part_looked", dict[str, tuple[int, int]])
    settled_bought = Kept("part_bought", dict[str, Bought])
    categories = Kept("part_categories", dict[str, Seen])
    wishes = Kept("part_wishes", dict[str, Wish])
    surveys = Kept("part_surveys", dict[str, Said])
    dates = Kept("part_dates", dict[str, Field])
    members = Kept("part_members", dict[str, Member])

    @property
    def cart(self) -> CartBook:
        part = self.part_cart
        if type(part) is Raw:
            part = self.part_cart = read_book(bytes(part))
        return part  # type: ignore[no-any-return]  # a Part is Any to the type checker

    @property
    def orders(self) -> Orders | None:
        part = self.part_orders
        if type(part) is Raw:
            part = self.part_orders = _read_orders(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @orders.setter
    def orders(self, orders: Orders | None) -> None:
        self.part_orders = orders
        self.layout = OPEN

    @property
    def profile(self) -> dict[int, Field]:
        part = self.part_profile
        if type(part) is Raw:
            part = self.part_profile = _read_profile(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @profile.setter
    def profile(self, profile: dict[int, Field]) -> None:
        self.part_profile = profile
        self.layout = OPEN

    @property
    def consents(self) -> dict[str, Consent]:
        part = self.part_consents
        if type(part) is Raw:
            part = self.part_consents = _read_consents(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @consents.setter
    def consents(self, consents: dict[str, Consent]) -> None:
        self.part_consents = consents
        self.layout = OPEN

    @property
    def interests(self) -> Mapping[str, Interest]:
        """By product. Changed by `triggers.interests` alone."""
        return interests.read(self.part_interests)

    @property
    def bought(self) -> Mapping[str, Bought]:
        """By product, also what an order for the whole cart took out of it since the last deadline."""
        taken = self.cart.now.taken
        return together(self.settled_bought, taken) if taken else self.settled_bought

    @property
    def history(self) -> dict[str, Past]:
        part = self.part_history
        if type(part) is Raw:
            part = self.part_history = _read_history(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @history.setter
    def history(self, history: dict[str, Past]) -> None:
        self.part_history = history
        self.layout = OPEN

    @property
    def touches(self) -> list[Touch]:
        part = self.part_touches
        if type(part) is Raw:
            part = self.part_touches = _read_touches(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @touches.setter
    def touches(self, touches: list[Touch]) -> None:
        self.part_touches = touches
        self.layout = OPEN

    @property
    def numbers(self) -> dict[str, Number]:
        """By phone, E.164."""
        part = self.part_numbers
        if type(part) is Raw:
            part = self.part_numbers = _read_numbers(part)
            self.layout = OPEN
        return part  # type: ignore[no-any-return]  # see `cart`

    @numbers.setter
    def numbers(self, numbers: dict[str, Number]) -> None:
        self.part_numbers = numbers
        self.layout = OPEN

    def __eq__(self, other: object) -> bool:
        """Whether they are stored as the same bytes."""
        return isinstance(other, CustomerRow) and encode_row(self) == encode_row(other)

    __hash__ = None  # type: ignore[assignment]  # rows change

    @property
    def key(self) -> str:
        return row_key(self.shop_id, self.customer_id)

    def has_occasions(self) -> bool:
        part = self.part_occasions
        return part != NO_LIST if type(part) is Raw else bool(part)

    def has_open_cart(self) -> bool:
        return bool(self.cart.now.lines)

    def field(self, name: str) -> str | None:
        """A profile field's value; None when unknown or deleted."""
        known = self.profile.get(_NUMBERS[name])
        return None if known is None else known.value


_NUMBERS: Final = {name: number for number, name in enumerate(PROFILE_FIELDS)}
_read_orders: Final = msgspec.msgpack.Decoder(Orders | None).decode
_read_profile: Final = msgspec.msgpack.Decoder(dict[int, Field]).decode
_read_consents: Final = msgspec.msgpack.Decoder(dict[str, Consent]).decode
_read_history: Final = msgspec.msgpack.Decoder(dict[str, Past]).decode
_read_touches: Final = msgspec.msgpack.Decoder(list[Touch]).decode
_read_numbers: Final = msgspec.msgpack.Decoder(dict[str, Number]).decode


def new_row(shop_id: str, customer_id: str) -> CustomerRow:
    return CustomerRow(LAYOUT, shop_id, customer_id, NEVER, {}, [], [], _NEW_CART)


def settle_cart(row: CustomerRow) -> None:
    """A deadline: what was done to the cart so far is done, and what orders have taken out of it was bought."""
    book = row.cart
    taken = book.now.taken
    if taken:
        row.settled_bought = together(row.settled_bought, taken)
    settle(book)


def remember(row: CustomerRow, event_id: str) -> bool:
    """False when the row has seen this id among its last 64."""
    hashed = _BLANK.copy()
    try:
        hashed.update(event_id.encode())
    except UnicodeEncodeError:  # a surrogate that stands alone
        hashed.update(event_id.encode("utf-8", "surrogatepass"))
    digest = hashed.digest()
    seen = row.seen
    if digest in seen and any(seen[i : i + _HASH] == digest for i in range(0, len(seen), _HASH)):
        return False
    row.seen = seen + digest if len(seen) < _SEEN_BYTES else seen[_HASH:] + digest
    return True


_BLANK: Final = blake2b(digest_size=_HASH)  # a copy costs half of making another
_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(CustomerRow)
_NEW_CART: Final = Raw(stored(new_book()))


def _close(row: CustomerRow) -> None:
    """All parts that somebody looked at are bytes again."""
    if type(row.part_orders) is not Raw:
        row.part_orders = Raw(_encode(row.part_orders))
    if type(row.part_profile) is not Raw:
        row.part_profile = Raw(_encode(row.part_profile))
    if type(row.part_consents) is not Raw:
        row.part_consents = Raw(_encode(row.part_consents))
    if type(row.part_history) is not Raw:
        row.part_history = Raw(_encode(row.part_history))
    if type(row.part_touches) is not Raw:
        row.part_touches = Raw(_encode(row.part_touches))
    if type(row.part_numbers) is not Raw:
        row.part_numbers = Raw(_encode(row.part_numbers))
    if type(row.part_looked) is not Raw:
        row.part_looked = Raw(_encode(row.part_looked))
    if type(row.part_occasions) is not Raw:
        row.part_occasions = Raw(_encode(row.part_occasions))
    if type(row.part_bought) is not Raw:
        row.part_bought = Raw(_encode(row.part_bought))
    if type(row.part_categories) is not Raw:
        row.part_categories = Raw(_encode(row.part_categories))
    if type(row.part_wishes) is not Raw:
        row.part_wishes = Raw(_encode(row.part_wishes))
    if type(row.part_surveys) is not Raw:
        row.part_surveys = Raw(_encode(row.part_surveys))
    if type(row.part_dates) is not Raw:
        row.part_dates = Raw(_encode(row.part_dates))
    if type(row.part_members) is not Raw:
        row.part_members = Raw(_encode(row.part_members))
    row.layout = LAYOUT


def encode_row(row: CustomerRow) -> bytes:
    if row.layout != LAYOUT:
        _close(row)
    book, views = row.part_cart, row.part_interests
    if type(views) is not Raw:
        row.part_interests = interests.stored(views)
        if type(views) is not bytearray:
            views = row.part_interests
    if type(book) is not Raw:
        row.part_cart = Raw(stored(book))
        if not book.ops:
            book = row.part_cart
    try:
        return _encode(row)
    finally:  # the cart knows how its ops fold, which its bytes do not; and the views go on growing where they are
        row.part_cart, row.part_interests = book, views


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
