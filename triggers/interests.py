"""What a customer looked at lately: a product each, the newest at the end.

In the row it is a MessagePack map from product to `[at, times, price]`. Most views are of products that are not in it:
then the bytes grow by one entry where they are, and nothing is decoded. Where a product is looked at again the map is
taken apart into entries, of which only those that change are ever read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw

MAX_INTERESTS: Final = 50


class Interest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A product viewed: last at, how often, and the price last seen."""

    at: int
    times: int = 1
    price: Decimal | None = None


class _Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Of an Interest what tells the oldest; to read fifty prices takes six times as long."""

    at: int


Entries = dict[str, Raw | Interest]

_encode: Final = msgspec.msgpack.Encoder().encode
_read: Final = msgspec.msgpack.Decoder(dict[str, Interest]).decode
_read_instants: Final = msgspec.msgpack.Decoder(dict[str, _Seen]).decode
_read_entries: Final = msgspec.msgpack.Decoder(dict[str, Raw]).decode
_read_entry: Final = msgspec.msgpack.Decoder(Interest).decode

# MessagePack: a map of up to 15 has its length in the first byte, up to 65,535 in the two bytes after 0xde.
_SHORT: Final = 0x80
_MOST_SHORT: Final = 0x8F
_LONG: Final = 0xDE
_HEADS: Final = [
    (_SHORT | count).to_bytes(1, "big") if count <= 15 else b"\xde" + count.to_bytes(2, "big")
    for count in range(MAX_INTERESTS + 1)
]


def read(part: Any) -> Mapping[str, Interest]:
    """All of them. `part`: the bytes, also such that grow, or the entries."""
    return _read(_encode(part) if type(part) is dict else part)


def stored(part: bytearray | Entries) -> Raw:
    """The part as it lies in the row. Bytes that grow can't while this is there: it is a look at them."""
    return Raw(part if type(part) is bytearray else _encode(part))


def viewed(part: Any, product_id: str, at: int, price: Decimal | None) -> tuple[bytearray | Entries, bool]:
    """The part after one more view, which may be the one that was given, changed; True when another product was
    dropped for it."""
    if type(part) is not dict:
        data = bytearray(part) if type(part) is Raw else part
        head = data[0]
        if head <= _MOST_SHORT:
            count, begin = head - _SHORT, 1
        else:
            count, begin = (int.from_bytes(data[1:3], "big"), 3) if head == _LONG else (MAX_INTERESTS + 1, 0)
        key = _encode(product_id)
        # Bytes that look like the product's id may stand elsewhere; where there are none it is not there for sure.
        if count <= MAX_INTERESTS and key not in data:
            interest = Interest(at, 1, price)
            if count < MAX_INTERESTS:
                data += key + _encode(interest)
                data[:begin] = _HEADS[count + 1]
                return data, False
            if _replaced(data, product_id, interest):
                return data, True
        part = _read_entries(data)
    known = part.get(product_id)
    if known is None:
        part[product_id] = Interest(at, 1, price)
        if len(part) <= MAX_INTERESTS:
            return part, False
        del part[_oldest(_encode(part))[1]]
        return part, True
    known = _entry(known)
    if at >= known.at:
        part[product_id] = Interest(at, known.times + 1, known.price if price is None else price)
    else:
        part[product_id] = Interest(known.at, known.times + 1, price if known.price is None else known.price)
    return part, False


def _replaced(data: bytearray, product_id: str, interest: Interest) -> bool:
    """Put another product in the place of the oldest, which it may be itself; False, and nothing done, where the bytes
    do not tell for sure where that one lies."""
    products = _read_instants(data)
    at, oldest = _first(products)
    if (interest.at, product_id) < (at, oldest):
        return True
    key = _encode(oldest)
    place = data.find(key)
    if place < 0 or place != data.rfind(key):
        return False
    names = list(products)
    following = names.index(oldest) + 1
    end = data.find(_encode(names[following]), place + len(key)) if following < len(names) else len(data)
    if end < 0:
        return False
    try:
        _read_entry(data[place + len(key) : end])
    except msgspec.DecodeError:  # what looked like the next product stands within the price
        return False
    del data[place:end]
    data += _encode(product_id) + _encode(interest)
    return True


def _oldest(data: bytes | bytearray) -> tuple[int, str]:
    """When and which: of products viewed last at one instant, the first by id."""
    return _first(_read_instants(data))


def _first(products: Mapping[str, _Seen]) -> tuple[int, str]:
    at = min([seen.at for seen in products.values()])
    return at, min([product for product, seen in products.items() if seen.at == at])


def newer(part: Any, than: int) -> Entries:
    """Those viewed after an instant."""
    return {product: interest for product, interest in read(part).items() if interest.at > than}


def _entry(entry: Raw | Interest) -> Interest:
    return _read_entry(entry) if type(entry) is Raw else entry
