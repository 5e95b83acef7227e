"""The topic `shop-facts`: what partitions say of their days as records, and all that was said read into
`triggers.shopfacts.ShopFacts`.

A worker reads the topic whole before it accepts partitions, and follows it from there (streams.shared_log).
"""

from __future__ import annotations

from datetime import date
from typing import Final, cast

import structlog

from schemas.contracts import Refused, read_event
from schemas.facts import ShopFact
from schemas.topics import SHOP_FACTS
from streams.chunks.chunk import Columns
from streams.delivery import Record
from triggers.shopfacts import Part, ShopFacts

log: Final = structlog.get_logger(__name__)


def record(fact: ShopFact) -> Record:
    return Record(key_of(fact.shop_id, fact.fact, fact.partition, fact.day), fact.model_dump_json().encode())


def ending(shop_id: str, part: Part) -> Record:
    """It is kept no longer."""
    return Record(key_of(shop_id, part.fact, part.partition, part.day.isoformat()), None)


def key_of(shop_id: str, fact: str, partition: int, day: str) -> bytes:
    return f"{shop_id}:{fact}:{partition}:{day}".encode()


def read(value: bytes) -> ShopFact:
    """Raises schemas.contracts.Refused."""
    return cast(ShopFact, read_event(value, (ShopFact,)))


class FactsReader:
    """Takes the records of the topic. What is none of them is logged, one line for all, and passed over."""

    def __init__(self, facts: ShopFacts) -> None:
        self._facts = facts

    def take(self, columns: Columns) -> None:
        bad: list[tuple[int, str]] = []
        for offset, key, value in zip(columns.offsets, columns.keys, columns.values, strict=True):
            try:
                self._one(key or b"", value)
            except Refused as refused:
                bad.append((offset, f"{refused.reason}: {refused.detail}"))
        if bad:
            offset, why = bad[0]
            log.warning("no shop facts", topic=SHOP_FACTS.name, records=len(bad), first=offset, why=why)

    def _one(self, key: bytes, value: bytes | None) -> None:
        if value is not None:
            fact = read(value)
            if key != key_of(fact.shop_id, fact.fact, fact.partition, fact.day):
                raise Refused("invalid-value", "the key names another fact than the value")
            self._facts.take(fact)
            return
        try:
            shop_id, name, partition, day = key.decode().split(":")
            date.fromisoformat(day)
            self._facts.drop(shop_id, name, int(partition), day)
        except ValueError:
            raise Refused("invalid-value", "the key is not shop_id:fact:partition:day") from None
