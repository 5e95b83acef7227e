"""Both stacks through one suite: what every broker and every Redis of Rewake must do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.structs import TopicPartition
from redis import asyncio as redis

from streams import stacks


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


async def create(stack: stacks.Stack, topic: str, partitions: int = 2) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, partitions, 1)])
    finally:
        await admin.close()


async def read(stack: stacks.Stack, topic: str, count: int, **options: object) -> list[tuple[int, bytes]]:
    """The first `count` records of a topic's partitions 0 and 1, as (partition, value)."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False, **options
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        return [(record.partition, record.value) async for _, record in azip(count, consumer)]
    finally:
        await consumer.stop()


async def azip(count: int, consumer: AIOKafkaConsumer) -> AsyncIterator[tuple[int, Any]]:
    for number in range(count):
        yield number, await consumer.getone()


async def test_what_is_produced_to_a_partition_is_read_from_it_in_order(stack: stacks.Stack, prefix: str) -> None:
    await create(stack, prefix)
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap, acks="all")
    await producer.start()
    try:
        for number in range(20):
            await producer.send_and_wait(prefix, str(number).encode(), partition=number % 2)
    finally:
        await producer.stop()
    got = await read(stack, prefix, 20, isolation_level="read_committed")
    for partition in (0, 1):
        assert [v for p, v in got if p == partition] == [str(n).encode() for n in range(partition, 20, 2)]


async def test_a_group_goes_on_from_its_committed_offset(stack: stacks.Stack, prefix: str) -> None:
    await create(stack, prefix, 1)
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap)
    await producer.start()
    try:
        for value in (b"read", b"unread"):
            await producer.send_and_wait(prefix, value, partition=0)
    finally:
        await producer.stop()
    for expected in (b"read", b"unread"):
        consumer = AIOKafkaConsumer(
            prefix,
            bootstrap_servers=stack.bootstrap,
            group_id=prefix,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=6000,
        )
        await consumer.start()
        try:
            record = await consumer.getone()
            assert record.value == expected
            await consumer.commit({TopicPartition(prefix, 0): record.offset + 1})
        finally:
            await consumer.stop()


async def test_redis_runs_a_script_over_a_sorted_set(stack: stacks.Stack, prefix: str) -> None:
    client = redis.from_url(stack.redis_url)
    try:
        script = "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2]); return redis.call('ZCARD', KEYS[1])"
        assert [await client.eval(script, 1, prefix, 1, member) for member in ("a", "b", "a")] == [1, 2, 2]
    finally:
        await client.aclose()


async def test_redis_answers_errors_rather_than_evict_when_memory_is_full(stack: stacks.Stack) -> None:
    client = redis.from_url(stack.redis_url, decode_responses=True)
    try:
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
    finally:
        await client.aclose()


@pytest.mark.real_only("the embedded broker has no transactions")
async def test_an_aborted_transaction_is_never_seen_by_read_committed(real_stack: stacks.Stack, prefix: str) -> None:
    await create(real_stack, prefix)
    producer = AIOKafkaProducer(bootstrap_servers=real_stack.bootstrap, transactional_id=prefix)
    await producer.start()
    try:
        async with producer.transaction():
            await producer.send(prefix, b"kept", partition=0)
        await producer.begin_transaction()
        await producer.send_and_wait(prefix, b"dropped", partition=0)
        await producer.abort_transaction()
        async with producer.transaction():
            await producer.send(prefix, b"kept too", partition=0)
    finally:
        await producer.stop()
    got = await read(real_stack, prefix, 2, isolation_level="read_committed")
    assert [value for _, value in got] == [b"kept", b"kept too"]


@pytest.mark.real_only("the embedded broker has no transactions")
async def test_a_second_producer_of_a_transactional_id_fences_the_first(real_stack: stacks.Stack, prefix: str) -> None:
    from aiokafka.errors import KafkaError

    await create(real_stack, prefix)
    zombie = AIOKafkaProducer(bootstrap_servers=real_stack.bootstrap, transactional_id=prefix)
    await zombie.start()
    successor = AIOKafkaProducer(bootstrap_servers=real_stack.bootstrap, transactional_id=prefix)
    await successor.start()
    try:
        with pytest.raises(KafkaError):
            async with zombie.transaction():
                await zombie.send_and_wait(prefix, b"stale", partition=0)
        async with successor.transaction():
            await successor.send(prefix, b"fresh", partition=0)
    finally:
        await successor.stop()
        await zombie.stop()
    got = await read(real_stack, prefix, 1, isolation_level="read_committed")
    assert [value for _, value in got] == [b"fresh"]


@pytest.mark.real_only("the embedded broker answers InitProducerId with an error")
def test_the_stacks_say_whether_their_broker_has_transactions(
    embedded_stack: stacks.Stack, real_stack: stacks.Stack
) -> None:
    assert (embedded_stack.transactions, real_stack.transactions) == (False, True)
