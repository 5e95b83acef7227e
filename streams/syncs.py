"""Syncs of feeds as the topic `products` tells of them: a mark that the sync begins, snapshots, a mark that it is over.

What a snapshot changed is told by its `previous`. The two marks of a shop's last sync lie under keys of their own,
which are no product's; whoever fills a store passes them over. The changed set of a shop ends with its end mark. The
begin mark opens none: what a sync that broke off had published belongs to the one that comes to its end. It tells, of
whatever was published since some instant, that something was, even if that sync never ended.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, cast

import msgspec

from feeds.snapshots import BadSnapshot, Previous, Snapshot, read_key
from schemas.contracts import Refused, read_event
from schemas.instants import parse_rfc3339, rfc3339
from schemas.products import FeedSyncBegun, FeedSynced
from triggers.walks import Change

MARK: Final = "\x00sync"
BEGIN_MARK: Final = "\x00begin"
"""In place of a product's id."""

_END: Final = f":{MARK}".encode()
_BEGIN: Final = f":{BEGIN_MARK}".encode()


class _Told(msgspec.Struct, frozen=True, gc=False, tag_field="type", tag="ProductSnapshot"):
    """Of a snapshot what may have changed, and when."""

    product_id: str
    occurred_at: str
    shop_id: str = "main"
    price: Decimal | None = None
    available: bool = True
    stock: int | None = None
    previous: Previous | None = None


_decode: Final = msgspec.json.Decoder(_Told).decode


def mark_key(shop_id: str) -> bytes:
    """Of the record that a sync is over."""
    return f"{shop_id}:{MARK}".encode()


def begin_key(shop_id: str) -> bytes:
    """Of the record that a sync begins."""
    return f"{shop_id}:{BEGIN_MARK}".encode()


def is_mark(key: bytes | None) -> bool:
    """That a sync begins, or is over."""
    return key is not None and key.endswith((_END, _BEGIN))


def is_end(key: bytes | None) -> bool:
    return key is not None and key.endswith(_END)


def begin_mark(shop_id: str, sync_id: str, at: int) -> bytes:
    """The value of the record that a sync begins. `at`: microseconds, the same as in the snapshots."""
    said = FeedSyncBegun(type="FeedSyncBegun", shop_id=shop_id, sync_id=sync_id, occurred_at=rfc3339(at))
    return said.model_dump_json().encode()


def mark(shop_id: str, sync_id: str, at: int, changed: int) -> bytes:
    """The value of the record that a sync is over. `at`: microseconds, the same as in the snapshots."""
    said = FeedSynced(type="FeedSynced", shop_id=shop_id, sync_id=sync_id, occurred_at=rfc3339(at), changed=changed)
    return said.model_dump_json().encode()


def read_mark(key: bytes | None, value: bytes | None) -> FeedSynced:
    """Raises schemas.contracts.Refused."""
    said = cast(FeedSynced, read_event(value or b"", (FeedSynced,)))
    if key != mark_key(said.shop_id):
        raise Refused("invalid-value", "the key names another shop than the value")
    return said


def published_at(key: bytes | None, value: bytes | None) -> tuple[str, int] | None:
    """(shop_id, when its sync was, in microseconds) of a mark of either kind; None for what is none, or is broken."""
    try:
        said = cast(FeedSyncBegun | FeedSynced, read_event(value or b"", (FeedSyncBegun, FeedSynced)))
    except Refused:
        return None
    key_of_its_kind = mark_key if isinstance(said, FeedSynced) else begin_key
    return (said.shop_id, said.at) if key == key_of_its_kind(said.shop_id) else None


def read_change(key: bytes | None, value: bytes | None) -> tuple[str, str, Change | None, int]:
    """(shop_id, product_id, what changed, when it was found); what: None where it is new, or has left the feed. Raises
    BadSnapshot."""
    shop_id, product_id = read_key(key)
    if value is None:
        return shop_id, product_id, None, 0
    try:
        told = _decode(value)
        at = parse_rfc3339(told.occurred_at)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise BadSnapshot(str(error)) from None
    return shop_id, product_id, change_of(told), at


def change_of(told: _Told | Snapshot) -> Change | None:
    """What a snapshot changed; None of a product that is new. One of stock 0 can't be ordered."""
    before = told.previous
    if before is None:
        return None
    was = before.availability is not False and before.stock != 0
    return Change(before.price, told.price, was, told.available and told.stock != 0, before.stock, told.stock)
