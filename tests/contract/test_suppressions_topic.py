"""The topic `suppressions` on both stacks: read whole before anything is asked, followed from there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from streams import stacks
from streams.shared_log import SharedLog
from streams.suppressions.merged import NoSecret, SuppressionStore
from tests.contract.test_products_topic import create
from tests.unit.streams.suppressions.test_merged import ANNA, BORIS, SECRET, Sent, lifted, suppressed
from tests.unit.triggers.driving import MONDAY


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


@pytest.fixture
async def topic(stack: stacks.Stack, prefix: str) -> str:
    name = f"{prefix}-suppressions"
    await create({"bootstrap_servers": stack.bootstrap}, name, 1)
    return name


async def publish(stack: stacks.Stack, topic: str, *records: Sent) -> None:
    async with AIOKafkaProducer(bootstrap_servers=stack.bootstrap, acks="all") as producer:
        for key, value in records:
            await producer.send(topic, key=key, value=value, partition=0)
        await producer.flush()


@asynccontextmanager
async def reading(stack: stacks.Stack, topic: str, store: SuppressionStore) -> AsyncIterator[SharedLog]:
    shared = SharedLog({"bootstrap_servers": stack.bootstrap}, [], {topic: store.take})
    try:
        await shared.start()
        async with asyncio.timeout(30):
            yield shared
    finally:
        await shared.stop()


async def test_caught_up_means_that_everything_published_before_is_known(stack: stacks.Stack, topic: str) -> None:
    store = SuppressionStore(SECRET)
    async with reading(stack, topic, store) as shared:
        await shared.caught_up(topic)
        assert (len(store), shared.position(topic)) == (0, 0)
        for turn in range(5):
            await publish(stack, topic, suppressed(ANNA), suppressed(BORIS, "blocked"))
            await shared.caught_up(topic)
            assert store.reason("main", ANNA, MONDAY) == "opted_out"
            await publish(stack, topic, lifted(ANNA))
            await shared.caught_up(topic)
            assert (store.reason("main", ANNA, MONDAY), shared.position(topic)) == (None, 3 * (turn + 1))
        assert store.reason("main", BORIS, MONDAY) == "blocked"


async def test_whoever_comes_later_reads_the_topic_from_its_beginning(stack: stacks.Stack, topic: str) -> None:
    phones = [f"+7999{number:07}" for number in range(3000)]
    await publish(stack, topic, *map(suppressed, phones), *map(lifted, phones[::3]))
    store = SuppressionStore(SECRET)
    async with reading(stack, topic, store) as shared:
        await shared.caught_up(topic)
    assert [store.reason("main", phone, MONDAY) for phone in phones[:3]] == [None, "opted_out", "opted_out"]
    assert len(store) == 2000


async def test_reading_without_a_secret_ends_at_the_first_suppression(stack: stacks.Stack, topic: str) -> None:
    async with reading(stack, topic, SuppressionStore(None)) as shared:
        await shared.caught_up(topic)
        await publish(stack, topic, suppressed(ANNA))
        with pytest.raises(NoSecret):
            await shared.ended()
        with pytest.raises(NoSecret):
            await shared.caught_up(topic)
