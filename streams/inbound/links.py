"""The topic `phone-links` in memory, merged: which customers have a phone.

Written by the workers in the transaction of the rows that say so (streams.partition.phone_links), read whole by each
worker's inbound loop (streams.shared_log). Phones are there as hashes only.
"""

from __future__ import annotations

import re
from typing import Final

import structlog

from schemas.fields import HMAC_PATTERN, MAX_ID, SHOP_ID_PATTERN
from schemas.topics import PHONE_LINKS
from streams.chunks.chunk import Columns

log: Final = structlog.get_logger(__name__)

_HASH_BYTES: Final = 16
"""Of a phone's hash this much is kept: enough that two phones of all the world do not meet."""

_KEY: Final = re.compile(rf"({SHOP_ID_PATTERN[1:-1]}):({HMAC_PATTERN[1:-1]}):(.{{1,{MAX_ID}}})", re.ASCII | re.DOTALL)

Customers = str | tuple[str, ...]


class PhoneLinks:
    """Of all shops. The key says everything; a record without a value ends its one link.

    About 200 bytes a phone: its hash as 16 bytes, and the one customer whom nearly all phones have.
    """

    def __init__(self) -> None:
        self._shops: dict[str, dict[bytes, Customers]] = {}

    def __len__(self) -> int:
        """Phones that somebody has, each counted once a shop."""
        return sum(len(phones) for phones in self._shops.values())

    def customers(self, shop_id: str, hashed: str) -> tuple[str, ...]:
        """Who has the phone of this hash, in order of their ids."""
        found = self._shops.get(shop_id, {}).get(_hash(hashed), ())
        return (found,) if isinstance(found, str) else found

    def take(self, columns: Columns) -> None:
        """The next records of the topic. What is no link is logged, one line for all of them."""
        bad: list[int] = []
        for offset, key, value in zip(columns.offsets, columns.keys, columns.values, strict=True):
            found = _KEY.fullmatch((key or b"").decode("utf-8", "surrogateescape"))
            if found is None:
                bad.append(offset)
                continue
            shop_id, hashed, customer = found.groups()
            self._set(shop_id, _hash(hashed), customer, value is not None)
        if bad:
            log.warning("no phone links", topic=PHONE_LINKS.name, records=len(bad), first=bad[0])

    def _set(self, shop_id: str, phone: bytes, customer: str, linked: bool) -> None:
        phones = self._shops.setdefault(shop_id, {})
        before = phones.pop(phone, ())
        others = {before} if isinstance(before, str) else set(before)
        others.discard(customer)
        if linked:
            others.add(customer)
        if others:
            phones[phone] = next(iter(others)) if len(others) == 1 else tuple(sorted(others))


def _hash(hashed: str) -> bytes:
    return bytes.fromhex(hashed)[:_HASH_BYTES]
