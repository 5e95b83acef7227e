"""Hand-assigned topics on Apache Kafka: a partition that is far behind gets all it needs, out of a little memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from streams.shared_log import SharedLog
from tests.conftest import Kafka
from tests.e2e.running import PATIENCE, Shop
from tests.topics import recreate

TOPIC = "marketing-events"


async def had(shared: SharedLog, position: int, count: int) -> Sequence[int]:
    """The offsets that a partition gets which asks again and again, as a turn does."""
    found: list[int] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            for columns in shared.since(TOPIC, position):
                part = columns.after(position)
                found += part.offsets
                position = part.next
            await asyncio.sleep(0.01)
    return found


async def test_partitions_far_apart_all_get_what_follows_their_positions(
    kafka: Kafka, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kept.MOST_RECORDS", 300)
    await recreate(kafka.bootstrap, app=prefix, partitions=1)
    shop = Shop(tmp_path, prefix, kafka.bootstrap, "redis://127.0.0.1:1/0")
    marker = orjson.dumps({"type": "ClockAdvanced", "event_id": "m", "occurred_at": "2026-11-21T10:00:00Z"})
    for _ in range(20):
        await shop.publish(TOPIC, [(b"main", marker, 0)] * 100)
    shared = SharedLog({"bootstrap_servers": kafka.bootstrap}, [TOPIC], {})
    await shared.start()
    try:
        await shared.caught_up(TOPIC)
        assert shared.beginnings() == {TOPIC: 0}
        positions = (0, 700, 1900)
        found = await asyncio.gather(*(had(shared, position, 2000 - position) for position in positions))
        for position, offsets in zip(positions, found, strict=True):
            assert offsets == list(range(position, 2000))
    finally:
        await shared.stop()
