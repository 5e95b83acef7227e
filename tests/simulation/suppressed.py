"""The topic `suppressions` as it can be read: what was in it at an instant, and what it said up to an offset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import orjson

from schemas.instants import parse_rfc3339
from schemas.suppressions import OPTED_IN, OPTED_OUT
from schemas.topics import SUPPRESSIONS
from streams.privacy import phone_hmac
from streams.suppressions.merged import ENDLESS
from tests.simulation.broker import Broker, columns
from tests.simulation.secret import SECRET

PLACE: Final = (SUPPRESSIONS.name, 0)


class Suppressing(NamedTuple):
    """One committed record. `readable`: since when, microseconds by the broker's clock, or a little later. `until`:
    None ends the reason."""

    offset: int
    readable: int
    key: bytes
    value: bytes | None
    phone_hmac: str
    reason: str
    since: int
    until: int | None


class SuppressionLog:
    """All of them, read on as often as something may have been committed."""

    def __init__(self, broker: Broker) -> None:
        self.records: list[Suppressing] = []
        self._broker = broker
        self._next = 0

    def look(self) -> None:
        """Everything that can be read now."""
        if self._broker.logs[PLACE].last_stable <= self._next:
            return
        found = columns(self._broker.fetch(*PLACE, self._next, "read_committed", 1 << 30))
        now = self._broker.clock()
        for offset, key, value in zip(found.offsets, found.keys, found.values, strict=True):
            assert key is not None
            _, hashed, reason = key.decode().split(":")
            since, until = 0, None
            if value is not None:
                said = orjson.loads(value)
                since = parse_rfc3339(said["since"])
                until = ENDLESS if said["until"] is None else parse_rfc3339(said["until"])
            self.records.append(Suppressing(offset, now, key, value, hashed, reason, since, until))
        self._next = found.next

    def of(self, phone: str) -> list[Suppressing]:
        """Those of a phone (E.164), in their order."""
        hashed = phone_hmac(SECRET, phone)
        return [one for one in self.records if one.phone_hmac == hashed]


class AsRead:
    """What somebody knows who has read the records below offset `upto`: the engine's `Suppressions`, in place of the
    product's own store."""

    def __init__(self, records: Iterable[Suppressing]) -> None:
        self.upto = 0
        self._of: dict[str, list[Suppressing]] = defaultdict(list)
        for one in records:
            self._of[one.phone_hmac].append(one)

    def reason(self, shop_id: str, phone: str, at: int) -> str | None:
        """See `Suppressions.reason`: of several the one that lasts longest, but for an opt-out that is taken back."""
        known: dict[str, Suppressing] = {}
        for one in self._of.get(phone_hmac(SECRET, phone), ()):
            if one.offset >= self.upto:
                break
            known.pop(one.reason, None)
            if one.until is not None:
                known[one.reason] = one
        taken_back, out = known.pop(OPTED_IN, None), known.get(OPTED_OUT)
        if taken_back is not None and out is not None and out.since == taken_back.since:
            del known[OPTED_OUT]
        lasting = [(-(one.until or 0), one.reason) for one in known.values() if one.until and one.until > at]
        return min(lasting)[1] if lasting else None
