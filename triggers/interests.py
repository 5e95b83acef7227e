"""What a customer looked at lately: a product each, the newest at the end.

In the row it is a MessagePack map from product to an Interest's array. Most views are of products that are not in it:
then the bytes grow by one entry where they are, and nothing is decoded. Where a product is looked at again, or another
must go for it, the map is taken apart into entries, of which only those that change are ever read.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import Raw

MAX_INTERESTS: Final = 50
MAX_EARLIER: Final = 4


class Interest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A product viewed: last at, how often, and the price last seen, `priced` before `at`.

    `earlier`: how long before `at` the views before the last were, the newest first, MAX_EARLIER at most. `looked`: for
    how long the spell since `at` was already looked at. All in microseconds."""

    at: int
    times: int = 1
    price: Decimal | None = None
    earlier: tuple[int, ...] = ()
    looked: int = 0
    priced: int = 0

    @property
    def views(self) -> tuple[int, ...]:
        """When it was viewed, the newest first: as far back as is known."""
        return self.at, *(self.at - before for before in self.earlier)


class Spell(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Of an Interest what tells when it is to be looked at: its price is not read. (Measured: twice as fast.)"""

    at: int
    times: int = 1
    unread: Raw = Raw(b"\xc0")
    earlier: tuple[int, ...] = ()
    looked: int = 0


class _Once(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An Interest that was viewed once and not looked at, as most are: without what is as it is by default."""

    at: int
    times: int
    price: Decimal | None


class _Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Of an Interest what tells the oldest; to read fifty prices takes six times as long."""

    at: int


_encode: Final = msgspec.msgpack.Encoder().encode
_read: Final = msgspec.msgpack.Decoder(dict[str, Interest]).decode
_read_spells: Final = msgspec.msgpack.Decoder(dict[str, Spell]).decode
_read_spell: Final = msgspec.msgpack.Decoder(Spell).decode
_read_instants: Final = msgspec.msgpack.Decoder(dict[str, _Seen]).decode
_read_entries: Final = msgspec.msgpack.Decoder(dict[str, Raw]).decode
_at: Final = attrgetter("at")
_read_entry: Final = msgspec.msgpack.Decoder(Interest).decode

# MessagePack: a map of up to 15 has its length in the first byte, up to 65,535 in the two bytes after 0xde.
_SHORT: Final = 0x80
_MOST_SHORT: Final = 0x8F
_LONG: Final = 0xDE
_HEADS: Final = [
    (_SHORT | count).to_bytes(1, "big") if count <= 15 else b"\xde" + count.to_bytes(2, "big")
    for count in range(MAX_INTERESTS + 1)
]


class Entries:
    """The map taken apart, until the row is encoded. `order` has (instant, product) of each, sorted, once there are as
    many as there may be: with every view of another the oldest goes. (Measured with fifty: 1 us a view instead of 10 to
    12. To look at all fifty for it is as slow where customers are many: they are not in the processor's cache.)"""

    __slots__ = ("entries", "order")

    def __init__(self, data: bytes | bytearray | Raw) -> None:
        self.entries: dict[str, Any] = _read_entries(data)
        """Each an Interest as it is stored, or the bytes of one."""
        self.order: list[tuple[int, str]] | None = _ordered(data) if len(self.entries) >= MAX_INTERESTS else None

    def put(self, product_id: str, interest: Interest, before: Interest | None) -> None:
        """A product's interest, which was `before`."""
        entries, order = self.entries, self.order
        entries[product_id] = _short(interest)
        if order is None:
            if len(entries) >= MAX_INTERESTS:
                self.order = _ordered(_encode(entries))
            return
        if before is not None:
            del order[bisect_left(order, (before.at, product_id))]
        newest = interest.at, product_id
        if newest > order[-1]:
            order.append(newest)
        else:
            insort(order, newest)

    def may_have_been(self, at: int) -> bool:
        """Whether one that was last looked at then may have had to go for the newest."""
        return self.order is not None and at <= self.order[0][0]

    def drop_oldest(self) -> None:
        """Of products viewed last at one instant, the first by id."""
        assert self.order is not None
        del self.entries[self.order.pop(0)[1]]


def _ordered(data: Any) -> list[tuple[int, str]]:
    seen = _read_instants(data)
    return sorted(zip(map(_at, seen.values()), seen, strict=True))


def read(part: Any) -> Mapping[str, Interest]:
    """All of them. `part`: the bytes, also such that grow, or the entries."""
    return _read(_encode(part.entries) if type(part) is Entries else part)


def spells(part: Any) -> Mapping[str, Spell]:
    """The same without what they cost."""
    return _read_spells(_encode(part.entries) if type(part) is Entries else part)


def spell(part: Entries, product_id: str) -> Spell | None:
    """That of one product; None where it is not among them."""
    entry = part.entries.get(product_id)
    if entry is None:
        return None
    if type(entry) is Raw:
        return _read_spell(entry)
    return Spell(entry.at, entry.times) if type(entry) is _Once else Spell(
        entry.at, entry.times, earlier=entry.earlier, looked=entry.looked
    )


def stored(part: bytearray | Entries) -> Raw:
    """The part as it lies in the row. Bytes that grow can't while this is there: it is a look at them."""
    return Raw(_encode(part.entries) if isinstance(part, Entries) else part)


def viewed(part: Any, product_id: str, at: int, price: Decimal | None) -> tuple[bytearray | Entries, bool]:
    """The part after one more view, which may be the one that was given, changed; True when another product was
    dropped for it."""
    if type(part) is not Entries:
        data = bytearray(part) if type(part) is Raw else part
        head = data[0]
        if head <= _MOST_SHORT:
            count, begin = head - _SHORT, 1
        else:
            count, begin = (int.from_bytes(data[1:3], "big"), 3) if head == _LONG else (MAX_INTERESTS, 0)
        if count < MAX_INTERESTS:
            key = _encode(product_id)
            # Bytes that look like the product's id may stand elsewhere; where there are none it is not there for sure.
            if key not in data:
                data += key + _encode(_Once(at, 1, price))
                data[:begin] = _HEADS[count + 1]
                return data, False
        part = Entries(data)
    known = part.entries.get(product_id)
    if known is None:
        part.put(product_id, Interest(at, 1, price), None)
        if len(part.entries) <= MAX_INTERESTS:
            return part, False
        part.drop_oldest()
        return part, True
    before = _entry(known)
    part.put(product_id, once_more(before, at, price), before)
    return part, False


def once_more(before: Interest, at: int, price: Decimal | None) -> Interest:
    """The interest after one more view, which may be a late one."""
    newest = max(at, before.at)
    priced_at = before.at - before.priced
    if price is None or (before.price is not None and at < priced_at):
        price = before.price
    else:
        priced_at = at
    return Interest(
        newest, before.times + 1, price, among(before.views, at), before.looked if newest == before.at else 0,
        newest - priced_at if price is not None else 0,
    )


def among(views: tuple[int, ...], at: int) -> tuple[int, ...]:
    """How long before the last of them the other views were, this one among them."""
    newest, *others = sorted((*views, at), reverse=True)
    return tuple(newest - other for other in others[:MAX_EARLIER])


def newer(part: Any, than: int) -> Raw:
    """The part with those viewed after an instant, and of these what is newer, as far as it is known."""
    return Raw(_encode({
        product: _short(_since(interest, than)) for product, interest in read(part).items() if interest.at > than
    }))


def looked(part: Any, lengths: Mapping[str, int]) -> Entries:
    """The part once the spells of these products, which are in it, were looked at for so long."""
    taken = part if isinstance(part, Entries) else Entries(part)
    entries = taken.entries
    for product_id, length in lengths.items():
        entries[product_id] = _short(msgspec.structs.replace(_entry(entries[product_id]), looked=length))
    return taken


def _short(interest: Interest) -> Interest | _Once:
    if interest.earlier or interest.looked or interest.priced:
        return interest
    return _Once(interest.at, interest.times, interest.price)


def _since(interest: Interest, than: int) -> Interest:
    earlier = tuple(before for before in interest.earlier if interest.at - before > than)
    known = interest.price is not None and interest.at - interest.priced > than
    return Interest(
        interest.at, interest.times if len(earlier) == MAX_EARLIER else 1 + len(earlier),
        interest.price if known else None, earlier, interest.looked, interest.priced if known else 0,
    )


def _entry(entry: Raw | Interest | _Once) -> Interest:
    if isinstance(entry, Interest):
        return entry
    return Interest(entry.at, entry.times, entry.price) if isinstance(entry, _Once) else _read_entry(entry)
