"""Single requests of producers and consumers, as a broker sees them, to the one in memory and to Apache Kafka."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Protocol

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    InitProducerIdRequest,
    TxnOffsetCommitRequest,
)

from tests.simulation.broker import Broker, FetchAnswer, Isolation

Place = tuple[str, int]


class Requests(Protocol):
    """Each raises aiokafka's exception for the error that the broker answers with. `owner`: (producer id, epoch)."""

    async def init(self, name: str | None) -> tuple[int, int]: ...
    async def add(self, name: str, owner: tuple[int, int], places: Collection[Place]) -> None: ...
    async def add_group(self, name: str, owner: tuple[int, int], group: str) -> None: ...
    async def send_offsets(
        self, name: str, owner: tuple[int, int], group: str, offsets: Mapping[Place, int]
    ) -> None: ...
    async def end(self, name: str, owner: tuple[int, int], *, commit: bool) -> None: ...
    async def produce(self, name: str | None, place: Place, batch: bytes) -> int: ...
    async def fetch(self, place: Place, offset: int, isolation: Isolation) -> FetchAnswer: ...


class ToMemory:
    """Straight to the simulator's broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def init(self, name: str | None) -> tuple[int, int]:
        return self._broker.init_producer(name, 60_000_000)

    async def add(self, name: str, owner: tuple[int, int], places: Collection[Place]) -> None:
        self._broker.add_partitions(name, *owner, places)

    async def add_group(self, name: str, owner: tuple[int, int], group: str) -> None:
        self._broker.add_group(name, *owner, group)

    async def send_offsets(self, name: str, owner: tuple[int, int], group: str, offsets: Mapping[Place, int]) -> None:
        self._broker.commit_in_transaction(*owner, group, offsets)

    async def end(self, name: str, owner: tuple[int, int], *, commit: bool) -> None:
        self._broker.end_transaction(name, *owner, commit=commit)

    async def produce(self, name: str | None, place: Place, batch: bytes) -> int:
        answer = self._broker.produce({place: batch})[place]
        if isinstance(answer, errors.KafkaError):
            raise answer
        return answer

    async def fetch(self, place: Place, offset: int, isolation: Isolation) -> FetchAnswer:
        return self._broker.fetch(*place, offset, isolation)


class ToKafka:
    """By aiokafka's client, one request each; `close` when done."""

    def __init__(self, bootstrap: str) -> None:
        self._client = AIOKafkaClient(bootstrap_servers=bootstrap)

    async def open(self, place: Place) -> None:
        """Connect, and wait until the broker leads this partition of a topic that is new."""
        await self._client.bootstrap()
        await self._client._wait_on_metadata(place[0])
        for _ in range(500):
            with contextlib.suppress(errors.NotLeaderForPartitionError, errors.UnknownTopicOrPartitionError):
                await self.fetch(place, 0, "read_committed")
                return
            await asyncio.sleep(0.02)
        raise TimeoutError(f"nobody leads {place}")

    async def close(self) -> None:
        await self._client.close()

    async def init(self, name: str | None) -> tuple[int, int]:
        answer = await self._coordinator(name, InitProducerIdRequest(name, 60_000))
        _refused(answer.error_code)
        return answer.producer_id, answer.producer_epoch

    async def add(self, name: str, owner: tuple[int, int], places: Collection[Place]) -> None:
        answer = await self._coordinator(
            name, AddPartitionsToTxnRequest(name, *owner, _by_topic(dict.fromkeys(places)))
        )
        for _, partitions in answer.errors:
            for _, error in partitions:
                _refused(error)

    async def add_group(self, name: str, owner: tuple[int, int], group: str) -> None:
        _refused((await self._coordinator(name, AddOffsetsToTxnRequest(name, *owner, group))).error_code)

    async def send_offsets(self, name: str, owner: tuple[int, int], group: str, offsets: Mapping[Place, int]) -> None:
        topics = [
            (topic, [(partition, offsets[topic, partition], "") for partition in partitions])
            for topic, partitions in _by_topic(offsets)
        ]
        answer = await self._coordinator(
            group, TxnOffsetCommitRequest(name, group, *owner, topics), CoordinationType.GROUP
        )
        for _, partitions in answer.errors:
            for _, error in partitions:
                _refused(error)

    async def end(self, name: str, owner: tuple[int, int], *, commit: bool) -> None:
        _refused((await self._coordinator(name, EndTxnRequest(name, *owner, commit))).error_code)

    async def produce(self, name: str | None, place: Place, batch: bytes) -> int:
        topic, partition = place
        request = ProduceRequest(name, -1, 10_000, [(topic, [(partition, batch)])])
        answer = await self._client.send(self._client.get_random_node(), request)
        ((_, ((_, error, offset, *_),)),) = answer.topics
        _refused(error)
        return int(offset)

    async def fetch(self, place: Place, offset: int, isolation: Isolation) -> FetchAnswer:
        topic, partition = place
        request = FetchRequest(
            10, 1, 1 << 20, int(isolation == "read_committed"), [(topic, [(partition, offset, 1 << 20)])], rack_id=""
        )
        answer = await self._client.send(self._client.get_random_node(), request)
        ((_, (found,)),) = answer.topics
        assert answer.API_VERSION >= 5
        _, error, high_watermark, last_stable, begins, aborted, *_, records = found
        _refused(error)
        told = [(producer, first) for producer, first in aborted or []]
        return FetchAnswer(offset, records or b"", told, high_watermark, last_stable, begins)

    async def _coordinator(self, key: str | None, request: Any, kind: int = CoordinationType.TRANSACTION) -> Any:
        if key is None:
            return await self._client.send(self._client.get_random_node(), request)
        node = await self._client.coordinator_lookup(kind, key)
        await self._client.ready(node, group=ConnectionGroup.COORDINATION)
        return await self._client.send(node, request, group=ConnectionGroup.COORDINATION)


def _by_topic(places: Mapping[Place, object]) -> list[tuple[str, list[int]]]:
    found: dict[str, list[int]] = defaultdict(list)
    for topic, partition in places:
        found[topic].append(partition)
    return list(found.items())


def _refused(code: int) -> None:
    if code:
        raise errors.for_code(code)
