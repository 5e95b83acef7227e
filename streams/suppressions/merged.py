"""The topic `suppressions` in memory, merged: which phones must not be written to, why and until when.

A worker reads the topic whole before it accepts partitions and follows it from there (streams.shared_log). The store is
asked by the suppression gate at emission. On the wall clock a touch is not emitted before this topic too has been read
past what was in it when the touch fell due (streams.partition.outbox); on the stream clock the store is loaded whole
first, as products are, and neither holds nor moves the clock.

What is in the topic holds, from the moment it is there: `since` is for people, `until` ends it. A record without a
value ends its one reason. A record whose key names shop, phone and reason but whose value is no suppression counts as
one without an end: compaction may have dropped what stood there before, and one message too few is better than one too
many.

An opt-out holds until its record goes, or one of `opted_in` names its very instant. Which of the two comes first does
not matter; an opt-out that is newer has another instant and holds.
"""

from __future__ import annotations

import re
import sys
from typing import Final, cast

import structlog
from pydantic import SecretStr

from schemas.contracts import Refused, read_event
from schemas.fields import HMAC_PATTERN, SHOP_ID_PATTERN, WORD_PATTERN
from schemas.instants import LAST, parse_rfc3339
from schemas.suppressions import OPTED_IN, OPTED_OUT, Suppression
from schemas.topics import SUPPRESSIONS
from streams.chunks.chunk import Columns
from streams.privacy import phone_hmac

log: Final = structlog.get_logger(__name__)

NO_SECRET: Final = (
    "the topic suppressions holds phones that must not be written to, and without REWAKE_HMAC_SECRET nobody can tell "
    "which: set it to the secret they were written with"
)

ENDLESS: Final = LAST + 1
"""Later than any instant: a suppression that does not end by itself."""

_HASH_BYTES: Final = 16
"""Of a phone's hash this much is kept: enough that two phones of all the world do not meet."""

_KEY: Final = re.compile(rf"({SHOP_ID_PATTERN[1:-1]}):({HMAC_PATTERN[1:-1]}):({WORD_PATTERN[1:-1]})", re.ASCII)

Reasons = tuple[tuple[str, int], ...]
"""(reason, when it ends), the longest lasting first."""


class NoSecret(Exception):
    """Phones can't be looked up: there are suppressions, and no secret to hash by."""


class SuppressionStore:
    """Who must not be written to, of all shops: triggers' `Suppressions`, filled by `take`.

    About 130 bytes a phone: its hash as 16 bytes, and reasons that phones without an end share. As much again where its
    owner opted out: when.
    """

    def __init__(self, secret: SecretStr | None) -> None:
        self._secret = secret
        self._shops: dict[str, dict[bytes, Reasons]] = {}
        self._shared: dict[str, Reasons] = {}
        self._opted_out: dict[str, dict[bytes, int]] = {}
        self._taken_back: dict[str, dict[bytes, int]] = {}
        """By phone, the instant of the opt-out that is."""

    def __len__(self) -> int:
        """Phones with a suppression, each counted once a shop; ended ones included until their record goes."""
        return sum(len(phones) for phones in self._shops.values())

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        """Why this phone (E.164) must not be written to at this instant, microseconds; None: it may.

        Of several reasons the one that lasts longest, so that every worker names the same. Raises NoSecret.
        """
        phones = self._shops.get(shop_id)
        if not phones:
            return None
        if self._secret is None:
            raise NoSecret(NO_SECRET)
        try:
            hashed = _key(phone_hmac(self._secret, phone))
        except ValueError:
            return None  # too short or too long for E.164: nobody can have suppressed it by its hash
        for reason, until in phones.get(hashed, ()):
            if at >= until:
                return None
            if reason != OPTED_OUT or not self._is_taken_back(shop_id, hashed):
                return reason
        return None

    def _is_taken_back(self, shop_id: str, phone: bytes) -> bool:
        taken_back = self._taken_back.get(shop_id)
        since = taken_back.get(phone) if taken_back else None
        return bool(since) and since == self._opted_out[shop_id].get(phone)

    def opted_out_since(self, shop_id: str, phone: str) -> int | None:
        """When the owner of this phone (E.164) opted out, the last time, also if that is taken back; 0 where the topic
        says so and not when; None: it says no such thing."""
        phones = self._opted_out.get(shop_id)
        return phones.get(_key(phone_hmac(self._secret, phone))) if phones and self._secret is not None else None

    def take(self, columns: Columns) -> None:
        """The next records of the topic. What is no suppression is logged, one line for all of them.

        Raises NoSecret, all records taken: a worker that can't look phones up must not go on.
        """
        bad: list[tuple[int, str]] = []
        for offset, key, value in zip(columns.offsets, columns.keys, columns.values, strict=True):
            found = _KEY.fullmatch((key or b"").decode("ascii", "replace"))
            if found is None:
                bad.append((offset, "the key is not shop_id:phone_hmac:reason"))
                continue
            shop_id, hashed, reason = found.groups()
            until, since = None, 0
            if value is not None:
                try:
                    since, until = _times(value, shop_id, hashed, reason)
                except Refused as refused:
                    counts = "" if reason == OPTED_IN else "; the key counts, without an end"
                    bad.append((offset, f"{refused.reason}: {refused.detail}{counts}"))
                    until = ENDLESS
            if reason != OPTED_IN:
                self._set(shop_id, _key(hashed), reason, until)
            if reason in (OPTED_OUT, OPTED_IN):
                phones = (self._opted_out if reason == OPTED_OUT else self._taken_back).setdefault(shop_id, {})
                if until is None:
                    phones.pop(_key(hashed), None)
                else:
                    phones[_key(hashed)] = since
        if bad:
            offset, why = bad[0]
            log.warning("no suppressions", topic=SUPPRESSIONS.name, records=len(bad), first=offset, why=why)
        if self._secret is None and self._shops:
            raise NoSecret(NO_SECRET)

    def _set(self, shop_id: str, phone: bytes, reason: str, until: int | None) -> None:
        """Until None: the reason is no more."""
        phones = self._shops.setdefault(shop_id, {})
        kept = [(why, end) for why, end in phones.pop(phone, ()) if why != reason]
        if until is not None:
            kept.append((sys.intern(reason), until))
        if kept:
            kept.sort(key=lambda one: (-one[1], one[0]))
            phones[phone] = self._one(kept[0][0]) if len(kept) == 1 and kept[0][1] == ENDLESS else tuple(kept)
        elif not phones:
            del self._shops[shop_id]

    def _one(self, reason: str) -> Reasons:
        return self._shared.setdefault(reason, ((reason, ENDLESS),))


def _key(hashed: str) -> bytes:
    return bytes.fromhex(hashed)[:_HASH_BYTES]


def _times(value: bytes, shop_id: str, hashed: str, reason: str) -> tuple[int, int]:
    """Since when the suppression of a record holds, and until when. Raises Refused for what is none, or another one
    than its key says."""
    said = cast(Suppression, read_event(value, (Suppression,)))
    if (said.shop_id, said.phone_hmac, said.reason) != (shop_id, hashed, reason):
        raise Refused("invalid-value", "the key names another suppression than the value")
    return parse_rfc3339(said.since), ENDLESS if said.until is None else parse_rfc3339(said.until)
