"""What a newer release has written is told apart while rows are restored, and what an older one has written is read."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.table import PARTITION_KEY, RECORD_LAYOUT, PartitionRecord, Table, read_record
from triggers.customer import CustomerRow, decode_row, encode_row, new_row
from triggers.engine import NEVER
from triggers.layouts import LAYOUT, LAYOUTS, UnknownLayout

TIME = NEVER.to_bytes(8, "big")


def table() -> Table[CustomerRow]:
    return Table(encode_row, decode_row, LAYOUTS.check)


def newer(row: CustomerRow) -> bytes:
    """The row as a release after this one might write it."""
    values: list[Any] = msgspec.msgpack.decode(encode_row(row))
    return msgspec.msgpack.encode([LAYOUT + 1, *values[1:], "a field more"])


def record(**fields: Any) -> bytes:
    return TIME + msgspec.msgpack.encode(fields)


def test_a_restore_stops_at_a_row_of_a_newer_layout_among_rows_it_can_read() -> None:
    rows = [TIME + encode_row(new_row("main", str(number))) for number in range(3)]
    keys = [f"main:{number}".encode() for number in range(4)]
    with pytest.raises(UnknownLayout, match=f"row layout {LAYOUT + 1}, this release reads layout") as unknown:
        table().restore(keys, [*rows, TIME + newer(new_row("main", "3"))])
    assert unknown.value.newer


def test_rows_that_layout_1_has_stored_are_restored_and_read() -> None:
    stored = json.loads((Path(__file__).parents[1] / "triggers/rows/layout-1.json").read_text())
    restored = table()
    restored.restore([name.encode() for name in stored], [TIME + base64.b64decode(row) for row in stored.values()])
    assert len(restored) == len(stored)
    for name in stored:
        row = restored.get(name)
        assert row is not None and (row.shop_id, row.customer_id, row.layout) == ("main", "42", LAYOUT)


def test_the_partitions_record_states_its_own_layout_and_that_of_the_rows_beside_it() -> None:
    own = table().own()
    assert own.key == PARTITION_KEY and own.value is not None
    read = read_record(own.value)
    assert (read.layout, read.row_layout) == (RECORD_LAYOUT, LAYOUT)


def test_a_record_written_before_it_stated_a_layout_is_read() -> None:
    read = read_record(record(maxima={"cart-events": 42}, reached=41))
    assert read == PartitionRecord(maxima={"cart-events": 42}, reached=41)


def test_a_record_says_that_rows_beside_it_are_newer_before_any_of_them_is_seen() -> None:
    restored = table()
    with pytest.raises(UnknownLayout, match=f"row layout {LAYOUT + 1}"):
        restored.restore([PARTITION_KEY], [record(layout=RECORD_LAYOUT, row_layout=LAYOUT + 1, maxima={})])


def test_a_record_of_a_newer_layout_is_not_understood_whatever_its_fields_have_become() -> None:
    with pytest.raises(UnknownLayout, match=f"partition record layout {RECORD_LAYOUT + 1}"):
        read_record(record(layout=RECORD_LAYOUT + 1, row_layout=LAYOUT, maxima=[1, 2]))


def test_of_several_records_in_a_stretch_the_last_counts() -> None:
    restored = table()
    restored.restore(
        [PARTITION_KEY, PARTITION_KEY, b"main:1"],
        [record(reached=1), record(reached=2), TIME + encode_row(new_row("main", "1"))],
    )
    assert restored.record.reached == 2
