"""Topics as schemas/topics.py wants them: what is missing is created, what differs is said, nothing is ever deleted.

All topics by customer have one partition count, because one partition number holds everything of a customer. It is
fixed for their life: another count would send a customer's next event to a partition that does not know the row.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, TopicAlreadyExistsError, for_code

from schemas.topics import TOPICS, Cleanup, Partitions, TopicSpec, changelog, heartbeat

FOREVER: Final = "-1"
_SET_ON_THE_TOPIC: Final = 1  # ConfigSource.DYNAMIC_TOPIC_CONFIG, from DescribeConfigs v1


class PartitionsDiffer(Exception):
    """Topics that must have equal partition counts have not; the message names them."""


@dataclass(frozen=True, slots=True)
class Existing:
    """A topic as the broker has it. `config`: its effective settings; empty where the broker does not tell."""

    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)
    set_here: Mapping[str, str] = field(default_factory=dict)
    """The part of `config` that was set on this topic, not inherited from the broker."""


def longest_retention(existing: Mapping[str, Existing]) -> int | None:
    """How long records that are deleted by their age are kept at most, microseconds; None where some never are deleted.
    What the broker does not tell is as it is created."""
    kept = [
        int(existing[spec.name].config.get("retention.ms", spec.retention_ms) if spec.name in existing else 0)
        for spec in TOPICS
        if spec.cleanup is Cleanup.DELETE
    ]
    return None if min(kept) < 0 else max(kept) * 1000


@dataclass(frozen=True, slots=True)
class NewOne:
    """A topic to be created."""

    name: str
    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting of an existing topic that is not as wanted. Left alone: an operator may have meant it."""

    topic: str
    setting: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be done. `lengthen`: existing topics whose records must be kept for ever from now on (`history`)."""

    create: tuple[NewOne, ...]
    lengthen: tuple[str, ...]
    differences: tuple[Difference, ...]
    partitions: int


def specs_of(app: str) -> tuple[TopicSpec, ...]:
    """Every topic of an installation, those of its own included."""
    return (*TOPICS, changelog(app), heartbeat(app))


def changes(
    specs: tuple[TopicSpec, ...],
    existing: Mapping[str, Existing],
    *,
    partitions: int | None,
    default_partitions: int,
    history: bool = False,
) -> Changes:
    """Compare what is wanted with what is there.

    `partitions`: asked for explicitly; None takes the count of the customer topics that exist, else the default.
    `history`: topics with finite retention keep records for ever, so that old events can be loaded. Raises
    PartitionsDiffer, before anything is created, when the counts cannot be made equal.
    """
    by_customer = [spec.name for spec in specs if spec.partitions is Partitions.CUSTOMER]
    found = {name: existing[name].partitions for name in by_customer if name in existing}
    count = partitions if partitions is not None else next(iter(found.values()), default_partitions)
    wrong = {name: have for name, have in found.items() if have != count}
    if wrong:
        listed = ", ".join(f"{name} has {have}" for name, have in sorted(found.items()))
        raise PartitionsDiffer(f"all topics by customer need {count} partitions, and {listed}")
    create: list[NewOne] = []
    lengthen: list[str] = []
    differences: list[Difference] = []
    for spec in specs:
        config = spec.config()
        if history and spec.cleanup is Cleanup.DELETE:
            config["retention.ms"] = FOREVER
        have_topic = existing.get(spec.name)
        if have_topic is None:
            create.append(NewOne(spec.name, count if spec.partitions is Partitions.CUSTOMER else 1, config))
            continue
        if spec.partitions is Partitions.ONE and have_topic.partitions != 1:
            raise PartitionsDiffer(f"{spec.name} must have 1 partition, and has {have_topic.partitions}")
        for setting, wanted in config.items():
            value = have_topic.config.get(setting)
            if value is None or value == wanted:
                continue
            if history and setting == "retention.ms":
                lengthen.append(spec.name)
            else:
                differences.append(Difference(spec.name, setting, wanted, value))
    return Changes(tuple(create), tuple(lengthen), tuple(differences), count)


class Provisioner:
    """Talks to the broker for `changes`. Use as `async with Provisioner(client_options) as broker`."""

    def __init__(self, client_options: Mapping[str, Any]) -> None:
        """`client_options`: of any aiokafka client, as Settings.kafka_client_options() gives them."""
        self._options = dict(client_options)
        self._admin: Any = None  # aiokafka is untyped

    async def __aenter__(self) -> Provisioner:
        self._admin = AIOKafkaAdminClient(**self._options)
        try:
            await self._admin.start()
        except BaseException:
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def existing(self, specs: tuple[TopicSpec, ...]) -> dict[str, Existing]:
        """Those of `specs` that the broker has."""
        there = set(await self._admin.list_topics()) & {spec.name for spec in specs}
        if not there:
            return {}
        counts = {one["topic"]: len(one["partitions"]) for one in await self._admin.describe_topics(sorted(there))}
        configs = await self._configs(sorted(there))
        return {name: Existing(counts[name], *configs.get(name, ({}, {}))) for name in sorted(there)}

    async def _configs(self, names: list[str]) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        try:
            answers = await self._admin.describe_configs(resources)
        except (KafkaError, NotImplementedError):
            return {}  # the embedded broker does not tell: nothing to compare
        found = {}
        for answer in answers:
            for code, _, _, name, entries in answer.resources:
                if code == 0:
                    effective = {entry[0]: entry[1] for entry in entries if entry[1] is not None}
                    here = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_ON_THE_TOPIC}
                    found[name] = (effective, here)
        return found

    async def _until_there(self, names: set[str]) -> None:
        """The controller has made them; a moment later the brokers know them too, with a leader for every partition."""
        for _ in range(200):
            if names <= set(await self._admin.list_topics()):
                described = await self._admin.describe_topics(sorted(names))
                if all(part["leader"] >= 0 for topic in described for part in topic["partitions"]):
                    return
            await asyncio.sleep(0.05)
        raise KafkaError(f"created, and not to be seen after 10 s: {', '.join(sorted(names))}")

    async def carry_out(self, todo: Changes, existing: Mapping[str, Existing], *, replication: int) -> Changes:
        """Create and lengthen; answers the changes as they could be made.

        A topic that somebody else created meanwhile is fine, and a broker that cannot change settings (the embedded
        one) leaves differences; other errors are raised.
        """
        fresh = [NewTopic(one.name, one.partitions, replication, topic_configs=dict(one.config)) for one in todo.create]
        if fresh:
            answer = await self._admin.create_topics(fresh)
            for name, code, *rest in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"{name}: {rest[0] if rest and rest[0] else error.description}")
            await self._until_there({one.name for one in todo.create})
        if todo.lengthen:
            # AlterConfigs replaces everything that was set on the topic, so that has to be said again
            changed = [
                ConfigResource(
                    ConfigResourceType.TOPIC, name, {**existing[name].set_here, "retention.ms": FOREVER}
                )
                for name in todo.lengthen
            ]
            try:
                responses = await self._admin.alter_configs(changed)
            except IncompatibleBrokerVersion:
                left = [
                    Difference(name, "retention.ms", FOREVER, existing[name].config["retention.ms"])
                    for name in todo.lengthen
                ]
                return replace(todo, lengthen=(), differences=(*todo.differences, *left))
            for response in responses:
                for code, message, _, name in response.resources:
                    if code:
                        raise for_code(code)(f"{name}: {message}")
        return todo


async def provide(
    client_options: Mapping[str, Any],
    *,
    app: str,
    default_partitions: int,
    partitions: int | None = None,
    replication: int = 1,
    history: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Look and, unless `dry_run`, carry the changes out. Answers them; the second time there is nothing to create."""
    specs = specs_of(app)
    async with Provisioner(client_options) as broker:
        existing = await broker.existing(specs)
        todo = changes(
            specs, existing, partitions=partitions, default_partitions=default_partitions, history=history
        )
        if not dry_run:
            todo = await broker.carry_out(todo, existing, replication=replication)
    return todo
