"""Walks that are open in a partition, and how they are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

from schemas.events import BroadcastRequested, CollectionReleased, FlashSaleAnnounced
from schemas.wire import decode_batch
from triggers.walks import (
    Change,
    Midnight,
    OpenWalks,
    Released,
    Requested,
    RulesChanged,
    SaleAnnounced,
    SaleOver,
    Scheduled,
    Subject,
    Synced,
    Walk,
    decode_walk,
    encode_walk,
    pending,
)  # fmt: skip

Read = TypeVar("Read")


def read(kind: type[Read], raw: bytes) -> Read:
    (one,) = decode_batch([raw])
    assert isinstance(one, kind)
    return one


SALE = read(
    FlashSaleAnnounced,
    b'{"type":"FlashSaleAnnounced","event_id":"m-1","occurred_at":"2026-11-27T06:00:00Z","sale_id":"bf",'
    b'"ends_at":"2026-11-28T20:59:59Z","items":[{"product_id":"sku-7","price":"1490.00"}],"categories":["kettles"]}',
)
COLLECTION = read(
    CollectionReleased,
    b'{"type":"CollectionReleased","event_id":"m-3","occurred_at":"2026-12-01T06:00:00Z","collection_id":"w"}',
)
BROADCAST = read(
    BroadcastRequested,
    b'{"type":"BroadcastRequested","event_id":"m-4","occurred_at":"2026-12-05T09:00:00Z","broadcast_id":"b",'
    b'"rule":"letter","audience":"vip"}',
)


def test_every_sort_of_walk_is_read_as_it_was_written() -> None:
    change = Change(Decimal("10.50"), Decimal("9"), True, False, 3, None)
    for what in (
        SaleAnnounced(SALE), SaleOver("bf", early=True), Released(COLLECTION), Requested(BROADCAST),
        Synced("s", {"sku-7": change}), Scheduled("letter"), Midnight("2026-11-22"), Subject("bf"), RulesChanged(7),
    ):  # fmt: skip
        walk = Walk(3, SALE.at, "main", what)
        assert decode_walk(encode_walk(walk)) == walk


def test_walks_are_numbered_in_the_order_in_which_they_are_opened() -> None:
    walks = OpenWalks(last=4)
    walks.open(30, "main", Midnight("a"))
    walks.open(20, "main", Midnight("b"))
    assert [walk.ordinal for walk in walks.opened.walks] == [5, 6] and walks.last == 6


def test_a_row_takes_those_of_its_shop_one_after_the_other() -> None:
    walks = OpenWalks()
    for shop in ("main", "other", "main"):
        walks.open(10, shop, Midnight("a"))
    first = pending(walks.opened, 0, "main")
    assert first is not None and first.ordinal == 1
    second = pending(walks.opened, 1, "main")
    assert second is not None and second.ordinal == 3
    assert pending(walks.opened, 3, "main") is None


def test_what_all_rows_have_taken_is_open_no_more() -> None:
    walks = OpenWalks()
    for day in "abc":
        walks.open(10, "main", Midnight(day))
    before = walks.opened
    assert [walk.ordinal for walk in walks.close(2)] == [1, 2]
    assert [walk.ordinal for walk in walks.opened.walks] == [3] and len(before.walks) == 3 and walks.last == 3
