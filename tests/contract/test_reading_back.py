"""Records of the last hours are read back from both stacks' brokers, whatever lies before them."""

from __future__ import annotations

import time

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from streams import stacks
from streams.chunks.reader import reading
from tests.contract.test_products_topic import create

HOUR_MS = 3_600_000


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


async def test_what_was_written_since_is_read_to_the_end_and_nothing_that_is_newer_is_left_out(
    stack: stacks.Stack, prefix: str
) -> None:
    topic, now = f"{prefix}-commands", time.time_ns() // 1_000_000
    await create({"bootstrap_servers": stack.bootstrap}, topic, 3)
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap, acks="all") as producer:
        for hours in (50, 49, 3, 2, 1):  # partition 1 has old ones alone, 2 has none
            await producer.send_and_wait(topic, str(hours).encode(), partition=0, timestamp_ms=now - hours * HOUR_MS)
        await producer.send_and_wait(topic, b"old", partition=1, timestamp_ms=now - 50 * HOUR_MS)
    found: list[bytes | None] = []
    async with reading({"bootstrap_servers": stack.bootstrap}) as reader:
        async for _, columns in reader.read([TopicPartition(topic, n) for n in range(3)], now - 4 * HOUR_MS):
            found += columns.values
    assert [value for value in found if value in (b"3", b"2", b"1")] == [b"3", b"2", b"1"]
    if stack.kind == "real":
        assert len(found) == 3, "what is older is passed over, and not read"
