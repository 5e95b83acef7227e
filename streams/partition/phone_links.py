"""Whose phone it is, as records of `phone-links`: they leave in the transaction of the rows that say it.

A link follows from two states of a row, as it was stored last and as this stretch left it, and from what the stretch's
events named in between. So whoever computes the stretch again writes the same links; and where that is cut otherwise
(at-least-once delivery, after a crash between links and rows) the phones of before are ended all the same. Only
customers of whom an event named a phone, or who were erased, are looked at; a phone that was named anew writes its
link once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import orjson
from pydantic import SecretStr

from schemas import wire
from schemas.instants import rfc3339
from schemas.topics import PHONE_LINKS
from streams.delivery import Outgoing, Record
from streams.merge import Merged, key_of
from streams.privacy import phone_hmac
from triggers.customer import PROFILE_FIELDS, CustomerRow, decode_row
from triggers.gates.phone import phone

_PHONE: Final = PROFILE_FIELDS.index("phone")
_TIME_BYTES: Final = 8  # in front of a stored row

Stored = Callable[[str], bytes | None]
"""A row as it was stored last, by its key (streams.table)."""


class PhoneLinker:
    """`region`: the default region of a shop's phones, by its id."""

    def __init__(self, secret: SecretStr, region: Callable[[str], str | None]) -> None:
        self._secret = secret
        self._region = region

    def before(self, items: Iterable[Merged], stored: Stored) -> dict[str, set[str]]:
        """By row whose phone these events may change: the phones (E.164) that it had when it was stored last, and that
        the events name."""
        phones: dict[str, set[str]] = {}
        for item in items:
            event = item[5]
            if not _may_change(event):
                continue
            key = key_of(item)
            if key not in phones:
                phones[key] = set(_one(self._stored_phone(stored(key))))
            if isinstance(event, wire.CustomerUpdated):
                phones[key].update(_one(self._number(event.shop_id, event.phone or None)))
        return phones

    def publish(
        self, outgoing: Outgoing, before: Mapping[str, set[str]], touched: Mapping[str, CustomerRow]
    ) -> None:
        """Put the links that follow into `outgoing`."""
        for key, phones in before.items():
            row = touched.get(key)
            if row is None:  # nothing of it is stored: a repeated event, or a fault
                continue
            now = self._phone(row)
            for former in sorted(phones):
                if former != now:
                    outgoing.publish(PHONE_LINKS.name, 0, Record(self._key(row, former), None))
            if now is not None:
                outgoing.publish(PHONE_LINKS.name, 0, self._link(row, now))

    def _stored_phone(self, data: bytes | None) -> str | None:
        if data is None:
            return None
        try:
            return self._phone(decode_row(data[_TIME_BYTES:]))
        except (ValueError, msgspec.MsgspecError):  # one customer's fault, told where the row itself is read
            return None

    def _phone(self, row: CustomerRow) -> str | None:
        return self._number(row.shop_id, row.field("phone"))

    def _number(self, shop_id: str, said: str | None) -> str | None:
        """In E.164, where it can take an SMS: no other is ever written to."""
        return phone(said, self._region(shop_id))[0]

    def _key(self, row: CustomerRow, number: str) -> bytes:
        name = f"{row.shop_id}:{phone_hmac(self._secret, number)}:{row.customer_id}"
        return name.encode("utf-8", "surrogatepass")

    def _link(self, row: CustomerRow, number: str) -> Record:
        value = {
            "type": "PhoneLink", "shop_id": row.shop_id, "phone_hmac": phone_hmac(self._secret, number),
            "customer_id": row.customer_id, "since": rfc3339(row.profile[_PHONE].at),
        }  # fmt: skip
        return Record(self._key(row, number), orjson.dumps(value))


def _may_change(event: object) -> bool:
    if isinstance(event, wire.CustomerUpdated):
        return event.phone is not msgspec.UNSET
    return isinstance(event, wire.CustomerErased)


def _one(number: str | None) -> tuple[str, ...]:
    return () if number is None else (number,)
