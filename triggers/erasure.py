"""The marker that is left of an erased customer, and its end.

It drops what happened before the erasure and arrives late, for as long as any topic may still hold it. Then nothing
can come any more, and the marker itself goes: the shell ends the row.
"""

from __future__ import annotations

from typing import Final

from schemas.topics import DAY_MS, TOPICS
from triggers.customer import NEVER, CustomerRow, encode_row, new_row

MARKER_KEPT: Final = max(topic.retention_ms for topic in TOPICS) * 1000
"""The longest retention of a topic as it is created, microseconds: a marker is kept so long at least."""

GONE_WITHIN: Final = 3 * DAY_MS * 1000
"""Of a row that has ended a compacted topic keeps the key a while longer: until it is compacted (a day), for a day then
(`delete.retention.ms`), and until it is compacted again."""


def marker_ends(row: CustomerRow, kept: int | None) -> int:
    """When the row of an erased customer is looked at for this; NEVER once that was. `kept`: microseconds, None for
    ever."""
    if kept is None or row.fired >= row.erased_at + kept:
        return NEVER
    return row.erased_at + kept


def spent(row: CustomerRow) -> bool:
    """Whether the row is a marker and nothing else, and its time is over."""
    return row.deadline == NEVER and row.fired >= row.erased_at + MARKER_KEPT and forgotten(row)


def forgotten(row: CustomerRow) -> bool:
    """Whether the row is a marker and nothing else: nothing has been heard of the customer since."""
    if not row.erased_at:
        return False
    bare = new_row(row.shop_id, row.customer_id)
    bare.deadline = row.deadline
    bare.erased_at, bare.fired, bare.seen, bare.applied = row.erased_at, row.fired, row.seen, row.applied
    bare.walked, bare.plan, bare.looks, bare.looked_at = row.walked, row.plan, row.looks, row.looked_at
    return encode_row(bare) == encode_row(row)
