"""Who is in a named audience, and what it tells of them besides. Pure but for the changelog, which is read.

Asked are rows as they are, at one instant. An audience says nothing of consent or gates: whoever is in it is not
therefore written to. No phone is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from aiokafka.structs import TopicPartition

from schemas.catalogue import EmptyCatalogue
from schemas.partitioner import partition_of
from schemas.topics import changelog
from streams.chunks.chunk import Columns
from streams.chunks.reader import Reader
from streams.customers.found import NoTopics
from streams.customers.told import is_marker
from triggers.customer import CustomerRow, decode_row
from triggers.expressions import Audience, unexplained
from triggers.rules.model import Shop
from triggers.rules.quantities import show_duration
from triggers.view import context
from triggers.zones import zone_of

_TIME_BYTES: Final = 8
"""In front of a row in the changelog."""

_MICROSECOND: Final = timedelta(microseconds=1)

Listed = dict[str, Any]
"""`customer_id`, and `fields`: values by name, None where one is not known."""


def listed(rows: Iterable[CustomerRow], audience: Audience, shop: Shop, at: int) -> Iterator[Listed]:
    """Of a shop's rows those that are in it at `at` (microseconds), in their order."""
    catalogue = EmptyCatalogue()
    for row in rows:
        if row.shop_id != shop.id or (row.erased_at and is_marker(row)):
            continue
        tz, _ = zone_of(row.field("time_zone"), shop.time_zone)
        seen = context(row, shop, catalogue, tz, at)
        if audience.holds(unexplained(seen)):
            fields = {name: _plain(value.of(seen)) for name, value in audience.fields.items()}
            yield {"customer_id": row.customer_id, "fields": fields}


def _plain(value: Any) -> Any:
    """As JSON can say it."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, timedelta):
        return show_duration(value // _MICROSECOND)
    return value.isoformat() if hasattr(value, "isoformat") else value


async def of_changelog(
    reader: Reader, app: str, says: Callable[[str], None], take: Callable[[Iterable[CustomerRow]], None],
    key: bytes | None = None,
) -> None:  # fmt: skip
    """Give `take` the rows of one partition after the other, as the workers have committed them, or of the one that has
    the row of `key` alone. Of one partition all are in memory, as bytes. `says` is told what is being read. Raises
    NoTopics, KafkaError, UnknownLayout."""
    topic = changelog(app).name
    partitions = (await reader.partitions([topic])).get(topic)
    if not partitions:
        raise NoTopics(topic)
    for number in range(partitions) if key is None else (partition_of(key, partitions),):
        says(f"{topic}, partition {number}")
        kept: dict[bytes, bytes] = {}

        def keep(place: TopicPartition, columns: Columns, kept: dict[bytes, bytes] = kept) -> None:
            for key, value in zip(columns.keys, columns.values, strict=True):
                if key is None or key.startswith(b"\x00"):  # a partition's own
                    continue
                if value is None:
                    kept.pop(key, None)
                else:
                    kept[key] = value

        await reader.through([TopicPartition(topic, number)], keep)
        take(_rows(kept))


def _rows(kept: Mapping[bytes, bytes]) -> Iterator[CustomerRow]:
    for key in sorted(kept):
        yield decode_row(kept[key][_TIME_BYTES:])
