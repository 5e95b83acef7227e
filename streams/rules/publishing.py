"""Rules published to their topic, and what stands there read for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.contracts import MAX_EVENT_BYTES, Refused
from schemas.fields import Contract
from schemas.instants import LAST
from schemas.rules import Migrate, RulePointer, RuleVersion, ShopPointer
from schemas.topics import RULES
from streams.rules.folder import BookRead
from streams.rules.published import read_whole
from streams.rules.recorded import read_rule_file
from triggers.rules.inforce import Record, RulesInForce
from triggers.rules.model import RuleBook
from triggers.rules.publishing import CannotPublish, Change, Published, key_of, to_publish

AHEAD: Final = 60 * 1_000_000
"""A change is in force this much after it was published, by default: by then every worker has heard of it."""


class Known(NamedTuple):
    """What stands in the topic. `unreadable`: keys of records that are none."""

    published: Published
    versions: Mapping[tuple[str, str, str], RuleVersion]
    unreadable: Sequence[str]


async def known(options: Mapping[str, Any]) -> Known:
    """Raises RulesTopicMissing, and aiokafka's errors as they are."""
    read = await read_whole(options)
    unreadable = [key.decode("utf-8", "replace") for key, record in read if isinstance(record, Refused)]
    return _known([record for _, record in read if not isinstance(record, Refused)], unreadable)


def _known(records: Sequence[Record], unreadable: Sequence[str] = ()) -> Known:
    published, versions = Published(), {}
    for record in records:
        published.take(record)
        if isinstance(record, RuleVersion):
            versions[record.shop_id, record.rule, record.version] = record
    return Known(published, versions, unreadable)


async def newest_book(options: Mapping[str, Any]) -> RuleBook:
    """What is in force, or will be. Raises as `known`."""
    rules = RulesInForce()
    for _, record in await read_whole(options):
        if not isinstance(record, Refused):
            rules.take(record)
    return rules.book(LAST)


async def publish(
    options: Mapping[str, Any],
    read: BookRead,
    *,
    now: int,
    effective_at: int,
    migrate: Migrate = "continue",
    withdraw: Sequence[tuple[str, str]] = (),
    dry_run: bool = False,
) -> list[Change]:
    """Write what is new of a folder, versions first; what that changes. Times in microseconds.

    Raises CannotPublish, RulesTopicMissing, and aiokafka's errors as they are."""
    found = await known(options)
    encoded, changes = prepared(read, found.published, now, effective_at, migrate, withdraw)
    if encoded and not dry_run:
        producer = AIOKafkaProducer(**options, acks="all", max_request_size=4 * MAX_EVENT_BYTES)
        await producer.start()
        try:
            for key, value in encoded:  # in order: a pointer never before what it points at
                await producer.send_and_wait(RULES.name, value, key=key, partition=0)
        finally:
            await producer.stop()
    return changes


def prepared(
    read: BookRead,
    published: Published,
    now: int,
    effective_at: int,
    migrate: Migrate,
    withdraw: Sequence[tuple[str, str]],
) -> tuple[list[tuple[bytes, bytes]], list[Change]]:
    """What is to be written, keys and values in order, and what that changes. Raises CannotPublish."""
    records, changes = to_publish(
        read.book, read.written, published, at=now, effective_at=effective_at, migrate=migrate, withdraw=withdraw
    )
    return [(key_of(record), _encoded(record)) for record in records], changes


def publish_to_file(
    path: Path,
    read: BookRead,
    *,
    now: int,
    effective_at: int,
    migrate: Migrate = "continue",
    withdraw: Sequence[tuple[str, str]] = (),
    dry_run: bool = False,
) -> list[Change]:
    """As `publish`, where the file is the topic. Raises CannotPublish, NoRuleRecords, OSError."""
    found = known_in(path) if path.exists() else Known(Published(), {}, ())
    encoded, changes = prepared(read, found.published, now, effective_at, migrate, withdraw)
    if encoded and not dry_run:
        with path.open("ab") as lines:
            lines.writelines(value + b"\n" for _, value in encoded)
    return changes


def known_in(path: Path) -> Known:
    """What stands in a file of records. Raises NoRuleRecords, OSError."""
    return _known([record for record, _ in read_rule_file(path)])


def _encoded(record: Contract) -> bytes:
    value = record.model_dump_json().encode()
    if len(value) > MAX_EVENT_BYTES:
        name = key_of(record).decode()
        many = isinstance(record, RulePointer | ShopPointer)
        raise CannotPublish(
            f"{name}: {len(value):,} bytes are more than a record holds ({MAX_EVENT_BYTES:,})"
            + ("; its history is too long" if many else "")
        )
    return value
