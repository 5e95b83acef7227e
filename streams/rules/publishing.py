"""Rules published to their topic, and what stands there read for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to be published, whatever it is written to: the rules that were `read`, in force from `effective_at` on;
    `now`: when that is said. Times in microseconds. `withdraw`: shops and names of rules that are to hold no more;
    `dry_run`: nothing is written."""

    read: BookRead
    now: int
    effective_at: int
    migrate: Migrate = "continue"
    withdraw: Sequence[tuple[str, str]] = ()
    dry_run: bool = False

    def against(self, published: Published) -> tuple[list[tuple[bytes, bytes]], list[Change]]:
        """What is to be written beside what was, keys and values in order, and what that changes. Raises
        CannotPublish."""
        records, changes = to_publish(
            self.read.book, self.read.written, published,
            at=self.now, effective_at=self.effective_at, migrate=self.migrate, withdraw=self.withdraw,
        )  # fmt: skip
        encoded = [(key_of(record), _encoded(record)) for record in records]
        return [] if self.dry_run else encoded, changes


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


async def publish(options: Mapping[str, Any], publication: Publication) -> list[Change]:
    """Write what is new to the topic, versions first; what that changes.

    Raises CannotPublish, RulesTopicMissing, and aiokafka's errors as they are."""
    found = await known(options)
    encoded, changes = publication.against(found.published)
    if encoded:
        producer = AIOKafkaProducer(**options, acks="all", max_request_size=4 * MAX_EVENT_BYTES)
        await producer.start()
        try:
            for key, value in encoded:  # in order: a pointer never before what it points at
                await producer.send_and_wait(RULES.name, value, key=key, partition=0)
        finally:
            await producer.stop()
    return changes


def publish_to_file(path: Path, publication: Publication) -> list[Change]:
    """As `publish`, where the file is the topic. Raises CannotPublish, NoRuleRecords, OSError."""
    found = known_in(path) if path.exists() else Known(Published(), {}, ())
    encoded, changes = publication.against(found.published)
    if encoded:
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
