"""Small chunks are delivered together, large ones by themselves."""

from __future__ import annotations

from streams.chunks.chunk import PARCEL_RECORDS, Chunk, parcels
from tests.unit.streams.chunking import columns


def chunk(records: int, partition: int) -> Chunk:
    return Chunk("cart-events", partition, 1, columns([b"{}"] * records))


def sizes(*records: int) -> list[list[int]]:
    chunks = [chunk(count, partition) for partition, count in enumerate(records)]
    parceled = list(parcels(chunks))
    assert [one for parcel in parceled for one in parcel] == chunks  # all of them, in their order
    return [[len(one.columns.offsets) for one in parcel] for parcel in parceled]


def test_the_few_records_of_many_partitions_are_one_delivery() -> None:
    assert sizes(3, 0, 5, 1) == [[3, 0, 5, 1]]


def test_no_delivery_has_more_records_than_a_parcel_takes_unless_a_chunk_has() -> None:
    half = PARCEL_RECORDS // 2
    assert sizes(half, half, 1, 3 * PARCEL_RECORDS, 1) == [[half, half], [1], [3 * PARCEL_RECORDS], [1]]


def test_nothing_fetched_is_no_delivery() -> None:
    assert sizes() == []
