"""The topic `rules` as a worker sees it: read whole before anything else, and followed from there.

What is read goes into RulesInForce, by which the engine changes over at the event times that stand there. A record that
can't be read, and a version that can't, is a dead letter; what was in force before goes on. Partition 0 writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from schemas.contracts import Refused, read_event
from schemas.rules import RulePointer, RuleVersion, ShopPointer, ShopVersion
from schemas.topics import RULES
from streams.chunks.chunk import Columns
from streams.chunks.reader import reading
from streams.letters import Letter, letter
from triggers.rules.inforce import ALWAYS, Record, RulesInForce
from triggers.rules.publishing import key_of

log: Final = structlog.get_logger(__name__)

RECORDS: Final = (RuleVersion, RulePointer, ShopVersion, ShopPointer)

MOST_LETTERS: Final = 1_000
"""That wait for partition 0. A worker that does not own it keeps no more."""


class RulesTopicMissing(Exception):
    """The topic is not there, or has more than one partition; the message says which."""


def read_record(value: bytes | None) -> Record:
    """Raises Refused."""
    return read_event(value or b"", RECORDS)  # type: ignore[return-value]  # one of these


async def read_whole(options: Mapping[str, Any]) -> list[tuple[bytes, Record | Refused]]:
    """All that stands in the topic now, by key, versions before what points at them. Raises RulesTopicMissing, and
    aiokafka's errors as they are."""
    async with reading(options) as reader:
        partitions = (await reader.partitions([RULES.name])).get(RULES.name)
        if partitions != 1:
            found = "is missing; run `rewake topics create`" if not partitions else "must have one partition"
            raise RulesTopicMissing(f"the topic {RULES.name} {found}")
        known = await reader.last_values(RULES.name)
    read = [(key, _read_or_why(known[key])) for key in sorted(known)]
    return sorted(read, key=lambda one: isinstance(one[1], RulePointer | ShopPointer))


def _read_or_why(value: bytes) -> Record | Refused:
    try:
        return read_record(value)
    except Refused as why:
        return why


class RulesFollower:
    """Takes the topic's records in log order. `no_earlier`: how far time may have come here, microseconds: what is new
    takes effect from then on at the earliest. `changed` is told after each change."""

    def __init__(self, rules: RulesInForce, no_earlier: Callable[[], int] = lambda: ALWAYS) -> None:
        self.rules = rules
        self.no_earlier = no_earlier
        self.changed: Callable[[], None] = lambda: None
        self.next = 0
        """Everything below this offset has been taken."""
        self._letters: list[Letter] = []

    def take(self, columns: Columns) -> None:
        """The next records. Never raises for what one of them holds."""
        late = 0
        for index, (key, value) in enumerate(zip(columns.keys, columns.values, strict=True)):
            if value is None:
                log.warning("a record of the rules was deleted; what it said holds until the worker starts again")
                continue
            try:
                record = read_record(value)
                if key != key_of(record):
                    raise Refused("invalid-value", "the key names something else than the value")
            except Refused as why:
                self._refuse(columns, index, f"{why.reason}: {why.detail}")
                continue
            late += self.rules.take(record, self.no_earlier())
            if isinstance(record, RulePointer | ShopPointer):
                for broken in self.rules.broken(record):
                    self._refuse(columns, index, str(broken))
        self.next = columns.next
        if late:
            log.warning("rules were published for a time that has passed: they are in force from now on", changes=late)
        if columns.offsets:
            self.changed()

    def letters(self, since: int) -> list[Letter]:
        """Those of records at this offset and later."""
        return [one for one in self._letters if one.offset >= since]

    def _refuse(self, columns: Columns, index: int, why: str) -> None:
        log.error("rules that can't be read here are passed over", offset=columns.offsets[index], why=why)
        self._letters.append(letter(RULES.name, 0, columns, index, "invalid-value", why))
        del self._letters[:-MOST_LETTERS]
