"""Everything that Rewake's topics hold of one person.

A customer's records all lie in the partition of the key, so of each topic by customer one partition is read whole;
of the others what is keyed by one of the person's phones, as it is or hashed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from aiokafka.structs import TopicPartition
from pydantic import SecretStr

from schemas.instants import rfc3339
from schemas.partitioner import customer_key, partition_of
from schemas.topics import (
    CO_PARTITIONED,
    CRM_COMMANDS,
    DEAD_LETTERS,
    DECISIONS,
    INBOUND_SMS,
    PHONE_LINKS,
    SMS_COMMANDS,
    SUPPRESSIONS,
    changelog,
)
from streams.chunks.chunk import Columns
from streams.chunks.reader import Reader
from streams.customers.told import told
from streams.privacy import phone_hmac
from streams.suppressions.lists import BadEntry, e164
from triggers.customer import decode_row

_TIME_BYTES: Final = 8
"""In front of a row in the changelog."""

Found = dict[str, Any]


class NoTopics(Exception):
    """There are no topics to read; the message names them."""


class Search:
    """One person's records. `secret`: of the phone hashes; without it suppressions can't be told whose they are.
    `region`: of phones without a country code, ISO 3166 alpha-2."""

    def __init__(
        self,
        reader: Reader,
        app: str,
        shop_id: str,
        customer_id: str,
        *,
        secret: SecretStr | None = None,
        region: str | None = None,
    ) -> None:
        self._reader = reader
        self._rows = changelog(app).name
        self._shop_id = shop_id
        self._customer_id = customer_id
        self._secret = secret
        self._region = region
        self._key = customer_key(shop_id, customer_id)

    async def run(self, says: Callable[[str], None]) -> Found:
        """All of it, as JSON can say it. `says` is told what is being read. Raises NoTopics, KafkaError."""
        by_customer = [spec.name for spec in (*CO_PARTITIONED, SMS_COMMANDS, CRM_COMMANDS, DECISIONS)]
        names = [*by_customer, self._rows, DEAD_LETTERS.name, INBOUND_SMS.name, SUPPRESSIONS.name, PHONE_LINKS.name]
        partitions = await self._reader.partitions(names)
        missing = [name for name in names if name not in partitions]
        if missing:
            raise NoTopics(", ".join(missing))

        row = await self._row(partitions[self._rows], says)
        kept = {topic: await self._records(topic, partitions[topic], says) for topic in by_customer}
        letters = await self._letters(partitions[DEAD_LETTERS.name], says)
        phones = sorted(set(self._phones(row, kept)))
        return {
            "shop_id": self._shop_id,
            "customer_id": self._customer_id,
            "row": row,
            "events": [one for spec in CO_PARTITIONED for one in kept[spec.name]],
            "commands": [*kept[SMS_COMMANDS.name], *kept[CRM_COMMANDS.name]],
            "decisions": kept[DECISIONS.name],
            "dead_letters": letters,
            "inbound": await self._inbound(phones, partitions[INBOUND_SMS.name], says),
            "phone_links": await self._kept_of(PHONE_LINKS.name, self._is_link, says),
            "suppressions": await self._suppressions(phones, says),
        }

    # -- what is keyed by the customer

    async def _row(self, partitions: int, says: Callable[[str], None]) -> Found | None:
        last: list[bytes | None] = [None]

        def take(place: TopicPartition, columns: Columns) -> None:
            for value in self._mine(columns):
                last[0] = value

        place = TopicPartition(self._rows, partition_of(self._key, partitions))
        says(f"{place.topic}, partition {place.partition}")
        await self._reader.through([place], take)
        value = last[0]
        return None if value is None else told(decode_row(value[_TIME_BYTES:]))

    async def _records(self, topic: str, partitions: int, says: Callable[[str], None]) -> list[Found]:
        found: list[Found] = []

        def take(place: TopicPartition, columns: Columns) -> None:
            if self._key in columns.keys:
                found.extend(
                    {"topic": topic, "written_at": rfc3339(written * 1000), "record": _said(value)}
                    for key, value, written in zip(columns.keys, columns.values, columns.timestamps, strict=True)
                    if key == self._key
                )

        place = TopicPartition(topic, partition_of(self._key, partitions))
        says(f"{topic}, partition {place.partition}")
        await self._reader.through([place], take)
        return found

    async def _letters(self, partitions: int, says: Callable[[str], None]) -> list[Found]:
        found: list[Found] = []

        def take(place: TopicPartition, columns: Columns) -> None:
            found.extend({"topic": place.topic, "record": _said(value)} for value in self._mine(columns))

        says(DEAD_LETTERS.name)
        await self._reader.through([TopicPartition(DEAD_LETTERS.name, n) for n in range(partitions)], take)
        return found

    def _mine(self, columns: Columns) -> Iterator[bytes | None]:
        if self._key in columns.keys:
            for key, value in zip(columns.keys, columns.values, strict=True):
                if key == self._key:
                    yield value

    # -- what is keyed by a phone

    def _phones(self, row: Found | None, kept: Mapping[str, list[Found]]) -> Iterator[str]:
        """Every phone the person is known by, in E.164: former ones, and one that takes no SMS, which may be suppressed
        for calls."""
        said: list[Any] = [] if row is None else [row["profile"].get("phone", {}).get("value"), *row["numbers"]]
        records = [one["record"] for found in kept.values() for one in found]
        said += [record.get("phone") for record in records if isinstance(record, dict)]
        for phone in said:
            with suppress(BadEntry):
                if isinstance(phone, str):
                    yield e164(phone, self._region)

    async def _inbound(self, phones: list[str], partitions: int, says: Callable[[str], None]) -> list[Found]:
        keys = {f"{self._shop_id}:{phone}".encode() for phone in phones}
        found: list[Found] = []

        def take(place: TopicPartition, columns: Columns) -> None:
            for key, value, written in zip(columns.keys, columns.values, columns.timestamps, strict=True):
                if key in keys:
                    record = _said(value)
                    found.append({"topic": place.topic, "written_at": rfc3339(written * 1000), "record": record})

        places = {TopicPartition(INBOUND_SMS.name, partition_of(key, partitions)) for key in keys}
        if places:
            says(INBOUND_SMS.name)
        await self._reader.through(places, take)
        return found

    async def _suppressions(self, phones: list[str], says: Callable[[str], None]) -> list[Found]:
        secret = self._secret
        if secret is None or not phones:
            return []
        heads = tuple(f"{self._shop_id}:{phone_hmac(secret, phone)}:" for phone in phones)
        return await self._kept_of(SUPPRESSIONS.name, lambda key: key.startswith(heads), says)

    def _is_link(self, key: str) -> bool:
        shop_id, _, rest = key.partition(":")
        return shop_id == self._shop_id and rest.partition(":")[2] == self._customer_id

    async def _kept_of(
        self, topic: str, wanted: Callable[[str], bool], says: Callable[[str], None]
    ) -> list[Found]:
        says(topic)
        kept = await self._reader.last_values(topic, lambda key: wanted(key.decode(errors="replace")))
        return [{"topic": topic, "record": _said(value)} for value in kept.values()]


def _said(value: bytes | None) -> Any:
    """A record's value as JSON, else as the text or (in base64) the bytes that it is."""
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except ValueError:
        pass
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
