"""The sandbox dispatcher on both brokers."""

from __future__ import annotations

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from schemas.emitted import encode
from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from streams import stacks
from streams.dispatcher import Happening
from streams.dispatching import Dispatching
from tests.topics import recreate
from tests.unit.streams.test_dispatcher import NOON, SECOND, cancel, sms

PARTITIONS = 2


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


async def publish(stack: stacks.Stack, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap)
    await producer.start()
    try:
        key = customer_key("main", "42")
        for value in values:
            await producer.send_and_wait("sms-commands", value, key=key, partition=partition_of(key, PARTITIONS))
    finally:
        await producer.stop()


async def dispatched(stack: stacks.Stack, app: str) -> tuple[list[Happening], dict[str, int]]:
    shown: list[Happening] = []
    dispatching = Dispatching({"bootstrap_servers": stack.bootstrap}, app=app, clock="stream", show=shown.append)
    await dispatching.run(stopped=lambda: False, once=True)
    return shown, dict(dispatching.tally)


async def receipts(stack: stacks.Stack) -> list[tuple[int, dict[str, object]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("delivery-receipts", number) for number in range(PARTITIONS)])
        fetched = await consumer.getmany(timeout_ms=3000)
        return [(where.partition, orjson.loads(r.value)) for where, records in fetched.items() for r in records]
    finally:
        await consumer.stop()


async def test_commands_become_messages_and_receipts_each_once(stack: stacks.Stack, prefix: str) -> None:
    await recreate(stack.bootstrap, app=prefix, partitions=PARTITIONS)
    first, second = sms("a"), sms("b", due=NOON + SECOND)
    await publish(stack, [encode(first), b"no command", encode(cancel("b")), encode(first), encode(second)])

    shown, tally = await dispatched(stack, prefix)

    assert [(one.command_id, one.at) for one in shown if one.status == "sent"] == [("a", NOON)]
    assert tally == {"accepted": 1, "sent": 1, "delivered": 1, "repeated": 1, "cancelled": 1, "not_understood": 1}
    found = await receipts(stack)
    assert [(one["command_id"], one["status"], one["occurred_at"]) for _, one in found] == [
        ("a", status, rfc3339(NOON)) for status in ("accepted", "sent", "delivered")
    ]
    assert {partition for partition, _ in found} == {partition_of(customer_key("main", "42"), PARTITIONS)}


async def test_a_restarted_dispatcher_goes_on_where_it_stopped(stack: stacks.Stack, prefix: str) -> None:
    await recreate(stack.bootstrap, app=prefix, partitions=PARTITIONS)
    await publish(stack, [encode(sms("a"))])
    await dispatched(stack, prefix)
    await publish(stack, [encode(sms("b"))])
    shown, _ = await dispatched(stack, prefix)
    assert [one.command_id for one in shown if one.status == "sent"] == ["b"]
