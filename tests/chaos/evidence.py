"""What stands on the broker when a round is over, read past the proxies as any reader would: `read_committed`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import CO_PARTITIONED, changelog
from streams.table import PARTITION_KEY, RESERVED, PartitionRecord, read_record
from tests.e2e.running import Shop
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.erasure import MARKER_KEPT

_TIME_BYTES: Final = 8


async def progress(bootstrap: str, app: str, partitions: int) -> tuple[dict[Any, int], dict[Any, int]]:
    """The group's committed offsets and the logs' ends, of all input topics."""
    inputs = [TopicPartition(spec.name, number) for spec in CO_PARTITIONED for number in range(partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await consumer.start()
        try:
            committed: Mapping[TopicPartition, Any] = await admin.list_consumer_group_offsets(app)
            ends = await consumer.end_offsets(inputs)
        finally:
            await consumer.stop()
    finally:
        await admin.close()
    return {tp: at.offset for tp, at in committed.items()}, dict(ends)


@dataclass(slots=True)
class Kept:
    """What the changelog holds: the last row of each key, decoded and as plain values, and the partitions' own
    records."""

    rows: dict[str, CustomerRow] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    partitions: dict[int, PartitionRecord] = field(default_factory=dict)

    @property
    def counters(self) -> Counter[str]:
        """Of all partitions together."""
        total: Counter[str] = Counter()
        for record in self.partitions.values():
            total.update(record.counters)
        return total

    @property
    def reached(self) -> int:
        """The time that every partition's clock has reached, microseconds; 0 before there is any record."""
        return min((record.reached for record in self.partitions.values()), default=0)


async def kept(shop: Shop) -> Kept:
    """Read the changelog, and decode every row: one that can't be decoded raises ValueError."""
    found = Kept()
    last: dict[str, bytes] = {}
    for record in await shop.records(changelog(shop.app).name):
        if record.key == PARTITION_KEY:
            found.partitions[record.partition] = read_record(record.value)
        elif record.key.startswith(RESERVED):
            continue
        elif record.value is None:
            last.pop(record.key.decode(), None)
        else:
            last[record.key.decode()] = record.value
    found.rows = {key: decode_row(value[_TIME_BYTES:]) for key, value in last.items()}
    found.plain = {key: msgspec.msgpack.decode(value[_TIME_BYTES:]) for key, value in last.items()}
    return found


def saved_rows(folder: Path) -> dict[str, Any]:
    """The rows that `rewake replay --state` left, as plain values.

    An erased customer's marker is kept for as long as a topic keeps records: for ever in a round, whose topics do.
    Replay, which knows no topics, keeps it as long as they do by default."""
    unpack = msgspec.msgpack.Decoder(tuple[str, bytes]).decode
    found: dict[str, Any] = {}
    (path,) = folder.glob("rows-*.msgpack")
    with path.open("rb") as stream:
        while head := stream.read(4):
            key, row = unpack(stream.read(int.from_bytes(head, "big")))
            saved = decode_row(row)
            if saved.erased_at and saved.deadline == saved.erased_at + MARKER_KEPT:
                saved.deadline = NEVER
            found[key] = msgspec.msgpack.decode(encode_row(saved))
    return found
