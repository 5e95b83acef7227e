"""What one partition has counted since its shops' last midnights, as it is kept beside the partition's rows.

A sum is stored with the rows that added to it, so a crash loses nothing and counts nothing twice. It lies in a record
with other names, and only records of which a sum has changed are written again: `changed` gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.facts import ShopFact
from triggers.counted import Counted
from triggers.shopfacts import facts_of
from triggers.tallies import Sums

KEY: Final = b"\x00tally:"
RECORDS: Final = 64
"""Of one fact of a shop, at most."""

_encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode
_decode: Final = msgspec.msgpack.Decoder(dict[str, Decimal]).decode


class Tallybook:
    """`kept`: what lies beside the rows, by key; other keys are passed over."""

    def __init__(self, kept: Mapping[bytes, bytes] | None = None) -> None:
        self._records: dict[tuple[str, str], dict[int, dict[str, Decimal]]] = {}
        """By shop and fact: the records by number."""
        self._changed: set[tuple[str, str, int]] = set()
        for key, value in (kept or {}).items():
            if key.startswith(KEY):
                shop_id, fact, number = key[len(KEY) :].decode().split(":")
                self._records.setdefault((shop_id, fact), {})[int(number)] = _decode(value)

    def count(self, shop_id: str, counted: Iterable[Counted]) -> None:
        """One customer of the shop has added this."""
        for one in counted:
            number = _number(one.name)
            names = self._records.setdefault((shop_id, one.fact), {}).setdefault(number, {})
            names[one.name] = names.get(one.name, Decimal(0)) + one.amount
            self._changed.add((shop_id, one.fact, number))

    def over(self, shop_id: str, partition: int, day: date, tz: ZoneInfo) -> list[ShopFact]:
        """The shop's day is over: what this partition says of it. The next one is counted afresh."""
        sums = Sums()
        for shop, fact in [key for key in self._records if key[0] == shop_id]:
            for number, names in self._records.pop((shop, fact)).items():
                for name, amount in names.items():
                    sums.add(fact, name, amount)
                self._changed.add((shop, fact, number))
        return facts_of(sums, shop_id, partition, day, tz)

    def forget(self, shop_id: str) -> None:
        """The shop is not counted any more."""
        for shop, fact in [key for key in self._records if key[0] == shop_id]:
            self._changed.update((shop, fact, number) for number in self._records.pop((shop, fact)))

    def changed(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The records that are others than when this was asked last; None: it is no more."""
        for shop_id, fact, number in sorted(self._changed):
            names = self._records.get((shop_id, fact), {}).get(number)
            yield KEY + f"{shop_id}:{fact}:{number}".encode(), None if names is None else _encode(names)
        self._changed.clear()


def _number(name: str) -> int:
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] % RECORDS
