"""The server: what it does for each request, at once. Where Kafka answers with an error, aiokafka's is raised."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from aiokafka import errors

from schemas.topics import Cleanup, Partitions
from streams.provision import specs_of
from tests.simulation.broker import compaction
from tests.simulation.broker.groups import Group
from tests.simulation.broker.interface import Clock, Defer, FetchAnswer, Isolation, Place
from tests.simulation.broker.log import PartitionLog, Topic
from tests.simulation.broker.transactions import Coordinator

FETCH_BYTES: Final = 1 << 20


def at_once(do: Callable[[], None]) -> None:
    do()


class Broker:
    """`clock` is the broker's own; `defer` decides when markers are written: by default before EndTxn is answered."""

    def __init__(self, clock: Clock, defer: Defer = at_once) -> None:
        self.topics: dict[str, Topic] = {}
        self.logs: dict[Place, PartitionLog] = {}
        self.clock = clock
        self._groups: dict[str, Group] = {}
        self._coordinator = Coordinator(clock, defer, mark=self._mark, settle=self._settle)

    # -- administration

    def create(self, *topics: Topic) -> None:
        for topic in topics:
            if topic.name in self.topics:
                raise errors.TopicAlreadyExistsError
            self.topics[topic.name] = topic
            for partition in range(topic.partitions):
                place = (topic.name, partition)
                self.logs[place] = PartitionLog(
                    topic,
                    self.clock,
                    lambda batch, place=place: self._coordinator.includes(batch.producer, batch.epoch, place=place),  # type: ignore[misc]  # the loop's own
                )

    def provide(self, app: str, partitions: int) -> None:
        """All topics of an installation, with the settings that provisioning gives them."""
        for spec in specs_of(app):
            self.create(
                Topic(
                    spec.name,
                    partitions if spec.partitions is Partitions.CUSTOMER else 1,
                    compacted=spec.cleanup is not Cleanup.DELETE,
                    log_append=spec.log_append_time,
                    max_bytes=spec.max_message_bytes,
                )
            )

    def log(self, topic: str, partition: int) -> PartitionLog:
        self.expire()
        found = self.logs.get((topic, partition))
        if found is None:
            raise errors.UnknownTopicOrPartitionError
        return found

    def group(self, name: str) -> Group:
        self.expire()
        return self._groups.setdefault(name, Group())

    def compact(self, topic: str, *, expired: bool = False) -> None:
        """What the cleaner does. `expired`: tombstones and markers are older than their retention."""
        for partition in range(self.topics[topic].partitions):
            compaction.compact(self.log(topic, partition), expired=expired)

    def delete_records(self, topic: str, partition: int, before: int) -> None:
        self.log(topic, partition).delete_before(before)

    def expire(self) -> None:
        """Abort transactions that are past their timeout. Every request does so first."""
        self._coordinator.expire()

    @property
    def open_transactions(self) -> dict[str, int]:
        """By transactional id: the instant after which it is aborted."""
        return dict(self._coordinator.open_for())

    # -- requests of producers

    def init_producer(self, transactional_id: str | None, timeout: int) -> tuple[int, int]:
        """InitProducerId: (producer id, epoch). `timeout` in microseconds."""
        self.expire()
        if transactional_id is None:
            return self._coordinator.new_producer(), 0
        return self._coordinator.init(transactional_id, timeout)

    def add_partitions(self, transactional_id: str, producer: int, epoch: int, places: Collection[Place]) -> None:
        self.expire()
        for topic, partition in places:
            self.log(topic, partition)
        self._coordinator.add(transactional_id, producer, epoch, places)

    def add_group(self, transactional_id: str, producer: int, epoch: int, group: str) -> None:
        self.expire()
        self._coordinator.add_group(transactional_id, producer, epoch, group)

    def commit_in_transaction(self, producer: int, epoch: int, group: str, offsets: Mapping[Place, int]) -> None:
        self.group(group).commit_in(
            producer, epoch, offsets, lambda: self._coordinator.includes(producer, epoch, group=group)
        )

    def end_transaction(self, transactional_id: str, producer: int, epoch: int, *, commit: bool) -> None:
        self.expire()
        self._coordinator.end(transactional_id, producer, epoch, commit=commit)

    def produce(self, batches: Mapping[Place, bytes]) -> dict[Place, int | errors.KafkaError]:
        """Produce, one batch a partition: its first offset, or why it was refused."""
        answer: dict[Place, int | errors.KafkaError] = {}
        for (topic, partition), data in batches.items():
            try:
                answer[topic, partition] = self.log(topic, partition).append(data)
            except errors.KafkaError as error:
                answer[topic, partition] = error
        return answer

    # -- requests of consumers

    def fetch(
        self, topic: str, partition: int, offset: int, isolation: Isolation, max_bytes: int = FETCH_BYTES
    ) -> FetchAnswer:
        return self.log(topic, partition).fetch(offset, isolation, max_bytes)

    def beginnings(self, partitions: Collection[Place]) -> dict[Place, int]:
        return {place: self.log(*place).start for place in partitions}

    def commit_offsets(self, group: str, generation: int, member: str, offsets: Mapping[Place, int]) -> None:
        self.group(group).commit(generation, member, offsets)

    def committed(self, group: str, partitions: Collection[Place]) -> dict[Place, int]:
        return self.group(group).committed(partitions)

    # -- ends of transactions

    def _mark(self, place: Place, producer: int, epoch: int, commit: bool) -> None:
        self.logs[place].mark(producer, epoch, commit=commit)

    def _settle(self, group: str, producer: int, epoch: int, commit: bool) -> None:
        self._groups.setdefault(group, Group()).settle(producer, epoch, commit)
