"""Rows and how they lie in the changelog."""

from __future__ import annotations

import msgspec

from streams.table import ATTENTION, PARTITION_KEY, RESERVED, Table
from triggers.engine import NEVER


class Row(msgspec.Struct):
    name: str
    deadline: int = NEVER
    outbox: list[str] = []


class Codec:
    """Counts what is decoded."""

    def __init__(self) -> None:
        self.decoded: list[str] = []

    def encode(self, row: Row) -> bytes:
        return msgspec.msgpack.encode(row)

    def decode(self, data: bytes) -> Row:
        row = msgspec.msgpack.decode(data, type=Row)
        self.decoded.append(row.name)
        return row


def table() -> tuple[Table[Row], Codec]:
    codec = Codec()
    return Table(codec.encode, codec.decode), codec


def restored(source: Table[Row], rows: dict[str, Row]) -> tuple[Table[Row], Codec]:
    records = [*source.rows(rows), source.own()]
    again, codec = table()
    again.restore([record.key for record in records], [record.value for record in records])
    return again, codec


def test_a_row_comes_back_from_the_changelog_as_it_went_in() -> None:
    first, _ = table()
    row = Row("anna", deadline=17)
    first.put("main:1", row)
    again, _ = restored(first, {"main:1": row})
    assert again.get("main:1") == row
    assert len(again) == 1 and "main:1" in again and "main:2" not in again


def test_a_restore_decodes_nothing_until_a_row_is_touched_and_then_once() -> None:
    first, _ = table()
    again, codec = restored(first, {"main:1": Row("anna"), "main:2": Row("boris")})
    again.restored()
    assert codec.decoded == []
    assert again.get("main:2") is again.get("main:2")
    assert codec.decoded == ["boris"]


def test_a_restore_knows_which_rows_wait_for_a_time_and_which_have_a_full_outbox() -> None:
    first, _ = table()
    rows = {
        "main:never": Row("never"),
        "main:waits": Row("waits", deadline=1_000_000),
        "main:due": Row("due", deadline=2_000_000, outbox=["a touch"]),
        "main:last": Row("last", outbox=["a touch"]),
    }
    again, codec = restored(first, rows)
    waiting, attention = again.restored()
    assert sorted(waiting) == [("main:due", 2_000_000), ("main:waits", 1_000_000)]
    assert sorted(attention) == ["main:due", "main:last"]
    assert sorted(codec.decoded) == ["due", "last"]


def test_a_record_starts_with_the_rows_next_time() -> None:
    first, _ = table()
    for row, time in ((Row("a", deadline=5), 5), (Row("b"), NEVER), (Row("c", 5, ["touch"]), ATTENTION)):
        assert int.from_bytes((first.rows({"k": row})[0].value or b"")[:8], "big") == time


def test_the_last_record_of_a_key_counts_and_one_without_a_value_ends_the_row() -> None:
    first, _ = table()
    early = first.rows({"main:1": Row("early"), "main:2": Row("gone")})
    late = first.rows({"main:1": Row("late")})
    again, _ = table()
    again.restore(
        [*(record.key for record in early), *(record.key for record in late), b"main:2", None],
        [*(record.value for record in early), *(record.value for record in late), None, b"no key"],
    )
    assert again.get("main:1") == Row("late")
    assert again.get("main:2") is None and len(again) == 1


def test_the_partitions_own_record_has_its_reserved_key_and_is_no_row() -> None:
    first, _ = table()
    first.record.maxima["cart-events"] = 42
    first.record.counters["in"] = 7
    first.record.reached = 41
    assert first.own().key == PARTITION_KEY
    again, _ = restored(first, {"main:1": Row("anna")})
    record = again.record
    assert (record.maxima, record.counters, record.reached) == ({"cart-events": 42}, {"in": 7}, 41)
    assert len(again) == 1


def test_what_is_reserved_lies_beside_the_rows_until_it_is_ended() -> None:
    first, _ = table()
    first.reserve(RESERVED + b"walk:1", b"one")
    first.reserve(RESERVED + b"walk:2", b"two")
    records = first.reserving()
    assert first.reserving() == []  # once
    first.reserve(RESERVED + b"walk:1", None)
    records += first.reserving()
    again, _ = table()
    again.restore([record.key for record in records], [record.value for record in records])
    assert again.reserved == first.reserved == {RESERVED + b"walk:2": b"two"} and len(again) == 0


def test_tables_that_are_swapped_swap_what_is_reserved() -> None:
    first, _ = table()
    other, _ = table()
    first.reserve(RESERVED + b"walk:1", b"one")
    first.swap(other)
    assert (first.reserved, other.reserved) == ({}, {RESERVED + b"walk:1": b"one"})
    assert first.reserving() == [] and len(other.reserving()) == 1


def test_a_row_that_was_only_looked_at_is_decoded_again_and_one_that_is_put_is_kept() -> None:
    made, _ = table()
    made.rows({"main:1": Row("anna")})
    made, _ = restored(made, {"main:1": Row("anna")})
    looked = made.look("main:1")
    assert looked is not None and made.look("main:1") is not looked
    made.put("main:1", looked)
    assert made.get("main:1") is made.look("main:1") is looked
    assert made.look("main:2") is None and list(made.keys()) == ["main:1"]
