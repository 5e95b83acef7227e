"""Suppressions as records of their topic: how they are written, and the topic read whole and merged, for people.

The workers' own look-up is streams.suppressions.merged. Every reason has a key of its own
(`shop_id:phone_hmac:reason`), so that none overwrites another; a record without a value ends one reason. What takes an
opt-out back, other than a START, has a key of its own too (`opted_in`) and says of which instant that opt-out was: so
it takes back no other one, in whichever order the two come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from schemas.contracts import Refused, read_event
from schemas.instants import parse_rfc3339, rfc3339
from schemas.suppressions import OPTED_IN, OPTED_OUT, Suppression
from schemas.topics import SUPPRESSIONS
from streams.chunks.reader import reading
from streams.delivery import Record
from streams.privacy import phone_hmac


class SuppressionsTopicUnusable(Exception):
    """The topic is missing or has more than one partition."""


def record(
    secret: SecretStr,
    shop_id: str,
    phone: str,
    reason: str,
    *,
    since: int,
    until: int | None = None,
    source: str | None = None,
) -> Record:
    """A suppression of this phone, E.164, in instants (microseconds). Raises ValueError for what is no such phone."""
    hashed = phone_hmac(secret, phone)
    value = {
        "type": "Suppression", "shop_id": shop_id, "phone_hmac": hashed, "reason": reason, "since": rfc3339(since),
        "until": None if until is None else rfc3339(until), "source": source,
    }  # fmt: skip
    return Record(_key(shop_id, hashed, reason), orjson.dumps(value))


def ending(secret: SecretStr, shop_id: str, phone: str, reason: str) -> Record:
    """The end of one reason. Raises ValueError as `record`."""
    return Record(_key(shop_id, phone_hmac(secret, phone), reason), None)


def taken_back(secret: SecretStr, shop_id: str, phone: str, since: int, *, source: str | None = None) -> Record:
    """The opt-out of this phone that came about at `since` is no more; a later one, and an earlier one, stands. Raises
    ValueError as `record`."""
    return record(secret, shop_id, phone, OPTED_IN, since=since, until=since, source=source)


def _key(shop_id: str, hashed: str, reason: str) -> bytes:
    return f"{shop_id}:{hashed}:{reason}".encode()


@dataclass(frozen=True, slots=True)
class KnownReason:
    """One reason why one phone is suppressed, as the topic has it. `unreadable`: the key counts, without an end."""

    shop_id: str
    phone_hmac: str
    reason: str
    since: str | None
    until: str | None
    source: str | None
    unreadable: bool = False


async def read_all(
    options: Mapping[str, Any], seen: Callable[[int, int], None] = lambda done, of: None
) -> list[KnownReason]:
    """All the suppressions that are in the topic now, in order of their keys; not the opt-outs that are taken back.
    `seen` hears of (records passed, of how many).

    Raises SuppressionsTopicUnusable, and aiokafka's errors as they are."""
    async with reading(options) as reader:
        _one_partition((await reader.partitions([SUPPRESSIONS.name])).get(SUPPRESSIONS.name))
        known = await reader.last_values(SUPPRESSIONS.name, seen=seen)
    return in_force([one for key in sorted(known) if (one := _known(key, known[key])) is not None])


def in_force(known: Sequence[KnownReason]) -> list[KnownReason]:
    """Without the opt-outs that are taken back, and what takes them back."""
    back = {(one.shop_id, one.phone_hmac): _at(one) for one in known if one.reason == OPTED_IN}
    return [
        one
        for one in known
        if one.reason != OPTED_IN
        and (one.reason != OPTED_OUT or _at(one) is None or _at(one) != back.get((one.shop_id, one.phone_hmac)))
    ]


def _at(one: KnownReason) -> int | None:
    return None if one.since is None else parse_rfc3339(one.since)


async def write(
    options: Mapping[str, Any], records: Iterable[Record], seen: Callable[[int], None] = lambda done: None
) -> int:
    """Write these records; their number, once all of them are acknowledged by all brokers that must.

    Raises SuppressionsTopicUnusable, and aiokafka's errors as they are."""
    producer = AIOKafkaProducer(**options, acks="all", linger_ms=0)
    written = 0
    try:
        await producer.start()
        found = (await producer.client.fetch_all_metadata()).partitions_for_topic(SUPPRESSIONS.name)
        _one_partition(None if found is None else len(found))
        batch = producer.create_batch()
        for one in records:
            if batch.append(timestamp=None, key=one.key, value=one.value) is None:
                await _send(producer, batch)
                seen(written)
                batch = producer.create_batch()
                batch.append(timestamp=None, key=one.key, value=one.value)
            written += 1
        if batch.record_count():
            await _send(producer, batch)
        seen(written)
    finally:
        await producer.stop()
    return written


async def _send(producer: AIOKafkaProducer, batch: Any) -> None:
    batch.close()
    await (await producer.send_batch(batch, SUPPRESSIONS.name, partition=0))


def _one_partition(partitions: int | None) -> None:
    if not partitions:
        raise SuppressionsTopicUnusable(f"there is no topic {SUPPRESSIONS.name}; make it with: rewake topics create")
    if partitions != 1:
        raise SuppressionsTopicUnusable(f"the topic {SUPPRESSIONS.name} must have one partition")


def _known(key: bytes, value: bytes) -> KnownReason | None:
    """None for a key that names no suppression, which no worker heeds either."""
    parts = key.decode("utf-8", "replace").split(":")
    if len(parts) != 3:
        return None
    shop_id, hashed, reason = parts
    try:
        said = cast(Suppression, read_event(value, (Suppression,)))
    except Refused:
        return KnownReason(shop_id, hashed, reason, None, None, None, unreadable=True)
    return KnownReason(shop_id, hashed, reason, said.since, said.until, said.source)
