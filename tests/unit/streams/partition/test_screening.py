"""What a chunk's records are: events, markers, or dead letters with a reason."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson

from schemas.instants import parse_rfc3339
from schemas.partitioner import partition_of
from schemas.topics import CART_EVENTS, DELIVERY_RECEIPTS, MARKETING_EVENTS
from streams.partition.screening import KnownKeys, Screen, Screened, SharedScreen
from tests.unit.streams.chunking import columns

NOON = parse_rfc3339("2026-11-21T12:00:00Z")
MINUTE = 60_000_000
HERE = partition_of(b"main:1", 4)


def event(at: str = "2026-11-21T12:00:00Z", **fields: Any) -> bytes:
    return orjson.dumps(
        {"type": "CartItemAdded", "event_id": "e", "customer_id": "1", "occurred_at": at, "product_id": "p"} | fields
    )


def marker(at: str) -> bytes:
    return orjson.dumps({"type": "ClockAdvanced", "event_id": "m", "occurred_at": at})


def screen(partition: int = HERE, *, stream: bool = True) -> Screen:
    return Screen(CART_EVENTS, partition, 4, 5 * MINUTE, stream)


def reasons(screened: Screened) -> list[str]:
    return [found.reason for found in screened.letters]


def test_events_come_out_with_their_times_and_offsets() -> None:
    screened = screen().sort(columns([event(), event("2026-11-21T12:01:00Z")], start=7), NOON)
    (stretch,) = screened.stretches
    assert (stretch.times, stretch.offsets) == ([NOON, NOON + MINUTE], [7, 8])
    assert [found.product_id for found in stretch.events] == ["p", "p"]
    assert stretch.marker is None and screened.letters == []


def test_a_marker_ends_a_stretch_so_that_later_events_come_after_its_time() -> None:
    screened = screen().sort(columns([event(), marker("2026-11-21T13:00:00Z"), event()]), NOON)
    assert [(stretch.offsets, stretch.marker) for stretch in screened.stretches] == [
        ([0], NOON + 60 * MINUTE),
        ([2], None),
    ]
    assert screened.markers == [1]


def test_on_the_wall_clock_a_marker_is_counted_and_moves_nothing() -> None:
    screened = screen(stream=False).sort(columns([event(), marker("2099-11-21T13:00:00Z"), event()]), NOON)
    assert [(stretch.offsets, stretch.marker) for stretch in screened.stretches] == [([0, 2], None)]
    assert screened.markers == [1]


def test_a_bad_record_keeps_its_bytes_and_says_where_it_came_from() -> None:
    screened = screen().sort(columns([event(), b"{", None], start=3, key=b"main:1"), NOON)
    assert reasons(screened) == ["not-json", "not-json"]
    first = screened.letters[0]
    assert (first.offset, first.record.key, first.record.value) == (4, b"main:1", b"{")
    headers = dict(first.record.headers)
    assert headers.pop("detail")
    assert headers == {
        "reason": b"not-json", "origin_topic": b"cart-events", "origin_partition": str(HERE).encode(),
        "origin_offset": b"4", "origin_timestamp": b"0",
    }  # fmt: skip
    assert screened.letters[1].record.value is None


def test_an_event_of_another_topic_is_not_applied_here() -> None:
    order = event(type="OrderPlaced", order_id="A-1")
    assert reasons(screen().sort(columns([order]), NOON)) == ["wrong-topic"]
    receipts = Screen(DELIVERY_RECEIPTS, HERE, 4, 5 * MINUTE, markers=True)
    assert reasons(receipts.sort(columns([marker("2026-11-21T13:00:00Z")]), NOON)) == ["wrong-topic"]


def test_a_key_that_is_not_the_events_customer_is_refused_every_time() -> None:
    one = screen()
    assert one.sort(columns([event()]), NOON).letters == []
    for key in (b"main:2", b"other:1", None, b"\xff"):
        assert reasons(one.sort(columns([event()], key=key), NOON)) == ["wrong-partition"]
    assert reasons(one.sort(columns([event(shop_id="other")]), NOON)) == ["wrong-partition"]


def test_a_right_key_on_the_wrong_partition_is_refused_every_time() -> None:
    one = screen((HERE + 1) % 4)
    for _ in range(2):
        assert reasons(one.sort(columns([event()]), NOON)) == ["wrong-partition"]


def test_keys_beyond_the_most_that_may_be_remembered_are_forgotten_and_found_again() -> None:
    known = KnownKeys(0, 1, most=3)
    chunks = [[f"main:{number}".encode() for number in range(begin, begin + 2)] for begin in range(0, 20, 2)]
    for chunk in chunks * 2:
        assert known.names(chunk) == [key.decode() for key in chunk]
        assert len(known) <= 4  # what one chunk names is remembered whole


def test_an_event_from_the_future_is_measured_against_the_time_the_broker_stamped() -> None:
    stamped = dataclasses.replace(
        columns([event("2026-11-21T12:05:00Z"), event("2026-11-21T12:05:00.000001Z")]),
        timestamps=[NOON // 1000] * 2, stamped=True,
    )  # fmt: skip
    screened = screen().sort(stamped, NOON + 1000 * MINUTE)
    assert reasons(screened) == ["from-the-future"]
    assert screened.letters[0].offset == 1


def test_each_record_is_measured_against_its_own_stamp() -> None:
    late = (NOON + 60 * MINUTE) // 1000
    stamped = dataclasses.replace(
        columns([event("2026-11-21T12:30:00Z"), event("2026-11-21T12:30:00Z")]),
        timestamps=[NOON // 1000, late], stamped=True,
    )  # fmt: skip
    screened = screen().sort(stamped, NOON)
    assert [found.offset for found in screened.letters] == [0]


def test_where_the_broker_stamps_nothing_the_workers_clock_measures() -> None:
    values = [event("2026-11-21T12:05:00Z"), event("2026-11-21T12:06:00Z")]
    assert reasons(screen().sort(columns(values), NOON)) == ["from-the-future"]
    assert reasons(screen().sort(columns(values), NOON + MINUTE)) == []


def test_of_a_shared_topic_one_partition_reports_and_all_move_their_time() -> None:
    sale = orjson.dumps(
        {"type": "CollectionReleased", "event_id": "s", "occurred_at": "2026-11-21T12:00:00Z", "collection_id": "c"}
    )
    records = columns([sale, b"{", marker("2026-11-21T12:01:00Z"), event()], key=None)
    reporting = SharedScreen(MARKETING_EVENTS, True, 5 * MINUTE, True).sort(records, NOON)
    others = SharedScreen(MARKETING_EVENTS, False, 5 * MINUTE, True).sort(records, NOON)
    assert reasons(reporting) == ["not-json", "wrong-topic"]
    assert (reporting.markers, others.letters, others.markers) == ([2], [], [])
    for screened in (reporting, others):
        (stretch,) = screened.stretches
        assert (stretch.offsets, stretch.times, stretch.marker) == ([0], [NOON], NOON + MINUTE)
